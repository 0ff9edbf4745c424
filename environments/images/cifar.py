"""CIFAR's python batches: pickles, read by a restricted unpickler that creates only byte arrays, lists and strings."""

from __future__ import annotations

import pickle
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError
from neuronet.environments.images.images import Images
from neuronet.environments.sources import Source

SHAPE = (3, 32, 32)
"""Channels red, green and blue, height, width."""


class _Dtype:
    """Replacement of numpy.dtype."""

    def __init__(self, kind: Any = None, *_: Any) -> None:
        self.kind = kind

    def __setstate__(self, state: Any) -> None:
        """Ignore the byte order."""


class _Array:
    """Replacement of numpy.ndarray."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def bytes(self) -> NDArray[np.uint8]:
        """Return the array if it holds unsigned bytes in C order."""
        _, shape, dtype, fortran, raw = self.state
        is_uint8 = isinstance(dtype, _Dtype) and dtype.kind in (b"u1", "u1", b"|u1", "|u1")
        if not is_uint8 or fortran or not isinstance(raw, bytes):
            raise ValueError("its array should hold unsigned bytes")
        return np.frombuffer(raw, dtype=np.uint8).reshape(shape)


def _encoded(text: str, _: str) -> bytes:
    return text.encode("latin-1")


ALLOWED = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _encoded,
}
"""Names that a pickle of byte arrays may use, with harmless replacements."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DataError(f"it uses '{module}.{name}', which files of images do not need: it may execute code and is not read")
        return ALLOWED[module, name]


def read_batch(stream: IO[bytes], what: str, label: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images and classes of one batch.

    Args:
        stream: The pickle.
        what: Name of the batch, for messages.
        label: Key of the classes in the batch, such as "labels".

    Returns:
        Images (N, 3, 32, 32) and classes (N,).

    Raises:
        DataError: It is not such a batch, is broken, or would execute code.
    """
    try:
        batch = {_word(key): value for key, value in _Reader(stream, encoding="bytes").load().items()}
        images = batch["data"].bytes().reshape(-1, *SHAPE)
        classes = np.array(batch[label])
        if classes.dtype.kind != "i" or classes.shape != images.shape[:1]:
            raise ValueError(f"there should be a class, an integer, for each of {len(images):,} images")
    except DataError as error:
        raise DataError(f"cannot read {what}: {error}") from None
    except KeyError as error:
        raise DataError(f"cannot read {what}: it has no {error}, as python batches of CIFAR have") from None
    except Exception as error:  # a broken pickle raises one of many
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"cannot read {what} as a python batch of CIFAR: {reason}") from None
    return images, classes


def _word(key: Any) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)


def read_batches(source: Source, data_dir: str, label: str, classes: int | tuple[str, ...]) -> Images:
    """Return CIFAR from its python batches; the last of the source's files is the test set.

    Args:
        source: The files.
        data_dir: Folder to search first; "" for none.
        label: Key of the classes in the batches.
        classes: Number of classes, or their names.

    Raises:
        DataError: A batch is missing or broken.
    """
    files = source.find(data_dir)
    batches = []
    for name in source.files:
        with files.open(name) as stream:
            batches.append(read_batch(stream, f"'{name}' in '{files.path}'", label))
    train_part = [np.concatenate(arrays) for arrays in zip(*batches[:-1], strict=True)]
    return Images((train_part[0], train_part[1]), batches[-1], classes=classes, name=f"{source.name} in '{files.path}'")
