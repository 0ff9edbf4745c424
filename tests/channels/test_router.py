"""Games whose messages pass channels: the same on both engines, resumable, and right by other accounts."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from neuronet.channels import Channel
from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.engines.tensors import SequentialReplicas, TensorEngine
from neuronet.policies import AttentionSeeking, Greedy, NodePerturbation
from neuronet.registry import as_channels, build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, SIZES, game, identical, max_difference, play

LINES = [
    ("demand:dropout(0.3)",),
    ("activity:dropout(0.4)", "activity@0:noise(0.1)"),
    ("activity:dropout(0.3, masks_feedback=false)", "demand:noise(0.5)"),
    ("activity:quantize(3)", "demand:quantize(2)"),
    ("activity:k-winners(0.5)", "demand@1:k-winners(0.5)"),
    ("demand:delay(2)",),
    ("activity@1:k-winners(0.5)", "demand@1:delay(1)", "demand@2:noise(0.2)", "demand:delay(1)"),
    ("demand:delay(2, aligned=false)", "activity@1:delay(1, aligned=false)", "activity@0:quantize"),
]
POLICIES = [
    toys.Backprop(),
    toys.Explorer(),
    toys.Saver(),
    toys.Hopeful(),
    toys.Direct(),
    toys.Restless(),
    toys.Noisy(toys.Oja(), sigma=0.2),
    (toys.Critic(), toys.Tiring(toys.Random()), toys.Jealous()),
]


OPTIMIZERS = [SGD(), Momentum(), Adam(epsilon=1e-4)]


@pytest.mark.parametrize("shift", [0, *(pytest.param(shift, marks=pytest.mark.exhaustive) for shift in (1, 2))])
@pytest.mark.parametrize("line", range(len(LINES)), ids=[" ".join(line) for line in LINES])
def test_engines_give_equal_results(line, shift):
    """Optimizers and wirings rotate, so that every channel and every policy meets all of them."""
    for number, policy in enumerate(POLICIES):
        wiring, optimizer = ("dense", "sparse(0.5)")[(number + line) % 2], OPTIMIZERS[(number + line + shift) % 3]
        setup = game(policy, connectivity=wiring, optimizer=optimizer, channels=LINES[line], learning_rate=0.02)
        assert compare(setup, SAMPLES, batch_size=6, rounds=6).largest <= 1e-10, policy


@pytest.mark.parametrize("channel", ["demand:k-winners(0.1)", "demand:k-winners(0.5)", "demand@2:k-winners(0.5)"])
@pytest.mark.parametrize("outputs", [2, 3])
@pytest.mark.parametrize("policy", [AttentionSeeking(), Greedy()], ids=repr)
def test_engines_agree_on_tied_demands_of_two_outputs(channel, outputs, policy):
    """With two classes a softmax demands opposite amounts of its two outputs, equal but for rounding."""
    network = build_network((6, 5, 4, outputs), activation="tanh", seed=1)
    samples = Samples(SAMPLES.inputs, np.arange(len(SAMPLES)) % outputs)
    setup = Setup(network, policy, learning_rate=0.05, seed=4, channels=as_channels(channel))
    assert compare(setup, samples, batch_size=6, rounds=60).largest <= 1e-9


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("channels", LINES, ids=" ".join)
def test_restored_game_continues_bit_for_bit(name, channels):
    for policy in POLICIES[1::3]:
        setup = game(policy, optimizer=Momentum(), channels=channels)
        unbroken = play(ENGINES[name](setup), 7).state()
        first, resumed = play(ENGINES[name](setup), 3), ENGINES[name](setup)
        resumed.restore(copy.deepcopy(first.state()))
        assert identical(resumed.state(), first.state())
        assert identical(play(resumed, 4).state(), unbroken)
        first.outputs(SAMPLES.inputs)  # evaluation, or an abandoned round, changes nothing
        first.speak(SAMPLES.inputs[:3])
        assert identical(play(first, 4).state(), unbroken)


@pytest.mark.parametrize("channels", LINES, ids=" ".join)
def test_game_moves_between_engines(channels):
    setup = game(toys.Saver(), optimizer=Adam(epsilon=1e-4), channels=channels)
    state = None
    for name in ("tensors", "agents", "tensors"):
        engine = ENGINES[name](setup)
        if state is not None:
            engine.restore(state)
        state = play(engine, 3).state()
    assert max_difference(state, play(ENGINES["agents"](setup), 9).state()) <= 1e-10


@pytest.mark.parametrize("channels", LINES, ids=" ".join)
@pytest.mark.parametrize("kind", [TensorEngine, SequentialReplicas])
def test_replicas_equal_single_runs(channels, kind):
    setups = [
        replace(game(NodePerturbation(), channels=channels), seed=seed, network=build_network(SIZES, seed=seed))
        for seed in (3, 4)
    ]
    together = kind(setups, device="cpu")
    for number in range(5):
        batch = SAMPLES.at(BATCHES.indices(number))
        together.play(np.stack([batch.inputs] * 2), np.stack([batch.targets] * 2))
    state = together.state()
    again = kind(setups, device="cpu")
    again.restore(state)
    assert identical(again.state(), state)
    for place, setup in enumerate(setups):
        assert max_difference(state.replica(place), play(ENGINES["tensors"](setup), 5).state()) <= 1e-12


def test_fused_rounds_are_used_without_channels_only():
    quick, general = (
        TensorEngine(game(toys.Backprop(), channels=channels), device="cpu") for channels in ((), "demand:dropout(0.0)")
    )
    for engine in (quick, general):
        engine.play_rounds(engine.prepare(SAMPLES), np.arange(18), 6)
    assert quick.is_fused
    assert not general.is_fused
    assert max_difference(quick.state(), general.state()) <= 1e-14


# -- the same, computed by other means


def by_autograd(setup, forward, batch):
    """The weights and biases after one round of gradient descent on what `forward` computes from them."""
    weights = [torch.tensor(w, requires_grad=True) for w in setup.network.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in setup.network.biases]
    said = torch.tensor(batch.inputs)
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        said = said @ w.T + b
        if number < len(weights):
            said = forward(torch.tanh(said), number)
    torch.nn.functional.cross_entropy(said, torch.tensor(batch.targets)).backward()
    return [(p - setup.learning_rate * p.grad).detach().numpy() for p in (*weights, *biases)]


class Noted(Channel):
    """Another channel, with a note of what it was given and what it made of it."""

    def __init__(self, channel):
        self.channel, self.sent, self.arrived = channel, {}, {}

    def transmit(self, messages, context):
        arrived = self.channel.transmit(messages, context)
        self.sent[messages.shape[-1]], self.arrived[messages.shape[-1]] = np.asarray(messages).copy(), np.asarray(arrived).copy()
        return arrived

    def jacobian(self, messages, context):
        return self.channel.jacobian(messages, context)


SLOPES = {
    "k-winners(0.5)": lambda said, sent, arrived: said * torch.from_numpy(sent == arrived),
    "dropout(0.4)": lambda said, sent, arrived: said * torch.from_numpy((arrived != 0) / 0.6),
    "quantize(2)": lambda said, sent, arrived: said + torch.from_numpy(arrived - sent),
    "noise(0.3)": lambda said, sent, arrived: said + torch.from_numpy(arrived - sent),
    "dropout(0.4, masks_feedback=false)": lambda said, sent, arrived: said + torch.from_numpy(arrived - sent),
}
"""What autograd is to differentiate: the channel itself where speakers are told, and straight through where not."""


@pytest.mark.parametrize("text", SLOPES)
@pytest.mark.parametrize("name", ENGINES)
def test_attention_seeking_through_channels_of_activity_is_backpropagation_through_them(name, text):
    (place,) = as_channels(f"activity:{text}")
    noted = Noted(place.channel)
    setup = game(AttentionSeeking(), channels=[replace(place, channel=noted)])
    batch = SAMPLES.at(BATCHES.indices(0))
    after = play(ENGINES[name](setup), 1).network()

    def forward(said, layer):
        sent, arrived = noted.sent[SIZES[layer]], noted.arrived[SIZES[layer]]
        np.testing.assert_allclose(said.detach().numpy(), sent, atol=1e-12) if layer == 1 else None
        return SLOPES[text](said, sent, arrived)

    expected = by_autograd(setup, forward, batch)
    for ours, theirs in zip((*after.weights, *after.biases), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("name", ENGINES)
def test_dropped_demands_equal_backpropagation_in_the_mean(name):
    """Unbiased, since one line of demands lies between the outputs and the lower layer's attention."""
    batch = SAMPLES.at(BATCHES.indices(0))
    network = build_network((6, 5, 3), activation="tanh", seed=1)
    plain = game(AttentionSeeking(), channels=())
    plain = replace(plain, network=network, policies=AttentionSeeking())
    exact = play(ENGINES[name](plain), 1).network().weights[0] - network.weights[0]
    changes = []
    for seed in range(200):
        engine = ENGINES[name](replace(plain, seed=seed, channels=as_channels("demand:dropout(0.5)")))
        engine.play(batch.inputs, batch.targets)
        changes.append(engine.network().weights[0] - network.weights[0])
        engine.close()
    error = np.std(changes, axis=0) / len(changes) ** 0.5
    assert (np.abs(np.mean(changes, axis=0) - exact) < 4.5 * error).all()
    assert np.std(changes, axis=0).max() > np.abs(exact).max() / 10


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("aligned", [True, False])
def test_delayed_demands_by_hand(name, aligned):
    """The lower layer meets the demands of two rounds ago, with what it said then or with what it says now."""
    network = build_network((6, 5, 3), activation="tanh", seed=2)
    channels = f"demand:delay(2, aligned={str(aligned).lower()})"
    setup = replace(game(AttentionSeeking()), network=network, policies=AttentionSeeking(), channels=as_channels(channels))
    (w1, w2), (b1, b2) = (list(map(np.array, each)) for each in (network.weights, network.biases))
    posted, rate = [], setup.learning_rate
    for number in range(6):
        batch = SAMPLES.at(np.arange(6) + 2 * number)
        said = np.tanh(batch.inputs @ w1.T + b1)
        outputs = said @ w2.T + b2
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        demand = np.eye(3)[batch.targets] - odds / odds.sum(axis=1, keepdims=True)
        posted.append((demand, batch.inputs, said))
        if number >= 2:
            late, heard, then = posted[number - 2]
            heard, then = (heard, then) if aligned else (batch.inputs, said)
            lower = (late @ w2) * (1 - then**2)
            w1, b1 = w1 + rate * lower.T @ heard / 6, b1 + rate * lower.mean(axis=0)
        w2, b2 = w2 + rate * demand.T @ said / 6, b2 + rate * demand.mean(axis=0)
    engine = ENGINES[name](setup)
    for number in range(6):
        batch = SAMPLES.at(np.arange(6) + 2 * number)
        engine.play(batch.inputs, batch.targets)
    after = engine.network()
    for ours, theirs in zip((*after.weights, *after.biases), (w1, w2, b1, b2), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("name", ENGINES)
def test_delays_of_layers_add_up(name):
    """With one round at each of two layers, the first layer waits for two, and no neuron adapts before a demand has arrived."""
    setup = game(AttentionSeeking(), optimizer=Momentum(), channels="demand:delay(1)")
    engine, start = ENGINES[name](setup), setup.network
    first_moves = {}
    for number in range(4):
        play(engine, 1)
        now = engine.network()
        for layer, (a, b) in enumerate(zip(now.weights, start.weights, strict=True), start=1):
            if not np.array_equal(a, b):
                first_moves.setdefault(layer, number)
    assert first_moves == {3: 0, 2: 1, 1: 2}


@pytest.mark.parametrize("name", ENGINES)
def test_delayed_demands_reuse_random_numbers_of_their_round(name):
    """Rewarded for what they tried two rounds ago: the same numbers, drawn again."""
    seen = []

    class Watched(toys.Explorer):
        def speak(self, activity, obs, memory):
            seen.append(("said", np.asarray(obs.draws.normal("try", "BJ")).copy()))
            return super().speak(activity, obs, memory)

        def feedback(self, obs, memory):
            seen.append(("evaluated", np.asarray(obs.draws.normal("try", "BJ")).copy()))
            return super().feedback(obs, memory)

    setup = game((Watched(), AttentionSeeking(), AttentionSeeking()), channels="demand@1:delay(2)")
    play(ENGINES[name](setup), 4)
    said, evaluated = ([draw for kind, draw in seen if kind == which] for which in ("said", "evaluated"))
    per_round = len(said) // 4
    assert len(evaluated) == 2 * per_round
    for ours, theirs in zip(evaluated, said, strict=False):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ENGINES)
def test_only_eval_channels_act_in_evaluation(name):
    plain = ENGINES[name](game(toys.Backprop())).outputs(SAMPLES.inputs)
    faults = ("activity:dropout(0.9)", "activity:noise(9)", "activity:delay(1, aligned=false)", "demand:dropout(0.9)")
    np.testing.assert_allclose(ENGINES[name](game(toys.Backprop(), channels=faults)).outputs(SAMPLES.inputs), plain, atol=1e-14)
    winners = ENGINES[name](game(toys.Backprop(), channels="activity:k-winners(0.2)"))
    said = np.asarray(winners.outputs(SAMPLES.inputs))
    assert np.abs(said - np.asarray(plain)).max() > 0.1
    one_by_one = np.concatenate([np.asarray(winners.outputs(row[None])) for row in SAMPLES.inputs])
    np.testing.assert_allclose(one_by_one, said, atol=1e-14)


@pytest.mark.parametrize("name", ENGINES)
def test_blocked_neurons_learn_only_if_feedback_is_unmasked(name):
    for told, learns in (("true", False), ("false", True)):
        setup = game(AttentionSeeking(), channels=f"activity@1:k-winners(0.01, masks_feedback={told})")
        engine = ENGINES[name](setup)
        engine.play(SAMPLES.inputs[:1], SAMPLES.targets[:1])
        moved = np.abs(engine.network().biases[0] - setup.network.biases[0]) > 0
        assert (moved.sum() > 1) == learns
