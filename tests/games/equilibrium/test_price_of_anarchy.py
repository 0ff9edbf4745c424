"""Welfare on the toy, whose best profile and only equilibrium are known."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Digits
from neuronet.games.equilibrium import price_of_anarchy as module
from neuronet.games.equilibrium.price_of_anarchy import Trial, backprop_losses, candidates, ratio, welfare
from neuronet.games.simulation.play import Situation, play
from tests.games.toy_game import OPPOSE, REST, SEEK, by_hand, profile_of, toy

PROFILES = {
    "seek": profile_of(SEEK, SEEK, SEEK),
    "oppose": profile_of(OPPOSE, OPPOSE, OPPOSE),
    "mixed": profile_of(SEEK, REST, OPPOSE),
}
QUICK = Trial(deviators=3, networks=1, choosing=1, measuring=2)


def measured():
    return welfare(toy(), PROFILES, [SEEK, OPPOSE, REST], range(4), QUICK, tolerances=(0.0001, 10.0))


def test_toy_has_no_price_of_anarchy():
    found = measured()
    table = found.profiles.set_index("profile")
    assert table.index[0] == "seek"
    for name, policies in (("seek", (SEEK,) * 3), ("oppose", (OPPOSE,) * 3), ("mixed", (SEEK, REST, OPPOSE))):
        paid, loss = by_hand(policies)
        assert table.loc[name, "loss"] == pytest.approx(loss, rel=1e-9)
        assert table.loc[name, "welfare"] == pytest.approx(paid.sum(), rel=1e-9)
    assert table["sure_gain"]["seek"] == 0
    assert table["sure_gain"].drop("seek").min() > 0.001
    strict = [price for price in found.prices if price.tolerance == 0.0001]
    assert {(price.name, price.equilibria, price.of) for price in strict} == {("anarchy", 1, "seek"), ("stability", 1, "seek")}
    assert [price.ratio for price in strict] == pytest.approx([1.0] * 4, rel=1e-9)  # seekers of w^2 / 2 are backpropagation
    lax = [price for price in found.prices if price.name == "anarchy" and price.tolerance == 10.0]
    assert lax[0].of == "oppose"
    assert lax[0].ratio == pytest.approx(by_hand((OPPOSE,) * 3)[1] / by_hand((SEEK,) * 3)[1], rel=1e-9)


def test_a_fault_in_the_test_of_equilibria_is_found(monkeypatch):
    original = module.exploit
    monkeypatch.setattr(
        module,
        "exploit",
        lambda choosing, measuring, *args, **kwargs: original(choosing.trying([1]), measuring.trying([1]), *args, **kwargs),
    )
    assert measured().profiles.set_index("profile")["sure_gain"]["oppose"] == 0  # nobody tried to seek


def test_backpropagation_is_autograds():
    situation = Situation(Digits(), hidden=(5,), rounds=50)  # beyond an epoch
    theirs, ours = backprop_losses(situation, [0, 1]), play(situation, ["attention"], [0, 1]).loss[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_ratio_of_losses():
    losses = np.array([2.0, 4.0, 6.0])
    assert ratio(losses, losses / 2, 0) == (2.0, 2.0, 2.0)
    middle, low, high = ratio(losses, np.ones(3), 0)
    assert (middle, low, high) == (4.0, 2.0, 6.0)


def test_candidates_are_pure_and_halves():
    assert list(candidates([SEEK, REST])) == ["attention", "free-rider", "attention:0.5,free-rider:0.5"]


def test_too_few_seeds_are_refused():
    with pytest.raises(NeuroNetError, match="four seeds or more"):
        welfare(toy(), PROFILES, [SEEK], range(3))
