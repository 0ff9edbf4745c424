"""The tensor engine: replicas, precision, devices."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from neuronet.core.data.batches import Batches
from neuronet.core.environment import Samples
from neuronet.core.errors import ConfigurationError, NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.core.random_streams import MAX_SEED
from neuronet.core.structure.population import Group
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.engines.tensors import TensorEngine, resolve_device
from neuronet.policies import AttentionSeeking, Budgeted, Damped, Greedy, Noisy, TremblingHand
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, SIZES, game, identical, max_difference, play

SEEDS = (4, 5, MAX_SEED)
# of the first replica, the second and the third: those of the first two are one block, the others have parameters of their own
PAIRS = [
    [(AttentionSeeking(), Greedy())] * 2 + [(AttentionSeeking(p=3), Greedy(top=2))],
    [(Noisy(), AttentionSeeking())] * 2 + [(Noisy(sigma=1.0), AttentionSeeking(p=1))],
    [(toys.Saver(), AttentionSeeking(foresight=1.0))] * 3,
    [(toys.Random(), toys.Explorer())] * 3,
]
REPLICATED = [AttentionSeeking(p=3, foresight=1), Greedy(), Noisy(TremblingHand(tremble=0.2)), *toys.TOYS[1:]]


def replicas(policy, connectivity, **options):
    return [game(policy, connectivity=connectivity, network_seed=seed % 1000, seed=seed, **options) for seed in SEEDS]


def engine_of(setup):
    return TensorEngine(setup, device="cpu")


@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.5)"])
@pytest.mark.parametrize("policy", REPLICATED, ids=repr)
def test_replicas_equal_single_runs(policy, connectivity):
    setups = replicas(policy, connectivity)
    assert len({setup.network.weights[0].tobytes() for setup in setups}) == 3
    batches = Batches(len(SAMPLES), BATCH, SEEDS)  # each replica plays an order of its own
    together = play(engine_of(setups), 6, batches=batches)
    for place, setup in enumerate(setups):
        alone = play(engine_of(setup), 6, batches=Batches(len(SAMPLES), BATCH, SEEDS[place : place + 1]))
        assert max_difference(together.state().replica(place), alone.state()) <= 1e-12
        np.testing.assert_allclose(together.outputs(SAMPLES.inputs)[place], alone.outputs(SAMPLES.inputs), atol=1e-12)
        for ours, theirs in zip(together.network(place).weights, alone.network().weights, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("optimizer", [Momentum(), Adam()], ids=repr)
def test_replicas_have_their_own_optimizer_state(optimizer):
    setups = replicas(Noisy(), "sparse(0.5)", optimizer=optimizer, learning_rate=0.01)
    together = play(engine_of(setups), 6)
    for place, setup in enumerate(setups):
        assert max_difference(together.state().replica(place), play(engine_of(setup), 6).state()) <= 1e-12


def test_replicas_may_share_a_batch():
    setups = replicas(Noisy(), "dense")
    losses = engine_of(setups).play(SAMPLES.inputs, SAMPLES.targets)
    assert losses.shape == (3, len(SAMPLES))
    for place, setup in enumerate(setups):
        np.testing.assert_allclose(losses[place], engine_of(setup).play(SAMPLES.inputs, SAMPLES.targets), atol=1e-12)


def test_dense_and_sparse_networks_may_be_replicas():
    wirings = ("dense", "sparse(0.4)", "small-world(neighbours=2)")
    setups = [game(Noisy(), connectivity=connectivity, seed=seed) for connectivity, seed in zip(wirings, SEEDS, strict=True)]
    together = play(engine_of(setups), 6)
    for place, setup in enumerate(setups):
        assert max_difference(together.state().replica(place), play(engine_of(setup), 6).state()) <= 1e-12


def test_one_replica_has_no_leading_axis():
    assert identical(play(engine_of([game(Noisy())]), 3).state(), play(engine_of(game(Noisy())), 3).state())


@pytest.mark.parametrize(
    "other",
    [
        game(Noisy(), dtype="float32"),
        game(Noisy(), optimizer=Adam()),
        game(Noisy(), activation="relu"),
    ],
)
def test_games_with_other_differences_are_refused_as_replicas(other):
    with pytest.raises(ConfigurationError, match="replicas must have equal setups"):
        engine_of([game(Noisy()), other])


def test_networks_of_other_sizes_are_refused_as_replicas():
    first = game(Noisy())
    other = replace(first, seed=5, network=build_network((6, 5, 5, 3), activation="tanh"))
    with pytest.raises(ConfigurationError, match="replicas must have equal setups"):
        engine_of([first, other])


@pytest.mark.parametrize("other", [toys.Saver(), [[Group(Noisy(), (0,)), Group(Greedy(), (1, 2, 3, 4))], Noisy(), Noisy()]])
def test_replicas_must_have_equal_memory(other):
    with pytest.raises(ConfigurationError, match="groups of equal sizes"):
        engine_of([game(Noisy()), game(other)])


def random_groups(seed, *policies):
    """A game in which two policies share out each layer, in another way for each seed."""
    rng = np.random.default_rng(seed)
    layers = []
    for size in SIZES[1:]:
        first = tuple(sorted(rng.choice(size, size // 2, replace=False).tolist()))
        rest = tuple(sorted(set(range(size)) - set(first)))
        layers.append([Group(policies[0], first), Group(policies[1], rest)])
    return layers


@pytest.mark.parametrize("optimizer", [Momentum(), Adam(epsilon=1e-4)], ids=repr)
@pytest.mark.parametrize("policies", PAIRS, ids=repr)
def test_replicas_have_own_learning_rates_and_populations(policies, optimizer):
    setups = [
        game(random_groups(seed % 1000, *pair), seed=seed, learning_rate=rate, optimizer=optimizer)
        for seed, rate, pair in zip(SEEDS, (0.01, 0.03, 0.02), policies, strict=True)
    ]
    together = play(engine_of(setups), 5)
    for place, setup in enumerate(setups):
        alone = play(engine_of(setup), 5)
        assert max_difference(together.state().replica(place), alone.state()) <= 1e-10
    again = engine_of(setups)
    again.restore(together.state())
    assert identical(play(again, 2).state(), play(together, 2).state())


def test_many_rounds_in_one_call():
    order = np.random.default_rng(0).permutation(len(SAMPLES))
    one, many = engine_of(game(Noisy())), engine_of(game(Noisy()))
    held = many.prepare(SAMPLES)
    losses = many.play_rounds(held, order, BATCH)
    sums = [float(one.play(part.inputs, part.targets).sum()) for part in batches_of(order)]
    np.testing.assert_allclose(losses, sums, rtol=1e-12)
    assert max_difference(one.state(), many.state()) <= 1e-14


def batches_of(order):
    return [SAMPLES.at(order[start : start + BATCH]) for start in range(0, len(order), BATCH)]


def test_empty_list_of_games_is_refused():
    with pytest.raises(NeuroNetError, match="at least one setup"):
        engine_of([])


@pytest.mark.parametrize("policy", [AttentionSeeking(), Noisy(TremblingHand(tremble=0.2)), *toys.TOYS[1:]], ids=repr)
def test_single_precision_runs(policy):
    single = play(engine_of(game(policy, dtype="float32")), 10)
    assert {array.dtype for array in single.state().to_arrays().values()} == {np.dtype("float32")}
    assert single.outputs(SAMPLES.inputs).dtype == torch.float32
    assert max_difference(single.state(), play(engine_of(game(policy)), 10).state()) < 1e-4


def test_training_decreases_the_loss():
    engine = engine_of(game(AttentionSeeking(), learning_rate=0.5))
    first = float(engine.play(SAMPLES.inputs, SAMPLES.targets).mean())
    for _ in range(100):
        last = float(engine.play(SAMPLES.inputs, SAMPLES.targets).mean())
    assert last < first / 2


def test_outputs_do_not_change_the_network():
    engine = play(engine_of(game(toys.Explorer())), 2)
    before = engine.state()
    first = engine.outputs(SAMPLES.inputs)
    assert identical(engine.state(), before)
    assert torch.equal(engine.outputs(SAMPLES.inputs), first)
    assert identical(play(engine, 2).state(), play(engine_of(game(toys.Explorer())), 4).state())


def test_no_autograd_graph_is_recorded():
    engine = engine_of(game(toys.Saver()))
    inputs = torch.tensor(SAMPLES.inputs, requires_grad=True)
    assert not engine.play(inputs, torch.tensor(SAMPLES.targets)).requires_grad
    assert not engine.outputs(inputs).requires_grad
    assert not any(
        array.requires_grad for layer in engine.layers for each in layer.policy_groups for array in each.memory.values()
    )


@pytest.mark.parametrize(
    "shape", [(5, SIZES[0] + 1), (5, SIZES[0] - 1), (SIZES[0],), (0, SIZES[0]), (3, 5, SIZES[0]), (1, 5, SIZES[0])]
)
@pytest.mark.parametrize("verb", ["play", "outputs"])
def test_inputs_of_another_shape_are_refused(shape, verb):
    engine = engine_of(game(toys.Backprop()))
    arguments = (np.zeros(shape), np.zeros(5, dtype=int))[: 2 if verb == "play" else 1]
    with pytest.raises(NeuroNetError, match=r"inputs must have the shape \(samples, 6\), got \("):
        getattr(engine, verb)(*arguments)


def test_inputs_for_another_number_of_replicas_are_refused():
    with pytest.raises(NeuroNetError, match=r"inputs must have the shape \(samples, 6\), got \(2, 5, 6\)"):
        engine_of(replicas(toys.Backprop(), "dense")).outputs(np.zeros((2, 5, SIZES[0])))


@pytest.mark.parametrize("device", ["gpu", "tpu", "", "cpu:one", "CUDA", "cuda:-1"])
def test_unknown_devices_are_refused(device):
    with pytest.raises(NeuroNetError, match="device must be auto, cpu, cuda, cuda:N or mps, got '"):
        TensorEngine(game(toys.Backprop()), device=device)


def test_unavailable_devices_are_refused():
    with pytest.raises(ConfigurationError, match=r"'cuda:99' is not available: this machine has [0-9]+ CUDA devices"):
        resolve_device("cuda:99")


def test_best_device_is_available():
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


RATES = (0.01, 0.03, 0.02)


FUSED = [AttentionSeeking(), AttentionSeeking(p=3), Greedy(), toys.Random(), Budgeted(), Budgeted(bias="counted"), Damped()]
FUSED += [Budgeted(strategic=True), Budgeted(budget=0.5, relative=True), Budgeted(relative=True, bias="scaled", steps=False)]


@pytest.mark.parametrize("policy", FUSED, ids=repr)
@pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=repr)
def test_fused_rounds_equal_general_rounds(policy, optimizer):
    """Plain policies play in a form of their own, but not with Adam, nor with a mask, even one that is full."""
    for setups in (
        [game(policy, optimizer=optimizer)],
        [game(policy, optimizer=optimizer, seed=s, learning_rate=r) for s, r in zip(SEEDS, RATES, strict=True)],
    ):
        quick, full = engine_of(setups), engine_of([replace(each, network=masked(each.network)) for each in setups])
        orders = np.stack([np.random.default_rng(seed).permutation(len(SAMPLES)) for seed in range(len(setups))])
        for engine in (quick, full):
            engine.play_rounds(engine.prepare(SAMPLES), orders if len(setups) > 1 else orders[0], BATCH)
        assert quick.is_fused == (optimizer != Adam())
        assert not full.is_fused
        assert max_difference(quick.state(), full.state()) <= 1e-14


def masked(network):
    """The same network, spelled with masks."""
    return replace(network, masks=tuple(np.ones(weights.shape, dtype=bool) for weights in network.weights))


def test_fused_rounds_of_large_layers_equal_general_rounds():
    """Where products may be another library's, in single precision."""
    rng = np.random.default_rng(0)
    samples = Samples(rng.standard_normal((160, 256)), rng.integers(0, 10, 160))
    network = build_network((256, 128, 80, 10), seed=1)
    setups = [Setup(each, AttentionSeeking(p=3), Momentum(), 0.01, dtype="float32") for each in (network, masked(network))]
    states = []
    for setup in setups:
        engine = engine_of(setup)
        engine.play_rounds(engine.prepare(samples), np.arange(160), 80)
        states.append(engine.state())
    assert max_difference(*states) <= 1e-5
    moved = max(np.abs(states[0].to_arrays()[f"{layer}.weights"] - network.weights[layer - 1]).max() for layer in (1, 2, 3))
    assert moved > 1e-3


@pytest.mark.parametrize("make", [copy.deepcopy, lambda engine: pickle.loads(pickle.dumps(engine))], ids=["deepcopy", "pickle"])
def test_copy_of_an_engine_plays_on_by_itself(make):
    setups = [
        replace(setup, learning_rate=rate) for setup, rate in zip(replicas(Noisy(), "dense"), (0.01, 0.02, 0.03), strict=True)
    ]
    engine, other = engine_of(setups), engine_of(setups)
    engine.set_lr_factor(0.5)
    other.set_lr_factor(0.5)
    play(engine, 3)
    copied = make(engine)
    play(copied, 2)
    assert identical(engine.state(), play(other, 3).state())
    assert identical(copied.state(), play(other, 2).state())


@dataclass(frozen=True)
class Swapping(toys.Backprop):
    """Swaps two memories in every round, and changes a third that began as the same numbers as the first."""

    @property
    def memory_axes(self):
        return {"first": "JS", "second": "JS", "third": "JS"}

    def initial_memory(self, birth):
        numbers = birth.draws.normal("first", "JS")
        return {"first": numbers, "second": birth.zeros("JS"), "third": numbers}

    def remember(self, change, response, obs, memory):
        return {"first": memory["second"], "second": memory["first"], "third": memory["third"] + response}


def test_memories_that_change_places_stay_apart(digits):
    setup = Setup(build_network((64, 6, 10), seed=3), Swapping(), seed=3)
    assert compare(setup, digits, rounds=5).largest <= 1e-12
