"""Utilities and payoffs of one's own: their numbers reach all studies, and what is wrong is said in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core import ConfigurationError, Power, SpecError
from neuronet.environments import Xor
from neuronet.games import FunctionMeasure, GameSetup, OwnPayoff, parse_payoff_kind, parse_utility, play

MODULE = "tests.games.simulation.test_own_functions"


def square(attention):
    """The default utility, written as a function."""
    return (attention**2).sum(axis=-2) / 2


def spoken_square(attention, activity, loss):
    """The payoff 'scaled', written as a function."""
    return square(attention * activity.std(axis=-2)[:, None, :])


def minus_loss(attention, activity, loss):
    return np.broadcast_to(-loss[:, None], attention[:, 0].shape)


def one_number(attention, activity, loss):
    return float(attention.sum())


def broken(attention, activity, loss):
    return attention["speech"]


def test_own_payoff_equals_the_same_formula_built_in():
    own = (parse_payoff_kind(f"{MODULE}:spoken_square"), parse_payoff_kind(f"{MODULE}:minus_loss"))
    game = GameSetup(Xor(), hidden=(4, 3), rounds=3, own_payoffs=own)
    outcomes = play(game, ["attention", "greedy"], seeds=[0, 1])
    for layer in range(2):
        assert outcomes.payoffs["spoken_square"][layer] == pytest.approx(outcomes.payoffs["scaled"][layer], rel=1e-12)
        assert outcomes.payoffs["minus_loss"][layer] == pytest.approx(outcomes.payoffs["loss"][layer], rel=1e-12)
    assert {"spoken_square", "minus_loss"} <= set(outcomes.by_layer().columns)


def test_own_utility_equals_the_same_formula_built_in():
    found = [
        play(GameSetup(Xor(), hidden=(4,), rounds=3, measure=measure), ["attention"], seeds=[0]).payoffs
        for measure in (Power(2), parse_utility(f"{MODULE}:square"), parse_utility("power(2)"))
    ]
    for other in found[1:]:
        for kind in ("attention", "share", "scaled", "gain"):
            assert other[kind][0] == pytest.approx(found[0][kind][0], rel=1e-12)


@pytest.mark.parametrize("name", ["one_number", "broken"])
def test_wrong_payoff_is_named_with_the_shape_or_the_line(name):
    game = GameSetup(Xor(), hidden=(4,), rounds=1, own_payoffs=(parse_payoff_kind(f"{MODULE}:{name}"),))
    with pytest.raises(ConfigurationError, match=f"the payoff '{name}' .*(shape \\(1, 4\\)|IndexError)"):
        play(game, ["attention"], seeds=[0])


@pytest.mark.parametrize("text", ["money", f"{MODULE}:nothing", f"{MODULE}:square(2)", "no.such.module:f", f"{MODULE}:OwnPayoff"])
def test_unknown_payoff_is_refused(text):
    with pytest.raises(SpecError, match="payoff"):
        parse_payoff_kind(text)


def test_function_has_no_slope():
    with pytest.raises(ConfigurationError, match="without slope"):
        FunctionMeasure(square, "square").slope(np, np.ones((2, 3)))


def test_own_payoff_may_not_hide_another():
    with pytest.raises(ConfigurationError, match="names of their own"):
        GameSetup(Xor(), own_payoffs=(OwnPayoff("attention", one_number),))
