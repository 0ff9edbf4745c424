"""Checks of what a Gymnasium environment returns: it is taken over unchanged, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, NeuroNetError, PlugInError, explained, is_out_of_memory, shortened

if TYPE_CHECKING:
    from gymnasium import Env

Floats = NDArray[np.float64]

MAX_VALUES = 2**20
"""Values of an observation or an action, at most: each is a neuron."""

REAL_KINDS = "biuf"
"""Kinds of numpy's types whose values are real numbers."""


class Step(NamedTuple):
    """A step of an environment.

    Attributes:
        observation: What the environment shows, not yet encoded.
        reward: Reward of the step.
        ended: Whether the episode has been terminated or truncated.
    """

    observation: Any
    reward: float
    ended: bool


@contextmanager
def played(what: str, name: str) -> Iterator[None]:
    """Give an exception of an environment one sentence, also where it has no class of the user's own that could be named.

    Args:
        what: What the environment does, such as "step".
        name: Name of the environment.

    Raises:
        PlugInError: The environment raised an exception, which is its `__cause__`. Errors of NeuroNet pass, and lack of memory.
    """
    try:
        yield
    except NeuroNetError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = shortened(f"{type(error).__name__}: {error}")
        raise explained(error) or PlugInError(f"environment '{name}' failed in {what}: {reason}") from error


def make(function: Callable[[], Any]) -> Any:
    """Return what a function makes.

    Raises:
        PlugInError: It raised an exception, or takes an argument.
    """
    with played("the function that makes it", getattr(function, "__qualname__", type(function).__name__)):
        return function()


def reset(env: Env[Any, Any], seed: int, name: str) -> Any:
    """Start an episode and return the first observation.

    Args:
        env: The environment.
        seed: Seed of the episode.
        name: Name of the environment, for messages.

    Raises:
        DataError: The result is not a pair of an observation and a dict.
        PlugInError: The environment raised an exception.
    """
    with played("reset", name):
        result: Any = env.reset(seed=seed)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[1], Mapping):
        raise DataError(f"reset of '{name}' must return (observation, info) with a dict info, got {_described(result)}")
    return result[0]


def step(env: Env[Any, Any], action: Any, name: str) -> Step:
    """Play a step.

    Args:
        env: The environment.
        action: The action.
        name: Name of the environment, for messages.

    Raises:
        DataError: The result is not (observation, reward, terminated, truncated, info), or a part of it is of another type.
        PlugInError: The environment raised an exception.
    """
    with played("step", name):
        result: Any = env.step(action)
    if not isinstance(result, (tuple, list)) or len(result) != 5:
        parts = "(observation, reward, terminated, truncated, info)"
        raise DataError(f"step of '{name}' must return {parts}, got {_described(result)}")
    observation, reward, terminated, truncated, _ = result
    ended = [_flag("terminated", terminated, name), _flag("truncated", truncated, name)]
    return Step(observation, _number(reward, name), any(ended))


def discrete_index(observation: Any, start: int, count: int, name: str) -> int:
    """Return the index of an observation of a Discrete space, from 0.

    Args:
        observation: The observation.
        start: Smallest observation.
        count: Number of observations.
        name: Name of the environment, for messages.

    Raises:
        DataError: The observation is not an integer, or is not in the space.
    """
    value = _scalar(observation)
    if not isinstance(value, (Integral, np.bool_)) or not 0 <= int(value) - start < count:
        raise DataError(
            f"observations of '{name}' must be integers from {start} to {start + count - 1}, got {_described(observation)}"
        )
    return int(value) - start


def box_values(observation: Any, shape: tuple[int, ...], name: str) -> Floats:
    """Return the values of an observation of a Box space, flattened.

    Args:
        observation: The observation.
        shape: Shape of the space.
        name: Name of the environment, for messages.

    Raises:
        DataError: The observation has another shape, or has values that a real number of double precision cannot hold.
    """
    try:
        array = np.asarray(observation)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"an observation of '{name}' cannot be read as an array: {error}") from None
    if array.shape != shape or array.dtype.kind not in REAL_KINDS:
        raise DataError(f"observations of '{name}' must be real numbers of shape {shape}, got {_described(observation)}")
    if np.ma.is_masked(observation):
        raise DataError(f"observations of '{name}' must have no masked values")
    values = array.astype(np.float64)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and not (np.abs(values) < 2.0**53).all():
        raise DataError(f"observations of '{name}' must be exact in double precision, got integers of 2^53 or more")
    return values.reshape(-1)


def _number(reward: Any, name: str) -> float:
    value = _scalar(reward)
    try:
        if not np.ma.is_masked(reward) and isinstance(value, (Real, np.bool_)):
            return float(value)
    except OverflowError:
        pass
    raise DataError(f"a reward of '{name}' must be one real number, got {_described(reward)}")


def _flag(what: str, given: Any, name: str) -> bool:
    value = _scalar(given)
    if not isinstance(value, (bool, np.bool_)) and not (isinstance(value, Integral) and value in (0, 1)):
        raise DataError(f"{what} of '{name}' must be true or false, got {_described(given)}")
    return bool(value)


def _scalar(given: Any) -> Any:
    """Return the number in an array or tensor without axes, and anything else as it is."""
    return given.item() if getattr(given, "shape", None) == () and callable(getattr(given, "item", None)) else given


def _described(given: Any) -> str:
    """Return what was given in a few words: its length or shape, or a short value."""
    kind = type(given).__name__
    if isinstance(given, (tuple, list)):
        return f"a {kind} of {len(given)} values"
    shape = getattr(given, "shape", None)
    if shape:
        return f"{kind} of shape {tuple(shape)} and type {getattr(given, 'dtype', '?')}"
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
