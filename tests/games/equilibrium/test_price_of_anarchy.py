"""Welfare on the toy, whose best profile and only equilibrium are known."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Digits
from neuronet.games.equilibrium import price_of_anarchy as module
from neuronet.games.equilibrium.price_of_anarchy import DeviationTest, backprop_losses, candidate_profiles, welfare
from neuronet.games.simulation.play import GameSetup, play
from tests.games.toy_game import OPPOSE, REST, SEEK, profile_of, reference_payoffs, toy

PROFILES = {
    "seek": profile_of(SEEK, SEEK, SEEK),
    "oppose": profile_of(OPPOSE, OPPOSE, OPPOSE),
    "mixed": profile_of(SEEK, REST, OPPOSE),
}
QUICK = DeviationTest(deviators=3, networks=1, selection_seeds=1, evaluation_seeds=2)


def measured():
    return welfare(toy(), PROFILES, [SEEK, OPPOSE, REST], range(4), QUICK, tolerances=(0.0001, 10.0))


def test_toy_has_no_price_of_anarchy():
    found = measured()
    table = found.profiles.set_index("profile")
    assert table.index[0] == "seek"
    for name, policies in (("seek", (SEEK,) * 3), ("oppose", (OPPOSE,) * 3), ("mixed", (SEEK, REST, OPPOSE))):
        paid, loss = reference_payoffs(policies)
        assert table.loc[name, "loss"] == pytest.approx(loss, rel=1e-9)
        assert table.loc[name, "welfare"] == pytest.approx(paid.sum(), rel=1e-9)
    assert table["gain_lower_bound"]["seek"] == 0
    assert table["gain_lower_bound"].drop("seek").min() > 0.001
    strict = [price for price in found.prices if price.tolerance == 0.0001]
    assert {(price.name, price.equilibria, price.of) for price in strict} == {("anarchy", 1, "seek"), ("stability", 1, "seek")}
    assert [price.ratio for price in strict] == pytest.approx([1.0] * 4, rel=1e-9)  # seekers of w^2 / 2 are backpropagation
    lax = [price for price in found.prices if price.name == "anarchy" and price.tolerance == 10.0]
    assert lax[0].of == "oppose"
    assert lax[0].ratio == pytest.approx(reference_payoffs((OPPOSE,) * 3)[1] / reference_payoffs((SEEK,) * 3)[1], rel=1e-9)


def test_a_fault_in_the_test_of_equilibria_is_found(monkeypatch):
    original = module.estimate_exploitability
    monkeypatch.setattr(
        module,
        "exploit",
        lambda selection_seeds, evaluation_seeds, *args, **kwargs: original(
            selection_seeds.select_policies([1]), evaluation_seeds.select_policies([1]), *args, **kwargs
        ),
    )
    assert measured().profiles.set_index("profile")["gain_lower_bound"]["oppose"] == 0  # nobody tried to seek


def test_backpropagation_is_autograds():
    game_setup = GameSetup(Digits(), hidden=(5,), rounds=50)  # beyond an epoch
    theirs, ours = backprop_losses(game_setup, [0, 1]), play(game_setup, ["attention"], [0, 1]).loss[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_candidates_are_pure_and_halves():
    assert list(candidate_profiles([SEEK, REST])) == ["attention", "free-rider", "attention:0.5,free-rider:0.5"]


def test_too_few_seeds_are_refused():
    with pytest.raises(NeuroNetError, match="four seeds or more"):
        welfare(toy(), PROFILES, [SEEK], range(3))
