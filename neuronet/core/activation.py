"""Activation functions and their slopes, written once for all engines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import find_name, unknown_name_error

LEAK = 0.01


@dataclass(frozen=True)
class Activation:
    """Activation function with its derivative.

    Attributes:
        name: Name on the command line.
        value: `value(xp, z)`, the activity at potential z, elementwise.
        slope: `slope(xp, z, a)`, the derivative at z, where a is `value(xp, z)`.
        init: Default weight initialisation in front of it.
    """

    name: str
    value: Callable[[Namespace, Array], Array]
    slope: Callable[[Namespace, Array, Array], Array]
    init: str


def _relu(xp: Namespace, z: Array) -> Array:
    return xp.maximum(z, xp.zeros_like(z))


def _relu_slope(xp: Namespace, z: Array, a: Array) -> Array:
    return xp.astype(z > 0, z.dtype)


def _leaky_relu(xp: Namespace, z: Array) -> Array:
    return xp.where(z > 0, z, LEAK * z)


def _leaky_relu_slope(xp: Namespace, z: Array, a: Array) -> Array:
    return xp.where(z > 0, xp.ones_like(z), xp.full_like(z, LEAK))


def _tanh(xp: Namespace, z: Array) -> Array:
    return xp.tanh(z)


def _tanh_slope(xp: Namespace, z: Array, a: Array) -> Array:
    return 1.0 - a * a


def _sigmoid(xp: Namespace, z: Array) -> Array:
    return 0.5 * (1.0 + xp.tanh(0.5 * z))  # this form never overflows


def _sigmoid_slope(xp: Namespace, z: Array, a: Array) -> Array:
    return a * (1.0 - a)


_GELU_SCALE = math.sqrt(2.0 / math.pi)
_GELU_CUBE = 0.044715


def _gelu(xp: Namespace, z: Array) -> Array:
    return 0.5 * z * (1.0 + xp.tanh(_GELU_SCALE * (z + _GELU_CUBE * z * z * z)))


def _gelu_slope(xp: Namespace, z: Array, a: Array) -> Array:
    t = xp.tanh(_GELU_SCALE * (z + _GELU_CUBE * z * z * z))
    return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * _GELU_SCALE * (1.0 + 3.0 * _GELU_CUBE * z * z)


def _identity(xp: Namespace, z: Array) -> Array:
    return z


def _identity_slope(xp: Namespace, z: Array, a: Array) -> Array:
    return xp.ones_like(z)


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("relu", _relu, _relu_slope, "he"),
        Activation("leaky-relu", _leaky_relu, _leaky_relu_slope, "he"),
        Activation("tanh", _tanh, _tanh_slope, "glorot"),
        Activation("sigmoid", _sigmoid, _sigmoid_slope, "glorot"),
        # The tanh form of Hendrycks and Gimpel 2016 (arXiv 1606.08415): the array API has no erf.
        Activation("gelu", _gelu, _gelu_slope, "he"),
        Activation("identity", _identity, _identity_slope, "lecun"),
    )
}
"""All activation functions by name. leaky-relu has the slope 0.01 below 0; gelu is the tanh form."""


def parse_activation(name: str) -> Activation:
    """Return the activation function with a given name.

    Raises:
        SpecError: The name is unknown.
    """
    known = find_name(name, ACTIVATIONS)
    if known is None:
        raise unknown_name_error("activation", name, ACTIVATIONS)
    return ACTIVATIONS[known]
