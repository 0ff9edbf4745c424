"""Playing rounds in torch, a whole layer at a time.

Nothing here uses autograd. R games that differ in seed, network, learning rate and policies are played at once, as replicas on a
leading axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from neuronet.channels.router import is_router_state
from neuronet.core.array_types import Array
from neuronet.core.environment import Samples, Scaling
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD
from neuronet.core.structure.network import Network
from neuronet.engines.base.engine import (
    LayerSnapshot,
    Setup,
    State,
    check_inputs,
    check_output_feedback,
    check_replicas,
    check_state,
    check_targets,
    memory_name,
)
from neuronet.engines.base.state_transfer import transfer_state, with_channels, with_policies, without_in_flight
from neuronet.engines.tensors.batch_loader import BatchLoader, RoundBlock
from neuronet.engines.tensors.channel_router import ChannelRouter
from neuronet.engines.tensors.device import MatmulPrecision, resolve_device, to_device
from neuronet.engines.tensors.fused_round import FusedRound
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_round import LayerRound
from neuronet.engines.tensors.loss import SoftmaxCrossEntropy, loss_function_for
from neuronet.engines.tensors.parameters import Parameters
from neuronet.engines.tensors.scheduler import Scheduler

if TYPE_CHECKING:
    from neuronet.engines.tensors.data_parallel.shard import BatchShard

MAX_SINGLE_THREAD_WORK = 20_000_000
"""Multiplications in the largest product of a round below which a second thread brings less than it may cost."""

MAX_CACHED_SIZES = 6
"""Batch sizes for which the buffers are kept."""


class TensorEngine:
    """Plays rounds in torch.

    Args:
        setup: The game, or R games that differ in seed, network, learning rate and policies alone.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" for the best there is.
        matmul: How exactly matrices of float32 are multiplied: "highest", "high" (TF32) or "medium" (bfloat16), where the device
            has a quicker way for it.
        shard: Which part of each batch it plays, where other processes play the rest.

    Attributes:
        learning_rate: eta: a number, or (R, 1, 1) where replicas differ.

    Raises:
        NeuroNetError: The device is not there, or the games differ in more.
    """

    name = "tensors"

    def __init__(
        self,
        setup: Setup | Sequence[Setup],
        *,
        device: str = "auto",
        matmul: str = "highest",
        shard: BatchShard | None = None,
    ) -> None:
        self.setups = [setup] if isinstance(setup, Setup) else list(setup)
        check_replicas(self.setups)
        self.setup = self.setups[0]
        self._shard = shard
        self._matmul = MatmulPrecision(matmul)
        self.device = resolve_device(device)
        self.dtype: torch.dtype = getattr(torch, self.setup.dtype)
        if self.device.startswith("mps") and self.setup.dtype == "float64":
            raise NeuroNetError("device mps computes in float32 alone: use dtype float32 or device cpu")
        self.lead = () if len(self.setups) == 1 else (len(self.setups),)
        self.round_number = 0
        with torch.inference_mode():
            self._build()

    def _build(self) -> None:
        sizes = self.setup.network.sizes
        counts = [j * (i + 1) for i, j in pairwise(sizes)]
        ends = np.cumsum([0, *counts]).tolist()
        self._largest_layer = len(self.setups) * max(counts)
        like = torch.empty(0, dtype=self.dtype, device=self.device)
        self.parameters = Parameters(self.setup.optimizer, ends[-1], self.lead, like)
        self.learning_rate = self._learning_rates()
        self.layers = [Layer(self, number, slice(a, b)) for number, (a, b) in enumerate(pairwise(ends), start=1)]
        for number, layer in enumerate(self.layers):
            layer.weights.copy_(layer.tensor([each.network.weights[number] for each in self.setups]))
            layer.bias.copy_(layer.tensor([each.network.biases[number] for each in self.setups]))
        needs = frozenset[str]().union(*(layer.needs for layer in self.layers))
        self._needs_reward = "reward" in needs or bool(self.setup.channels)
        for layer in self.layers:
            looked_at = layer.number > 1 and "response" in self.layers[layer.number - 2].needs
            if layer.has_separate_response or looked_at or self.parameters.decay is None or self._shard is not None:
                layer.separate_response()
        self._no_listeners = torch.zeros((*self.lead, 0, sizes[-1]), dtype=self.dtype, device=self.device)
        self._loss_function = loss_function_for(self.setup.payoff, sizes[-1], like)
        silent_inputs = [each.is_silent(0)[None, :] for each in self.setups]
        self._input_mask = (
            self.layers[0].tensor([~each for each in silent_inputs]) if any(each.any() for each in silent_inputs) else None
        )
        self._layer_rounds: dict[int, list[LayerRound]] = {}
        self._fused_rounds: dict[int, FusedRound | None] = {}
        self._pending_round: list[LayerRound] | None = None
        self._scheduler = None if self._is_synchronous else Scheduler(self.setups, self.layers, self.parameters)
        self._activities: list[Tensor] = []
        self._demands: list[Tensor | None] = []
        self._channel_router = (
            ChannelRouter(self.setups, self.layers[0].tensor, self._layer_rounds_for) if self.setup.channels else None
        )

    @property
    def _is_synchronous(self) -> bool:
        update_schedule: Any = self.setup.update_schedule
        if not update_schedule.is_layerwise:
            raise NeuroNetError(
                "the tensor engine lets whole layers act at once: update schedule random-sequential needs engine agents"
            )
        return bool(update_schedule.is_synchronous)

    def _learning_rates(self) -> float | Tensor:
        rates = [float(each.learning_rate) for each in self.setups]
        if len(set(rates)) == 1:
            return rates[0]
        return to_device(torch.tensor(rates, dtype=self.dtype), self.device)[:, None, None]

    def set_lr_factor(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        with torch.inference_mode():
            self.learning_rate = self._learning_rates() * factor

    def prepare(self, samples: Samples) -> Samples:
        """The samples as tensors on the engine's device; inputs that have a scaling stay as they are until they are played."""
        inputs = _as_tensor(samples.inputs).to(device=self.device)
        targets = _as_tensor(samples.targets).to(device=self.device)
        targets = targets.to(self.dtype) if targets.is_floating_point() else targets
        if samples.scaling is None:
            return Samples(inputs.to(self.dtype), targets)
        scaling = Scaling(self._to_device(samples.scaling.shift), self._to_device(samples.scaling.factor))
        return Samples(inputs, targets, scaling)

    def _to_device(self, array: Any) -> Tensor:
        return _as_tensor(array).to(dtype=self.dtype, device=self.device)

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round: speak, payoff, feed back, adapt. Gives the loss of each sample before it, (B,) or (R, B)."""
        batch = self.prepare(Samples(inputs, targets))
        self._check(batch)
        with torch.inference_mode(), self._limited_threads(batch.inputs.shape[-2]):
            targets = (
                batch.targets.expand(self._with_replicas(batch.inputs).shape[:-1]) if self.setup.payoff.classes else batch.targets
            )
            self._play(self._with_replicas(batch.inputs), targets)
            loss = self._loss_function.losses()
        return loss.clone()  # an array like any other, where autograd may be used

    def _check(self, batch: Samples) -> None:
        check_inputs(tuple(batch.inputs.shape), self.setup.network.sizes[0], len(self.setups))
        check_targets(tuple(batch.inputs.shape), tuple(batch.targets.shape), self.setup.network.sizes[-1], self.setup.payoff)

    def _with_replicas(self, inputs: Tensor) -> Tensor:
        """The inputs with the axis of replicas, if there are any."""
        return inputs.expand(*self.lead, *inputs.shape[-2:])

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds in one call.

        Args:
            samples: What `prepare` gave.
            order: (N,) or (R, N), which samples are played, in this order.
            batch_size: Samples a round; the last may have fewer.

        Returns:
            (rounds,) or (R, rounds), the sum of the samples' losses in each round, in double precision where the device has it.
        """
        loader = BatchLoader(samples, order, batch_size, self.lead)
        losses = []
        with torch.inference_mode(), self._limited_threads(batch_size):
            for block in loader:
                fused = self._fused_round_for(block.size)
                if fused is None:
                    losses.append(self._play_block(block))
                    continue
                losses.append(fused.play(block, self.learning_rate, self.round_number))
                self._activities, self._demands = fused.activities, fused.demands
                self.round_number += len(block.targets)
            whole = torch.cat(losses).movedim(0, -1)
        return whole.to(torch.float64 if not self.device.startswith("mps") else whole.dtype)

    def _play_block(self, block: RoundBlock) -> Tensor:
        """The sum of the samples' losses in each round, (rounds, ...)."""
        losses = []
        for inputs, targets in zip(block.inputs, block.targets.unbind(0), strict=True):
            self._play(inputs, targets)
            losses.append(self._loss_function.total())
        return torch.stack(losses)

    def _play(self, inputs: Tensor, targets: Tensor) -> None:
        layer_rounds = self._speak(inputs, learning=True)
        output_feedback = self._loss_function.output_feedback(layer_rounds[-1].activity, targets)
        self._learn(layer_rounds, output_feedback, self._loss_function.losses() if self._needs_reward else None)

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O) or (R, B, O)."""
        self._pending_round = None
        return self._compute_outputs(inputs, learning=False)

    def speak(self, inputs: Array) -> Array:
        """Begin a round: what the output neurons say to these inputs, (B, O) or (R, B, O); `learn` ends it."""
        said = self._compute_outputs(inputs, learning=True)
        self._pending_round = self._layer_rounds[said.shape[-2]]
        return said

    def _compute_outputs(self, inputs: Array, *, learning: bool) -> Tensor:
        prepared = self._to_device(inputs)
        check_inputs(tuple(prepared.shape), self.setup.network.sizes[0], len(self.setups))
        with torch.inference_mode(), self._limited_threads(prepared.shape[-2]):
            said = self._speak(self._with_replicas(prepared), learning=learning)[-1].activity
        return said.clone()

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began: every neuron feeds back and adapts.

        Args:
            feedback: (B, O) or (R, B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,) or (R, B), what each sample cost.
        """
        output_feedback, cost = self._to_device(feedback), self._to_device(loss)
        layer_rounds = self._pending_round
        check_output_feedback(
            tuple(output_feedback.shape),
            tuple(cost.shape),
            None if layer_rounds is None else tuple(layer_rounds[-1].activity.shape),
        )
        self._pending_round = None
        with torch.inference_mode(), self._limited_threads(output_feedback.shape[-2]):
            self._learn(layer_rounds or [], output_feedback, cost if self._needs_reward else None)

    @contextmanager
    def _limited_threads(self, batch: int) -> Iterator[None]:
        """One thread where the layers are so small that several would mostly wait for each other."""
        threads = torch.get_num_threads()
        if threads == 1 or self.device != "cpu" or self._largest_layer * batch > MAX_SINGLE_THREAD_WORK:
            with self._matmul:
                yield
            return
        torch.set_num_threads(1)
        try:
            with self._matmul:
                yield
        finally:
            torch.set_num_threads(threads)

    def _layer_rounds_for(self, batch: int) -> list[LayerRound]:
        if batch not in self._layer_rounds:
            while len(self._layer_rounds) >= MAX_CACHED_SIZES:
                oldest = next(iter(self._layer_rounds))
                del self._layer_rounds[oldest]
                self._fused_rounds.pop(oldest, None)
            above = [*(layer.weights for layer in self.layers[1:]), self._no_listeners]
            self._layer_rounds[batch] = [
                LayerRound(layer, weights, batch) for layer, weights in zip(self.layers, above, strict=True)
            ]
        return self._layer_rounds[batch]

    def _fused_round_for(self, batch: int) -> FusedRound | None:
        if batch not in self._fused_rounds:
            layer_rounds = self._layer_rounds_for(batch)
            self._fused_rounds[batch] = None
            bare = self._channel_router is None and self._input_mask is None and self._scheduler is None
            if bare and isinstance(self._loss_function, SoftmaxCrossEntropy) and FusedRound.supports(layer_rounds):
                self._fused_rounds[batch] = FusedRound(layer_rounds, self._loss_function, self.parameters)
        return self._fused_rounds[batch]

    def _speak(self, inputs: Tensor, *, learning: bool) -> list[LayerRound]:
        batch = inputs.shape[-2]
        layer_rounds = self._layer_rounds_for(batch)
        said = inputs if self._input_mask is None else inputs * self._input_mask
        if self._scheduler is not None:
            self._scheduler.set_active(self.round_number, learning=learning)
        activities = [said]
        for layer_round in layer_rounds:
            layer_round.layer.open(self.round_number, batch if self._shard is None else self._shard.batch or batch)
            if self._channel_router is not None:
                said = self._channel_router.forward(layer_round.layer.number - 1, said, self.round_number, learning)
            said = layer_round.speak(said, learning, self.learning_rate)
            activities.append(said)
        self._activities = activities
        return layer_rounds

    def _learn(self, layer_rounds: list[LayerRound], output_feedback: Tensor, loss: Tensor | None) -> None:
        if self._scheduler is not None:
            self._scheduler.snapshot()
        output = layer_rounds[-1]
        demand: Tensor | None
        demand = broadcast = output.output_demand(output_feedback)
        reward = None if loss is None else -loss
        acting: list[LayerRound] = []
        demands: list[Tensor | None] = []
        for now in reversed(layer_rounds):
            layer_round = now
            layer_round.broadcast, layer_round.reward = broadcast, reward
            if layer_round is output:
                layer_round.response = self._no_listeners
            elif self._channel_router is not None and reward is not None:
                layer_round, demand = self._channel_router.backward(now, demand, reward, self.round_number)
            acting.append(layer_round)
            if demand is None:
                layer_round.apply_zero_response(self.parameters.decay or 0.0)
                demands.append(None)
                continue
            if layer_round is not output:
                if "response" in layer_round.layer.needs:
                    layer_round.response = acting[-2].layer.response[..., :-1]
                demand = layer_round.compute_demand(demand)
            demands.append(demand)
            layer_round.compute_response(demand, self.parameters.decay or 0.0)
            if self._shard is not None:
                self._shard.average(layer_round.layer.response)
        self.parameters.learn(acting[::-1], self.learning_rate, self.round_number + 1)
        if self._scheduler is not None:
            self._scheduler.revert(self.round_number)
        if self._channel_router is not None:
            self._channel_router.router.end()
        self._demands = demands[::-1]
        self.round_number += 1

    def state(self) -> State:
        """Where the game stands, as numpy copies."""
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        for number, layer in enumerate(self.layers, start=1):
            for name, flat in self.parameters.buffers():
                weights, bias = layer.views(flat)
                arrays[f"{number}.{name}weights"] = _copy(weights)
                arrays[f"{number}.{name}bias"] = _copy(bias)
            for each in layer.policy_groups:  # those in later replicas come later
                for kept_name, array in each.memory.items():
                    name = memory_name(number, each.number, kept_name)
                    before = [arrays[name]] if name in arrays else []
                    arrays[name] = np.concatenate([*before, _copy(array)]) if before else _copy(array)
        if self._channel_router is not None:
            arrays |= {name: _copy(array) for name, array in self._channel_router.router.state().items()}
        return State(self.round_number, arrays)

    def restore(self, state: State) -> None:
        """Take over a state, from either engine."""
        check_state(state, self.setups)
        self._pending_round = None
        with torch.inference_mode():
            for number, layer in enumerate(self.layers, start=1):
                for name, flat in self.parameters.buffers():
                    weights, bias = layer.views(flat)
                    weights.copy_(self._to_device(state.arrays[f"{number}.{name}weights"]))
                    bias.copy_(self._to_device(state.arrays[f"{number}.{name}bias"]))
                for each in layer.policy_groups:
                    part = slice(None) if each.replicas is None else each.replicas
                    arrays = {name: state.arrays[memory_name(number, each.number, name)] for name in each.policy.memory_axes}
                    each.memory = {
                        name: self._to_device((array[part] if self.lead else array).copy()) for name, array in arrays.items()
                    }
            if self._channel_router is not None:
                in_flight = {name: self._to_device(array.copy()) for name, array in state.arrays.items() if is_router_state(name)}
                self._channel_router.router.restore(in_flight)
        self.round_number = state.round

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; those who keep theirs keep their memory.

        Args:
            policies: A Population, or what a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_policies(self.setups, policies)
        self.replace_game(setups, transfer_state(self.state(), self.setups, setups))

    def replace_game(self, setups: Sequence[Setup], state: State) -> None:
        """Go on as another game, between two rounds; the learning rate stays at its pace."""
        check_replicas(setups)
        check_state(state, setups)
        self.setups, self.setup = list(setups), setups[0]
        rate = self.learning_rate
        with torch.inference_mode():
            self._build()
        self.learning_rate = rate
        self.restore(state)

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
        """A layer, 0 for the inputs, as it is now, and what it did in the last round."""
        activity = _as_numpy(self._activities[layer]) if self._activities else None
        if layer == 0:
            return LayerSnapshot(activity)
        here, demand = self.layers[layer - 1], self._demands[layer - 1] if self._demands else None
        return LayerSnapshot(
            activity, None if demand is None else _as_numpy(demand), _as_numpy(here.weights), _as_numpy(here.bias)
        )

    def network(self, replica: int = 0) -> Network:
        """The network as it is now; of one replica, if there are several."""
        state = self.state()
        return (state.replica(replica) if self.lead else state).network(self.setups[replica].network)

    def close(self) -> None:
        """Let go of every tensor."""
        self.layers = []
        self.parameters = Parameters(SGD(), 0, (), torch.zeros(0))
        self._layer_rounds, self._fused_rounds = {}, {}
        self._pending_round = self._channel_router = self._scheduler = None
        self._activities, self._demands = [], []


def _as_tensor(array: Any) -> Tensor:
    """Without a copy where torch can share the memory: it cannot where an array is read-only or runs backwards."""
    return torch.as_tensor(np.require(array, requirements=("C", "W")) if isinstance(array, np.ndarray) else array)


def _as_numpy(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.asarray(tensor.detach().cpu().numpy())


def _copy(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.array(_as_numpy(tensor), copy=True, order="C")
