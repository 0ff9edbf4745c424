"""Rounds of small networks in one compiled loop, where policies declare the form of their feedback.

Small layers cost more Python than arithmetic: at 64-32-10 and batch 32 a round in torch is some thirty calls, the compiled one
none. Policies are asked for their form only, so that all hooks must be those that the form describes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core import LEAK, FeedbackForm, Samples, form_of, rounding
from neuronet.engines.tensors.kernels.device import as_numpy
from neuronet.engines.tensors.kernels.threads import single_threaded_products
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.parameters import VelocityParameters
from neuronet.engines.tensors.policy_group import PolicyGroup
from neuronet.engines.tensors.round_context import LayerMasks, RoundContext

if TYPE_CHECKING:
    from neuronet.engines.tensors.compiled.loop import Plan

NOISE_ROUNDS = 16
"""Rounds for which noise is drawn at once."""

MAX_SCALED_BYTES = 64 * 2**20
"""Bytes of scaled inputs up to which they are held; more are not played by compiled rounds."""

MIN_THREAD_WORK = 3_000_000
"""Multiplications in a call from which on replicas are spread over threads."""


class CompiledRounds:
    """Rounds of R replicas, with memory for each batch size.

    Args:
        layers: The listening layers.
        parameters: Their parameters.

    Attributes:
        activities: (..., B, J) of each layer in the last round, the inputs first.
        demands: (..., B, J) of each listening layer in the last round.
    """

    def __init__(self, layers: Sequence[Layer], parameters: VelocityParameters) -> None:
        self.activities: list[Tensor] = []
        self.demands: list[Tensor | None] = []
        self._layers, self._lead = layers, layers[0].lead
        self._sizes = [layers[0].lengths["I"], *(layer.lengths["J"] for layer in layers)]
        self._replicas = self._lead[0] if self._lead else 1
        self._parameters = parameters
        self._flat, self._velocity = (
            as_numpy(flat).reshape(self._replicas, -1) for flat in (parameters.flat, parameters.velocity)
        )
        self._dtype = self._flat.dtype
        self._plan = self._make_plan()
        self._scaled: tuple[Samples, NDArray[Any]] | None = None
        self._scratch = max(a * b for a, b in pairwise(self._sizes)) + max(self._sizes)

    def play(self, samples: Samples, order: Any, size: int, rate: float | Tensor, number: int) -> Tensor | None:
        """Play many rounds.

        Args:
            samples: Result of the engine's `prepare`.
            order: (N,) or (R, N), indices of samples.
            size: Samples a round; the last round may have fewer.
            rate: eta: a number, or (R, 1, 1).
            number: Number of the first round.

        Returns:
            (..., rounds), the sum of the samples' losses in each round; None, without a change, for samples that compiled rounds
            do not take.
        """
        from neuronet.engines.tensors.compiled.loop import Rounds

        inputs, targets = self._inputs(samples), np.ascontiguousarray(as_numpy(samples.targets), dtype=np.int64)
        count = np.shape(order)[-1]
        indices = np.broadcast_to(np.asarray(order, dtype=np.int64), (self._replicas, count))
        if inputs is None or not count or targets.ndim != 1 or not _are_indices(indices, len(targets)):
            return None
        if not _are_indices(targets, self._sizes[-1]):
            return None
        rates = np.empty(self._replicas, self._dtype)
        rates[:] = rate if isinstance(rate, float) else as_numpy(rate).ravel()
        if not self._parameters.decay:
            self._velocity.fill(0)  # what is multiplied by 0 must be finite
        room = np.empty((self._replicas, min(size, count) * (2 * sum(self._sizes) - self._sizes[0])), self._dtype)
        plan = self._with_fixed_weights(number, size, rate)
        played, losses = -(-count // size), list[NDArray[Any]]()
        step = NOISE_ROUNDS if plan.noisy.any() else played
        for begin in range(0, played, step):
            part = np.array(indices[:, begin * size : (begin + step) * size], order="C")  # writable: numba compiles for each kind
            noise = self._noise(plan, number + begin, size, part.shape[1])
            losses.append(np.empty((self._replicas, -(-part.shape[1] // size))))
            self._spread(plan, Rounds(inputs, targets, part, size, rates, noise), room, losses[-1])
        self._show(room, count - (played - 1) * size)
        whole = losses[0] if len(losses) == 1 else np.concatenate(losses, axis=1)
        return torch.from_numpy(whole if self._lead else whole[0])

    def _spread(self, plan: Plan, rounds: Any, room: NDArray[Any], losses: NDArray[Any]) -> None:
        """Play rounds, with the replicas spread over torch's number of threads."""
        from neuronet.engines.tensors.compiled.loop import play

        work = rounds.order.size * sum(a * b for a, b in pairwise(self._sizes))
        threads = min(self._replicas, torch.get_num_threads(), os.cpu_count() or 1) if work >= MIN_THREAD_WORK else 1
        bounds = np.linspace(0, self._replicas, threads + 1).astype(int).tolist()

        def play_part(first: int, last: int) -> None:
            scratch = np.empty(self._scratch, self._dtype)
            play(plan, rounds, self._flat, self._velocity, room, scratch, losses, first, last)

        with single_threaded_products():
            if threads == 1:
                play_part(0, self._replicas)
                return
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(play_part, bounds[:-1], bounds[1:]))

    def _inputs(self, samples: Samples) -> NDArray[Any] | None:
        """Return the inputs, scaled; None if they would take too much memory."""
        if samples.scaling is None:
            return np.ascontiguousarray(as_numpy(samples.inputs), dtype=self._dtype)
        if samples.inputs.numel() * self._dtype.itemsize > MAX_SCALED_BYTES:
            return None
        if self._scaled is None or self._scaled[0] is not samples:
            scaled = torch.sub(samples.inputs, samples.scaling.shift).mul_(samples.scaling.factor)
            self._scaled = samples, np.ascontiguousarray(as_numpy(scaled))
        return self._scaled[1]

    def _show(self, room: NDArray[Any], batch: int) -> None:
        """Keep the activities and demands of the last round as tensors."""
        views, place = [], 0
        for size in (*self._sizes, *self._sizes[:0:-1]):
            view = torch.from_numpy(room[:, place : place + batch * size].reshape(self._replicas, batch, size))
            views.append(view if self._lead else view[0])
            place += batch * size
        self.activities, self.demands = views[: len(self._sizes)], list(views[: len(self._sizes) - 1 : -1])

    def _make_plan(self) -> Plan:
        from neuronet.engines.tensors.compiled.arithmetic import CODES
        from neuronet.engines.tensors.compiled.loop import Plan

        neurons, layers = sum(self._sizes[1:]), self._layers
        attention, sign, noise = (np.zeros((self._replicas, neurons), self._dtype) for _ in range(3))
        adapts, strongest = np.ones((self._replicas, neurons), self._dtype), np.zeros((self._replicas, neurons), bool)
        fixed = any(form.fixed for layer in layers[:-1] for form in _forms(layer))
        masked = any(layer.mask is not None for layer in layers)
        plan = Plan(
            sizes=np.array(self._sizes),
            activations=np.array([CODES[layer.activation.name] for layer in layers]),
            attends=np.array([all(_is_attention(form) for form in _forms(layer)) for layer in layers]),
            attention=attention,
            sign=sign,
            strongest=strongest,
            noise=noise,
            adapts=adapts,
            noisy=np.array([any(form.noise for form in _forms(layer)) for layer in layers[:-1]] + [False]),
            slot=np.full((len(layers), self._replicas), -1),
            fixed=np.zeros((self._replicas, self._flat.shape[1] if fixed else 0), self._dtype),
            mask=np.ones((self._replicas, self._flat.shape[1] if masked else 0), self._dtype),
            decay=self._dtype.type(self._parameters.decay),
            leak=self._dtype.type(LEAK),
            tie=self._dtype.type(1 - rounding(np, self._flat)),
        )
        begin = 0
        for layer in layers:
            part = slice(begin, begin := begin + layer.lengths["J"])
            self._fill_layer(layer, {name: torch.from_numpy(getattr(plan, name)[:, part]) for name in _BY_NEURON})
            plan.slot[layer.number - 1] = _slots(plan.noise[:, part]) if layer.above is not None else -1
            if layer.mask is not None:
                self._view(plan.mask, layer.number - 1).copy_(layer.mask)
        return plan

    def _fill_layer(self, layer: Layer, arrays: dict[str, Tensor]) -> None:
        """Write the forms of a layer's policies into the arrays (R, J) of the plan."""
        listeners = layer.listener_mask.sum(dim=-2).expand(self._replicas, -1)
        for group in layer.policy_groups:
            form = form_of(group.policy)
            assert form is not None
            for name in ("attention", "sign", "strongest", "noise"):
                self._put(group, arrays[name], torch.full((), getattr(form, name), dtype=arrays[name].dtype))
            if form.shared:
                self._put(group, arrays["sign"], form.sign / listeners.clamp_min(1).sqrt())
            if not form.adapts:
                self._put(group, arrays["adapts"], (listeners == 0).to(arrays["adapts"].dtype))
        if layer.learning_mask is not None:
            arrays["adapts"].mul_(layer.learning_mask[..., 0])

    def _put(self, group: PolicyGroup, target: Tensor, values: Tensor) -> None:
        """Write the values, (R, J) or a number, of a group's neurons into the target, (R, J)."""
        whole = values.expand(target.shape)
        if not self._lead:
            group.put(target[0], group.take(whole[0], "J"), "J")
        else:
            group.put(target, group.take(whole, "J"), "J")

    def _view(self, flat: NDArray[Any], index: int) -> Tensor:
        """Return the weights of a layer, (..., J, I), in an array (R, P)."""
        whole = torch.from_numpy(flat)
        return self._parameters.views(whole if self._lead else whole[0], index)[0]

    def _with_fixed_weights(self, number: int, batch: int, rate: float | Tensor) -> Plan:
        """Return the plan, with the weights that policies keep in their memory."""
        plan = self._plan
        if not plan.fixed.shape[1]:
            return plan
        plan.fixed.fill(0)
        for layer in self._layers[:-1]:
            target = self._view(plan.fixed, layer.number)
            blank = layer.space.empty(*layer.lead, batch, 0)
            record = LayerRecord(
                layer, RoundContext(number, batch, True, rate, [LayerMasks()] * layer.number), blank, blank, blank
            )
            for group, form in zip(layer.policy_groups, _forms(layer), strict=True):
                if form.fixed:
                    group.put(target, group.policy.feedback_weights(record.observation(group), group.memory), "KJ")
            record.close()
            target.mul_(layer.listener_mask.any(dim=-2, keepdim=True))
        return plan

    def _noise(self, plan: Plan, number: int, size: int, count: int) -> NDArray[Any]:
        """Return the noise of the rounds with `count` samples, (rounds, slots, B * N')."""
        noisy = [layer for layer in self._layers if plan.noisy[layer.number - 1]]
        if not noisy:
            return np.empty((0, 0, 0), self._dtype)
        width = size * sum(layer.lengths["J"] for layer in noisy)
        noise = np.empty((-(-count // size), int(plan.slot.max()) + 1, width), self._dtype)
        place = 0
        for layer in noisy:
            draw = next(form.draw for form in _forms(layer) if form.noise)
            replicas = np.flatnonzero(plan.slot[layer.number - 1] >= 0)
            for round_number, room in enumerate(noise):
                batch = min(size, count - round_number * size)
                drawn = layer.space.draw_arrays(replicas.tolist(), number + round_number, batch, "normal", draw, "BJ")
                for row, numbers in zip(room, drawn, strict=False):
                    row[place : place + numbers.size] = numbers.ravel()
            place += size * layer.lengths["J"]
        return noise


_BY_NEURON = ("attention", "sign", "strongest", "noise", "adapts")


def _forms(layer: Layer) -> list[FeedbackForm]:
    return [form for group in layer.policy_groups if (form := form_of(group.policy)) is not None]


def _is_attention(form: FeedbackForm) -> bool:
    return form.attention == 1 and not (form.sign or form.strongest or form.fixed)


def _slots(noise: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place of each replica among those with noise, -1 for those without, given (R, J)."""
    has = (noise > 0).any(axis=1)
    return np.where(has, np.cumsum(has) - 1, -1)


def _are_indices(array: NDArray[np.int64], end: int) -> bool:
    return bool(array.min() >= 0) and bool(array.max() < end)
