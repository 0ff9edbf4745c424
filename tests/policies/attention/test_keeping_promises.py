"""Keeping promises: its projector against a plain inverse, and what becomes of old replies."""

from __future__ import annotations

from types import SimpleNamespace

import array_api_compat.numpy as xp
import numpy as np
import pytest

from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import SquaredError
from neuronet.policies import AttentionSeeking, Greedy, IncomeProtecting, KeepingPromises
from neuronet.testing import example_observation
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, game, play


def projector(samples, kappa):
    """`(1 + kappa C)^-1` by an inverse, with C the sum of x x^T over rounds, shared out among the witnesses of each."""
    with_bias = [np.hstack((heard, np.ones((len(heard), 1)))) for heard in samples]
    gram = sum(heard.T @ heard / len(heard) for heard in with_bias)
    return np.linalg.inv(np.eye(len(gram)) + kappa * gram)


@pytest.mark.parametrize("samples", [1, 3, 99])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_recursion_is_the_inverse(engine, samples):
    """The first layer hears the inputs themselves, so that what it was told is known."""
    player = play(ENGINES[engine](game(KeepingPromises(kappa=0.7, samples=samples))), 9)
    heard = [SAMPLES.at(BATCHES.indices(number)).inputs[:samples] for number in range(9)]
    expected = np.eye(7) - projector(heard, 0.7)
    np.testing.assert_allclose(player.state().to_arrays()["1.group0.projector"], expected, atol=1e-12)
    assert np.linalg.eigvalsh(expected).max() > 0.5


def test_change_is_projected_by_the_inverse():
    policy, obs = KeepingPromises(Greedy(), kappa=2.0), example_observation()
    response = np.random.default_rng(2).standard_normal((4, 7))
    memory = policy.remember(response, response, obs, {"projector": np.zeros((7, 7))})
    np.testing.assert_allclose(
        policy.adapt(response, obs, memory), response @ projector([obs.speaker_activity[:1]], 2.0), atol=1e-14
    )
    untouched = policy.adapt(response, obs, {"projector": np.zeros((7, 7))})
    np.testing.assert_array_equal(untouched, response)


def test_change_minimises_the_penalised_objective():
    """`|change - response|^2 / 2 + kappa / 2 * sum of (change @ x)^2` is at its least: by its gradient, and among others."""
    kappa, rng = 0.8, np.random.default_rng(4)
    policy, memory, occasions = KeepingPromises(kappa=kappa), {"projector": np.zeros((7, 7))}, []
    response = rng.standard_normal((4, 7))
    for number in range(5):
        obs = example_observation(number=number)
        memory = policy.remember(response, response, obs, memory)
        occasions.append(np.append(obs.speaker_activity[0], 1.0))
    heard = np.stack(occasions)

    def charge(change):
        return 0.5 * ((change - response) ** 2).sum() + 0.5 * kappa * ((change @ heard.T) ** 2).sum()

    best = policy.adapt(response, example_observation(), memory)
    np.testing.assert_allclose(best - response + kappa * best @ heard.T @ heard, 0, atol=1e-12)
    assert all(charge(best + 0.01 * rng.standard_normal((4, 7))) > charge(best) for _ in range(100))


@pytest.mark.parametrize("policy", [AttentionSeeking(), IncomeProtecting()], ids=repr)
def test_zero_kappa_equals_wrapped_policy(policy):
    plain, held = (play(ENGINES["tensors"](game(each)), 6).state() for each in (policy, KeepingPromises(policy, kappa=0.0)))
    np.testing.assert_allclose(held.to_arrays()["3.weights"], plain.to_arrays()["3.weights"], atol=1e-13)


def test_old_samples_are_kept_while_new_ones_are_learned():
    """Two tasks whose inputs have no direction in common: what was learned of the first is still there after the second."""
    rng = np.random.default_rng(5)
    parts = np.zeros((2, 12, 6))
    parts[0, :, :3], parts[1, :, 3:] = rng.standard_normal((2, 12, 3))
    first, second = (Samples(each, rng.standard_normal((12, 3))) for each in parts)

    def broken(kappa):
        setup = game(KeepingPromises(kappa=kappa), learning_rate=0.1, payoff=SquaredError())
        player = play(ENGINES["tensors"](setup), 150, first, _Whole())
        before, new = (np.asarray(player.outputs(each.inputs)) for each in (first, second))
        play(player, 150, second, _Whole())
        after, known = (np.asarray(player.outputs(each.inputs)) for each in (first, second))
        learned = ((new - second.targets) ** 2).mean() - ((known - second.targets) ** 2).mean()
        return ((after - before) ** 2).mean(), learned

    (plain, learned_plainly), (kept, learned) = broken(0.0), broken(0.3)
    assert kept < 0.2 * plain
    assert learned > 0.4 * learned_plainly > 0


class _Whole:
    """All samples in every round."""

    def indices(self, number):
        return (np.arange(12) + number) % 12  # each is the witness in its turn


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"policy": "attention"}, "wraps a policy, got 'attention'"),
        ({"kappa": -1}, "kappa must be a finite number of 0 or more, got -1"),
        ({"samples": 0}, "samples must be an integer of 1 or more, got 0"),
        ({"samples": 1.5}, "samples must be an integer"),
    ],
)
def test_bad_parameters_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        KeepingPromises(**parameters)


@pytest.mark.parametrize("kappa", [1e4, 1e6, 1e8])
@pytest.mark.parametrize("samples", [1, 16])
def test_what_three_inputs_leave_is_their_span_in_single_precision(samples, kappa):
    """However large kappa is, and although most rounds have inputs that are remembered already."""
    rng = np.random.default_rng(7)
    patterns = rng.standard_normal((3, 6)).astype(np.float32)
    policy, projector = KeepingPromises(kappa=kappa, samples=samples), np.zeros((7, 7), np.float32)
    for _ in range(60):
        heard = SimpleNamespace(xp=xp, speaker_activity=patterns[rng.integers(3, size=16)])
        rows = policy.projection.rows(heard, {"projector": projector})
        projector = projector + rows.T @ rows
    span = np.linalg.qr(np.hstack((patterns, np.ones((3, 1)))).T)[0]
    np.testing.assert_allclose(projector, span @ span.T, atol=1e-3)
    assert projector.dtype == np.float32
