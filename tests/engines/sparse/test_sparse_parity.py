"""A sparse layout has the numbers of the dense one, and of the agents, for every policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuronet.core import SGD, Adam, ConfigurationError, Momentum, PolicyError, StateError, to_dense, to_sparse, with_layout
from neuronet.core.policy_traits import shared_memory_names
from neuronet.core.structure.population import Group
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup, sparse_memory, to_dense_state, to_sparse_state
from neuronet.engines.base.state import State
from neuronet.engines.parity import compare
from neuronet.engines.tensors import TensorEngine
from neuronet.engines.tensors.sparse import neighbour_lists
from neuronet.policies import AttentionSeeking, FreeRider, Greedy, IncomeProtecting, KeepingPromises, RandomFeedback, Stubborn
from tests.engines.parity.test_random_games import ROUNDS, games, remains_bounded
from tests.engines.tensors.test_uninitialised_memory import played, poisoned_memory
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, game, max_difference, play

OWN_MEMORY = [policy for policy in (*toys.SHIPPED, *toys.TOYS) if not shared_memory_names(policy)]
SHARED_MEMORY = [policy for policy in (*toys.SHIPPED, *toys.TOYS) if shared_memory_names(policy)]
MIXED = [
    [Group(AttentionSeeking(), (0, 2)), Group(Greedy(), (1, 4)), Group(Stubborn(RandomFeedback()), (3,))],
    [Group(IncomeProtecting(), (0, 3)), Group(FreeRider(), (1, 2))],
    AttentionSeeking(),
]


def sparse_game(policies, **options) -> Setup:
    """A game on a sparse network with a deaf, an unheard and an isolated hidden neuron."""
    setup = game(policies, connectivity="sparse(0.4)", **options)
    network = to_sparse(setup.network)
    weights, masks = [array.copy() for array in network.weights], [mask.copy() for mask in network.masks]
    for layer, place in ((0, (2, slice(None))), (1, (slice(None), 2)), (1, (slice(None), 1)), (1, (3, slice(None)))):
        masks[layer][place] = False
        weights[layer][place] = 0
    masks[2][0, 0] = True
    return replace(setup, network=to_sparse(replace(to_dense(network), weights=tuple(weights), masks=tuple(masks))))


def differences(setup: Setup, rounds: int = 6) -> tuple[float, float]:
    """Largest difference of the sparse layout to the dense one, and to the agents."""
    dense = replace(setup, network=to_dense(setup.network))
    sparse, full, agents = TensorEngine(setup, device="cpu"), TensorEngine(dense, device="cpu"), NeuronModel(setup)
    for engine in (sparse, full, agents):
        play(engine, rounds)
    to_full = max_difference(to_dense_state(sparse.state(), setup), masked(full.state(), setup))
    return to_full, max_difference(sparse.state(), agents.state())


def masked(state: State, setup: Setup) -> State:
    """A dense state, its memory 0 where neurons are not connected."""
    return to_dense_state(to_sparse_state(state, setup), setup)


@pytest.mark.parametrize("policy", OWN_MEMORY, ids=repr)
def test_every_policy_has_equal_numbers(policy):
    assert max(differences(sparse_game(policy, optimizer=Momentum()))) <= 1e-9


@pytest.mark.parametrize("policy", OWN_MEMORY, ids=repr)
def test_every_policy_has_equal_numbers_in_lists_by_degree(policy, monkeypatch):
    monkeypatch.setattr(neighbour_lists, "SMALL_LISTS", 0)
    monkeypatch.setattr(neighbour_lists, "MAX_WASTE", 1.0)
    setup = sparse_game(policy)
    engine = TensorEngine(setup, device="cpu")
    assert max(len(layer.policy_groups) for layer in engine.layers) > 2
    assert max(differences(setup, rounds=3)) <= 1e-9


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": Adam(epsilon=1e-4)},
        {"optimizer": SGD(), "silent": frozenset({0, 7}), "frozen": frozenset({8, 11})},
        {"channels": ["demand:dropout(0.3)", "activity@1:k-winners(0.5)"]},
        {"channels": ["demand@2:delay(2)"]},
        {"update_schedule": "partial(0.5)", "optimizer": Momentum()},
        {"update_schedule": "inactive(0.3)", "optimizer": Adam(epsilon=1e-4)},
    ],
    ids=str,
)
def test_mixed_policies_have_equal_numbers_in_every_kind_of_game(options):
    assert max(differences(sparse_game(MIXED, **options))) <= 1e-9


@settings(max_examples=25, deadline=None)
@given(games(), st.integers(1, 15), st.booleans())
def test_random_games_have_equal_numbers(given_game, batch_size, resync):
    setup, samples = given_game
    assume(not any(map(shared_memory_names, setup.all_policies)))
    setup = replace(setup, network=to_sparse(setup.network))
    assume(remains_bounded(setup, samples, batch_size))
    assert compare(setup, samples, batch_size=batch_size, rounds=ROUNDS, resync=resync).largest <= 1e-9


@pytest.mark.parametrize("policy", [*toys.TOYS, AttentionSeeking(), FreeRider(), MIXED], ids=repr)
def test_no_number_depends_on_what_was_in_memory(policy):
    setup = sparse_game(policy, optimizer=SGD())
    plain = played(setup)
    with poisoned_memory():
        poisoned = played(setup)
    for name, array in plain.items():
        np.testing.assert_allclose(poisoned[name], array, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("policy", SHARED_MEMORY, ids=repr)
def test_shared_memory_is_refused(policy):
    with pytest.raises(ConfigurationError, match="layout dense"):
        Setup(to_sparse(game(policy).network), policy)


def test_gradient_is_that_of_autograd():
    import torch

    setup = sparse_game(AttentionSeeking(), optimizer=SGD())
    engine = TensorEngine(setup, device="cpu")
    before = engine.network()
    tensors = [torch.tensor(array, requires_grad=True) for array in before.weights]
    activity = torch.tensor(SAMPLES.inputs[:BATCH])
    for number, (weights, bias) in enumerate(zip(tensors, before.biases, strict=True)):
        activity = activity @ weights.T + torch.tensor(bias)
        activity = activity if number == len(tensors) - 1 else torch.tanh(activity)
    loss = torch.nn.functional.cross_entropy(activity, torch.tensor(SAMPLES.targets[:BATCH]))
    loss.backward()
    engine.play(SAMPLES.inputs[:BATCH], SAMPLES.targets[:BATCH])
    for old, new, tensor, mask in zip(before.weights, engine.network().weights, tensors, before.masks, strict=True):
        expected = -setup.learning_rate * tensor.grad.numpy() * mask
        np.testing.assert_allclose(new - old, expected, atol=1e-12)


def test_a_run_goes_on_after_a_hand_over_between_engines_and_files():
    setup = sparse_game(MIXED, optimizer=Momentum(), channels=["demand@2:delay(1)"])
    unbroken, first = play(TensorEngine(setup, device="cpu"), 6), play(TensorEngine(setup, device="cpu"), 2)
    state = State.from_arrays(2, first.state().to_arrays())
    agents = NeuronModel(setup)
    agents.restore(state)
    play(agents, 2)
    last = TensorEngine(setup, device="cpu")
    last.restore(agents.state())
    assert max_difference(play(last, 2).state(), unbroken.state()) <= 1e-9


def test_other_policies_keep_what_neurons_remember():
    setup = sparse_game(IncomeProtecting(), optimizer=Momentum())
    policies = [[Group(IncomeProtecting(), (0, 1, 3)), Group(Greedy(), (2, 4))], IncomeProtecting(), IncomeProtecting()]
    engines = [TensorEngine(setup, device="cpu"), TensorEngine(replace(setup, network=to_dense(setup.network)), device="cpu")]
    for engine in engines:
        play(engine, 3)
        engine.assign(policies)
        play(engine, 2)
    sparse, full = engines
    assert max_difference(to_dense_state(sparse.state(), sparse.setup), masked(full.state(), sparse.setup)) <= 1e-9


def test_state_of_another_network_is_refused():
    setup = sparse_game(AttentionSeeking())
    state = TensorEngine(setup, device="cpu").state()
    with pytest.raises(StateError, match=r"1\.weights"):
        TensorEngine(replace(setup, network=to_sparse(to_dense(setup.network))), device="cpu").restore(
            state.with_layer(1, weights=state.layer(1).weights[1:])
        )


def test_replicas_are_refused():
    setup = sparse_game(AttentionSeeking())
    with pytest.raises(ConfigurationError, match="layout dense"):
        TensorEngine([setup, setup])


def test_draws_of_a_large_layer_are_by_connection(monkeypatch):
    setup = sparse_game(RandomFeedback())
    monkeypatch.setattr(sparse_memory, "MAX_DENSE_ENTRIES", 1)
    one, other = (play(TensorEngine(setup, device="cpu"), 2).state() for _ in range(2))
    assert max_difference(one, other) == 0
    feedback = one.layer(1).memories[0]["feedback"]
    assert feedback.shape == (setup.network.patterns[1].count,)
    assert len(np.unique(feedback)) == len(feedback)


def test_array_for_pairs_and_samples_is_refused():
    class Greedy2(AttentionSeeking):
        def feedback_weights(self, obs, memory):
            return obs.attention * obs.draws.normal("x", "BJK").mean(axis=-3).mT

    with pytest.raises(PolicyError, match="BJK"):
        play(TensorEngine(sparse_game(Greedy2()), device="cpu"), 1)


def test_layouts_are_converted_without_loss():
    network = sparse_game(AttentionSeeking()).network
    again = with_layout(with_layout(network, "dense"), "sparse")
    for ours, theirs in zip(network.arrays, again.arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ConfigurationError, match="layout"):
        with_layout(network, "csr")


def test_keeping_promises_works_in_the_dense_layout():
    setup = game(KeepingPromises())
    assert with_layout(setup.network, "auto") is setup.network
