"""Deviations, NashConv and certificates against the toy game's reference, open_spiel, and deliberate faults."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Digits
from neuronet.games.equilibrium import deviations as deviating
from neuronet.games.equilibrium import exploitability as exploiting
from neuronet.games.equilibrium.deviations import Deviations, concatenate, deviations, sample_deviators
from neuronet.games.equilibrium.equilibrium_study import MATCHED_NORM, study_equilibrium
from neuronet.games.equilibrium.exploitability import estimate_exploitability
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import KINDS
from neuronet.policies import AttentionSeeking, FreeRider, Greedy, IncomeProtecting, SignSymmetric
from tests.games.toy_game import OPPOSE, REST, SEEK, START, profile_of, reference_nash_conv, toy, utilities

CHOICES = (SEEK, OPPOSE, REST)
SEEDS = range(3)


def exploitability_of(policies):
    whole = deviations(toy(), profile_of(*policies), CHOICES, SEEDS, START)
    return estimate_exploitability(whole.select_seeds(slice(0, 1)), whole.select_seeds(slice(1, 3)))


@pytest.fixture(scope="module")
def table():
    """Payoffs of the toy game by the reference."""
    return utilities()


@pytest.fixture(scope="module")
def studied():
    """Exploitability of each profile of the toy game."""
    return {indices: exploitability_of([CHOICES[index] for index in indices]) for indices in product(range(3), repeat=3)}


def matches_reference(table, result_of=lambda indices: exploitability_of([CHOICES[index] for index in indices])):
    """Return whether NashConv and the certificate equal the reference in each profile of the toy game."""
    for indices in product(range(3), repeat=3):
        result = result_of(indices)
        expected = reference_nash_conv(table, indices)
        if abs(result.nash_conv[0] - expected) > 1e-12 or result.epsilon > expected + 1e-12:
            return False
    return True


def test_nash_conv_of_each_profile_equals_the_reference(table, studied):
    assert matches_reference(table, studied.get)


def test_only_the_known_equilibrium_is_certified(table, studied):
    conv = {indices: result.nash_conv[0] for indices, result in studied.items()}
    equilibria = {indices for indices in conv if reference_nash_conv(table, indices) == 0}
    assert equilibria == {(0, 0, 0)}  # all neurons seek attention
    assert {indices for indices, value in conv.items() if value <= 1e-12} == equilibria
    certified = studied[0, 0, 0]
    assert certified.epsilon <= 1e-12
    assert certified.num_tested == 6
    assert (certified.responses["response"] == "(stays)").all()


def _play_from_other_start(game_setup, profiles, seeds, start, original=deviating.play):
    if len(profiles) == 1:  # the games without a deviation
        return original(
            game_setup,
            profiles,
            seeds,
            InitialState(replace(start.network, weights=(start.network.weights[0] * 0.9, start.network.weights[1])), 0),
        )
    return original(game_setup, profiles, seeds, start)


def _payoffs_of_neighbour(payoffs, chosen, shape, original=deviating._own_payoffs):
    return original(payoffs, [(layer, (neuron + 1) % 3) for layer, neuron in chosen], shape)


def _all_deviate(layers, sizes, layer, neuron, policy):
    return (policy, *layers[1:])


FAULTS = [
    (deviating, "play", _play_from_other_start),
    (deviating, "_own_payoffs", _payoffs_of_neighbour),
    (deviating, "with_deviation", _all_deviate),
    (exploiting, "_select_best", lambda array, best: array[-1]),
]


@pytest.mark.parametrize(("module", "name", "fault"), FAULTS, ids=lambda value: value if isinstance(value, str) else "")
def test_faults_are_detected(module, name, fault, table, monkeypatch):
    monkeypatch.setattr(module, name, fault)
    assert not matches_reference(table)


def deviations_with(gains, baseline=1.0):
    """Return deviations with given gains, (D, M, S)."""
    D, M, S = gains.shape
    policies = tuple(AttentionSeeking(p=2.0 + d) for d in range(D))
    base = {kind: np.full((M, S), baseline) for kind in KINDS}
    deviators = tuple((1, m) for m in range(M))
    own = (FreeRider(),) * M
    return Deviations(
        dict.fromkeys(KINDS, gains), base, np.zeros_like(gains), deviators, policies, own, (0,) * M, M, tuple(range(S)), 0
    )


def split(whole, at):
    return whole.select_seeds(slice(0, at)), whole.select_seeds(slice(at, None))


@pytest.mark.parametrize("seed", range(5))
def test_nash_conv_equals_open_spiel(seed):
    pyspiel = pytest.importorskip("pyspiel", reason="open_spiel is not installed: it comes with neuronet[games]")
    from open_spiel.python import policy as policies
    from open_spiel.python.algorithms.exploitability import nash_conv

    rng = np.random.default_rng(seed)
    shape = (3, 2, 4)
    table = rng.normal(size=(3, *shape))
    plays = [int(rng.integers(n)) for n in shape]
    game = pyspiel.convert_to_turn_based(
        pyspiel.create_tensor_game([list(map(float, payoffs.ravel())) for payoffs in table], shape)
    )
    pure = policies.TabularPolicy(game)
    for state in pure.states:
        row = pure.policy_for_key(state.information_state_string())
        row[:] = 0.0
        row[plays[state.current_player()]] = 1.0
    theirs = nash_conv(game, pure)
    gains = np.full((max(shape), 3, 4), -1e9)  # choices that a player does not have
    for player, size in enumerate(shape):
        for choice in range(size):
            profile = tuple(choice if n == player else played for n, played in enumerate(plays))
            gains[choice, player] = table[player][profile] - table[player][tuple(plays)]
    ours = estimate_exploitability(*split(deviations_with(gains), 2))
    assert ours.nash_conv[0] == pytest.approx(theirs, abs=1e-12)
    assert reference_nash_conv(table, plays) == pytest.approx(theirs, abs=1e-12)


def false_positive_rate(exploiter, games=100):
    """Return the mean NashConv for gains of pure noise, in standard errors."""
    rng = np.random.default_rng(0)
    values = [exploiter(deviations_with(rng.normal(size=(6, 4, 10)))) for _ in range(games)]
    return np.mean(values) / (np.std(values) / np.sqrt(games))


def test_selection_on_other_seeds_has_no_bias():
    assert abs(false_positive_rate(lambda whole: estimate_exploitability(*split(whole, 5)).nash_conv[0])) < 3

    def selected_on_the_same(whole):
        same = whole.select_seeds(slice(5, None))
        return estimate_exploitability(replace(same, seeds=(90, 91, 92, 93, 94)), same).nash_conv[0]

    assert false_positive_rate(selected_on_the_same) > 8


def test_certificate_holds_for_all_deviations_simultaneously():
    rng = np.random.default_rng(1)
    wholes = [deviations_with(rng.normal(size=(6, 4, 10))) for _ in range(200)]
    truth = 0.0  # the mean gain of each deviation
    bounds = [
        np.array([exploiting.upper_bounds(whole.gains["gain"], tried).min() < truth for whole in wholes]) for tried in (24, 1)
    ]
    assert bounds[0].mean() < 0.05
    assert bounds[1].mean() > 0.3  # 24 bounds fail too often without the correction


def test_no_certificate_if_a_game_diverges():
    gains = np.random.default_rng(0).normal(size=(2, 2, 6))
    gains[1, 0, 4] = np.nan
    assert estimate_exploitability(*split(deviations_with(gains), 3)).epsilon == np.inf


def test_null_deviation_gains_nothing_and_noise_is_paired():
    game_setup = GameSetup(Digits(), hidden=(6,), rounds=20)
    start = InitialState(game_setup.network(0), 0)
    whole = deviations(game_setup, "noisy", [*layers_policies("noisy"), Greedy()], range(2), start, deviators=[(1, 2), (1, 4)])
    assert np.abs(whole.gains["scaled"][0]).max() < 1e-9
    assert np.abs(whole.gains["scaled"][1]).min() > 1e-6


def layers_policies(name):
    from neuronet.registry import parse_policy

    return [parse_policy(name)]


def test_samples_are_scaled_to_all_neurons_and_networks_are_averaged():
    rising = np.zeros((1, 3, 4)) + np.array([1.0, 2.0, 3.0])[None, :, None]
    whole = deviations_with(rising)
    assert estimate_exploitability(*split(whole, 2)).nash_conv[0] == 6.0
    assert estimate_exploitability(*split(replace(whole, players=6), 2)).nash_conv[0] == 12.0
    both = concatenate([whole, replace(whole, networks=(1, 1, 1))])
    assert estimate_exploitability(*split(both, 2)).nash_conv[0] == 6.0
    assert estimate_exploitability(*split(both, 2)).mean_gain[0] == 2.0


def test_inflation_fraction_compares_raw_and_scaled_gains():
    raw = np.ones((1, 2, 4))
    whole = deviations_with(raw)
    inflation_fraction = [
        estimate_exploitability(*split(replace(whole, gains={**whole.gains, "scaled": fraction * raw}), 2)).inflation_fraction
        for fraction in (0.0, 0.25, 1.0, -1.0)
    ]
    assert inflation_fraction == [1.0, 0.75, 0.0, 1.0]


def test_study_tries_any_and_matched_norm_deviations():
    game_setup = GameSetup(Digits(), hidden=(4,), rounds=4)
    study = study_equilibrium(
        game_setup,
        "attention",
        [AttentionSeeking(), SignSymmetric()],
        networks=1,
        selection_seeds=1,
        evaluation_seeds=2,
        deviators=2,
    )
    assert study.names == (
        "own, 2 times the feedback",
        "own, 8 times the feedback",
        "sign-symmetric",
        "sign-symmetric, matched norm",
    )
    assert set(study.table()["deviations"]) == {"any", MATCHED_NORM}
    assert len(study.responses()) == 2 * 3 * 2
    assert len(study.gains()) == 4 * 2
    assert study.results["any", "attention", 0].num_tested == 3 * 4 * 2
    with_memory = study_equilibrium(
        game_setup, IncomeProtecting(), [SignSymmetric()], networks=1, selection_seeds=1, evaluation_seeds=2, deviators=1
    )
    assert with_memory.names == ("sign-symmetric",)


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: deviations(toy(), profile_of(SEEK, SEEK, SEEK), CHOICES, [0], START, deviators=[(1, 3)]), r"got \(1, 3\)"),
        (lambda: deviations(toy(), profile_of(SEEK, SEEK, SEEK), [], [0], START), "deviators and policies"),
        (lambda: sample_deviators(toy(), 0, 0), "deviators must be"),
        (
            lambda: estimate_exploitability(deviations_with(np.zeros((1, 1, 3))), deviations_with(np.zeros((1, 1, 3)))),
            "must not share seeds",
        ),
        (lambda: estimate_exploitability(*split(deviations_with(np.zeros((1, 1, 3))), 2)), "two seeds or more"),
        (lambda: estimate_exploitability(*split(deviations_with(np.zeros((1, 1, 4))), 2), "pay"), "'pay'"),
        (lambda: study_equilibrium(toy(), "attention", [SEEK]), "other than that of the profile"),
        (lambda: study_equilibrium(toy(), "attention", [REST], at_rounds=()), "at_rounds"),
    ],
)
def test_invalid_settings_are_refused(call, fragment):
    with pytest.raises(NeuroNetError, match=fragment):
        call()
