"""The parameters of all layers in one buffer, and how intended changes change them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from neuronet.core import SGD, Momentum, Optimizer


@dataclass(frozen=True)
class Synapses:
    """Form of an array over the synapses of a layer: a matrix of weights (J, I), and biases (J,).

    Attributes:
        neurons: J.
        speakers: I.
    """

    neurons: int
    speakers: int

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """Shape of the weights."""
        return (self.neurons, self.speakers)

    def split(self, array: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights and biases of an array over all synapses, (..., J, S)."""
        return array[..., :-1], array[..., -1]

    def join(self, weights: Tensor, bias: Tensor) -> Tensor:
        """Return an array over all synapses, (..., J, S)."""
        return torch.cat((weights, bias[..., None]), dim=-1)

    def like_weights(self, of_neurons: Tensor) -> Tensor:
        """Return what is said of neurons (..., J) in a shape that broadcasts against their weights."""
        return of_neurons[..., None]


@dataclass(frozen=True, eq=False)
class SparseSynapses(Synapses):
    """Form of an array over the synapses of a sparse layer: weights (E,), and biases (J,) behind them.

    Attributes:
        rows: (E,), the listener of each connection.
    """

    rows: Tensor

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """Shape of the weights."""
        return tuple(self.rows.shape)

    def split(self, array: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights and biases of an array over all synapses, (E + J,)."""
        return array[: -self.neurons], array[-self.neurons :]

    def join(self, weights: Tensor, bias: Tensor) -> Tensor:
        """Return an array over all synapses, (E + J,)."""
        return torch.cat((weights, bias))

    def like_weights(self, of_neurons: Tensor) -> Tensor:
        """Return what is said of neurons (J,) for each of their connections, (E,)."""
        return of_neurons[self.rows]


class Parameters(ABC):
    """The weights and biases of all layers, one after the other, and the optimizer's arrays.

    A round computes its change by `step`, shows it to the policies by `change_of`, and makes it by `apply`.

    Args:
        optimizer: Turns intended changes into changes.
        synapses: Form of the arrays over each listening layer's synapses.
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

    def __init__(self, optimizer: Optimizer, synapses: Sequence[Synapses], lead: tuple[int, ...], like: Tensor) -> None:
        self._optimizer, self._synapses = optimizer, list(synapses)
        self._weights = [prod(form.weights_shape) for form in synapses]
        counts = [weights + form.neurons for weights, form in zip(self._weights, synapses, strict=True)]
        self._starts = [sum(counts[:index]) for index in range(len(counts))]
        self.flat = like.new_zeros((*lead, sum(counts)))
        self._optimizer_state = {name: torch.zeros_like(self.flat) for name in optimizer.state_names}
        self.velocity = self.flat[..., :0]

    def views(self, flat: Tensor, index: int) -> tuple[Tensor, Tensor]:
        """Return a layer's weights, (..., J, I) or (E,), and biases (..., J) within a buffer (..., P)."""
        form, start = self._synapses[index], self._starts[index]
        middle = start + self._weights[index]
        weights = flat[..., start:middle].view(*flat.shape[:-1], *form.weights_shape)
        return weights, flat[..., middle : middle + form.neurons]

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

    def __init__(self, optimizer: Optimizer, synapses: Sequence[Synapses], lead: tuple[int, ...], like: Tensor) -> None:
        super().__init__(optimizer, synapses, lead, like)
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
            form, (weights, bias) = self._synapses[index], self.views(self.velocity, index)
            to_weights, to_bias = form.split(intent)
            self._move(weights, to_weights, None if update is None else form.like_weights(update))
            self._move(bias, to_bias, update)

    def _move(self, velocity: Tensor, intent: Tensor, update: Tensor | None) -> None:
        if update is not None:
            velocity.copy_(torch.where(update, torch.add(intent, velocity, alpha=self.decay), velocity))
        elif self.decay:
            torch.add(intent, velocity, alpha=self.decay, out=velocity)
        else:
            velocity.copy_(intent)

    def change_of(self, index: int) -> Tensor:
        """Return the learning rate times the velocity of a layer, (..., J, S), in a buffer that the next round uses again."""
        form, (weights, bias) = self._synapses[index], self.views(self.velocity, index)
        if index not in self._changes:
            self._changes[index] = form.join(torch.empty_like(weights), torch.empty_like(bias))
        rate, (to_weights, to_bias) = self._rate, form.split(self._changes[index])
        torch.mul(weights, rate, out=to_weights)
        to_bias.copy_(bias * (rate if isinstance(rate, float) else rate[..., 0]))
        return self._changes[index]

    def apply(self) -> None:
        """Add the learning rate times the velocities, where neurons change in this round."""
        if all(update is None for update in self._updates):
            apply_update(self.flat, self.velocity, self._rate)
            return
        moving = self.velocity.clone()
        for index, update in enumerate(self._updates):
            if update is not None:
                weights, bias = self.views(moving, index)
                weights.masked_fill_(~self._synapses[index].like_weights(update), 0.0)
                bias.masked_fill_(~update, 0.0)
        apply_update(self.flat, moving, self._rate)


class ElementwiseParameters(Parameters):
    """Parameters of any optimizer, by its own `update`."""

    def __init__(self, optimizer: Optimizer, synapses: Sequence[Synapses], lead: tuple[int, ...], like: Tensor) -> None:
        super().__init__(optimizer, synapses, lead, like)
        self._change = self.flat

    def step(self, intents: Sequence[Tensor | None], updates: Sequence[Tensor | None], rate: float | Tensor, number: int) -> None:
        """Compute the optimizer's change and its next arrays."""
        flat_intents = torch.empty_like(self.flat)
        for index, intent in enumerate(intents):
            if intent is not None:
                for view, part in zip(self.views(flat_intents, index), self._synapses[index].split(intent), strict=True):
                    view.copy_(part)
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
                weights.copy_(self._synapses[index].like_weights(update).expand_as(weights))
                bias.copy_(update)
        return mask

    def change_of(self, index: int) -> Tensor:
        """Return the change of a layer's weights and, last, biases in this round, (..., J, S)."""
        return self._synapses[index].join(*self.views(self._change, index))

    def apply(self) -> None:
        """Add the optimizer's change."""
        self.flat += self._change


def make_parameters(optimizer: Optimizer, synapses: Sequence[Synapses], lead: tuple[int, ...], like: Tensor) -> Parameters:
    """Return the parameters for an optimizer; subclasses of SGD and Momentum may update in another way."""
    kind = VelocityParameters if type(optimizer) in (SGD, Momentum) else ElementwiseParameters
    return kind(optimizer, synapses, lead, like)


def apply_update(parameters: Tensor, velocity: Tensor, rate: float | Tensor) -> None:
    """Compute `parameters += rate * velocity`, with a rate (R, 1, 1) for replicas."""
    if isinstance(rate, float):
        parameters.add_(velocity, alpha=rate)
    else:
        parameters.addcmul_(velocity, rate[..., 0])
