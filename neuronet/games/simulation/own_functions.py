"""Utilities and payoffs of the user's own, as specs name them: functions of attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuronet.core import (
    MEASURES,
    Array,
    ConfigurationError,
    Measure,
    Namespace,
    NeuroNetError,
    SpecError,
    own_place,
    shortened,
    shown,
)
from neuronet.games.simulation.network_payoffs import NETWORK_PAYOFFS, GamePayoff, NetworkPayoff, PlayedGames
from neuronet.games.simulation.payoffs import KINDS, AttentionHoldings, Floats, check_kind
from neuronet.registry import parse_function, parse_spec

PayoffFunction = Callable[[Floats, Floats, Floats], Any]
"""From attention (R, K, J), activity (R, B, J) and loss (R,) of R networks to the payoffs of a layer's neurons, (R, J)."""


@dataclass(frozen=True)
class FunctionMeasure(Measure):
    """Utility by a function of attention.

    Attributes:
        function: From the attention of all listeners, (..., K, J), to the utility of each neuron, (..., J).
        name: Name for messages.
    """

    function: Callable[[Any], Any]
    name: str

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """Return the utility of each neuron, (..., K, J) to (..., J)."""
        return call_own(self.function, (attention,), (*attention.shape[:-2], attention.shape[-1]), f"the utility '{self.name}'")

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """Raise an error: a policy that follows the slope needs a class.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(f"the utility '{self.name}' is a function without slope: write a subclass of Measure with one")


@dataclass(frozen=True)
class OwnPayoff:
    """Payoff by a function.

    Attributes:
        name: Name of the payoff in tables and options.
        function: From attention (R, K, J), activity (R, B, J) on the probe batch and test loss (R,) of R networks at the end of
            the game to the payoffs of a layer's neurons, (R, J).
    """

    name: str
    function: PayoffFunction

    def of_games(self, games: PlayedGames, after: AttentionHoldings, loss: Floats) -> tuple[Floats, ...]:
        """Return the payoffs of the neurons, (R, J) per hidden layer.

        Raises:
            ConfigurationError: The function returns something else.
        """
        what = f"the payoff '{self.name}'"
        layers = zip(after.attention, after.activity, strict=True)
        return tuple(
            call_own(self.function, (attention, activity, loss), (attention.shape[0], attention.shape[-1]), what)
            for attention, activity in layers
        )


def call_own(function: Callable[..., Any], arguments: tuple[Any, ...], shape: tuple[int, ...], what: str) -> Floats:
    """Return the numbers of a function of the user's own, in double precision.

    Raises:
        ConfigurationError: It fails, or returns something else than real numbers of this shape.
    """
    try:
        array = np.asarray(function(*arguments))
    except NeuroNetError:
        raise
    except Exception as error:  # a function of the user's own may raise anything
        place = own_place(error)
        raise ConfigurationError(
            f"{what} has failed{f' at {place}' if place else ''}: {type(error).__name__}: {shortened(str(error))}"
        ) from error
    if array.dtype.kind not in "biuf" or array.shape != shape:
        raise ConfigurationError(f"{what} must be real numbers of shape {shape}, got {array.dtype} of shape {array.shape}")
    return array.astype(np.float64)


def parse_utility(text: str) -> Measure:
    """Return the utility of a spec such as "power(p=3)", "log", "my.module:MyMeasure" or "my.module:my_function".

    Raises:
        SpecError: The text cannot be parsed, or names something unknown.
        ConfigurationError: A parameter is out of range.
    """
    if ":" in text and "(" not in text:
        found = parse_function(text, "utility")
        if not isinstance(found, type):
            return FunctionMeasure(found, text)
    return parse_spec(text, "utility", Measure, MEASURES, example="power(p=3) or module:function")


def parse_payoff_kind(text: str) -> str | GamePayoff:
    """Return one of KINDS, or the payoff of a spec such as "credit", "priced(price=0.1)" or "module:function".

    Raises:
        SpecError: The text names something unknown, or no function.
        ConfigurationError: A parameter is out of range.
    """
    if ":" not in text:
        if text.partition("(")[0].strip() not in NETWORK_PAYOFFS:
            return check_kind(text, (*KINDS, *NETWORK_PAYOFFS))
        return parse_spec(text, "payoff", NetworkPayoff, NETWORK_PAYOFFS, example="priced(price=0.1)")
    found = parse_function(text, "payoff")
    if isinstance(found, type):
        raise SpecError(f"'{text}' is not a valid payoff: it must be a function, got {shown(found)}")
    name = text.partition(":")[2]
    return OwnPayoff(f"own {name}" if name in KINDS else name, found)
