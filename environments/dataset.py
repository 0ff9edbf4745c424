"""Any torch Dataset, or anything else with a length and items (input, target) by number, as an environment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.environments.images.images import Images
from neuronet.environments.tables.table import Table


def from_dataset(
    train: Any, test: Any = None, *, payoff: str = "auto", name: str = "dataset", test_share: float = 0.2
) -> Environment:
    """An environment from a torch Dataset; it is read whole, once.

    Bytes with classes (uint8 tensors, or the images that torchvision gives without a transform) stay bytes until they are
    played. All else becomes a Table: inputs in double precision, flattened, standardised by the training samples alone.

    Args:
        train: With a length and items (input, target); a target is a class (an integer) or values.
        test: Another, to be judged by; without, a part of the first is kept for it.
        payoff: "cross-entropy" for classes, "squared-error" for values, "auto" to tell by the targets.
        name: Where it comes from, for messages.
        test_share: Share of the samples kept for the test where there is none.

    Raises:
        NeuroNetError: It is no such data set, or its items are not all of one shape.
    """
    train_part = _arrays(train, name)
    test_part = None if test is None else _arrays(test, f"{name}, test")
    inputs, targets = train_part
    if (
        inputs.dtype == np.uint8
        and inputs.ndim > 1
        and targets.ndim == 1
        and targets.dtype.kind in "iu"
        and payoff != "squared-error"
    ):
        return Images(train_part, test_part, name=name, test_share=test_share)
    flat = None if test_part is None else (test_part[0].reshape(len(test_part[0]), -1), test_part[1])
    rows, shape = inputs.reshape(len(inputs), -1), inputs.shape[1:]
    return Table(rows, targets, payoff=payoff, name=name, test_share=test_share, test=flat, shape=shape or None)


def _arrays(dataset: Any, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        count = len(dataset)
    except (TypeError, NotImplementedError):
        raise NeuroNetError(f"{name} must have a length and items by number, {type(dataset).__name__} has not") from None
    if count < 1:
        raise NeuroNetError(f"{name} is empty")
    arrays: tuple[NDArray[Any], NDArray[Any]] | None = None
    for place in range(count):
        item = dataset[place]
        if not isinstance(item, (tuple, list)) or len(item) < 2:
            raise NeuroNetError(f"{name}: item {place} must be a pair (input, target), got {type(item).__name__}")
        pair = [
            _array(part, f"{name}: the {what} of item {place}") for part, what in zip(item, ("input", "target"), strict=False)
        ]
        if arrays is None:
            arrays = (np.empty((count, *pair[0].shape), pair[0].dtype), np.empty((count, *pair[1].shape), pair[1].dtype))
        for whole, part in zip(arrays, pair, strict=True):
            if part.shape != whole.shape[1:] or part.dtype != whole.dtype:
                raise NeuroNetError(
                    f"{name}: items must be of one shape and type, but item {place} has {part.dtype} of {part.shape} "
                    f"where item 0 has {whole.dtype} of {whole.shape[1:]}"
                )
            whole[place] = part
    assert arrays is not None
    return arrays


def _array(part: Any, what: str) -> NDArray[Any]:
    if hasattr(part, "getbands"):  # an image of Pillow: channels are last there
        image = np.asarray(part)
        return np.moveaxis(image, -1, 0) if image.ndim == 3 else image
    array = np.asarray(part.detach().cpu() if hasattr(part, "detach") else part)
    if array.dtype.kind not in "biuf":
        raise NeuroNetError(f"{what} must be numbers, got {type(part).__name__}")
    return array
