"""Proposition 5, first order: a neuron that seeks attention by its own synapses descends the loss, and rests where it does.

At rest is not at its best: `second_order` has the curvature of the utility there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import torch

from neuronet.core import Momentum, Policy, SquaredError
from neuronet.theory.check import Below, Check, Near
from neuronet.theory.comparison import Floats, Layers, largest_gap, log_log_slope, overall_gap
from neuronet.theory.reference import FUNCTIONS, descent
from neuronet.theory.strategy import utility_after
from neuronet.theory.test_case import ENGINES, MYOPIC, GameCase, RoundRecord, make_case

LEARNING_RATES = (0.1, 0.01, 0.001)
STEP = 1e-4
"""Step of the central differences."""
ROUNDS = 2000
CONVERGED = 1e-4
"""Fraction to which the gradient of the loss must have fallen in a trained network."""

Objective = Callable[[RoundRecord, Floats], Floats]
"""`objective(record, activity)` returns the objective of each neuron, (J,), if the layer's activity were `activity` (B, J)."""


def first_order_gain(record: RoundRecord, activity: Floats) -> Floats:
    """Return the attention gained by the listeners' response per unit of learning rate, to first order: `sum_k w_kj c_kj`."""
    response = record.demand.T @ activity / len(activity)
    gain: Floats = np.sum(record.attention * response, axis=0)
    return gain


def whole_utility(learning_rate: float) -> Objective:
    """Return the objective of the attention after the listeners' response, to every order, per unit of learning rate."""
    return lambda record, activity: utility_after(record, activity, learning_rate, 2.0) / learning_rate


def slopes(game: GameCase, engine: str, objective: Objective = first_order_gain) -> Layers:
    """Return the slope of each hidden neuron's objective in its own synapses at fixed demands, (J, S) for each layer.

    The slope is a central difference. The synapses from a speaker are moved in all neurons of a layer together, since no neuron
    depends on another of its layer.
    """
    network, speaker_activity, found = game.setup.network, game.inputs, []
    for layer, record in enumerate(game.records(engine)):
        function = FUNCTIONS[network.activations[layer]]
        synapses = np.column_stack((network.weights[layer], network.biases[layer]))
        activations = np.column_stack((speaker_activity, np.ones(len(speaker_activity))))
        slope = np.empty_like(synapses)
        for speaker in range(synapses.shape[1]):
            step = np.zeros_like(synapses)
            step[:, speaker] = STEP
            up, down = (
                objective(record, function(torch.as_tensor(activations @ (synapses + s * step).T)).numpy()) for s in (1, -1)
            )
            slope[:, speaker] = (up - down) / (2 * STEP)
        found.append(slope)
        speaker_activity = record.activity
    return found


def two_layer_case() -> GameCase:
    """Return a network with two hidden layers of different activations."""
    game = make_case([10, 14, 12, 6], seed=5)
    network = replace(game.setup.network, activations=("gelu", "tanh", "identity"))
    return replace(game, setup=replace(game.setup, network=network))


def gap_of_gain(policy: Policy, engine: str) -> float:
    """Return the largest gap between the slope of the first-order gain and `-dL/dw` in the hidden synapses."""
    game = two_layer_case().with_policy(policy)
    return largest_gap(slopes(game, engine), descent(game)[:-1])


def gap_of_utility(policy: Policy, learning_rate: float) -> float:
    """Return the overall gap between the slope of the whole utility, per unit of learning rate, and `-dL/dw`."""
    game = two_layer_case().with_policy(policy)
    return overall_gap(slopes(game, "tensors", whole_utility(learning_rate)), descent(game)[:-1])


def teacher_case(policy: Policy) -> GameCase:
    """Return a small network that learns the noisy outputs of a teacher of the same sizes, so that some loss remains."""
    game = make_case([4, 2, 3], payoff=SquaredError(), policy=policy, learning_rate=0.1, batch=60, seed=1)
    teacher = replace(make_case([4, 2, 3], seed=101), inputs=game.inputs)
    return replace(game, targets=teacher.outputs("tensors") + 0.1 * game.targets)


def trained(game: GameCase) -> GameCase:
    """Return the case after many rounds on the same batch, with momentum."""
    with closing(ENGINES["tensors"](replace(game.setup, optimizer=Momentum()))) as engine:
        for _ in range(ROUNDS):
            engine.play(game.inputs, game.targets)
        return replace(game, setup=replace(game.setup, network=engine.network()))


def remaining_fractions(policy: Policy) -> tuple[float, float]:
    """Return the fractions of the slopes in the hidden synapses that remain after training: of the loss, and of the gain."""
    start = teacher_case(policy)
    end = trained(start)
    loss = _length(descent(end)[:-1]) / _length(descent(start)[:-1])
    gain = _length(slopes(end, "tensors")) / _length(slopes(start, "tensors"))
    return loss, gain


def _length(layers: Layers) -> float:
    return float(np.sqrt(np.sum([np.sum(layer * layer) for layer in layers])))


def checks(policy: Policy = MYOPIC) -> Iterator[Check]:
    """Yield checks that the two slopes are equal to first order, differ by O(eta) beyond, and vanish together."""
    name = "5 stationarity"
    gap = float(np.max([gap_of_gain(policy, engine) for engine in ENGINES]))
    yield Check(name, "slope of the first-order gain in own synapses: gap to -dL/dw, both engines", gap, Below(1e-6))
    gaps = [gap_of_utility(policy, rate) for rate in LEARNING_RATES]
    claim = "slope of the whole utility: gap to -dL/dw is O(eta), log-log slope"
    yield Check(name, claim, log_log_slope(LEARNING_RATES, gaps), Near(1.0, 0.05))
    loss, gain = remaining_fractions(policy)
    claim = f"trained to {loss:.1g} of dL/dw: remaining fraction of the gain's slope / of dL/dw"
    yield Check(name, claim, gain / loss if loss < CONVERGED else float("nan"), Near(1.0, 0.01))
