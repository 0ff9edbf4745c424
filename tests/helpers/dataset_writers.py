"""Small random data sets in the file formats of the real ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np

MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def images(count: int, shape: tuple[int, ...] = (28, 28), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def labels(count: int, classes: int = 10, first: int = 0) -> np.ndarray:
    return (np.arange(count) % classes + first).astype(np.uint8)


def idx(array: np.ndarray, kind: int = 0x08) -> bytes:
    return bytes((0, 0, kind, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def mnist(folder: Path, train: int = 60, test: int = 20, suffix: str = ".gz", names: tuple[str, ...] = MNIST_FILES) -> None:
    for pair, count, seed in ((names[:2], train, 1), (names[2:], test, 2)):
        write(folder / f"{pair[0]}{suffix}", idx(images(count, seed=seed)))
        write(folder / f"{pair[1]}{suffix}", idx(labels(count)))


def emnist_names(split: str) -> list[str]:
    return [f"emnist-{split}-{part}-{kind}-ubyte" for part in ("train", "test") for kind in ("images-idx3", "labels-idx1")]


def emnist(folder: Path, split: str = "balanced", classes: int = 47, first: int = 0, train: int = 94, test: int = 47) -> None:
    """One archive with a gzipped file each, in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = [images(train, seed=3), labels(train, classes, first), images(test, seed=4), labels(test, classes, first)]
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for name, content in zip(emnist_names(split), contents, strict=True):
            archive.writestr(f"gzip/{name}.gz", gzip.compress(idx(content)))


class Python2(pickle._Pickler):
    """Writes words and bytes as Python 2 did, which wrote CIFAR."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_word(self, word):
        data = word.encode() if isinstance(word, str) else word
        self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(word)

    dispatch[bytes] = dispatch[str] = save_word


def cifar_batch(count: int, seed: int, **classes: int) -> bytes:
    """A pickle of protocol 2, as numpy's arrays were in Python 2."""
    content = {
        "batch_label": f"batch {seed}",
        "data": images(count, (3072,), seed),
        "filenames": [f"{i}.png" for i in range(count)],
    }
    content |= {name: labels(count, number).tolist() for name, number in classes.items()}
    stream = io.BytesIO()
    Python2(stream, protocol=2).dump(content)
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def cifar10(folder: Path) -> None:
    for number in range(1, 6):
        write(folder / f"data_batch_{number}", cifar_batch(20, number, labels=10))
    write(folder / "test_batch", cifar_batch(20, 6, labels=10))


def cifar100(folder: Path) -> None:
    """In its archive."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "cifar-100-python.tar.gz", "w:gz") as archive:
        for name, seed in (("file.txt~", 0), ("train", 1), ("test", 2)):
            content = cifar_batch(200, seed, fine_labels=100, coarse_labels=20)
            entry = tarfile.TarInfo(f"cifar-100-python/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def houses(count: int = 50) -> np.ndarray:
    """Longitude, latitude, age, rooms, bedrooms, people, households, income, value."""
    return np.random.default_rng(7).uniform(1, 9, (count, 9)).round(4)


def california(folder: Path) -> None:
    content = "\n".join(",".join(map(str, row)) for row in houses().tolist()).encode() + b"\n"
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "cal_housing.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("CaliforniaHousing/cal_housing.data")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))


WRITERS = {
    "mnist": mnist,
    "fashion-mnist": mnist,
    "kmnist": mnist,
    "emnist": emnist,
    "cifar10": cifar10,
    "cifar100": cifar100,
    "california": california,
}
"""What writes the files of an environment into a folder."""


def openml(data_home: Path, number: int = 4321, missing: bool = False) -> None:
    """A data set as scikit-learn keeps it when it has fetched it: a number, a category, and classes."""
    rows = [f"{i / 10},{'red' if i % 3 else 'green'},{'yes' if i % 2 else 'no'}" for i in range(30)]
    rows[4] = "?,red,no" if missing else rows[4]
    arff = "\n".join(
        [
            "@RELATION toy",
            "@ATTRIBUTE length REAL",
            "@ATTRIBUTE colour {red,green}",
            "@ATTRIBUTE answer {yes,no}",
            "@DATA",
            *rows,
            "",
        ]
    )
    kinds = (("length", "numeric", "false"), ("colour", "nominal", "false"), ("answer", "nominal", "true"))
    features = [
        {
            "index": str(place),
            "name": name,
            "data_type": kind,
            "is_target": target,
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": str(int(missing and name == "length")),
        }
        for place, (name, kind, target) in enumerate(kinds)
    ]
    description = {
        "id": str(number),
        "name": "toy",
        "description": "random",
        "version": "1",
        "format": "ARFF",
        "file_id": "99",
        "status": "active",
        "url": "https://www.openml.org/data/v1/download/99/toy.arff",
        "default_target_attribute": "answer",
        "md5_checksum": hashlib.md5(arff.encode(), usedforsecurity=False).hexdigest(),
    }
    kept = data_home / "openml" / "openml.org"
    api = kept / "api" / "v1" / "json" / "data"
    write(api / f"{number}.gz", json.dumps({"data_set_description": description}).encode())
    write(api / "features" / f"{number}.gz", json.dumps({"data_features": {"feature": features}}).encode())
    write(api / "qualities" / f"{number}.gz", json.dumps({"data_qualities": {"quality": []}}).encode())
    write(kept / "data" / "v1" / "download" / "99" / "toy.arff.gz", arff.encode())
