"""Arrays of other libraries keep every value, or are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from neuronet.core import DataError, Samples, as_array, as_numbers, check_samples
from neuronet.environments import Images, Table, Xor

VALUES = [[1.0, -2.5], [0.25, 3.0]]
HALF = torch.tensor(VALUES, dtype=torch.bfloat16)
KEPT = {
    "gradient": torch.tensor(VALUES, requires_grad=True),
    "bfloat16": HALF,
    "float16": HALF.half(),
    "sparse": torch.tensor(VALUES).to_sparse(),
    "lazy negative": torch.tensor([[1 - 1j, 1 + 2.5j], [1 - 0.25j, 1 - 3j]]).conj().imag,
    "list of tensors": [torch.tensor(row, requires_grad=True) for row in VALUES],
    "masked array without a masked value": np.ma.masked_greater(VALUES, 9),
    "frame": pd.DataFrame(VALUES),
    "big-endian": np.array(VALUES, dtype=">f4"),
    "read from behind": np.array(VALUES)[::-1, ::-1].copy()[::-1, ::-1],
    "texts": [["1", "-2.5"], ["0.25", "3"]],
}


@pytest.mark.parametrize("values", KEPT.values(), ids=KEPT)
def test_values_are_kept(values):
    numbers = as_numbers(values, "here")
    assert (type(numbers), numbers.dtype) == (np.ndarray, np.float64)
    np.testing.assert_array_equal(numbers, VALUES)


def test_dates_become_seconds():
    for unit in ("D", "s", "ns"):
        dates = np.array(["1970-01-02", "2020-01-01"], dtype=f"M8[{unit}]")
        np.testing.assert_array_equal(as_numbers(dates, "here"), [86_400, 1_577_836_800])
    np.testing.assert_array_equal(as_numbers(np.array([1, 2], dtype="m8[h]"), "here"), [3600, 7200])


class Spoiled:
    """Cannot become an array."""

    def __array__(self, dtype=None, copy=None):
        raise KeyError("no")


MASKED = np.ma.masked_equal([[1.0, 2.0], [3.0, 4.0]], 3.0)
REFUSED = {
    "complex": (np.array([[1 + 2j]]), "must be real, got complex"),
    "complex without imaginary part": (torch.ones(2, 2, dtype=torch.complex64), "must be real, got complex"),
    "complex objects": (np.array([1, 2j], dtype=object), "must be real, got complex"),
    "complex numbers of numpy among objects": (np.array([1, np.complex64(2)], dtype=object), "must be real, got complex"),
    "records": (np.zeros(2, "f8,i4"), "plain numbers or texts, got records of f0, f1"),
    "an integer that is rounded": ([2**53, 2**53 + 1], r"rounded.* \(1,\) is 9007199254740993"),
    "integers of no one type": ([[2**63 + 1, -1]], r"rounded.* \(0, 0\) is 9223372036854775809"),
    "digits that are rounded": ([["1", "9007199254740993"]], r"rounded.* \(0, 1\) is 9007199254740993"),
    "an array that raises": (Spoiled(), "must be numbers or texts in one array, got Spoiled: 'no'"),
    "masked": (MASKED, r"index \(1, 0\) is masked"),
    "list of masked": (list(MASKED), r"index \(0,\) is masked"),
    "missing date": (np.array(["2020", "NaT"], dtype="M8[D]"), r"date or duration at index \(1,\) is missing"),
    "missing duration": (np.array([1, "NaT"], dtype="m8[s]"), r"date or duration at index \(1,\) is missing"),
    "months": (np.array([1, 2], dtype="m8[M]"), "must be numbers"),
    "400 digits": ([10**400, 1], "must be numbers, got 10+"),
    "text of 400 digits": ([["1", "9" * 400]], r"rounded.* \(0, 1\) is 9+"),
    "text of 5,000 digits": (["-" + "9" * 5000], r"must be finite numbers, but index \(0,\) is -inf"),
    "meta tensor": (torch.ones(2, device="meta"), "got Tensor: "),
    "word": ([["a"]], "must be numbers, got 'a'"),
    "nullable": (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), r"index \(1, 0\) is nan"),
}


@pytest.mark.parametrize(("values", "message"), REFUSED.values(), ids=REFUSED)
def test_values_that_would_change_are_refused(values, message):
    with pytest.raises(DataError, match=f"^here .*{message}") as caught:
        as_numbers(values, "here")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_masked_samples_of_an_environment_are_refused():
    class Masked(Xor):
        @property
        def train(self) -> Samples:
            samples = super().train
            return Samples(np.ma.masked_greater(samples.inputs, 1), samples.targets)

    with pytest.raises(DataError, match=r"train\.inputs must be a plain numpy array, got a masked array"):
        check_samples(Masked())


CLASSES = np.arange(20) % 2
INPUTS = np.arange(40.0).reshape(20, 2)


def test_masked_targets_and_images_are_refused():
    masked = np.ma.masked_array(CLASSES, mask=np.eye(20)[3])
    for make in (lambda: Table(INPUTS, masked), lambda: Images((np.ones((20, 2, 2), np.uint8), masked))):
        with pytest.raises(DataError, match=r"\(3,\) is masked"):
            make()
    assert as_array(np.ma.masked_array(CLASSES), "here").tolist() == CLASSES.tolist()
