"""Deviations, NashConv and certificates: against the toy by hand, against open_spiel, and against deliberate faults."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Digits
from neuronet.games.equilibrium import deviations as deviating
from neuronet.games.equilibrium import exploitability as exploiting
from neuronet.games.equilibrium.deviations import Deviations, deviations, pooled, sample_of
from neuronet.games.equilibrium.equilibrium_study import AS_LOUD, study
from neuronet.games.equilibrium.exploitability import exploit
from neuronet.games.simulation.payoffs import KINDS
from neuronet.games.simulation.play import Situation, Start
from neuronet.policies import AttentionSeeking, FreeRider, Greedy, IncomeProtecting, SignSymmetric
from tests.games.toy_game import OPPOSE, REST, SEEK, START, nash_conv_by_hand, profile_of, toy, utilities

CHOICES = (SEEK, OPPOSE, REST)
SEEDS = range(3)


def found_in(policies):
    whole = deviations(toy(), profile_of(*policies), CHOICES, SEEDS, START)
    return exploit(whole.of(slice(0, 1)), whole.of(slice(1, 3)))


@pytest.fixture(scope="module")
def table():
    """The toy by hand."""
    return utilities()


@pytest.fixture(scope="module")
def studied():
    """Every profile of the toy by the tools."""
    return {places: found_in([CHOICES[place] for place in places]) for places in product(range(3), repeat=3)}


def agrees_with_hand(table, found_of=lambda places: found_in([CHOICES[place] for place in places])):
    """Whether NashConv and the certificate are those by hand in every profile of the toy."""
    for places in product(range(3), repeat=3):
        found = found_of(places)
        expected = nash_conv_by_hand(table, places)
        if abs(found.nash_conv[0] - expected) > 1e-12 or found.epsilon > expected + 1e-12:
            return False
    return True


def test_nash_conv_of_every_profile_is_that_by_hand(table, studied):
    assert agrees_with_hand(table, studied.get)


def test_the_known_equilibrium_is_the_only_one(table, studied):
    conv = {places: found.nash_conv[0] for places, found in studied.items()}
    by_hand = {places for places in conv if nash_conv_by_hand(table, places) == 0}
    assert by_hand == {(0, 0, 0)}  # all seek attention
    assert {places for places, value in conv.items() if value <= 1e-12} == by_hand
    certified = studied[0, 0, 0]
    assert certified.epsilon <= 1e-12
    assert certified.tried == 6
    assert (certified.responses["response"] == "(stays)").all()


def _from_another_start(situation, profiles, seeds, start, original=deviating.play):
    if len(profiles) == 1:  # the game without a deviation
        return original(
            situation,
            profiles,
            seeds,
            Start(replace(start.network, weights=(start.network.weights[0] * 0.9, start.network.weights[1])), 0),
        )
    return original(situation, profiles, seeds, start)


def _of_a_neighbour(payoffs, chosen, shape, original=deviating._own_payoffs):
    return original(payoffs, [(layer, (neuron + 1) % 3) for layer, neuron in chosen], shape)


def _everybody_deviates(layers, sizes, layer, neuron, policy):
    return (policy, *layers[1:])


FAULTS = [
    (deviating, "play", _from_another_start),
    (deviating, "_own_payoffs", _of_a_neighbour),
    (deviating, "deviated", _everybody_deviates),
    (exploiting, "_chosen", lambda array, best: array[-1]),
]


@pytest.mark.parametrize(("module", "name", "fault"), FAULTS, ids=lambda each: each if isinstance(each, str) else "")
def test_faults_are_found(module, name, fault, table, monkeypatch):
    monkeypatch.setattr(module, name, fault)
    assert not agrees_with_hand(table)


def game_with(gains, usual=1.0):
    """Deviations (D, M, S) out of nowhere."""
    D, M, S = gains.shape
    policies = tuple(AttentionSeeking(p=2.0 + d) for d in range(D))
    base = {kind: np.full((M, S), usual) for kind in KINDS}
    everybody = tuple((1, m) for m in range(M))
    own = (FreeRider(),) * M
    return Deviations(
        dict.fromkeys(KINDS, gains), base, np.zeros_like(gains), everybody, policies, own, (0,) * M, M, tuple(range(S)), 0
    )


def split(whole, at):
    return whole.of(slice(0, at)), whole.of(slice(at, None))


@pytest.mark.parametrize("seed", range(5))
def test_nash_conv_is_open_spiels(seed):
    pyspiel = pytest.importorskip("pyspiel", reason="open_spiel is not installed: it comes with neuronet[games]")
    from open_spiel.python import policy as policies
    from open_spiel.python.algorithms.exploitability import nash_conv

    chance = np.random.default_rng(seed)
    shape = (3, 2, 4)
    table = chance.normal(size=(3, *shape))
    plays = [int(chance.integers(n)) for n in shape]
    game = pyspiel.convert_to_turn_based(pyspiel.create_tensor_game([list(map(float, each.ravel())) for each in table], shape))
    pure = policies.TabularPolicy(game)
    for state in pure.states:
        row = pure.policy_for_key(state.information_state_string())
        row[:] = 0.0
        row[plays[state.current_player()]] = 1.0
    theirs = nash_conv(game, pure)
    gains = np.full((max(shape), 3, 4), -1e9)  # a player never gains by a choice that it has not
    for player, size in enumerate(shape):
        for choice in range(size):
            others = tuple(choice if n == player else place for n, place in enumerate(plays))
            gains[choice, player] = table[player][others] - table[player][tuple(plays)]
    ours = exploit(*split(game_with(gains), 2))
    assert ours.nash_conv[0] == pytest.approx(theirs, abs=1e-12)
    assert nash_conv_by_hand(table, plays) == pytest.approx(theirs, abs=1e-12)


def luck(exploiter, games=100):
    """The mean NashConv found where no deviation gains anything but noise, in standard errors."""
    chance = np.random.default_rng(0)
    found = [exploiter(game_with(chance.normal(size=(6, 4, 10)))) for _ in range(games)]
    return np.mean(found) / (np.std(found) / np.sqrt(games))


def test_responses_chosen_on_other_seeds_promise_no_luck():
    assert abs(luck(lambda whole: exploit(*split(whole, 5)).nash_conv[0])) < 3

    def chosen_on_the_same(whole):
        same = whole.of(slice(5, None))
        return exploit(replace(same, seeds=(90, 91, 92, 93, 94)), same).nash_conv[0]

    assert luck(chosen_on_the_same) > 8


def test_certificate_covers_all_deviations_together():
    chance = np.random.default_rng(1)
    wholes = [game_with(chance.normal(size=(6, 4, 10))) for _ in range(200)]
    truth = 0.0  # the mean gain of each deviation
    bounds = [
        np.array([exploiting.upper_bounds(whole.gains["gain"], tried).min() < truth for whole in wholes]) for tried in (24, 1)
    ]
    assert bounds[0].mean() < 0.05
    assert bounds[1].mean() > 0.3  # some of 24 bounds fails far too often without the correction


def test_no_certificate_where_a_game_diverges():
    gains = np.random.default_rng(0).normal(size=(2, 2, 6))
    gains[1, 0, 4] = np.nan
    assert exploit(*split(game_with(gains), 3)).epsilon == np.inf


def test_null_deviation_gains_nothing_and_noise_is_paired():
    situation = Situation(Digits(), hidden=(6,), rounds=20)
    start = Start(situation.network(0), 0)
    whole = deviations(situation, "noisy", [*layers_policies("noisy"), Greedy()], range(2), start, deviators=[(1, 2), (1, 4)])
    assert np.abs(whole.gains["scaled"][0]).max() < 1e-9
    assert np.abs(whole.gains["scaled"][1]).min() > 1e-6


def layers_policies(name):
    from neuronet.registry.registry import policy_named

    return [policy_named(name)]


def test_a_sample_is_scaled_up_and_networks_are_averaged():
    rising = np.zeros((1, 3, 4)) + np.array([1.0, 2.0, 3.0])[None, :, None]
    whole = game_with(rising)
    assert exploit(*split(whole, 2)).nash_conv[0] == 6.0
    assert exploit(*split(replace(whole, players=6), 2)).nash_conv[0] == 12.0
    both = pooled([whole, replace(whole, networks=(1, 1, 1))])
    assert exploit(*split(both, 2)).nash_conv[0] == 6.0
    assert exploit(*split(both, 2)).mean_gain[0] == 2.0


def test_inflation_is_told_from_usefulness():
    raw = np.ones((1, 2, 4))
    whole = game_with(raw)
    vanishing = [
        exploit(*split(replace(whole, gains={**whole.gains, "scaled": part * raw}), 2)).vanishing
        for part in (0.0, 0.25, 1.0, -1.0)
    ]
    assert vanishing == [1.0, 0.75, 0.0, 1.0]


def test_study_has_both_sets_of_deviations():
    situation = Situation(Digits(), hidden=(4,), rounds=4)
    found = study(situation, "attention", [AttentionSeeking(), SignSymmetric()], networks=1, choosing=1, measuring=2, deviators=2)
    assert found.names == ("own, 2 times as loud", "own, 8 times as loud", "sign-symmetric", "sign-symmetric, as loud")
    assert set(found.table()["deviations"]) == {"any", AS_LOUD}
    assert len(found.responses()) == 2 * 3 * 2
    assert len(found.gains()) == 4 * 2
    assert found.found["any", "attention", 0].tried == 3 * 4 * 2
    kept = study(situation, IncomeProtecting(), [SignSymmetric()], networks=1, choosing=1, measuring=2, deviators=1)
    assert kept.names == ("sign-symmetric",)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: deviations(toy(), profile_of(SEEK, SEEK, SEEK), CHOICES, [0], START, deviators=[(1, 3)]), r"got \(1, 3\)"),
        (lambda: deviations(toy(), profile_of(SEEK, SEEK, SEEK), [], [0], START), "at least one deviator"),
        (lambda: sample_of(toy(), 0, 0), "most deviators must be"),
        (lambda: exploit(game_with(np.zeros((1, 1, 3))), game_with(np.zeros((1, 1, 3)))), "seeds that are not shared"),
        (lambda: exploit(*split(game_with(np.zeros((1, 1, 3))), 2)), "two seeds or more"),
        (lambda: exploit(*split(game_with(np.zeros((1, 1, 4))), 2), "pay"), "unknown payoff 'pay'"),
        (lambda: study(toy(), "attention", [SEEK]), "other than the one that everybody plays"),
        (lambda: study(toy(), "attention", [REST], after=()), "a moment at which"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        call()
