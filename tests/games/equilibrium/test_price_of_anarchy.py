"""Price of anarchy in the toy game, whose best profile and only equilibrium are known."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.environments import Digits
from neuronet.games.equilibrium import price_of_anarchy as module
from neuronet.games.equilibrium.price_of_anarchy import DeviationTest, backprop_losses, candidate_profiles, welfare
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.play import play
from tests.games.toy_game import OPPOSE, REST, SEEK, profile_of, reference_payoffs, toy

PROFILES = {
    "seek": profile_of(SEEK, SEEK, SEEK),
    "oppose": profile_of(OPPOSE, OPPOSE, OPPOSE),
    "mixed": profile_of(SEEK, REST, OPPOSE),
}
QUICK = DeviationTest(deviators=3, networks=1, selection_seeds=1, evaluation_seeds=2)


def toy_welfare():
    return welfare(toy(), PROFILES, [SEEK, OPPOSE, REST], range(4), QUICK, tolerances=(0.0001, 10.0))


def test_toy_game_has_no_price_of_anarchy():
    result = toy_welfare()
    table = result.profiles.set_index("profile")
    assert table.index[0] == "seek"
    for name, policies in (("seek", (SEEK,) * 3), ("oppose", (OPPOSE,) * 3), ("mixed", (SEEK, REST, OPPOSE))):
        paid, loss = reference_payoffs(policies)
        assert table.loc[name, "loss"] == pytest.approx(loss, rel=1e-9)
        assert table.loc[name, "welfare"] == pytest.approx(paid.sum(), rel=1e-9)
    assert table["gain_lower_bound"]["seek"] == 0
    assert table["gain_lower_bound"].drop("seek").min() > 0.001
    prices = result.prices.query("measure == 'loss' and evidence == 'possible'")
    strict = prices[prices["tolerance"] == 0.0001]
    assert set(strict[["name", "equilibria", "numerator"]].itertuples(index=False, name=None)) == {
        ("anarchy", 1, "seek"),
        ("stability", 1, "seek"),
    }
    assert strict["ratio"].tolist() == pytest.approx([1.0] * 4, rel=1e-9)  # attention-seeking is backpropagation
    lax = prices.query("name == 'anarchy' and tolerance == 10.0").iloc[0]
    assert lax["numerator"] == "oppose"
    assert lax["ratio"] == pytest.approx(reference_payoffs((OPPOSE,) * 3)[1] / reference_payoffs((SEEK,) * 3)[1], rel=1e-9)


def test_price_in_attention_is_that_of_the_players():
    result = toy_welfare()
    paid = {name: reference_payoffs(policies)[0].sum() for name, policies in (("seek", (SEEK,) * 3), ("oppose", (OPPOSE,) * 3))}
    assert result.attention["oppose"] == pytest.approx(paid["oppose"], rel=1e-9)
    anarchy = result.prices.query("measure == 'attention' and name == 'anarchy' and tolerance == 10.0 and evidence == 'possible'")
    (row,) = anarchy.itertuples(index=False)
    mean = {name: float(values.mean()) for name, values in result.attention.items()}
    assert (row.numerator, row.denominator) == (max(mean, key=mean.get), min(mean, key=mean.get))
    assert row.ratio == pytest.approx(max(mean.values()) / min(mean.values()), rel=1e-9)
    assert row.ratio >= 1


def test_conclusions_need_certificates():
    """More than the bound on all gains is certain, less than a sure gain is refuted, and the rest undecided."""
    result = toy_welfare()
    table = result.profiles.set_index("profile")
    for name in PROFILES:
        sure, bound = table.loc[name, ["gain_lower_bound", "epsilon"]]
        assert sure <= bound
        assert result.conclusion(name, bound) == "certain"
        if sure > 0:
            assert result.conclusion(name, sure * 0.99) == "refuted"
        if sure < bound:
            assert result.conclusion(name, (sure + bound) / 2) == "undecided"
    counts = result.prices.groupby(["tolerance", "evidence"])["equilibria"].first()
    for tolerance in (0.0001, 10.0):
        conclusions = [result.conclusion(name, tolerance) for name in PROFILES]
        assert counts.get((tolerance, "certain"), 0) == conclusions.count("certain")
        assert counts.get((tolerance, "possible"), 0) == 3 - conclusions.count("refuted")


def test_fault_in_the_test_of_equilibria_is_detected(monkeypatch):
    original = module.estimate_exploitability
    monkeypatch.setattr(
        module,
        "estimate_exploitability",
        lambda selection_seeds, evaluation_seeds, *args, **kwargs: original(
            selection_seeds.select_policies([1]), evaluation_seeds.select_policies([1]), *args, **kwargs
        ),
    )
    assert toy_welfare().profiles.set_index("profile")["gain_lower_bound"]["oppose"] == 0  # attention-seeking was not tried


def test_attention_seeking_has_the_losses_of_backpropagation():
    game_setup = GameSetup(Digits(), hidden=(5,), rounds=50)  # more than an epoch
    theirs, ours = backprop_losses(game_setup, [0, 1]), play(game_setup, ["attention"], [0, 1]).loss[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_candidate_profiles_are_pure_or_of_equal_shares():
    assert list(candidate_profiles([SEEK, REST])) == ["attention", "free-rider", "attention:0.5,free-rider:0.5"]


def test_too_few_seeds_are_refused():
    with pytest.raises(ConfigurationError, match="four seeds or more, got 3 and 3"):
        welfare(toy(), PROFILES, [SEEK], range(3))
