"""Update rules against closed forms, switchable policies against groups, and fixation in the toy game."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.population import Shares
from neuronet.environments import Digits
from neuronet.games.evolution.fixation import Invasion, invade
from neuronet.games.evolution.simulation import EvolvingPopulation, evolve, single_policy_histories
from neuronet.games.evolution.switchable_policy import SwitchablePolicy
from neuronet.games.evolution.update_rules import UpdateRule, standardised
from neuronet.games.simulation.batched_games import BatchedGames
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.play import play
from neuronet.policies import AttentionSeeking, BestResponse, Budgeted, Damped, Greedy, IncomeProtecting
from neuronet.testing import check_policy
from tests.games.toy_game import OPPOSE, REST, SEEK, layers_from_policies, toy

SMALL = GameSetup(Digits(), hidden=(6, 4), rounds=6)


def fixation(rule, strength, advantage, neurons=4, trials=900, seed=0):
    """Return the fraction of fixations of one mutant with a constant advantage, and a margin of three standard errors."""
    rng, fixed, update_rule = np.random.default_rng(seed), 0, UpdateRule(rule, strength=strength, events=1)
    for _ in range(trials):
        policy_index = np.zeros(neurons, dtype=np.int64)
        policy_index[0] = 1
        while 0 < policy_index.sum() < neurons:
            policy_index = update_rule.step(policy_index, advantage * policy_index.astype(float), 2, rng)
        fixed += int(policy_index.all())
    return fixed / trials, 3 * np.sqrt(0.25 / trials)


@pytest.mark.parametrize("rule", ["fermi", "moran"])
@pytest.mark.parametrize(("strength", "advantage"), [(0.0, 1.0), (1.0, 0.5), (1.0, -0.5)])
def test_fixation_equals_the_closed_form(rule, strength, advantage):
    ratio = np.exp(-strength * advantage)  # odds of losing a mutant against gaining one, in both processes
    expected = 1 / 4 if ratio == 1 else (1 - ratio) / (1 - ratio**4)
    result, margin = fixation(rule, strength, advantage)
    assert abs(result - expected) < margin


def test_fault_in_the_update_rule_is_detected():
    result, margin = fixation("fermi", 1.0, -0.5)
    ratio = np.exp(-0.5)  # with the sign of the advantage reversed
    assert abs(result - (1 - ratio) / (1 - ratio**4)) > margin


def test_mutation_introduces_absent_policies():
    update_rule = UpdateRule(mutation=0.5, events=400)
    policy_index = update_rule.step(np.zeros(50, dtype=np.int64), np.zeros(50), 3, np.random.default_rng(0))
    assert set(policy_index) == {0, 1, 2}


def test_standardised_payoffs():
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
def test_switchable_policy_equals_groups(policies):
    rng = np.random.default_rng(0)
    policy_indices = [rng.integers(len(policies), size=(2, width)) for width in SMALL.hidden]
    evolving_population = EvolvingPopulation(SMALL, policies, policy_indices, AttentionSeeking(), [0, 1])
    evolving_population.batched_games.run(6)
    held = evolving_population.batched_games.attention_holdings().by_kind["attention"]
    for row, seed in enumerate((0, 1)):
        by_neuron = [[policies[index] for index in layer[row]] for layer in policy_indices]
        alone = play(SMALL, [layers_from_policies([*by_neuron, [AttentionSeeking()] * 10])], [seed])
        for layer in range(2):
            np.testing.assert_allclose(held[layer][row], alone.payoffs["attention"][layer][0, 0], rtol=1e-9)


def test_switchable_policy_meets_the_policy_contract():
    check_policy(SwitchablePolicy((AttentionSeeking(), IncomeProtecting())))
    check_policy(SwitchablePolicy((AttentionSeeking(p=1), Budgeted(relative=True), Damped())))  # which have factors


def test_switching_neurons_reset_their_memory_and_others_keep_it():
    policy_indices = [np.array([[0, 0, 0, 1, 1, 1]]), np.zeros((1, 4), dtype=np.int64)]
    evolving_population = EvolvingPopulation(SMALL, (IncomeProtecting(), Greedy()), policy_indices, AttentionSeeking(), [0])
    evolving_population.batched_games.run(5)
    before = evolving_population.batched_games.state().to_arrays()["1.group0.0.importance"]
    assert np.abs(before[:3]).max(axis=1).min() > 0
    assert not before[3:].any()
    evolving_population.switch([np.array([[0, 0, 1, 1, 1, 0]]), policy_indices[1]])
    evolving_population.batched_games.run(1)
    evolving_population.switch([np.array([[0, 1, 0, 1, 1, 0]]), policy_indices[1]])
    after = evolving_population.batched_games.state().to_arrays()["1.group0.0.importance"]
    assert np.abs(after[0]).max() > np.abs(before[0]).max() * 0.5
    assert not after[2].any()


def test_attention_seekers_take_over_the_toy_game():
    strong = UpdateRule(strength=50.0, events=3)
    result = evolve(symmetric_toy(), population(), range(6), generations=12, rounds=2, update_rule=strong)
    shares = result.final_composition().set_index(["policy", "seed"])["share"]
    assert shares["attention"].mean() == 1.0
    assert result.history["loss"].iloc[-1] < result.history["loss"].iloc[0]
    assert set(result.history.columns) == {"generation", "round", "seed", "train_loss", "loss", "accuracy"}


def symmetric_toy():
    """Return the toy game with neurons that differ only in their policies."""
    return toy(first=(0.4, 0.4, 0.4), paid=(0.5, 0.5, 0.5))


def population():
    return Shares(((SEEK, 1 / 3), (OPPOSE, 1 / 3), (REST, 1 / 3)))


def test_fault_in_the_payoffs_is_detected(monkeypatch):
    original = BatchedGames.payoffs_since

    def reversed_gain(*args):
        return {"gain": tuple(-layer for layer in original(*args)["gain"])}

    monkeypatch.setattr(BatchedGames, "payoffs_since", reversed_gain)
    result = evolve(
        symmetric_toy(), population(), range(6), generations=12, rounds=2, update_rule=UpdateRule(strength=50.0, events=3)
    )
    assert result.final_composition().set_index(["policy", "seed"])["share"]["attention"].mean() < 0.2


def test_invasion_of_the_toy_game():
    strong = UpdateRule(strength=50.0, events=1)
    game = symmetric_toy()
    seekers = invade(game, OPPOSE, SEEK, trials=24, rounds=2, generations=60, update_rule=strong)
    assert (seekers.fixed, seekers.lost, seekers.undecided) == (24, 0, 0)
    assert seekers.p_value < 1e-6
    assert seekers.interval[0] > seekers.neutral
    assert invade(game, SEEK, OPPOSE, trials=24, rounds=2, generations=60, update_rule=strong).fixed == 0
    neutral = invade(game, SEEK, OPPOSE, trials=64, rounds=1, generations=200, update_rule=UpdateRule(strength=0.0))
    assert neutral.interval[0] < 1 / 3 < neutral.interval[1]


def test_undecided_invasions_widen_the_interval():
    decided, undecided = Invasion(5, 15, 0, 4, 9), Invasion(5, 15, 20, 4, 9)
    assert undecided.interval[0] < decided.interval[0]
    assert undecided.interval[1] > decided.interval[1]
    assert undecided.fixation == decided.fixation == 0.25


def test_evolution_is_the_same_again_and_pure_courses_are_plays():
    mixed = "attention:0.5,greedy:0.5"
    one, other = (
        evolve(SMALL, mixed, [0, 1], generations=3, rounds=2, policies=[REST], update_rule=UpdateRule(mutation=0.3)) for _ in "12"
    )
    assert one.composition.equals(other.composition)
    assert one.policies == (REST, AttentionSeeking(), Greedy())
    assert one.composition.groupby(["generation", "seed", "layer"])["neurons"].sum().unique().tolist() == [6, 4]
    pure = single_policy_histories(SMALL, [Greedy()], [0, 1], generations=3, rounds=2)
    np.testing.assert_allclose(pure[pure["generation"] == 3]["loss"], play(SMALL, [Greedy()], [0, 1]).loss[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: UpdateRule(rule="copy"), "unknown update rule 'copy'"),
        (lambda: UpdateRule(payoff="loss"), "payoff 'loss'"),
        (lambda: UpdateRule(mutation=1.5), "mutation must be .* got 1.5"),
        (lambda: evolve(SMALL, "attention", [0]), "two or more"),
        (lambda: invade(SMALL, SEEK, OPPOSE, layer=3), "layer must be .* from 1 to 2, got 3"),
        (lambda: invade(SMALL, SEEK, OPPOSE, update_rule=UpdateRule(mutation=0.1)), "mutation must be 0"),
    ],
)
def test_invalid_settings_are_refused(call, fragment):
    with pytest.raises(NeuroNetError, match=fragment):
        call()
