"""Proposition 5: a neuron that changes its own synapses for attention goes down the loss, and rests where the loss does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import torch

from neuronet.core.learning.optimizers import Momentum
from neuronet.core.payoff import SquaredError
from neuronet.core.policy import Policy
from neuronet.theory.check import Below, Check, Near
from neuronet.theory.comparison import Floats, Layers, largest_gap, log_log_slope, overall_gap
from neuronet.theory.reference import FUNCTIONS, descent
from neuronet.theory.strategy import utility_after
from neuronet.theory.test_case import ENGINES, MYOPIC, GameCase, RoundRecord, make_case

LEARNING_RATES = (0.1, 0.01, 0.001)
STEP = 1e-4
"""Of the central differences."""
ROUNDS = 2000
CONVERGED = 1e-4
"""To which share the loss's slope must have fallen for a game to count as trained."""

Objective = Callable[[RoundRecord, Floats], Floats]
"""`objective(record, activity)` is what each neuron of a layer seeks, (J,), if it said `activity` (B, J)."""


def first_order_gain(record: RoundRecord, activity: Floats) -> Floats:
    """The attention gained through the listeners' response, per unit of learning rate, to first order: `sum_k w_kj c_kj`."""
    response = record.demand.T @ activity / len(activity)
    gain: Floats = np.sum(record.attention * response, axis=0)
    return gain


def whole_utility(learning_rate: float) -> Objective:
    """The attention held after the listeners' response, per unit of learning rate, to every order."""
    return lambda record, activity: utility_after(record, activity, learning_rate, 2.0) / learning_rate


def slopes(game: GameCase, engine: str, objective: Objective = first_order_gain) -> Layers:
    """How each hidden neuron's worth changes with its own synapses, the demands it hears held fixed: (J, S) for each layer.

    By central differences; the synapses from one speaker are moved in all neurons of a layer at once, as none hears another.
    """
    network, heard, found = game.setup.network, game.inputs, []
    for layer, record in enumerate(game.records(engine)):
        say = FUNCTIONS[network.activations[layer]]
        synapses = np.column_stack((network.weights[layer], network.biases[layer]))
        activations = np.column_stack((heard, np.ones(len(heard))))
        slope = np.empty_like(synapses)
        for speaker in range(synapses.shape[1]):
            step = np.zeros_like(synapses)
            step[:, speaker] = STEP
            up, down = (objective(record, say(torch.as_tensor(activations @ (synapses + s * step).T)).numpy()) for s in (1, -1))
            slope[:, speaker] = (up - down) / (2 * STEP)
        found.append(slope)
        heard = record.activity
    return found


def two_layer_case() -> GameCase:
    """A network with two hidden layers of different activations."""
    game = make_case([10, 14, 12, 6], seed=5)
    network = replace(game.setup.network, activations=("gelu", "tanh", "identity"))
    return replace(game, setup=replace(game.setup, network=network))


def gap_of_gain(policy: Policy, engine: str) -> float:
    """The largest gap between the slopes of the first-order gain and autograd's `-dL/dw` of the hidden synapses."""
    game = two_layer_case().with_policy(policy)
    return largest_gap(slopes(game, engine), descent(game)[:-1])


def gap_of_utility(policy: Policy, learning_rate: float) -> float:
    """The overall gap between the slopes of the whole utility, per unit of learning rate, and autograd's `-dL/dw`."""
    game = two_layer_case().with_policy(policy)
    return overall_gap(slopes(game, "tensors", whole_utility(learning_rate)), descent(game)[:-1])


def teacher_case(policy: Policy) -> GameCase:
    """A small network that learns what another of its kind says, with noise, so that some loss is left at the end."""
    game = make_case([4, 2, 3], payoff=SquaredError(), policy=policy, learning_rate=0.1, batch=60, seed=1)
    teacher = replace(make_case([4, 2, 3], seed=101), inputs=game.inputs)
    return replace(game, targets=teacher.outputs("tensors") + 0.1 * game.targets)


def trained(game: GameCase) -> GameCase:
    """The position after many rounds on the same batch, with momentum."""
    with closing(ENGINES["tensors"](replace(game.setup, optimizer=Momentum()))) as engine:
        for _ in range(ROUNDS):
            engine.play(game.inputs, game.targets)
        return replace(game, setup=replace(game.setup, network=engine.network()))


def remaining_fractions(policy: Policy) -> tuple[float, float]:
    """Which share of their slopes in the hidden synapses is left after training: the loss's, and the gain of attention's."""
    start = teacher_case(policy)
    end = trained(start)
    loss = _length(descent(end)[:-1]) / _length(descent(start)[:-1])
    gain = _length(slopes(end, "tensors")) / _length(slopes(start, "tensors"))
    return loss, gain


def _length(layers: Layers) -> float:
    return float(np.sqrt(np.sum([np.sum(layer * layer) for layer in layers])))


def checks(policy: Policy = MYOPIC) -> Iterator[Check]:
    """The two slopes: equal to first order, O(eta) apart beyond it, and gone together."""
    name = "5 equilibrium"
    gap = float(np.max([gap_of_gain(policy, engine) for engine in ENGINES]))
    yield Check(name, "slope of the first-order gain in own synapses: gap to -dL/dw, both engines", gap, Below(1e-6))
    gaps = [gap_of_utility(policy, rate) for rate in LEARNING_RATES]
    claim = "slope of the whole utility: gap to -dL/dw is O(eta), log-log slope"
    yield Check(name, claim, log_log_slope(LEARNING_RATES, gaps), Near(1.0, 0.05))
    loss, gain = remaining_fractions(policy)
    claim = f"trained to {loss:.1g} of dL/dw: share left of the gain's slope / share left of dL/dw"
    yield Check(name, claim, gain / loss if loss < CONVERGED else float("nan"), Near(1.0, 0.01))
