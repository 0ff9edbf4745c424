"""Imitation against closed forms, chameleons against groups, and who takes over the toy."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.population import Shares
from neuronet.environments import Digits
from neuronet.games.evolution import simulation
from neuronet.games.evolution.fixation import Invasion, invade
from neuronet.games.evolution.simulation import Colony, evolve, pure_courses
from neuronet.games.evolution.switchable_policy import Chameleon
from neuronet.games.evolution.update_rules import Imitation, imitate, standardised
from neuronet.games.simulation.play import Situation, from_policies, play
from neuronet.policies import AttentionSeeking, BestResponse, Greedy, IncomeProtecting
from neuronet.testing import check_policy
from tests.games.toy_game import OPPOSE, REST, SEEK, toy

SMALL = Situation(Digits(), hidden=(6, 4), rounds=6)


def fixation(rule, strength, advantage, neurons=4, trials=900, seed=0):
    """How often one mutant takes over that earns so much more than the residents, whatever the others do."""
    chance, fixed = np.random.default_rng(seed), 0
    for _ in range(trials):
        side = np.zeros(neurons, dtype=np.int64)
        side[0] = 1
        while 0 < side.sum() < neurons:
            side = imitate(side, advantage * side.astype(float), rule, strength, 1, chance)
        fixed += int(side.all())
    return fixed / trials, 3 * np.sqrt(0.25 / trials)


@pytest.mark.parametrize("rule", ["fermi", "moran"])
@pytest.mark.parametrize(("strength", "advantage"), [(0.0, 1.0), (1.0, 0.5), (1.0, -0.5)])
def test_fixation_is_the_closed_form(rule, strength, advantage):
    ratio = np.exp(-strength * advantage)  # of losing a mutant to winning one, in either process
    expected = 1 / 4 if ratio == 1 else (1 - ratio) / (1 - ratio**4)
    found, margin = fixation(rule, strength, advantage)
    assert abs(found - expected) < margin


def test_a_fault_in_the_rule_is_found():
    found, margin = fixation("fermi", 1.0, -0.5)
    ratio = np.exp(-0.5)  # as if better were worse
    assert abs(found - (1 - ratio) / (1 - ratio**4)) > margin


def test_mutation_brings_what_nobody_plays():
    side = imitate(np.zeros(50, dtype=np.int64), np.zeros(50), "fermi", 1.0, 400, np.random.default_rng(0), mutation=0.5, kinds=3)
    assert set(side) == {0, 1, 2}


def test_payoffs_in_standard_deviations():
    assert standardised(np.array([1.0, 3.0])).tolist() == [-1.0, 1.0]
    assert standardised(np.ones(3)).tolist() == [0.0, 0.0, 0.0]
    assert standardised(np.array([1.0, np.nan, 3.0])).tolist() == standardised(np.array([1.0, 1.0, 3.0])).tolist()


@pytest.mark.parametrize(
    "policies",
    [
        (AttentionSeeking(), Greedy()),
        (IncomeProtecting(), BestResponse(), OPPOSE),
        (Greedy(top=2), AttentionSeeking(foresight=1.0), REST),
    ],
    ids=["linear", "memory", "response"],
)
def test_a_chameleon_plays_as_the_groups_do(policies):
    rng = np.random.default_rng(0)
    sides = [rng.integers(len(policies), size=(2, width)) for width in SMALL.hidden]
    colony = Colony(SMALL, policies, sides, AttentionSeeking(), [0, 1])
    colony.match.go(6)
    held = colony.match.holdings().held["attention"]
    for place, seed in enumerate((0, 1)):
        named = [[policies[side] for side in layer[place]] for layer in sides]
        alone = play(SMALL, [from_policies([*named, [AttentionSeeking()] * 10])], [seed])
        for layer in range(2):
            np.testing.assert_allclose(held[layer][place], alone.payoffs["attention"][layer][0, 0], rtol=1e-9)


def test_chameleon_keeps_the_contract_of_a_policy():
    check_policy(Chameleon((AttentionSeeking(), IncomeProtecting())))


def test_those_who_change_sides_are_born_anew_and_the_others_keep_their_memory():
    sides = [np.array([[0, 0, 0, 1, 1, 1]]), np.zeros((1, 4), dtype=np.int64)]
    colony = Colony(SMALL, (IncomeProtecting(), Greedy()), sides, AttentionSeeking(), [0])
    colony.match.go(5)
    before = colony.match.state().arrays["1.group0.0.earned"]
    assert np.abs(before[:3]).max(axis=1).min() > 0
    assert not before[3:].any()
    colony.become([np.array([[0, 0, 1, 1, 1, 0]]), sides[1]])
    colony.match.go(1)
    colony.become([np.array([[0, 1, 0, 1, 1, 0]]), sides[1]])
    after = colony.match.state().arrays["1.group0.0.earned"]
    assert np.abs(after[0]).max() > np.abs(before[0]).max() * 0.5
    assert not after[2].any()


def test_seekers_take_over_the_toy():
    eager = Imitation(strength=50.0, events=3)
    found = evolve(alike(), population(), range(6), generations=12, rounds=2, imitation=eager)
    shares = found.last().set_index(["policy", "seed"])["share"]
    assert shares["attention"].mean() == 1.0
    assert found.course["loss"].iloc[-1] < found.course["loss"].iloc[0]
    assert set(found.course.columns) == {"generation", "round", "seed", "learnt", "loss", "accuracy"}


def alike():
    """The toy with neurons that differ by their policies alone."""
    return toy(first=(0.4, 0.4, 0.4), paid=(0.5, 0.5, 0.5))


def population():
    return Shares(((SEEK, 1 / 3), (OPPOSE, 1 / 3), (REST, 1 / 3)))


def test_a_fault_in_the_payoffs_lets_others_take_over(monkeypatch):
    original = simulation.payoffs_of
    monkeypatch.setattr(simulation, "payoffs_of", lambda *args: {"gain": tuple(-each for each in original(*args)["gain"])})
    found = evolve(alike(), population(), range(6), generations=12, rounds=2, imitation=Imitation(strength=50.0, events=3))
    assert found.last().set_index(["policy", "seed"])["share"]["attention"].mean() < 0.2


def test_invasion_of_the_toy():
    eager = Imitation(strength=50.0, events=1)
    game = alike()
    seekers = invade(game, OPPOSE, SEEK, trials=24, rounds=2, generations=60, imitation=eager)
    assert (seekers.fixed, seekers.lost, seekers.open) == (24, 0, 0)
    assert seekers.p_value < 1e-6
    assert seekers.interval[0] > seekers.neutral
    assert invade(game, SEEK, OPPOSE, trials=24, rounds=2, generations=60, imitation=eager).fixed == 0
    neutral = invade(game, SEEK, OPPOSE, trials=64, rounds=1, generations=200, imitation=Imitation(strength=0.0))
    assert neutral.interval[0] < 1 / 3 < neutral.interval[1]


def test_open_invasions_widen_the_interval():
    decided, undecided = Invasion(5, 15, 0, 4, 9), Invasion(5, 15, 20, 4, 9)
    assert undecided.interval[0] < decided.interval[0]
    assert undecided.interval[1] > decided.interval[1]
    assert undecided.fixation == decided.fixation == 0.25


def test_evolution_is_the_same_again_and_pure_courses_are_plays():
    mixed = "attention:0.5,greedy:0.5"
    one, other = (
        evolve(SMALL, mixed, [0, 1], generations=3, rounds=2, policies=[REST], imitation=Imitation(mutation=0.3)) for _ in "12"
    )
    assert one.composition.equals(other.composition)
    assert one.policies == (REST, AttentionSeeking(), Greedy())
    assert one.composition.groupby(["generation", "seed", "layer"])["neurons"].sum().unique().tolist() == [6, 4]
    pure = pure_courses(SMALL, [Greedy()], [0, 1], generations=3, rounds=2)
    np.testing.assert_allclose(pure[pure["generation"] == 3]["loss"], play(SMALL, [Greedy()], [0, 1]).loss[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Imitation(rule="copy"), "unknown imitation rule 'copy'"),
        (lambda: Imitation(payoff="loss"), "the same for all neurons"),
        (lambda: Imitation(mutation=1.5), "mutation must be a number from 0 to 1"),
        (lambda: evolve(SMALL, "attention", [0]), "two policies or more"),
        (lambda: invade(SMALL, SEEK, OPPOSE, layer=3), "layer must be a hidden layer from 1 to 2"),
        (lambda: invade(SMALL, SEEK, OPPOSE, imitation=Imitation(mutation=0.1)), "mutation would bring it back"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        call()
