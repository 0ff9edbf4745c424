"""Playing rounds in torch, a whole layer at a time.

Nothing here uses autograd. R games that differ in seed and network alone are played at once, as replicas on a leading axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch import Tensor

from neuronet.arrays import Array
from neuronet.engines.engine import Setup, State, check_inputs, check_state, check_targets
from neuronet.engines.tensors.device import best_device
from neuronet.engines.tensors.layer import Layer
from neuronet.environment import Samples
from neuronet.errors import NeuroNetError
from neuronet.network import Network

SMALL_WORK = 1_000_000
"""Products in a layer, for one batch, below which a second thread costs more than it brings."""


class TensorEngine:
    """Plays rounds in torch.

    Args:
        setup: The game, or R games that differ in seed and network alone.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" for the best there is.

    Raises:
        NeuroNetError: The device is not there, or the games differ in more.
    """

    name = "tensors"

    def __init__(self, setup: Setup | Sequence[Setup], *, device: str = "auto") -> None:
        self.setups = [setup] if isinstance(setup, Setup) else list(setup)
        _check_replicas(self.setups)
        self.setup = self.setups[0]
        self.device = best_device(device)
        self.dtype: torch.dtype = getattr(torch, self.setup.dtype)
        if self.device.startswith("mps") and self.setup.dtype == "float64":
            raise NeuroNetError("device mps computes in float32 alone: use dtype float32 or device cpu")
        self.lead = () if len(self.setups) == 1 else (len(self.setups),)
        self.learning_rate = self.setup.learning_rate
        self.round_number = 0
        sizes = self.setup.network.sizes
        counts = [j * (i + 1) for i, j in pairwise(sizes)]
        ends = np.cumsum([0, *counts]).tolist()
        self.parameters = torch.zeros((*self.lead, ends[-1]), dtype=self.dtype, device=self.device)
        self.intents = torch.zeros_like(self.parameters)
        self.kept = {name: torch.zeros_like(self.parameters) for name in self.setup.rule.keeps}
        spans = [slice(a, b) for a, b in pairwise(ends)]
        self._largest_layer = len(self.setups) * max(counts)
        self.layers = [Layer(self, number, span) for number, span in enumerate(spans, start=1)]
        for number, layer in enumerate(self.layers):
            layer.weights.copy_(self.tensor([each.network.weights[number] for each in self.setups]))
            layer.bias.copy_(self.tensor([each.network.biases[number] for each in self.setups]))
        self._nobody = torch.zeros((*self.lead, 0, sizes[-1]), dtype=self.dtype, device=self.device)

    def tensor(self, arrays: Sequence[Any]) -> Tensor:
        """One array per replica, as one tensor in the engine's precision; the axis R only if there are several."""
        whole = arrays[0] if len(arrays) == 1 else np.stack(arrays)
        return _as_tensor(whole).to(dtype=self.dtype, device=self.device)

    def stack(self, masks: Sequence[Any]) -> Tensor | None:
        """The masks of the replicas, or None if there is none."""
        if all(mask is None for mask in masks):
            return None
        shape = next(mask.shape for mask in masks if mask is not None)
        return self.tensor([np.ones(shape) if mask is None else mask for mask in masks])

    def hold(self, samples: Samples) -> Samples:
        """The samples as tensors on the engine's device, in its precision."""
        inputs = _as_tensor(samples.inputs).to(dtype=self.dtype, device=self.device)
        targets = _as_tensor(samples.targets).to(device=self.device)
        return Samples(inputs, targets.to(self.dtype) if targets.is_floating_point() else targets)

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round: speak, payoff, feed back, adapt. Gives the loss of each sample before it, (B,) or (R, B)."""
        batch = self.hold(Samples(inputs, targets))
        check_inputs(tuple(batch.inputs.shape), self.setup.network.sizes[0], len(self.setups))
        check_targets(tuple(batch.inputs.shape), tuple(batch.targets.shape), self.setup.network.sizes[-1], self.setup.payoff)
        with torch.no_grad(), self._threads(batch.inputs):
            return self._play(batch)

    def _play(self, batch: Samples) -> Tensor:
        outputs = self._speak(batch.inputs)
        loss: Tensor = self.setup.payoff.loss(xp, outputs, batch.targets)
        self._feed_back(self.setup.payoff.feedback(xp, outputs, batch.targets), loss)
        self._adapt()
        self.round_number += 1
        return loss

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O) or (R, B, O)."""
        held = _as_tensor(inputs).to(dtype=self.dtype, device=self.device)
        check_inputs(tuple(held.shape), self.setup.network.sizes[0], len(self.setups))
        with torch.no_grad(), self._threads(held):
            return self._speak(held)

    @contextmanager
    def _threads(self, inputs: Tensor) -> Iterator[None]:
        """One thread where the layers are so small that several would mostly wait for each other."""
        threads = torch.get_num_threads()
        if threads == 1 or self.device != "cpu" or self._largest_layer * inputs.shape[-2] > SMALL_WORK:
            yield
            return
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def _speak(self, inputs: Tensor) -> Tensor:
        said = inputs
        for number, layer in enumerate(self.layers):
            layer.open(self.round_number, inputs.shape[-2])
            above = self.layers[number + 1].weights if number + 1 < len(self.layers) else self._nobody
            said = layer.speak(said, above, self.learning_rate)
        return said

    def _feed_back(self, wish: Tensor, loss: Tensor) -> None:
        output = self.layers[-1]
        demand = wish * output.seen.slope
        broadcast = demand
        output.see(demand[..., :0], self._nobody, broadcast, loss)
        output.intend(demand)
        for layer, above in zip(self.layers[-2::-1], self.layers[:0:-1], strict=True):
            response = above.intent_weights
            if "response" in layer.needs and "adapt" in above.verbs:
                response = response.clone()  # adapt writes into the intents, but what was seen stays as it was
            layer.see(demand, response, broadcast, loss)
            demand = layer.decide()
            layer.intend(demand)

    def _adapt(self) -> None:
        responses = [layer.adapt() for layer in self.layers]
        step = self.round_number + 1
        change, self.kept = self.setup.rule.change(self.intents, self.kept, self.learning_rate, step)
        for layer, response in zip(self.layers, responses, strict=True):
            if response is not None and "remember" in layer.verbs:
                layer.remember(change, response)
        self.parameters += change

    def state(self) -> State:
        """Where the game stands, as numpy copies."""
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        for number, layer in enumerate(self.layers, start=1):
            for name, flat in (("", self.parameters), *((f"{name}.", kept) for name, kept in self.kept.items())):
                weights, bias = layer.views(flat)
                arrays[f"{number}.{name}weights"] = _copy(weights)
                arrays[f"{number}.{name}bias"] = _copy(bias)
            for name, array in layer.memory.items():
                arrays[f"{number}.memory.{name}"] = _copy(array)
        return State(self.round_number, arrays)

    def restore(self, state: State) -> None:
        """Take over a state, from either engine."""
        check_state(state, self.setups)
        kept = {name: torch.zeros_like(self.parameters) for name in self.setup.rule.keeps}
        for number, layer in enumerate(self.layers, start=1):
            for name, flat in (("", self.parameters), *((f"{name}.", array) for name, array in kept.items())):
                weights, bias = layer.views(flat)
                weights.copy_(self.tensor([state.arrays[f"{number}.{name}weights"]]))
                bias.copy_(self.tensor([state.arrays[f"{number}.{name}bias"]]))
            layer.memory = {name: self.tensor([state.arrays[f"{number}.memory.{name}"].copy()]) for name in layer.policy.keeps}
        self.kept = kept
        self.round_number = state.round

    def network(self, replica: int = 0) -> Network:
        """The network as it is now; of one replica, if there are several."""
        state = self.state()
        return (state.replica(replica) if self.lead else state).network(self.setups[replica].network)

    def close(self) -> None:
        """Let go of every tensor."""
        self.layers = []
        self.parameters = self.intents = torch.zeros(0)
        self.kept = {}


def _check_replicas(setups: list[Setup]) -> None:
    if not setups:
        raise NeuroNetError("the tensor engine needs a game to play")
    first = setups[0]
    for other in setups[1:]:
        same = other.with_seed(first.seed, first.network) == first
        alike = (other.network.sizes, other.network.activations) == (first.network.sizes, first.network.activations)
        if not same or not alike:
            raise NeuroNetError("replicas must be the same game but for seed and network")


def _as_tensor(array: Any) -> Tensor:
    """Without a copy where torch can share the memory: it cannot where an array is read-only or runs backwards."""
    return torch.as_tensor(np.require(array, requirements=("C", "W")) if isinstance(array, np.ndarray) else array)


def _copy(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.array(tensor.detach().cpu().numpy(), copy=True, order="C")
