"""Remark on inflation: the attention of a relu neuron depends on a rescaling that leaves the function unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from neuronet.core import Power
from neuronet.theory.check import Below, Check, Near
from neuronet.theory.comparison import Floats, largest_gap
from neuronet.theory.test_case import ENGINES, GameCase, RoundRecord, make_case

FACTOR = 3.0


def inflated(game: GameCase, factor: float) -> GameCase:
    """Return the same function with the first hidden layer's input weights times a factor and output weights divided by it."""
    network = game.setup.network
    weights = (factor * network.weights[0], network.weights[1] / factor, *network.weights[2:])
    biases = (factor * network.biases[0], *network.biases[1:])
    return replace(game, setup=replace(game.setup, network=replace(network, weights=weights, biases=biases)))


def raw_attention(record: RoundRecord) -> Floats:
    """Return each neuron's utility for the measure w^2 / 2, (J,)."""
    utility: Floats = Power(2.0).utility(np, record.attention)
    return utility


def scaled_attention(record: RoundRecord) -> Floats:
    """Return activity-scaled attention: the weight times the standard deviation of the neuron's activity, (K, J)."""
    scaled: Floats = record.attention * record.activity.std(axis=0)
    return scaled


def checks(activation: str = "relu") -> Iterator[Check]:
    """Yield checks of what the rescaling changes and what it leaves unchanged."""
    game = make_case([10, 16, 12, 4], activation)
    other = inflated(game, FACTOR)
    change = f"(c w_in, w_out / c), c = {FACTOR:g}"
    gaps = [largest_gap([other.outputs(engine)], [game.outputs(engine)]) for engine in ENGINES]
    yield Check("inflation", f"{change}: largest gap of the outputs, both engines", float(np.max(gaps)), Below(1e-12))
    before, after = (case.records("tensors")[0] for case in (game, other))
    ratios = raw_attention(before) / raw_attention(after)
    worst = ratios[np.argmax(np.abs(ratios - FACTOR**2))]
    yield Check("inflation", f"{change}: raw utility falls by c^2", float(worst), Near(FACTOR**2, 1e-9))
    gap = largest_gap([scaled_attention(after)], [scaled_attention(before)])
    yield Check("inflation", f"{change}: largest gap of activity-scaled attention", gap, Below(1e-12))
