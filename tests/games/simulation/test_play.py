"""Games are replayed from equal initial states with paired seeds; their payoffs follow the formulas."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.core.utility import Power
from neuronet.environments import Digits
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import activities, attention_holdings, share_payoff
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import parse_profile, policies_of, with_deviation
from neuronet.games.simulation.training import payoff_trajectory, train_profile, training_checkpoints
from neuronet.policies import AttentionSeeking, Greedy, IncomeProtecting
from tests.games.toy_game import OPPOSE, REST, SEEK, START, layers_from_policies, profile_of, reference_payoffs, toy

SMALL = GameSetup(Digits(), hidden=(5, 4), rounds=3)


@pytest.mark.parametrize("policies", [(SEEK, SEEK, SEEK), (SEEK, OPPOSE, REST), (OPPOSE, REST, SEEK)])
def test_payoffs_of_the_toy_game_equal_the_reference(policies):
    outcomes = play(toy(), [profile_of(*policies)], [0, 7])
    paid, loss = reference_payoffs(policies)
    np.testing.assert_allclose(outcomes.payoffs["attention"][0][0], [paid, paid], rtol=1e-12)
    np.testing.assert_allclose(outcomes.loss[0], loss, rtol=1e-12)
    np.testing.assert_allclose(outcomes.payoffs["loss"][0][0, 0], -loss, rtol=1e-12)
    gain = (paid - np.array(toy().paid) ** 2 / 2) / toy().rounds
    np.testing.assert_allclose(outcomes.payoffs["gain"][0][0, 0], gain, rtol=1e-12)
    np.testing.assert_allclose(outcomes.payoffs["share"][0][0, 0], paid / paid.sum(), rtol=1e-12)


def test_shares_of_a_layer_add_up_to_one():
    outcomes = play(SMALL, ["attention", "greedy"], [0, 1])
    for layer in outcomes.payoffs["share"]:
        np.testing.assert_allclose(layer.sum(axis=-1), 1.0)
    assert share_payoff(np.array([[1.0, 1.0], [0.0, 0.0]]), Power()).tolist() == [
        0.5,
        0.5,
    ]  # the second listener is left out
    assert share_payoff(np.zeros((2, 3)), Power()).tolist() == [0.0, 0.0, 0.0]


def test_rescaling_a_relu_neuron_changes_only_raw_attention():
    network = SMALL.network(0)
    weights = [layer.copy() for layer in network.weights]
    weights[0][2] *= 4.0
    weights[1][:, 2] /= 4.0
    found = []
    for layers in (network.weights, weights):
        batched = [w[None] for w in layers]
        said = activities(batched[:-1], [b[None] for b in network.biases[:-1]], network.activations[:-1], SMALL.probe_inputs)
        found.append(attention_holdings(0, batched[1:], said, said, Power()))
    original, rescaled = found
    np.testing.assert_allclose(original.by_kind["scaled"][0], rescaled.by_kind["scaled"][0], rtol=1e-10)
    assert rescaled.by_kind["attention"][0][0, 2] == pytest.approx(original.by_kind["attention"][0][0, 2] / 16)


def test_replay_from_a_state_continues_the_game():
    profile = "income-protecting:0.5,attention:0.5"  # one policy has a memory
    whole = play(GameSetup(Digits(), hidden=(5, 4), rounds=50), [profile], [3])
    start = train_profile(SMALL, profile, 3, 47)  # 45 rounds are an epoch
    rest = play(SMALL, [start.layers], [3], start)
    np.testing.assert_allclose(rest.loss, whole.loss, rtol=1e-12)
    for one, other in zip(rest.payoffs["attention"], whole.payoffs["attention"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_batched_games_equal_single_games():
    layers = parse_profile("attention").groups(SMALL.network(0), 0)
    start = InitialState(SMALL.network(0), 0)
    profiles = [
        with_deviation(layers, SMALL.sizes, layer, 1, policy) for policy in (Greedy(), IncomeProtecting()) for layer in (1, 2)
    ]
    profiles.append(layers)
    together = play(SMALL, profiles, [5, 6], start)
    for place, profile in enumerate(profiles):
        alone = play(SMALL, [profile], [6], start)
        for kind, arrays in together.payoffs.items():
            for layer, array in enumerate(arrays):
                np.testing.assert_allclose(array[place, 1], alone.payoffs[kind][layer][0, 0], rtol=1e-10)


def test_tables_by_neuron_group_and_layer():
    outcomes = play(SMALL, ["attention:0.6,greedy:0.4"], [0, 1])
    table = outcomes.table()
    assert len(table) == 2 * (5 + 4)
    groups = outcomes.by_group()
    first = groups[(groups["seed"] == 0) & (groups["layer"] == 1)].set_index("policy")
    assert first["neurons"].to_dict() == {"attention": 3, "greedy": 2}
    mine = table[(table["seed"] == 0) & (table["layer"] == 1) & (table["policy"] == "greedy")]
    assert first.loc["greedy", "attention"] == pytest.approx(mine["attention"].mean())
    assert outcomes.by_layer()["attention"].iloc[0] == pytest.approx(outcomes.payoffs["attention"][0][0, 0].mean())


def test_payoff_trajectory_ends_with_the_payoffs_of_play():
    tables = list(payoff_trajectory(SMALL, "attention", [0, 1], every=2))
    assert [table["round"].iloc[0] for table in tables] == [0, 2, 3]
    last = tables[-1].query("seed == 1 and layer == 2")["scaled"]
    np.testing.assert_allclose(last, play(SMALL, ["attention"], [0, 1]).payoffs["scaled"][1][0, 1], rtol=1e-12)


def test_profiles_and_policies_per_neuron_are_converted_both_ways():
    layers = with_deviation(parse_profile("attention").groups(START.network, 0), (1, 3, 1), 1, 1, Greedy())
    named = policies_of(layers, (1, 3, 1))
    assert named == [[AttentionSeeking(), Greedy(), AttentionSeeking()], [AttentionSeeking()]]
    assert policies_of(layers_from_policies(named), (1, 3, 1)) == named


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: GameSetup(Digits(), hidden=()), r"hidden must name .* got \(\)"),
        (lambda: GameSetup(Digits(), rounds=0), "rounds must be an integer"),
        (lambda: play(SMALL, [], [0]), "profiles and seeds"),
        (lambda: play(SMALL, ["attention"], [0, 1], [InitialState(SMALL.network(0), 0)]), "starts must be"),
        (lambda: next(payoff_trajectory(SMALL, "attention", [0], every=0)), "every must be an integer"),
        (lambda: play(SMALL, ["atention"], [0]), "'atention'"),
        (lambda: next(training_checkpoints(SMALL, "attention", 0, [3, 1])), r"got \[3, 1\]"),
    ],
)
def test_invalid_settings_are_refused(call, fragment):
    with pytest.raises(NeuroNetError, match=fragment):
        call()
