"""Table files that are good, and how tests write them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.environments import Table

N = 20
X = np.random.default_rng(0).standard_normal((N, 2))
CLASSES = np.arange(N) % 2
WORDS = np.where(CLASSES == 1, "cat", "dog")


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"length": X[:, 0], "width": X[:, 1], **columns})


def csv(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False)
    return path


def same(one: Table, other: Table) -> None:
    for part, twin in ((one.train, other.train), (one.test, other.test)):
        np.testing.assert_allclose(part.inputs, twin.inputs, rtol=1e-12)
        np.testing.assert_array_equal(part.targets, twin.targets)


def write(path: Path, content: bytes | str) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


GOOD_ROWS = [f"{a},{b},{c}" for (a, b), c in zip(X.tolist(), CLASSES.tolist(), strict=True)]


def npz(**arrays) -> bytes:
    stream = BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy(array: np.ndarray) -> bytes:
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


GOOD_NPZ = npz(X=X, y=CLASSES)
