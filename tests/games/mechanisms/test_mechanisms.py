"""Mechanisms: their grammar, their payoffs against other computations, and gains against replayed deviations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.channels import Normalization
from neuronet.core import SGD, ConfigurationError, SpecError
from neuronet.environments import Xor
from neuronet.games import (
    MECHANISMS,
    ContributionPayoff,
    CreditPayoff,
    GameSetup,
    InitialState,
    MechanismComparison,
    PricedPayoff,
    ScaledActivity,
    attribute_credit,
    compare_mechanisms,
    deviations,
    parse_mechanism,
    play,
    tried_deviations,
)
from neuronet.games.simulation.batched_games import BatchedGames
from neuronet.games.simulation.network_payoffs import coalition_payoffs
from neuronet.games.simulation.profiles import parse_profile
from neuronet.plotting.games import mechanisms_figure
from neuronet.policies import AttentionSeeking, Budgeted, FreeRider, Frugal, Greedy
from neuronet.registry import parse_channel

GAME = GameSetup(Xor(), hidden=(5,), rounds=4, batch_size=16)


def played_games(game_setup, profile="attention", seeds=(0, 1)):
    """Return games that have been played to their end."""
    population = parse_profile(profile)
    games = []
    for seed in seeds:
        network = game_setup.network(seed)
        games.append((population.groups(network, seed), InitialState(network, seed), seed))
    found = BatchedGames(game_setup, games)
    found.run(game_setup.rounds)
    return found


def test_mechanism_has_the_parts_of_its_text():
    found = parse_mechanism("budgeted(budget=0.3)+frugal + priced(0.2) + activity@1:normalize")
    assert found.name == "budgeted(budget=0.3) + frugal + priced(0.2) + activity@1:normalize"
    assert (found.payoff, found.kind) == (PricedPayoff(0.2), "priced(0.2)")
    assert found.channels == (parse_channel("activity@1:normalize"),)
    assert found.bound(Greedy()) == Frugal(Budgeted(Greedy(), budget=0.3))
    assert [parse_mechanism(text).name for text in MECHANISMS] == list(MECHANISMS)


@pytest.mark.parametrize("text", ["greedy", "credit + share", "money", "budgeted(coins=3)", "", "activity:shouting"])
def test_texts_of_no_mechanism_are_refused(text):
    with pytest.raises(SpecError):
        parse_mechanism(text)


def test_price_is_subtracted_from_attention():
    game = GameSetup(Xor(), hidden=(4, 3), rounds=3, own_payoffs=(PricedPayoff(0.0), PricedPayoff(0.6)))
    outcomes, games = play(game, ["attention"], [3]), played_games(game, seeds=(3,))
    [network] = games.networks()
    said = np.maximum(games.game_setup.probe_inputs @ network.weights[0].T + network.biases[0], 0)
    paid = [outcomes.payoffs[kind][0][0, 0] for kind in ("attention", "priced(0)", "priced(0.6)")]
    assert paid[1] == pytest.approx(paid[0], rel=1e-12)
    assert paid[2] == pytest.approx(paid[0] - 0.3 * np.square(said).mean(axis=0), rel=1e-9)


def test_contributions_equal_the_credit_of_the_same_network():
    games = played_games(GAME)
    contribution = ContributionPayoff(400).of_games(games, None, None)
    shapley = CreditPayoff(400, permutations=400).of_games(games, None, None)
    for row, network in enumerate(games.networks()):
        credit = attribute_credit(network, GAME.environment, samples=400)
        assert contribution[0][row] == pytest.approx(credit.leave_one_out, abs=1e-12)
        assert shapley[0][row].sum() == pytest.approx(credit.shapley.sum(), abs=1e-12)
        assert shapley[0][row] == pytest.approx(credit.shapley, abs=0.02 * np.abs(credit.shapley).sum())


def test_contribution_counts_what_a_loud_neuron_says():
    """A neuron that says twice its activity contributes what it would if its listeners' weights were twice as large."""
    loud = (ScaledActivity(AttentionSeeking(), 2.0), AttentionSeeking())
    games = played_games(GAME, loud, seeds=(0,))
    [network] = games.networks()
    doubled = (network.weights[0], 2 * network.weights[1])
    expected = attribute_credit(type(network)(doubled, *_parts(network)), GAME.environment, samples=100).leave_one_out
    assert ContributionPayoff(100).of_games(games, None, None)[0][0] == pytest.approx(expected, abs=1e-12)


def _parts(network):
    return network.biases, network.masks, network.activations, network.nodes


def test_scaled_attention_counts_what_listeners_hear():
    """Divisive normalisation is undone by weights that grow with what it divides by: heard activity has a mean square of 1."""
    games = played_games(GameSetup(Xor(), hidden=(5,), rounds=2, channels=(parse_channel("activity:normalize"),)))
    said, heard = games.activities(games.game_setup.probe_inputs)
    spoken = np.square(said[0]).mean(axis=-1) > 0
    assert np.square(heard[0]).mean(axis=-1)[spoken] == pytest.approx(1.0)
    held = games.attention_holdings()
    weights = held.attention[0] * heard[0].std(axis=-2)[:, None]
    assert held.by_kind["scaled"][0] == pytest.approx((weights**2).sum(axis=-2) / 2)
    with pytest.raises(ConfigurationError, match="without channels"):
        coalition_payoffs(games, 100, lambda found: np.zeros(found.neurons))
    assert Normalization().active_in_eval


def test_gains_equal_replayed_deviations_in_units_of_the_mean_payoff():
    seeds, policies = (0, 1, 2), [FreeRider()]
    found = compare_mechanisms(GAME, ["attention", "budgeted(budget=0.5) + share"], policies, seeds, deviators=5)
    tried = tried_deviations(policies)
    for name, bound, kind in (
        ("attention", lambda policy: policy, "attention"),
        ("budgeted(budget=0.5) + share", lambda policy: Budgeted(policy, budget=0.5), "share"),
    ):
        gains, units = [], []
        for seed in seeds:
            start = InitialState(GAME.network(seed), seed)
            profile = bound(AttentionSeeking())
            replayed = deviations(GAME, profile, [bound(policy) for policy in tried.values()], [seed], start)
            gains.append(replayed.gains[kind][..., 0].mean(axis=1))
            units.append(replayed.baseline[kind].mean())
        rows = found.gains[found.gains["mechanism"] == name]
        assert rows["deviation"].tolist() == list(tried)
        assert rows["gain"].to_numpy() == pytest.approx(np.mean(gains, axis=0) / np.mean(units), rel=1e-9)


def test_haste_gains_nothing_where_every_step_has_the_same_length():
    game = GameSetup(Xor(), hidden=(5,), rounds=4, optimizer=SGD())
    found = compare_mechanisms(game, ["attention", "budgeted(bias=scaled)"], [FreeRider()], (0, 1), deviators=2).gains
    hasty = found[found["deviation"].str.startswith("feedback")]
    gains = hasty.groupby("mechanism")["gain"].apply(lambda values: values.abs().max())
    assert gains["budgeted(bias=scaled)"] < 1e-9
    assert gains["attention"] > 1e-4


def test_verdicts_and_picture_follow_the_bounds():
    columns = ("mechanism", "conclusion", "change_high", "gain", "lower", "upper", "accuracy", "accuracy_low", "accuracy_high")
    rows = [
        ("a", "certain", 0.0, 0.0, -0.1, 0.01, 0.9, 0.89, 0.91),
        ("b", "certain", -0.01, 0.0, -0.1, 0.01, 0.8, 0.79, 0.81),
        ("c", "refuted", 0.1, 0.5, 0.1, 0.9, 0.9, 0.89, 0.91),
        ("d", "undecided", 0.1, 0.0, -0.1, 0.9, 0.9, 0.89, 0.91),
    ]
    found = MechanismComparison(pd.DataFrame(), pd.DataFrame(rows, columns=list(columns)), 0.02, 5, 45, 450)
    assert found.honest() == ["a"]
    labels = [text.get_text() for text in mechanisms_figure(found, "toys").axes[1].texts]
    assert labels == ["1  a", "2  b", "3  c", "4  d"]


@pytest.mark.parametrize("mechanisms", [[], ["credit", "credit"]])
def test_mechanisms_must_differ(mechanisms):
    with pytest.raises(ConfigurationError, match="mechanisms"):
        compare_mechanisms(GAME, mechanisms, [FreeRider()], (0, 1))
