"""The parameters of all layers in one buffer, and how intended changes change them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from neuronet.core import SGD, Momentum, Optimizer

Shape = tuple[int, int]
"""Neurons and speakers of a layer."""


class Parameters(ABC):
    """The weights and biases of all layers, one after the other, and the optimizer's arrays.

    A round computes its change by `step`, shows it to the policies by `change_of`, and makes it by `apply`.

    Args:
        optimizer: Turns intended changes into changes.
        shapes: Neurons and speakers of each listening layer.
        lead: () or (R,).
        like: A tensor in the engine's precision, on its device.

    Attributes:
        flat: (..., P), the parameters.
        velocity: (..., P), buffer into which layers may write their responses.
        decay: Factor by which the velocities decay in each round.
        takes_responses: Whether responses can be written into the velocities without being intents first.
    """

    decay = 0.0
    takes_responses = False

    def __init__(self, optimizer: Optimizer, shapes: Sequence[Shape], lead: tuple[int, ...], like: Tensor) -> None:
        self._optimizer, self._shapes = optimizer, list(shapes)
        counts = [neurons * (speakers + 1) for neurons, speakers in shapes]
        self._starts = [sum(counts[:index]) for index in range(len(counts))]
        self.flat = like.new_zeros((*lead, sum(counts)))
        self._optimizer_state = {name: torch.zeros_like(self.flat) for name in optimizer.state_names}
        self.velocity = self.flat[..., :0]

    def views(self, flat: Tensor, index: int) -> tuple[Tensor, Tensor]:
        """Return a layer's weights (..., J, I) and biases (..., J) within a buffer (..., P)."""
        (neurons, speakers), start = self._shapes[index], self._starts[index]
        middle = start + neurons * speakers
        return flat[..., start:middle].view(*flat.shape[:-1], neurons, speakers), flat[..., middle : middle + neurons]

    def buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the parameters under the name "", and each array of the optimizer under its name."""
        yield "", self.flat
        yield from self._optimizer_state.items()

    @abstractmethod
    def step(self, intents: Sequence[Tensor | None], updates: Sequence[Tensor | None], rate: float | Tensor, number: int) -> None:
        """Compute the change of a round.

        Args:
            intents: (..., J, S) of each layer; None where the response is in the velocities.
            updates: (..., J) of each layer, False where a neuron does not change; None for all True.
            rate: eta: a number, or (R, 1, 1).
            number: Number of the round, from 1.
        """

    @abstractmethod
    def change_of(self, index: int) -> Tensor:
        """Return the change of a layer's weights and, last, biases in this round, (..., J, S)."""

    @abstractmethod
    def apply(self) -> None:
        """Make the change of this round."""


class VelocityParameters(Parameters):
    """Parameters of SGD and Momentum, whose change is the learning rate times a velocity."""

    takes_responses = True

    def __init__(self, optimizer: Optimizer, shapes: Sequence[Shape], lead: tuple[int, ...], like: Tensor) -> None:
        super().__init__(optimizer, shapes, lead, like)
        self.decay = optimizer.momentum if isinstance(optimizer, Momentum) else 0.0
        self.velocity = self._optimizer_state.get("velocity", torch.zeros_like(self.flat))
        self._rate: float | Tensor = 0.0
        self._updates: Sequence[Tensor | None] = ()
        self._changes: dict[int, Tensor] = {}

    def step(self, intents: Sequence[Tensor | None], updates: Sequence[Tensor | None], rate: float | Tensor, number: int) -> None:
        """Compute `velocity = decay * velocity + intent`."""
        self._rate, self._updates = rate, updates
        for index, (intent, update) in enumerate(zip(intents, updates, strict=True)):
            if intent is None:
                continue
            weights, bias = self.views(self.velocity, index)
            self._move(weights, intent[..., :-1], None if update is None else update[..., None])
            self._move(bias, intent[..., -1], update)

    def _move(self, velocity: Tensor, intent: Tensor, update: Tensor | None) -> None:
        if update is not None:
            velocity.copy_(torch.where(update, torch.add(intent, velocity, alpha=self.decay), velocity))
        elif self.decay:
            torch.add(intent, velocity, alpha=self.decay, out=velocity)
        else:
            velocity.copy_(intent)

    def change_of(self, index: int) -> Tensor:
        """Return the learning rate times the velocity of a layer, (..., J, S), in a buffer that the next round uses again."""
        weights, bias = self.views(self.velocity, index)
        neurons, speakers = self._shapes[index]
        if index not in self._changes:
            self._changes[index] = self.flat.new_empty((*self.flat.shape[:-1], neurons, speakers + 1))
        change, rate = self._changes[index], self._rate
        torch.mul(weights, rate, out=change[..., :-1])
        change[..., -1] = bias * (rate if isinstance(rate, float) else rate[..., 0])
        return change

    def apply(self) -> None:
        """Add the learning rate times the velocities, where neurons change in this round."""
        if all(update is None for update in self._updates):
            apply_update(self.flat, self.velocity, self._rate)
            return
        moving = self.velocity.clone()
        for index, update in enumerate(self._updates):
            if update is not None:
                weights, bias = self.views(moving, index)
                weights.masked_fill_(~update[..., None], 0.0)
                bias.masked_fill_(~update, 0.0)
        apply_update(self.flat, moving, self._rate)


class ElementwiseParameters(Parameters):
    """Parameters of any optimizer, by its own `update`."""

    def __init__(self, optimizer: Optimizer, shapes: Sequence[Shape], lead: tuple[int, ...], like: Tensor) -> None:
        super().__init__(optimizer, shapes, lead, like)
        self._change = self.flat

    def step(self, intents: Sequence[Tensor | None], updates: Sequence[Tensor | None], rate: float | Tensor, number: int) -> None:
        """Compute the optimizer's change and its next arrays."""
        flat_intents = torch.empty_like(self.flat)
        for index, intent in enumerate(intents):
            if intent is not None:
                weights, bias = self.views(flat_intents, index)
                weights.copy_(intent[..., :-1])
                bias.copy_(intent[..., -1])
        old = self._optimizer_state
        rate = rate if isinstance(rate, float) else rate[..., 0]
        change, state = self._optimizer.update(flat_intents, old, rate, number)
        if any(update is not None for update in updates):
            moving = self._flat_mask(updates)
            change = torch.where(moving, change, 0.0)
            state = {name: torch.where(moving, array, old[name]) for name, array in state.items()}
        self._change, self._optimizer_state = change, state

    def _flat_mask(self, updates: Sequence[Tensor | None]) -> Tensor:
        mask = torch.ones_like(self.flat, dtype=torch.bool)
        for index, update in enumerate(updates):
            if update is not None:
                weights, bias = self.views(mask, index)
                weights.copy_(update[..., None].expand_as(weights))
                bias.copy_(update)
        return mask

    def change_of(self, index: int) -> Tensor:
        """Return the change of a layer's weights and, last, biases in this round, (..., J, S)."""
        weights, bias = self.views(self._change, index)
        return torch.cat((weights, bias[..., None]), dim=-1)

    def apply(self) -> None:
        """Add the optimizer's change."""
        self.flat += self._change


def make_parameters(optimizer: Optimizer, shapes: Sequence[Shape], lead: tuple[int, ...], like: Tensor) -> Parameters:
    """Return the parameters for an optimizer; subclasses of SGD and Momentum may update in another way."""
    kind = VelocityParameters if type(optimizer) in (SGD, Momentum) else ElementwiseParameters
    return kind(optimizer, shapes, lead, like)


def apply_update(parameters: Tensor, velocity: Tensor, rate: float | Tensor) -> None:
    """Compute `parameters += rate * velocity`, with a rate (R, 1, 1) for replicas."""
    if isinstance(rate, float):
        parameters.add_(velocity, alpha=rate)
    else:
        parameters.addcmul_(velocity, rate[..., 0])
