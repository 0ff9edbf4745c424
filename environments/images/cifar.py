"""CIFAR's python batches: pickles, read by a reader that makes arrays of bytes, lists and words of them and nothing else."""

from __future__ import annotations

import pickle
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.environments.images.images import Images
from neuronet.environments.sources import Source

SHAPE = (3, 32, 32)
"""Channels red, green and blue, height, width."""


class _Dtype:
    """Stands for numpy.dtype."""

    def __init__(self, kind: Any = None, *_: Any) -> None:
        self.kind = kind

    def __setstate__(self, state: Any) -> None:
        """The order of bytes, which bytes have none of."""


class _Array:
    """Stands for numpy.ndarray."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def bytes(self) -> NDArray[np.uint8]:
        """The array, if it is one of bytes whose last axis lies together."""
        _, shape, dtype, fortran, raw = self.state
        if (
            not isinstance(dtype, _Dtype)
            or dtype.kind not in (b"u1", "u1", b"|u1", "|u1")
            or fortran
            or not isinstance(raw, bytes)
        ):
            raise ValueError("its array should be one of unsigned bytes")
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
"""All that a pickle of bytes in arrays asks for, and what it gets instead: nothing of it can do harm."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise NeuroNetError(f"it asks for '{module}.{name}', which no file of images does: it may do harm and is not read")
        return ALLOWED[module, name]


def read_batch(stream: IO[bytes], what: str, label: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images and classes of one batch.

    Args:
        stream: The pickle.
        what: What is read, for messages.
        label: What the batch calls its classes, such as "labels".

    Returns:
        Images (N, 3, 32, 32) and classes (N,).

    Raises:
        NeuroNetError: It is no such batch, is broken, or would run a program.
    """
    try:
        batch = {_word(key): value for key, value in _Reader(stream, encoding="bytes").load().items()}
        images = batch["data"].bytes().reshape(-1, *SHAPE)
        classes = np.array(batch[label])
        if classes.dtype.kind != "i" or classes.shape != images.shape[:1]:
            raise ValueError(f"there should be a class, an integer, for each of {len(images):,} images")
    except NeuroNetError as error:
        raise NeuroNetError(f"cannot read {what}: {error}") from None
    except KeyError as error:
        raise NeuroNetError(f"cannot read {what}: it has no {error}, as a python batch of CIFAR has") from None
    except Exception as error:  # a broken pickle raises one of many
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NeuroNetError(f"cannot read {what} as a python batch of CIFAR: {reason}") from None
    return images, classes


def _word(key: Any) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)


def read_batches(source: Source, data_dir: str, label: str, classes: int | tuple[str, ...]) -> Images:
    """CIFAR in its python batches, the last of the source's files being that of the test.

    Args:
        source: Where they are.
        data_dir: A folder to look in first; "" for none.
        label: What the batches call their classes.
        classes: How many there are, or their names.

    Raises:
        NeuroNetError: A batch is missing or broken.
    """
    files = source.find(data_dir)
    batches = []
    for name in source.files:
        with files.open(name) as stream:
            batches.append(read_batch(stream, f"'{name}' in '{files.path}'", label))
    train_part = [np.concatenate(arrays) for arrays in zip(*batches[:-1], strict=True)]
    return Images((train_part[0], train_part[1]), batches[-1], classes=classes, name=f"{source.name} in '{files.path}'")
