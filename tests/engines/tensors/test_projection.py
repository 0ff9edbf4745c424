"""Changes that the tensor engine projects by itself: the same numbers as by the policy's hooks, in fewer products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from neuronet.core import SGD, Adam, Momentum, projection_of
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import IncomeProtecting, KeepingPromises, Noisy, RandomFeedback, SignSymmetric, WeightMaximization
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, game, max_difference


@dataclass(frozen=True)
class ByHooks(KeepingPromises):
    """Keeping promises, without a declaration for engines."""

    @property
    def projection(self):
        return None


def played(setup, batch, rounds=8):
    """Return the state after some rounds of a batch size."""
    engine = TensorEngine(setup, device="cpu")
    order = np.arange(rounds * batch) % len(SAMPLES.targets)
    engine.play_rounds(engine.prepare(SAMPLES), order, batch)
    return engine


@pytest.mark.parametrize("batch", [1, 4, 5, 40])  # fewer samples than neurons, as many, and more
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=repr)
@pytest.mark.parametrize("parameters", [{}, {"samples": 3, "fading": 0.1}], ids=str)
def test_projected_changes_are_those_of_the_hooks(batch, optimizer, parameters):
    parameters = {"kappa": 0.6, **parameters}
    projecting, by_hooks = (
        played(game(policy(SignSymmetric(), **parameters), optimizer=optimizer), batch) for policy in (KeepingPromises, ByHooks)
    )
    assert all(layer.projected_group is not None for layer in projecting.layers)
    assert all(layer.projected_group is None for layer in by_hooks.layers)
    assert max_difference(projecting.state(), by_hooks.state()) < 1e-9  # Adam divides by changes that are almost 0


@pytest.mark.parametrize(
    "options",
    [
        {"channels": ["demand@2:delay(1)"]},
        {"channels": ["activity:dropout(0.5)"]},
        {"frozen": frozenset({8, 9}), "silent": frozenset({7})},
    ],
    ids=str,
)
def test_projected_changes_agree_with_agents_in_other_games(options):
    setup = game(KeepingPromises(RandomFeedback(), kappa=0.6, samples=2), optimizer=Momentum(), **options)
    states = []
    for name in ("agents", "tensors"):
        engine = ENGINES[name](setup)
        for number in range(6):
            batch = SAMPLES.at((np.arange(5) + 5 * number) % len(SAMPLES))
            engine.play(batch.inputs, batch.targets)
        states.append(engine.state())
    assert max_difference(*states) < 1e-11


@pytest.mark.parametrize("batch", [2, 40])
def test_replicas_are_projected_one_by_one(batch):
    setups = [game(KeepingPromises(kappa=0.6), network_seed=seed, optimizer=Momentum()) for seed in (1, 2, 3)]
    together = played(setups, batch).state().to_arrays()
    for number, setup in enumerate(setups):
        for name, array in played(setup, batch).state().to_arrays().items():
            np.testing.assert_allclose(together[name][number], array, atol=1e-11)


def test_replicas_of_different_policies_are_not_projected():
    engine = TensorEngine([game(KeepingPromises(kappa=kappa)) for kappa in (0.1, 0.2)], device="cpu")
    assert all(layer.projected_group is None for layer in engine.layers)


def test_response_that_speakers_read_is_that_of_the_hooks():
    """Speakers read a response before it is projected."""
    projecting, by_hooks = (
        played(game([WeightMaximization(), policy(kappa=0.6), policy(kappa=0.6)]), 5) for policy in (KeepingPromises, ByHooks)
    )
    assert [layer.projected_group is not None for layer in projecting.layers] == [False, False, True]
    assert max_difference(projecting.state(), by_hooks.state()) < 1e-11


@pytest.mark.parametrize("inner", [IncomeProtecting(), KeepingPromises()], ids=repr)
def test_policy_with_own_change_or_memory_inside_has_no_projection(inner):
    assert projection_of(KeepingPromises(inner)) is None


def test_wrapped_or_changed_policy_has_no_projection():
    @dataclass(frozen=True)
    class Changed(KeepingPromises):
        def adapt(self, response, obs, memory):
            return response

    assert projection_of(KeepingPromises()) is not None
    assert projection_of(Noisy(KeepingPromises())) is None
    assert projection_of(Changed()) is None
