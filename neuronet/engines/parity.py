"""Parity of the two engines: how far their numbers differ in the same game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Batches, ConfigurationError, Samples
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base.array_names import ArrayKey, MemoryKey, format_name
from neuronet.engines.base.index_maps import connected_mask
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import State
from neuronet.engines.tensors import TensorEngine


@dataclass(frozen=True)
class Parity:
    """Result of a comparison of the two engines; a number that is not finite counts as an infinite difference.

    Attributes:
        layers: Largest absolute difference in each listening layer, over weights, biases, optimizer and memory.
        worst: Name of the array with the largest difference, such as `2.weights`.
        rounds: Number of rounds played.
    """

    layers: tuple[float, ...]
    worst: str
    rounds: int

    @property
    def largest(self) -> float:
        """Largest absolute difference of all."""
        return max(self.layers)


def compare(
    setup: Setup, samples: Samples, *, batch_size: int = 32, rounds: int = 50, resync: bool = False, device: str = "cpu"
) -> Parity:
    """Play the same game on both engines, from the same seed, and return how far they differ.

    Args:
        setup: The game.
        samples: Samples to play, in the order that `Batches` gives for the game's seed.
        batch_size: Samples a round.
        rounds: Number of rounds, 1 or more.
        resync: Whether the agent engine continues from the tensor engine's state before each round. The result is then the
            largest difference after a single round; otherwise it is the difference after the last round.
        device: Where the tensor engine computes.

    Raises:
        ConfigurationError: A number is out of range.
        DataError: The samples do not fit the network.
    """
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise ConfigurationError(f"rounds must be an integer of 1 or more, got {rounds!r}")
    model, engine = NeuronModel(setup), TensorEngine(setup, device=device)
    try:
        batches = Batches(len(samples), batch_size, (setup.seed,))
        ours, theirs = model.prepare(samples), engine.prepare(samples)
        gaps: dict[ArrayKey, float] = {}
        for number in range(rounds):
            indices = batches.indices(number)
            for player, prepared in ((model, ours), (engine, theirs)):
                batch = prepared.at(indices)
                player.play(batch.inputs, batch.targets)
            if resync or number == rounds - 1:
                state = engine.state()
                differences = state_differences(model.state(), state, setup)
                gaps = {key: max(gap, gaps.get(key, 0.0)) for key, gap in differences.items()}
                if resync:
                    model.restore(state)
        return _summary(gaps, len(setup.network.activations), rounds)
    finally:
        model.close()
        engine.close()


def _summary(gaps: Mapping[ArrayKey, float], depth: int, rounds: int) -> Parity:
    layers = tuple(max(gap for key, gap in gaps.items() if key.layer == layer) for layer in range(1, depth + 1))
    return Parity(layers, format_name(max(gaps, key=lambda key: gaps[key])), rounds)


def state_differences(one: State, other: State, setup: Setup) -> dict[ArrayKey, float]:
    """Return the largest absolute difference of each array, over entries of connected neurons.

    Args:
        one: A state of the game.
        other: Another one, with the same arrays; a number that is not finite in either counts as an infinite difference.
        setup: The game.
    """
    masks, others = _comparable_masks(setup), other.arrays
    gaps = {}
    for key, array in one.arrays.items():
        with np.errstate(invalid="ignore"):  # infinity minus infinity is a difference
            gap = np.abs(array.astype(np.float64) - others[key])
        counted = np.where(np.isfinite(gap), gap, np.inf)[masks.get(key, ...)]
        gaps[key] = float(counted.max(initial=0.0))
    return gaps


def _comparable_masks(setup: Setup) -> dict[ArrayKey, NDArray[Any]]:
    """Return, for each memory array along axis J, where the neurons are connected; elsewhere only tensors have entries."""
    masks: dict[ArrayKey, NDArray[Any]] = {}
    if setup.network.is_sparse:  # its arrays have no other entries
        return masks
    for layer in range(1, len(setup.network.sizes)):
        for number, group in enumerate(setup.groups(layer)):
            for name, axes in group.policy.memory_axes.items():
                if "J" in axes:
                    masks[MemoryKey(layer, number, name)] = connected_mask(setup, layer, axes)[list(group.members)]
    return masks
