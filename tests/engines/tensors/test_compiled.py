"""Compiled rounds: the same numbers as torch's, chosen by the work of a study, and only for games that they can play."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core import SGD, Adam, ConfigurationError, CrossEntropy, Group, Momentum, Samples, SquaredError, form_of
from neuronet.core.data.encoding import Scaling
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine, tensor_engine, why_not_compiled
from neuronet.engines.tensors.compiled import choice
from neuronet.policies import (
    AttentionSeeking,
    Contrarian,
    DirectFeedback,
    FreeRider,
    Greedy,
    IncomeProtecting,
    Noisy,
    RandomFeedback,
    SignSymmetric,
)
from neuronet.registry import build_network
from tests.helpers.engine_fixtures import max_difference

pytest.importorskip("numba")
arithmetic, loop = (pytest.importorskip(f"neuronet.engines.tensors.compiled.{name}") for name in ("arithmetic", "loop"))

POLICIES = [
    AttentionSeeking(),
    AttentionSeeking(p=1),
    Contrarian(),
    Greedy(),
    SignSymmetric(0.7),
    RandomFeedback(),
    FreeRider(),
    Noisy(),
    FreeRider(Noisy(RandomFeedback())),
]
SAMPLES, BATCH = 30, 7
TRANSPOSED_BATCH, TRANSPOSED_WEIGHTS = loop.TRANSPOSED_BATCH, loop.TRANSPOSED_WEIGHTS

compiles = pytest.mark.slow
"""For tests that wait for numba, some seconds where nothing is on disk yet."""


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(5)
    return Samples(rng.standard_normal((SAMPLES, 6)), rng.integers(0, 3, SAMPLES))


@pytest.fixture(autouse=True)
def markers(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def make_setup(policy, seed=1, **options):
    wiring = {name: options.pop(name) for name in ("activation", "connectivity") if name in options}
    network = build_network((6, 5, 4, 3), seed=seed, **{"activation": "tanh", **wiring})
    return Setup(network, policy, **{"optimizer": Momentum(), "learning_rate": 0.1, "seed": seed, **options})


def play_both(setups, samples, order, rounds=1):
    """Return compiled and torch's engine, and their losses, after the rounds in one call or in several."""
    engines = [TensorEngine(setups, device="cpu", kernels=kernels) for kernels in ("compiled", "torch")]
    assert [engine.is_compiled for engine in engines] == [True, False]
    losses = []
    for engine in engines:
        prepared = engine.prepare(samples)
        parts = np.array_split(order, rounds, axis=-1)
        losses.append(torch.cat([engine.play_rounds(prepared, part, BATCH) for part in parts], dim=-1))
    return engines, losses


def assert_equal_play(setups, samples, order, rounds=1, tolerance=1e-12):
    engines, losses = play_both(setups, samples, order, rounds)
    torch.testing.assert_close(*losses, rtol=0, atol=tolerance)
    assert max_difference(*(engine.state() for engine in engines)) <= tolerance
    for layer in range(4):
        one, other = (engine.layer_snapshot(layer) for engine in engines)
        np.testing.assert_allclose(one.activity, other.activity, rtol=0, atol=tolerance)
        if layer:
            np.testing.assert_allclose(one.demand, other.demand, rtol=0, atol=tolerance)


@compiles
@pytest.mark.parametrize("optimizer", [Momentum(), SGD()], ids=repr)
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_compiled_rounds_equal_those_of_torch(policy, optimizer, samples):
    setup = make_setup(policy, optimizer=optimizer, connectivity="sparse(0.6)")
    assert_equal_play(setup, samples, np.arange(SAMPLES), rounds=2)


@compiles
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "leaky-relu", "identity"])
def test_every_activation_equals_that_of_torch(activation, samples):
    assert_equal_play(make_setup(AttentionSeeking(), activation=activation), samples, np.arange(SAMPLES))


def mixed(seed):
    """Return different policies for the neurons of each layer, other ones in each replica."""
    kinds = [Greedy(), Noisy(), FreeRider(), AttentionSeeking(), RandomFeedback()]
    order = np.random.default_rng(seed).permutation(5)
    first = tuple(Group(kind, (int(place),)) for kind, place in zip(kinds, order, strict=True))
    second = (Group(Noisy(Greedy()), (0, 2)), Group(SignSymmetric(), (1, 3)))
    return [first, second, AttentionSeeking()]


@compiles
def test_replicas_that_differ_equal_those_of_torch(samples, monkeypatch):
    monkeypatch.setattr("neuronet.engines.tensors.compiled.rounds.MIN_THREAD_WORK", 0)
    monkeypatch.setattr("torch.get_num_threads", lambda: 3)
    setups = [make_setup(mixed(seed), seed, learning_rate=0.05 * seed) for seed in (1, 2, 3, 4)]
    order = np.stack([np.random.default_rng(seed).permutation(SAMPLES) for seed in range(4)])
    assert_equal_play(setups, samples, order)


@compiles
@pytest.mark.parametrize("kernels", ["compiled", "torch"])
def test_replicas_keep_their_threads_in_compiled_rounds_alone(kernels, samples, monkeypatch):
    threads = torch.get_num_threads()
    seen = []
    monkeypatch.setattr("neuronet.engines.tensors.compiled.rounds.MIN_THREAD_WORK", 0)
    monkeypatch.setattr(
        "neuronet.engines.tensors.compiled.rounds.ThreadPoolExecutor",
        lambda count: seen.append(count) or ThreadPoolExecutor(count),
    )
    torch.set_num_threads(2)
    try:
        engine = TensorEngine([make_setup(AttentionSeeking(), seed) for seed in (1, 2)], device="cpu", kernels=kernels)
        engine.play_rounds(engine.prepare(samples), np.stack([np.arange(SAMPLES)] * 2), SAMPLES)
    finally:
        torch.set_num_threads(threads)
    assert seen == ([2] if kernels == "compiled" else [])


@compiles
@pytest.mark.parametrize("batch", [TRANSPOSED_BATCH - 1, TRANSPOSED_BATCH, 2 * TRANSPOSED_BATCH])
def test_products_by_speaker_equal_those_by_listener(batch):
    rng = np.random.default_rng(0)
    sizes = (TRANSPOSED_WEIGHTS // 16 + 1, 16, 3)  # the first layer is too large for a copy, the second is not
    samples = Samples(rng.standard_normal((batch, sizes[0])), rng.integers(0, 3, batch))
    setup = Setup(build_network(sizes, activation="tanh"), AttentionSeeking(), Momentum(), 0.1)
    engines = [TensorEngine(setup, device="cpu", kernels=kernels) for kernels in ("compiled", "torch")]
    losses = [engine.play_rounds(engine.prepare(samples), np.tile(np.arange(batch), 2), batch) for engine in engines]
    torch.testing.assert_close(*losses, rtol=0, atol=1e-11)
    assert max_difference(*(engine.state() for engine in engines)) <= 1e-12


@compiles
def test_replicas_with_equal_seeds_have_the_same_noise(samples):
    setups = [make_setup(policy) for policy in (Noisy(), Noisy(Greedy()), Noisy(sigma=0.1))]
    assert_equal_play(setups, samples, np.stack([np.arange(SAMPLES)] * 3))


def test_arithmetic_is_a_part_of_the_key_of_what_is_on_disk():
    cells = {cell.cell_contents for cell in loop.play.py_func.__closure__}
    assert sha256(Path(arithmetic.__file__).read_bytes()).hexdigest() in cells


@compiles
def test_frozen_neurons_and_scaled_inputs_equal_those_of_torch(samples):
    setup = make_setup(AttentionSeeking())
    setup = replace(setup, frozen=frozenset({int(setup.network.nodes[1][2]), int(setup.network.nodes[3][0])}))
    scaled = replace(samples, scaling=Scaling(samples.inputs.mean(axis=0), 1 / samples.inputs.std(axis=0)))
    assert_equal_play(setup, scaled, np.arange(SAMPLES))


@compiles
@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    batch=st.integers(1, 9),
    count=st.integers(1, 25),
    share=st.sampled_from(["dense", "sparse(0.5)"]),
    policy=st.sampled_from(POLICIES),
    replicas=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_any_shape_equals_that_of_torch(sizes, batch, count, share, policy, replicas, seed):
    rng = np.random.default_rng(seed)
    setups = [
        Setup(build_network(sizes, connectivity=share, activation="tanh", seed=seed + r), policy, SGD(), 0.1, seed=r)
        for r in range(replicas)
    ]
    samples = Samples(rng.standard_normal((8, sizes[0])), rng.integers(0, sizes[-1], 8))
    order = rng.integers(0, 8, (count,) if replicas == 1 else (replicas, count))
    engines = [TensorEngine(setups, device="cpu", kernels=kernels) for kernels in ("compiled", "torch")]
    losses = [engine.play_rounds(engine.prepare(samples), order, batch) for engine in engines]
    torch.testing.assert_close(*losses, rtol=0, atol=1e-10)
    assert max_difference(*(engine.state() for engine in engines)) <= 1e-10


@compiles
def test_single_precision_equals_torch_to_rounding(samples):
    assert_equal_play(make_setup(Noisy(), dtype="float32"), samples, np.arange(SAMPLES), tolerance=1e-4)


@compiles
def test_copy_restored_state_and_single_rounds_continue_the_same_game(samples):
    setup = make_setup(Noisy())
    whole, parts = (TensorEngine(setup, device="cpu", kernels="compiled") for _ in range(2))
    prepared = whole.prepare(samples)
    whole.play_rounds(prepared, np.arange(28), BATCH)
    parts.play_rounds(prepared, np.arange(14), BATCH)
    again = TensorEngine(setup, device="cpu", kernels="compiled")
    again.restore(copy.deepcopy(parts).state())
    again.play_rounds(prepared, np.arange(14, 28), BATCH)
    assert max_difference(whole.state(), again.state()) == 0
    parts.play(samples.inputs[14:21], samples.targets[14:21])
    parts.play_rounds(prepared, np.arange(21, 28), BATCH)
    assert max_difference(whole.state(), parts.state()) <= 1e-12


@compiles
def test_sgd_goes_on_after_a_run_that_diverged(samples):
    engine = TensorEngine(make_setup(AttentionSeeking(), optimizer=SGD()), device="cpu", kernels="compiled")
    start, prepared = engine.state(), engine.prepare(samples)
    with torch.inference_mode():
        engine.parameters.velocity.fill_(torch.nan)
    engine.restore(start)
    assert torch.isfinite(engine.play_rounds(prepared, np.arange(14), BATCH)).all()


@compiles
def test_loss_that_is_not_finite_is_shown(samples):
    engine = TensorEngine(make_setup(AttentionSeeking(), activation="relu"), device="cpu", kernels="compiled")
    broken = replace(samples, inputs=np.full_like(samples.inputs, np.nan))
    assert torch.isnan(engine.play_rounds(engine.prepare(broken), np.arange(7), BATCH)).all()


@compiles
@pytest.mark.parametrize("order", [[0, SAMPLES], [-1 - SAMPLES, 0]])
def test_index_out_of_range_is_refused_as_by_torch(order, samples):
    errors = []
    for kernels in ("compiled", "torch"):
        engine = TensorEngine(make_setup(AttentionSeeking()), device="cpu", kernels=kernels)
        with pytest.raises(Exception, match=r"range|bounds") as error:
            engine.play_rounds(engine.prepare(samples), np.array(order), 2)
        errors.append(error.type)
    assert errors[0] is errors[1]


@dataclass(frozen=True)
class Halved(AttentionSeeking):
    """Changes a hook of a policy with a form."""

    def feedback_weights(self, obs, memory):
        return 0.5 * obs.attention


@pytest.mark.parametrize(
    "policy",
    [
        Halved(),
        AttentionSeeking(foresight=1),
        AttentionSeeking(p=3),
        AttentionSeeking(scaled=True),
        Greedy(top=2),
        Noisy(Noisy()),
        Noisy(Halved()),
        FreeRider(IncomeProtecting()),
        DirectFeedback(),
        IncomeProtecting(),
    ],
    ids=repr,
)
def test_policy_without_a_form_is_played_by_torch(policy, samples):
    assert form_of(policy) is None
    engine = TensorEngine(make_setup(policy), device="cpu", kernels="compiled")
    assert not engine.is_compiled
    assert torch.isfinite(engine.play_rounds(engine.prepare(samples), np.arange(14), BATCH)).all()


@pytest.mark.parametrize(
    "options",
    [{"payoff": SquaredError()}, {"optimizer": Adam()}, {"activation": "gelu"}, {"silent": frozenset({7})}],
    ids=lambda options: next(iter(options)),
)
def test_game_that_is_not_plain_is_played_by_torch(options):
    setup = make_setup(AttentionSeeking(), **options)
    assert not TensorEngine(setup, device="cpu", kernels="compiled").is_compiled
    assert "softmax" in why_not_compiled([setup], "cpu")


def test_kernels_are_chosen_by_the_work_of_the_study(monkeypatch):
    setups = [make_setup(AttentionSeeking(), seed) for seed in (1, 2)]
    enough = int(choice.COMPILE_SECONDS / choice.SAVED_REPLICA) + 1
    assert not tensor_engine(setups, 32).is_compiled
    assert not tensor_engine(setups, 32, rounds=enough - 2).is_compiled
    assert tensor_engine(setups, 32, rounds=enough).is_compiled
    assert not tensor_engine(setups, 32, rounds=enough, kernels="torch").is_compiled
    assert not tensor_engine(setups, 32, rounds=enough, matmul="high").is_compiled
    assert not tensor_engine(setups, 10**6, rounds=enough).is_compiled
    monkeypatch.setattr(choice, "_numba", lambda: "")
    assert not tensor_engine(setups, 32, rounds=enough, kernels="compiled").is_compiled
    assert "neuronet[fast]" in why_not_compiled(setups, "cpu")


def test_unknown_kernels_are_refused():
    with pytest.raises(ConfigurationError, match="kernels"):
        tensor_engine([make_setup(AttentionSeeking())], 32, kernels="fast")


def test_payoff_of_a_subclass_is_played_by_torch():
    class Shifted(CrossEntropy):
        """Another payoff."""

    assert not TensorEngine(make_setup(AttentionSeeking(), payoff=Shifted()), device="cpu", kernels="compiled").is_compiled
