"""Replicas one after another: where layers are large, products of many replicas at once are slower than one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from neuronet.core.array_types import Array
from neuronet.core.environment import Samples
from neuronet.core.structure.network import Network
from neuronet.engines.base.engine import (
    LayerSnapshot,
    Setup,
    State,
    check_inputs,
    check_output_feedback,
    check_replicas,
    check_state,
)
from neuronet.engines.base.state_transfer import with_channels, with_policies, without_in_flight
from neuronet.engines.tensors.device import resolve_device
from neuronet.engines.tensors.engine import TensorEngine

MAX_BATCHED_WORK = 1_000_000
"""Multiplications of one replica in the largest product of a round up to which replicas are played at once on a CPU."""


class SequentialReplicas:
    """Tensor engines, one for each replica, that play in turn and look like one engine of R replicas.

    Args:
        setups: The games, two or more.
        device: Where they compute.
        matmul: As for TensorEngine.
    """

    name = "tensors"

    def __init__(self, setups: Sequence[Setup], *, device: str = "auto", matmul: str = "highest") -> None:
        check_replicas(setups)
        self.setups = list(setups)
        self.engines = [TensorEngine(setup, device=device, matmul=matmul) for setup in setups]
        self.device = self.engines[0].device
        self._output_shape: tuple[int, ...] | None = None

    @property
    def round_number(self) -> int:
        """How many rounds have been played."""
        return self.engines[0].round_number

    def set_lr_factor(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        for engine in self.engines:
            engine.set_lr_factor(factor)

    def prepare(self, samples: Samples) -> Samples:
        """The samples as tensors on the engines' device."""
        return self.engines[0].prepare(samples)

    def _per_replica(self, array: Array, single: int) -> list[Array]:
        """Each replica's part; the whole for everybody, if the array has as many axes as for a single one."""
        return [array] * len(self.engines) if array.ndim == single else list(array)

    def _check(self, inputs: Array) -> None:
        check_inputs(tuple(inputs.shape), self.setups[0].network.sizes[0], len(self.engines))

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round; gives the loss of each sample before it, (R, B)."""
        self._check(inputs)
        single = 1 if self.setups[0].payoff.classes else 2
        parts = zip(self._per_replica(inputs, 2), self._per_replica(targets, single), strict=True)
        return torch.stack([engine.play(*part) for engine, part in zip(self.engines, parts, strict=True)])

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds; gives the sum of the samples' losses in each, (R, rounds)."""
        orders = self._per_replica(order, 1)
        return torch.stack(
            [engine.play_rounds(samples, one, batch_size) for engine, one in zip(self.engines, orders, strict=True)]
        )

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (R, B, O)."""
        self._check(inputs)
        self._output_shape = None
        return torch.stack(
            [engine.outputs(part) for engine, part in zip(self.engines, self._per_replica(inputs, 2), strict=True)]
        )

    def speak(self, inputs: Array) -> Array:
        """Begin a round: what the output neurons say to these inputs, (R, B, O); `learn` ends it."""
        self._check(inputs)
        said = torch.stack([engine.speak(part) for engine, part in zip(self.engines, self._per_replica(inputs, 2), strict=True)])
        self._output_shape = tuple(said.shape)
        return said

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began.

        Args:
            feedback: (R, B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (R, B), what each sample cost.
        """
        check_output_feedback(tuple(feedback.shape), tuple(loss.shape), self._output_shape)
        self._output_shape = None
        for engine, output_feedback, cost in zip(self.engines, feedback, loss, strict=True):
            engine.learn(output_feedback, cost)

    def state(self) -> State:
        """Where the game stands, as numpy copies."""
        states = [engine.state() for engine in self.engines]
        return State(self.round_number, {name: np.stack([state.arrays[name] for state in states]) for name in states[0].arrays})

    def restore(self, state: State) -> None:
        """Take over a state of as many replicas."""
        check_state(state, self.setups)
        self._output_shape = None
        for place, engine in enumerate(self.engines):
            engine.restore(state.replica(place))

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; those who keep theirs keep their memory.

        Args:
            policies: A Population, or what a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        self.setups = with_policies(self.setups, policies)
        for engine, setup in zip(self.engines, self.setups, strict=True):
            engine.assign(setup.policies)

    def replace_game(self, setups: Sequence[Setup], state: State) -> None:
        """Go on as another game, between two rounds; the learning rate stays at its pace."""
        check_replicas(setups)
        check_state(state, setups)
        self.setups = list(setups)
        self._output_shape = None
        for place, (engine, setup) in enumerate(zip(self.engines, self.setups, strict=True)):
            engine.replace_game([setup], state.replica(place))

    def use_channels(self, channels: Any) -> None:
        """Let messages pass other channels from the next round on; what is under way is lost.

        Args:
            channels: What a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_channels(self.setups, channels)
        self.replace_game(setups, without_in_flight(self.state()))

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """A layer, 0 for the inputs, as it is now, and what it did in the last round, (R, ...)."""
        snapshots = [engine.layer_snapshot(layer) for engine in self.engines]
        parts = {name: [getattr(snapshot, name) for snapshot in snapshots] for name in ("activity", "demand", "weights", "bias")}
        return LayerSnapshot(**{name: np.stack(some) for name, some in parts.items() if some[0] is not None})

    def network(self, replica: int = 0) -> Network:
        """The network of a replica as it is now."""
        return self.engines[replica].network()

    def close(self) -> None:
        """Let go of every tensor."""
        for engine in self.engines:
            engine.close()


def tensor_engine(
    setups: Sequence[Setup], batch_size: int, *, device: str = "auto", matmul: str = "highest"
) -> TensorEngine | SequentialReplicas:
    """The quickest way to play these replicas: at once on an accelerator or with small layers, in turn otherwise.

    Args:
        setups: The games.
        batch_size: Samples a round.
        device: Where to compute.
        matmul: As for TensorEngine.
    """
    sizes = setups[0].network.sizes
    largest = batch_size * max(a * b for a, b in pairwise(sizes))
    if len(setups) > 1 and resolve_device(device) == "cpu" and largest > MAX_BATCHED_WORK:
        return SequentialReplicas(setups, device=device, matmul=matmul)
    return TensorEngine(setups, device=device, matmul=matmul)
