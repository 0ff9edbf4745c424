"""Environments from torch Datasets, or from any object with a length and items (input, target)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, Environment, as_array, shortened
from neuronet.environments.images.images import Images
from neuronet.environments.tables.table import Table


def from_dataset(
    train: Any, test: Any = None, *, payoff: str = "auto", name: str = "dataset", test_share: float = 0.2
) -> Environment:
    """Return an environment from a torch Dataset, which is read once as a whole.

    Bytes with classes (uint8 tensors, or the images that torchvision returns without a transform) stay bytes until they are used.
    Everything else becomes a Table: inputs in double precision, flattened, standardised by the training samples alone.

    Args:
        train: Data set with a length and items (input, target); a target is a class (an integer) or values.
        test: Test data set; without it, a part of the first is used.
        payoff: "cross-entropy" for classes, "squared-error" for values, "auto" to decide by the targets.
        name: Source of the data, for messages.
        test_share: Share of the samples for the test where there is no test data set.

    Raises:
        DataError: It is not such a data set, or its items differ in shape.
    """
    train_part = _arrays(train, name)
    test_part = None if test is None else _arrays(test, f"{name}, test")
    inputs, targets = train_part
    are_bytes = inputs.dtype == np.uint8 and inputs.ndim > 1
    are_classes = targets.ndim == 1 and targets.dtype.kind in "iu" and payoff != "squared-error"
    if are_bytes and are_classes:
        return Images(train_part, test_part, name=name, test_share=test_share)
    flat = None if test_part is None else (test_part[0].reshape(len(test_part[0]), -1), test_part[1])
    rows, shape = inputs.reshape(len(inputs), -1), inputs.shape[1:]
    return Table(rows, targets, payoff=payoff, name=name, test_share=test_share, test=flat, shape=shape or None)


def _arrays(dataset: Any, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    if hasattr(dataset, "batch_sampler") and hasattr(dataset, "dataset"):
        raise DataError(
            f"{name} must be a data set, got {type(dataset).__name__}: give its .dataset, batches are made in training"
        )
    try:
        count = len(dataset)
        _ = dataset.__getitem__
    except (TypeError, NotImplementedError, AttributeError):
        raise DataError(f"{name} must have a length and items by number, got {type(dataset).__name__}") from None
    if count < 1:
        raise DataError(f"{name} is empty")
    first = _pair(dataset, 0, name)
    inputs, targets = (np.empty((count, *value.shape), value.dtype) for value in first)
    for index in range(count):
        for array, value in zip((inputs, targets), _pair(dataset, index, name) if index else first, strict=True):
            if value.shape != array.shape[1:] or value.dtype != array.dtype:
                raise DataError(
                    f"{name}: items must have one shape and type, but item {index} has {value.dtype} of {value.shape} "
                    f"and item 0 has {array.dtype} of {array.shape[1:]}"
                )
            array[index] = value
    return inputs, targets


def _pair(dataset: Any, index: int, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        item = dataset[index]
    except (IndexError, KeyError, TypeError) as error:
        raise DataError(
            f"{name}: item {index} cannot be read by its number: {type(error).__name__} {shortened(str(error))}"
        ) from None
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        got = f"{len(item)} values" if isinstance(item, (tuple, list)) else type(item).__name__
        raise DataError(f"{name}: item {index} must be a pair (input, target), got {got}")
    return _array(item[0], f"{name}: the input of item {index}"), _array(item[1], f"{name}: the target of item {index}")


def _array(value: Any, what: str) -> NDArray[Any]:
    if hasattr(value, "getbands"):  # Pillow's images have channels last
        palette = value.mode in ("P", "PA")  # whose pixels are numbers of colours
        image = np.asarray(value.convert("RGBA" if value.has_transparency_data else "RGB") if palette else value)
        return np.moveaxis(image, -1, 0) if image.ndim == 3 else image
    array = as_array(value, what)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} must be numbers, got {type(value).__name__}")
    return array
