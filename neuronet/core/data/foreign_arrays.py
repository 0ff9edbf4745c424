"""Arrays of other libraries as numpy arrays: every value is kept, or the array is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.data.texts import is_plain_number
from neuronet.core.errors import DataError, shortened

LARGEST_EXACT = 2.0**53
"""Largest number up to which each integer is a floating-point number in double precision."""

INEXACT = "an integer above 2^53 would be rounded: write labels as words, or subtract the smallest"
"""Reason why an integer is refused, for messages."""

WHOLE = re.compile(r"\s*[+-]?\d{1,400}\s*", re.ASCII)
"""Texts of integers."""


def as_array(values: Any, what: str) -> NDArray[Any]:
    """Return values of any library as a numpy array with the same values.

    Tensors of torch are detached and moved to the processor; half-precision tensors become float32, which holds them exactly.

    Args:
        values: Array, tensor, frame, or (nested) list.
        what: Name of the values, for messages.

    Raises:
        DataError: A value is masked or a missing date, numbers are complex, or it cannot become an array.
    """
    if isinstance(values, list | tuple) and any(_is_foreign(value) for value in values):
        values = [as_array(value, what) for value in values]
    try:
        array = np.asanyarray(_from_torch(values))
    except Exception as error:  # the conversion of another library's array may raise anything
        reason = shortened(str(error)) or type(error).__name__
        raise DataError(f"{what} must be numbers or texts in one array, got {type(values).__name__}: {reason}") from None
    if isinstance(array, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(array)
        if mask.any():
            raise DataError(f"{what} must be given, but index {_first(mask)} is masked: fill or leave out masked values")
        array = array.data
    array = np.asarray(array)
    if isinstance(values, list | tuple) and array.dtype.kind == "f" and (np.abs(array) >= LARGEST_EXACT).any():
        array = _with_integers(values, array)
    if array.dtype.names is not None:
        fields = shortened(", ".join(array.dtype.names))
        raise DataError(f"{what} must be plain numbers or texts, got records of {fields}: give an array, or a frame of pandas")
    if array.dtype.kind == "c" or (array.dtype.kind == "O" and any(_is_complex(value) for value in array.flat)):
        raise DataError(f"{what} must be real, got complex numbers: give real and imaginary parts as two columns")
    if array.dtype.kind in "mM" and np.isnat(array).any():
        raise DataError(f"{what} must be given, but the date or duration at index {_first(np.isnat(array))} is missing")
    return array


def as_numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Return values of any library as finite numbers in float64.

    Dates become seconds since 1970, durations become seconds.

    Args:
        values: Array, tensor, frame, or (nested) list.
        what: Name of the values, for messages.

    Raises:
        DataError: As for `as_array`, or a value is not a finite number.
    """
    array = as_array(values, what)
    try:
        array = array - np.datetime64(0, "s") if array.dtype.kind == "M" else array
        array = array / np.timedelta64(1, "s") if array.dtype.kind == "m" else array
        with np.errstate(over="ignore"):  # refused below
            numbers = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{what} must be numbers{_not_number(array)}") from None
    if array.dtype.kind in "OU" and not all(is_plain_number(value) for value in array.flat if isinstance(value, str)):
        raise DataError(f"{what} must be numbers{_not_number(array)}")
    if array.dtype.kind in "iuOUS" and (np.abs(np.nan_to_num(numbers)) >= LARGEST_EXACT).any():
        flat = array.ravel()
        at = inexact_integer(flat)
        if at is not None:
            index = tuple(int(place) for place in np.unravel_index(at, array.shape))
            raise DataError(f"{what} must be exact, but {INEXACT}: index {index} is {shortened(str(flat[at]))}")
    if not np.isfinite(numbers).all():
        index = _first(~np.isfinite(numbers))
        raise DataError(f"{what} must be finite numbers, but index {index} is {numbers[index]}")
    return numbers


def inexact_integer(values: NDArray[Any]) -> int | None:
    """Return the index of the first integer that no number in double precision is equal to; None if there is none.

    Args:
        values: (N,) numbers, or texts of numbers.
    """
    for row, value in enumerate(values):
        text = value if isinstance(value, int | np.integer | str) else ""
        if not isinstance(text, str) or WHOLE.fullmatch(text):
            try:
                number = int(text)
                is_exact = abs(number) <= LARGEST_EXACT or int(float(number)) == number
            except (OverflowError, ValueError):  # beyond the largest number, or longer than Python reads
                is_exact = False
            if not is_exact:
                return row
    return None


def _with_integers(values: Any, array: NDArray[Any]) -> NDArray[Any]:
    """Return a list as objects if numpy made floating-point numbers of its integers, which do not fit one type."""
    objects = np.array(values, dtype=object)
    is_whole = objects.shape == array.shape and all(isinstance(value, int | np.integer) for value in objects.flat)
    return objects if is_whole else array


def _is_complex(value: object) -> bool:
    return isinstance(value, complex | np.complexfloating)


def _is_foreign(value: Any) -> bool:
    return hasattr(value, "detach") or isinstance(value, np.ma.MaskedArray)


def _from_torch(values: Any) -> Any:
    if not hasattr(values, "detach"):
        return values
    tensor = values.detach().cpu()
    tensor = tensor.dequantize() if tensor.is_quantized else tensor
    is_short = tensor.is_floating_point() and tensor.element_size() < 4
    return (tensor.float() if is_short else tensor).to_dense().resolve_conj().resolve_neg().numpy()


def _first(where: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.argwhere(where)[0])


def _not_number(array: NDArray[Any]) -> str:
    if array.dtype.kind not in "OUS" or not array.size:
        return f", got {array.dtype}"
    for value in array.ravel().tolist():
        try:
            if isinstance(value, str) and not is_plain_number(value):
                raise ValueError
            float(value)
        except (TypeError, ValueError, OverflowError):
            return f", got {shortened(repr(value))}"
    return ""
