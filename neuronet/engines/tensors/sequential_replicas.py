"""Replicas played one after another: in large layers, products of many replicas together are slower than one at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from neuronet.core import Array, Network, Samples
from neuronet.engines.base.checks import check_replicas
from neuronet.engines.base.engine import Engine, LayerSnapshot
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import State, stack_replicas
from neuronet.engines.tensors.engine import TensorEngine


class SequentialReplicas(Engine):
    """Engine of R replicas that has a tensor engine for each of them.

    Args:
        setups: The game of each replica, two or more.
        device: Where they compute.
        matmul: As for TensorEngine.
        kernels: As for TensorEngine.
    """

    name = "tensors"

    def __init__(self, setups: Sequence[Setup], *, device: str = "auto", matmul: str = "highest", kernels: str = "auto") -> None:
        check_replicas(setups)
        self.setups = list(setups)
        self.engines = [TensorEngine(setup, device=device, matmul=matmul, kernels=kernels) for setup in setups]
        self.device, self.products = self.engines[0].device, self.engines[0].products

    @property
    def round_number(self) -> int:
        """Number of rounds played."""
        return self.engines[0].round_number

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the learning rates by a factor from the next round on."""
        for engine in self.engines:
            engine.set_lr_factor(factor)

    def prepare(self, samples: Samples) -> Samples:
        """Return the samples as tensors on the engines' device."""
        return self.engines[0].prepare(samples)

    def _as_array(self, array: Array) -> Tensor:
        return self.engines[0]._as_array(array)

    def _per_replica(self, array: Array, single: int) -> list[Array]:
        """Return each replica's part; the whole array for all, if it has as many axes as for a single game."""
        return [array] * len(self.engines) if array.ndim == single else list(array)

    def _play(self, batch: Samples) -> Tensor:
        targets = self._per_replica(batch.targets, 1 if self.setup.payoff.classes else 2)
        parts = zip(self.engines, self._per_replica(batch.inputs, 2), targets, strict=True)
        return torch.stack([engine.play(inputs, chosen) for engine, inputs, chosen in parts])

    def _play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Tensor:
        orders = zip(self.engines, self._per_replica(order, 1), strict=True)
        return torch.stack([engine.play_rounds(samples, own, batch_size) for engine, own in orders])

    def _outputs(self, inputs: Tensor, *, learning: bool) -> Tensor:
        parts = zip(self.engines, self._per_replica(inputs, 2), strict=True)
        return torch.stack([engine.speak(part) if learning else engine.outputs(part) for engine, part in parts])

    def _learn(self, output_feedback: Tensor, loss: Tensor) -> None:
        for engine, feedback, cost in zip(self.engines, output_feedback, loss, strict=True):
            engine.learn(feedback, cost)

    def state(self) -> State:
        """Return everything that the next round depends on, as numpy copies."""
        return stack_replicas([engine.state() for engine in self.engines])

    def _restore(self, state: State) -> None:
        for place, engine in enumerate(self.engines):
            engine.restore(state.replica(place))

    def _replace_game(self, setups: list[Setup], state: State) -> None:
        self.setups = setups
        for place, (engine, setup) in enumerate(zip(self.engines, setups, strict=True)):
            engine.replace_game([setup], state.replica(place))

    def network(self, replica: int = 0) -> Network:
        """Return the network of a replica with its present weights, without copying the others."""
        return self.engines[replica].network()

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """Return a layer as it is now, and what it did in the last round, (R, ...)."""
        snapshots = [vars(engine.layer_snapshot(layer)) for engine in self.engines]
        known = {name for name, array in snapshots[0].items() if array is not None}
        return LayerSnapshot(**{name: np.stack([snapshot[name] for snapshot in snapshots]) for name in known})

    def close(self) -> None:
        """Release all tensors."""
        for engine in self.engines:
            engine.close()
