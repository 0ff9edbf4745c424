"""Checks of what plug-ins return in a round: shape, precision and library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuronet.core import Array, Memory, Payoff, Policy, PolicyError


def check_answer(policy: Policy, hook: str, layer: int, answer: Array, axes: str, shape: tuple[int, ...], dtype: Any) -> None:
    """Refuse what a policy returns from a hook, unless it is an array of the engine's library with this shape and precision.

    Args:
        policy: The policy.
        hook: The method, such as "feedback".
        layer: Number of the listening layer, from 1.
        answer: What it returned.
        axes: Letters of the trailing axes, for the message.
        shape: Expected shape.
        dtype: The engine's precision, as its library has it.

    Raises:
        PolicyError: It is not.
    """
    if getattr(answer, "shape", None) != shape or answer.dtype != dtype:
        raise PolicyError(
            f"{policy!r} must give {hook} of {_expected(axes, shape, dtype)} in layer {layer}, got {_got(answer, shape)}"
        )


def check_memory(
    policy: Policy, layer: int, memory: Memory, lead: tuple[int, ...], lengths: Mapping[str, int], hook: str
) -> None:
    """Refuse a memory with other arrays than the policy declares.

    Args:
        policy: The policy.
        layer: Number of the listening layer, from 1.
        memory: What it returned.
        lead: Leading axes: () or (R,).
        lengths: Length of each axis by its letter.
        hook: The method, "initial_memory" or "remember".

    Raises:
        PolicyError: It is no mapping, a name is missing or unknown, or an array has another shape.
    """
    declared = policy.memory_axes
    if not isinstance(memory, Mapping) or memory.keys() != declared.keys():
        expected, got = ", ".join(declared) or "nothing", _names(memory)
        raise PolicyError(f"{policy!r} declares the memory {expected}, but in layer {layer} it remembers {got} ({hook})")
    for name, axes in declared.items():
        shape = (*lead, *(lengths[letter] for letter in axes))
        if getattr(memory[name], "shape", None) != shape:
            expected, got = f"shape ({', '.join(axes)}) = {shape}", _got(memory[name], shape)
            raise PolicyError(f"{policy!r} must give memory '{name}' of {expected} from {hook} in layer {layer}, got {got}")


def _names(memory: object) -> str:
    if memory is None:
        return "None: is a return missing?"
    return ", ".join(map(str, memory)) or "nothing" if isinstance(memory, Mapping) else f"a {type(memory).__name__}"


def check_payoff_answer(payoff: Payoff, method: str, answer: Array, axes: str, shape: Sequence[int]) -> None:
    """Refuse what a payoff returns, unless it has this shape.

    Args:
        payoff: The payoff.
        method: "loss" or "feedback".
        answer: What it returned.
        axes: Letters of the trailing axes, for the message.
        shape: Expected shape.

    Raises:
        PolicyError: It has another shape.
    """
    if getattr(answer, "shape", None) != tuple(shape):
        expected, got = f"shape ({', '.join(axes)}) = {tuple(shape)}", _got(answer, tuple(shape))
        raise PolicyError(f"payoff {payoff!r} must give {method} of {expected}, got {got}")


def _expected(axes: str, shape: tuple[int, ...], dtype: Any) -> str:
    lead = "..., " if len(shape) > len(axes) else ""
    return f"shape ({lead}{', '.join(axes)}) = {tuple(shape)} in {str(dtype).removeprefix('torch.')}"


def _got(answer: object, shape: tuple[int, ...]) -> str:
    if answer is None:
        return "None: is a return missing?"
    found = getattr(answer, "shape", None)
    if found is None:
        return f"a {type(answer).__name__}"
    if tuple(found) != tuple(shape):
        return f"shape {tuple(found)}"
    library, dtype = type(answer).__module__.partition(".")[0], str(getattr(answer, "dtype", "")).removeprefix("torch.")
    return f"{dtype} of {library}: use obs.xp, and keep the precision of what it shows"
