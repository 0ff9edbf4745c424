"""Parity: the check that both engines play the same game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.batches import Batches
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base.engine import Setup, State, memory_name
from neuronet.engines.base.index_maps import connected_mask
from neuronet.engines.tensors import TensorEngine


@dataclass(frozen=True)
class Parity:
    """How far the engines came apart; a number that is not finite counts as infinitely far.

    Attributes:
        layers: The largest absolute difference in each listening layer, over its weights, its biases, what its optimizer
            keeps and what its policy keeps.
        worst: The array with the largest difference, by its name in the state, such as `2.weights`.
        rounds: How many rounds were played.
    """

    layers: tuple[float, ...]
    worst: str
    rounds: int

    @property
    def largest(self) -> float:
        """The largest absolute difference of all."""
        return max(self.layers)


def compare(
    setup: Setup, samples: Samples, *, batch_size: int = 32, rounds: int = 50, resync: bool = False, device: str = "cpu"
) -> Parity:
    """Play the same game on both engines, from the same seed, and measure how far they come apart.

    Args:
        setup: The game.
        samples: What is played, in the order that `Batches` gives for the game's seed.
        batch_size: Samples a round.
        rounds: How many rounds, 1 or more.
        resync: Whether the agent engine takes over the tensor engine's state before each round. The result is then the largest
            difference that a single round made; without, it is the difference after the last round.
        device: Where the tensor engine computes.

    Raises:
        NeuroNetError: A number is out of range, or the samples do not fit the network.
    """
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise NeuroNetError(f"rounds must be an integer of 1 or more, got {rounds!r}")
    model, engine = NeuronModel(setup), TensorEngine(setup, device=device)
    try:
        batches = Batches(len(samples), batch_size, (setup.seed,))
        ours, theirs = model.prepare(samples), engine.prepare(samples)
        gaps: dict[str, float] = {}
        for number in range(rounds):
            indices = batches.indices(number)
            for player, prepared in ((model, ours), (engine, theirs)):
                batch = prepared.at(indices)
                player.play(batch.inputs, batch.targets)
            if resync or number == rounds - 1:
                state = engine.state()
                _update_maxima(gaps, _differences(model.state(), state, setup))
                if resync:
                    model.restore(state)
        return _summary(gaps, len(setup.network.weights), rounds)
    finally:
        model.close()
        engine.close()


def _summary(gaps: Mapping[str, float], depth: int, rounds: int) -> Parity:
    layers = tuple(max(gap for name, gap in gaps.items() if name.startswith(f"{layer}.")) for layer in range(1, depth + 1))
    return Parity(layers, max(gaps, key=lambda name: gaps[name]), rounds)


def _update_maxima(gaps: dict[str, float], more: Mapping[str, float]) -> None:
    for name, gap in more.items():
        gaps[name] = max(gap, gaps.get(name, 0.0))


def _differences(one: State, other: State, setup: Setup) -> dict[str, float]:
    """The largest absolute difference of each array, counted where there are connections."""
    there = _comparable_mask(setup)
    gaps = {}
    for name, array in one.arrays.items():
        with np.errstate(invalid="ignore"):  # infinity minus infinity is no agreement
            gap = np.abs(array.astype(np.float64) - other.arrays[name])
        counted = np.where(np.isfinite(gap), gap, np.inf)[there.get(name, ...)]
        gaps[name] = float(counted.max(initial=0.0))
    return gaps


def _comparable_mask(setup: Setup) -> dict[str, NDArray[Any]]:
    """For each memory along listeners or speakers: where they are connected. Elsewhere only the tensor engine keeps numbers."""
    there = {}
    for layer in range(1, len(setup.network.sizes)):
        for number, group in enumerate(setup.groups(layer)):
            for name, axes in group.policy.memory_axes.items():
                if "J" in axes:  # what is kept in common is kept where everybody is connected
                    there[memory_name(layer, number, name)] = connected_mask(setup, layer, axes)[list(group.members)]
    return there
