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

from neuronet.channels.router import is_traffic
from neuronet.core.array_types import Array
from neuronet.core.environment import Samples, Scaling
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Plain
from neuronet.core.structure.network import Network
from neuronet.engines.base.engine import (
    Look,
    Setup,
    State,
    check_inputs,
    check_replicas,
    check_state,
    check_targets,
    check_wish,
    memory_name,
)
from neuronet.engines.base.state_transfer import reassign, with_channels, with_policies, without_traffic
from neuronet.engines.tensors.batch_loader import Feed, Series
from neuronet.engines.tensors.channel_router import Courier
from neuronet.engines.tensors.device import Matmul, best_device, send
from neuronet.engines.tensors.fused_round import QuickRound
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_round import Stage
from neuronet.engines.tensors.loss import SoftmaxVerdict, verdict_of
from neuronet.engines.tensors.parameters import Parameters
from neuronet.engines.tensors.scheduler import Rota

if TYPE_CHECKING:
    from neuronet.engines.tensors.data_parallel.shard import Share

SMALL_WORK = 20_000_000
"""Multiplications in the largest product of a round below which a second thread brings less than it may cost."""

SIZES_KEPT = 6
"""Batch sizes for which the buffers are kept."""


class TensorEngine:
    """Plays rounds in torch.

    Args:
        setup: The game, or R games that differ in seed, network, learning rate and policies alone.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" for the best there is.
        matmul: How exactly matrices of float32 are multiplied: "highest", "high" (TF32) or "medium" (bfloat16), where the device
            has a quicker way for it.
        share: Which part of each batch it plays, where other processes play the rest.

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
        share: Share | None = None,
    ) -> None:
        self.setups = [setup] if isinstance(setup, Setup) else list(setup)
        check_replicas(self.setups)
        self.setup = self.setups[0]
        self._share = share
        self._matmul = Matmul(matmul)
        self.device = best_device(device)
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
        self.parameters = Parameters(self.setup.rule, ends[-1], self.lead, like)
        self.learning_rate = self._rates()
        self.layers = [Layer(self, number, slice(a, b)) for number, (a, b) in enumerate(pairwise(ends), start=1)]
        for number, layer in enumerate(self.layers):
            layer.weights.copy_(layer.tensor([each.network.weights[number] for each in self.setups]))
            layer.bias.copy_(layer.tensor([each.network.biases[number] for each in self.setups]))
        needs = frozenset[str]().union(*(layer.needs for layer in self.layers))
        self._rewards = "reward" in needs or bool(self.setup.channels)
        for layer in self.layers:
            looked_at = layer.number > 1 and "response" in self.layers[layer.number - 2].needs
            if layer.apart or looked_at or self.parameters.decay is None or self._share is not None:
                layer.keep_apart()
        self._nobody = torch.zeros((*self.lead, 0, sizes[-1]), dtype=self.dtype, device=self.device)
        self._verdict = verdict_of(self.setup.payoff, sizes[-1], like)
        deaf = [each.is_silent(0)[None, :] for each in self.setups]
        self._senses = self.layers[0].tensor([~each for each in deaf]) if any(each.any() for each in deaf) else None
        self._stages: dict[int, list[Stage]] = {}
        self._quick: dict[int, QuickRound | None] = {}
        self._begun: list[Stage] | None = None
        self._rota = None if self._regular else Rota(self.setups, self.layers, self.parameters)
        self._spoken: list[Tensor] = []
        self._demands: list[Tensor | None] = []
        self._courier = Courier(self.setups, self.layers[0].tensor, self._stages_for) if self.setup.channels else None

    @property
    def _regular(self) -> bool:
        turns: Any = self.setup.turns
        if not turns.together:
            raise NeuroNetError("the tensor engine lets whole layers act at once: turns random-order need engine agents")
        return bool(turns.regular)

    def _rates(self) -> float | Tensor:
        rates = [float(each.learning_rate) for each in self.setups]
        if len(set(rates)) == 1:
            return rates[0]
        return send(torch.tensor(rates, dtype=self.dtype), self.device)[:, None, None]

    def pace(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        with torch.inference_mode():
            self.learning_rate = self._rates() * factor

    def hold(self, samples: Samples) -> Samples:
        """The samples as tensors on the engine's device; inputs that have a scaling stay as they are until they are played."""
        inputs = _as_tensor(samples.inputs).to(device=self.device)
        targets = _as_tensor(samples.targets).to(device=self.device)
        targets = targets.to(self.dtype) if targets.is_floating_point() else targets
        if samples.scaling is None:
            return Samples(inputs.to(self.dtype), targets)
        scaling = Scaling(self._here(samples.scaling.shift), self._here(samples.scaling.factor))
        return Samples(inputs, targets, scaling)

    def _here(self, array: Any) -> Tensor:
        return _as_tensor(array).to(dtype=self.dtype, device=self.device)

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round: speak, payoff, feed back, adapt. Gives the loss of each sample before it, (B,) or (R, B)."""
        batch = self.hold(Samples(inputs, targets))
        self._check(batch)
        with torch.inference_mode(), self._threads(batch.inputs.shape[-2]):
            targets = batch.targets.expand(self._whole(batch.inputs).shape[:-1]) if self.setup.payoff.classes else batch.targets
            self._play(self._whole(batch.inputs), targets)
            loss = self._verdict.losses()
        return loss.clone()  # an array like any other, where autograd may be used

    def _check(self, batch: Samples) -> None:
        check_inputs(tuple(batch.inputs.shape), self.setup.network.sizes[0], len(self.setups))
        check_targets(tuple(batch.inputs.shape), tuple(batch.targets.shape), self.setup.network.sizes[-1], self.setup.payoff)

    def _whole(self, inputs: Tensor) -> Tensor:
        """The inputs with the axis of replicas, if there are any."""
        return inputs.expand(*self.lead, *inputs.shape[-2:])

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds in one call.

        Args:
            samples: What `hold` gave.
            order: (N,) or (R, N), which samples are played, in this order.
            batch_size: Samples a round; the last may have fewer.

        Returns:
            (rounds,) or (R, rounds), the sum of the samples' losses in each round, in double precision where the device has it.
        """
        feed = Feed(samples, order, batch_size, self.lead)
        losses = []
        with torch.inference_mode(), self._threads(batch_size):
            for series in feed:
                quick = self._quick_for(series.size)
                if quick is None:
                    losses.append(self._play_series(series))
                    continue
                losses.append(quick.play(series, self.learning_rate, self.round_number))
                self._spoken, self._demands = quick.spoken, quick.demands
                self.round_number += len(series.targets)
            whole = torch.cat(losses).movedim(0, -1)
        return whole.to(torch.float64 if not self.device.startswith("mps") else whole.dtype)

    def _play_series(self, series: Series) -> Tensor:
        """The sum of the samples' losses in each round, (rounds, ...)."""
        losses = []
        for inputs, targets in zip(series.inputs, series.targets.unbind(0), strict=True):
            self._play(inputs, targets)
            losses.append(self._verdict.total())
        return torch.stack(losses)

    def _play(self, inputs: Tensor, targets: Tensor) -> None:
        stages = self._speak(inputs, learning=True)
        wish = self._verdict.wish(stages[-1].activity, targets)
        self._learn(stages, wish, self._verdict.losses() if self._rewards else None)

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O) or (R, B, O)."""
        self._begun = None
        return self._said(inputs, learning=False)

    def speak(self, inputs: Array) -> Array:
        """Begin a round: what the output neurons say to these inputs, (B, O) or (R, B, O); `learn` ends it."""
        said = self._said(inputs, learning=True)
        self._begun = self._stages[said.shape[-2]]
        return said

    def _said(self, inputs: Array, *, learning: bool) -> Tensor:
        held = self._here(inputs)
        check_inputs(tuple(held.shape), self.setup.network.sizes[0], len(self.setups))
        with torch.inference_mode(), self._threads(held.shape[-2]):
            said = self._speak(self._whole(held), learning=learning)[-1].activity
        return said.clone()

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began: every neuron feeds back and adapts.

        Args:
            feedback: (B, O) or (R, B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,) or (R, B), what each sample cost.
        """
        wish, cost = self._here(feedback), self._here(loss)
        stages = self._begun
        check_wish(tuple(wish.shape), tuple(cost.shape), None if stages is None else tuple(stages[-1].activity.shape))
        self._begun = None
        with torch.inference_mode(), self._threads(wish.shape[-2]):
            self._learn(stages or [], wish, cost if self._rewards else None)

    @contextmanager
    def _threads(self, batch: int) -> Iterator[None]:
        """One thread where the layers are so small that several would mostly wait for each other."""
        threads = torch.get_num_threads()
        if threads == 1 or self.device != "cpu" or self._largest_layer * batch > SMALL_WORK:
            with self._matmul:
                yield
            return
        torch.set_num_threads(1)
        try:
            with self._matmul:
                yield
        finally:
            torch.set_num_threads(threads)

    def _stages_for(self, batch: int) -> list[Stage]:
        if batch not in self._stages:
            while len(self._stages) >= SIZES_KEPT:
                oldest = next(iter(self._stages))
                del self._stages[oldest]
                self._quick.pop(oldest, None)
            above = [*(layer.weights for layer in self.layers[1:]), self._nobody]
            self._stages[batch] = [Stage(layer, weights, batch) for layer, weights in zip(self.layers, above, strict=True)]
        return self._stages[batch]

    def _quick_for(self, batch: int) -> QuickRound | None:
        if batch not in self._quick:
            stages = self._stages_for(batch)
            self._quick[batch] = None
            bare = self._courier is None and self._senses is None and self._rota is None
            if bare and isinstance(self._verdict, SoftmaxVerdict) and QuickRound.fits(stages):
                self._quick[batch] = QuickRound(stages, self._verdict, self.parameters)
        return self._quick[batch]

    def _speak(self, inputs: Tensor, *, learning: bool) -> list[Stage]:
        batch = inputs.shape[-2]
        stages = self._stages_for(batch)
        said = inputs if self._senses is None else inputs * self._senses
        if self._rota is not None:
            self._rota.rouse(self.round_number, learning=learning)
        spoken = [said]
        for stage in stages:
            stage.layer.open(self.round_number, batch if self._share is None else self._share.batch or batch)
            if self._courier is not None:
                said = self._courier.up(stage.layer.number - 1, said, self.round_number, learning)
            said = stage.speak(said, learning, self.learning_rate)
            spoken.append(said)
        self._spoken = spoken
        return stages

    def _learn(self, stages: list[Stage], wish: Tensor, loss: Tensor | None) -> None:
        if self._rota is not None:
            self._rota.begin()
        output = stages[-1]
        demand: Tensor | None
        demand = broadcast = output.wished(wish)
        reward = None if loss is None else -loss
        acting: list[Stage] = []
        demands: list[Tensor | None] = []
        for now in reversed(stages):
            stage = now
            stage.broadcast, stage.reward = broadcast, reward
            if stage is output:
                stage.response = self._nobody
            elif self._courier is not None and reward is not None:
                stage, demand = self._courier.down(now, demand, reward, self.round_number)
            acting.append(stage)
            if demand is None:
                stage.wait(self.parameters.decay or 0.0)
                demands.append(None)
                continue
            if stage is not output:
                if "response" in stage.layer.needs:
                    stage.response = acting[-2].layer.response[..., :-1]
                demand = stage.decide(demand)
            demands.append(demand)
            stage.intend(demand, self.parameters.decay or 0.0)
            if self._share is not None:
                self._share.average(stage.layer.response)
        self.parameters.learn(acting[::-1], self.learning_rate, self.round_number + 1)
        if self._rota is not None:
            self._rota.end(self.round_number)
        if self._courier is not None:
            self._courier.traffic.end()
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
            for each in layer.followers:  # those in later replicas come later
                for kept_name, array in each.memory.items():
                    name = memory_name(number, each.number, kept_name)
                    before = [arrays[name]] if name in arrays else []
                    arrays[name] = np.concatenate([*before, _copy(array)]) if before else _copy(array)
        if self._courier is not None:
            arrays |= {name: _copy(array) for name, array in self._courier.traffic.state().items()}
        return State(self.round_number, arrays)

    def restore(self, state: State) -> None:
        """Take over a state, from either engine."""
        check_state(state, self.setups)
        self._begun = None
        with torch.inference_mode():
            for number, layer in enumerate(self.layers, start=1):
                for name, flat in self.parameters.buffers():
                    weights, bias = layer.views(flat)
                    weights.copy_(self._here(state.arrays[f"{number}.{name}weights"]))
                    bias.copy_(self._here(state.arrays[f"{number}.{name}bias"]))
                for each in layer.followers:
                    part = slice(None) if each.replicas is None else each.replicas
                    arrays = {name: state.arrays[memory_name(number, each.number, name)] for name in each.policy.keeps}
                    each.memory = {
                        name: self._here((array[part] if self.lead else array).copy()) for name, array in arrays.items()
                    }
            if self._courier is not None:
                way = {name: self._here(array.copy()) for name, array in state.arrays.items() if is_traffic(name)}
                self._courier.traffic.restore(way)
        self.round_number = state.round

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; those who keep theirs keep their memory.

        Args:
            policies: A Population, or what a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_policies(self.setups, policies)
        self.adopt(setups, reassign(self.state(), self.setups, setups))

    def adopt(self, setups: Sequence[Setup], state: State) -> None:
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
        self.adopt(setups, without_traffic(self.state()))

    def look(self, layer: int) -> Look:
        """A layer, 0 for the inputs, as it is now, and what it did in the last round."""
        activity = _as_numpy(self._spoken[layer]) if self._spoken else None
        if layer == 0:
            return Look(activity)
        here, demand = self.layers[layer - 1], self._demands[layer - 1] if self._demands else None
        return Look(activity, None if demand is None else _as_numpy(demand), _as_numpy(here.weights), _as_numpy(here.bias))

    def network(self, replica: int = 0) -> Network:
        """The network as it is now; of one replica, if there are several."""
        state = self.state()
        return (state.replica(replica) if self.lead else state).network(self.setups[replica].network)

    def close(self) -> None:
        """Let go of every tensor."""
        self.layers = []
        self.parameters = Parameters(Plain(), 0, (), torch.zeros(0))
        self._stages, self._quick = {}, {}
        self._begun = self._courier = self._rota = None
        self._spoken, self._demands = [], []


def _as_tensor(array: Any) -> Tensor:
    """Without a copy where torch can share the memory: it cannot where an array is read-only or runs backwards."""
    return torch.as_tensor(np.require(array, requirements=("C", "W")) if isinstance(array, np.ndarray) else array)


def _as_numpy(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.asarray(tensor.detach().cpu().numpy())


def _copy(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.array(_as_numpy(tensor), copy=True, order="C")
