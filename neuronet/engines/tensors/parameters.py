"""What the tensor engine learns: all weights and biases in one buffer, and how a round changes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from neuronet.core.learning.optimizers import SGD, Momentum, Optimizer
from neuronet.engines.tensors.layer_round import LayerRound


class Parameters:
    """The weights and biases of all layers, one after the other, and what the optimizer keeps of each.

    Args:
        optimizer: How intended changes become changes.
        count: How many there are in a replica.
        lead: () or (R,).
        like: A tensor in the engine's precision, on its device.

    Attributes:
        flat: (..., P).
        velocity: (..., P); where the optimizer keeps none, room for the change of a round.
        decay: Of the velocities, if the optimizer is one of those that can be written into them at once; None if not.
    """

    def __init__(self, optimizer: Optimizer, count: int, lead: tuple[int, ...], like: Tensor) -> None:
        self.flat = like.new_zeros((*lead, count))
        self._optimizer = optimizer
        self._optimizer_state = {name: torch.zeros_like(self.flat) for name in optimizer.state_names}
        # a subclass of these two rules may say otherwise
        self.decay = optimizer.momentum if type(optimizer) is Momentum else 0.0 if type(optimizer) is SGD else None
        own = self._optimizer_state.get("velocity") if self.decay is not None else None
        self.velocity = torch.zeros_like(self.flat) if own is None else own

    def buffers(self) -> Iterator[tuple[str, Tensor]]:
        """All that the next round depends on, with the prefix of its name in a state."""
        yield "", self.flat
        for name, state in self._optimizer_state.items():
            yield f"{name}.", state

    def learn(self, layer_rounds: Sequence[LayerRound], rate: float | Tensor, step: int) -> None:
        """End a round: every layer has intended.

        Args:
            layer_rounds: The layers; those that are apart have their responses looked at.
            rate: eta, a number or (R, 1, 1).
            step: The round's number, from 1.
        """
        if self.decay is None:
            self._update_by_optimizer(layer_rounds, rate, step)
            return
        for layer_round in layer_rounds:
            if layer_round.layer.has_separate_response:
                self._update_with_separate_response(layer_round, rate, self.decay)
        apply_update(self.flat, self.velocity, rate)

    def _update_with_separate_response(self, layer_round: LayerRound, rate: float | Tensor, decay: float) -> None:
        layer, intent = layer_round.layer, layer_round.adapt()
        for velocity, part in ((layer.velocity_weights, intent[..., :-1]), (layer.velocity_bias, intent[..., -1])):
            if decay:
                torch.add(part, velocity, alpha=decay, out=velocity)
            else:
                velocity.copy_(part)
        if "remember" in layer.hooks:
            torch.mul(layer.velocity_weights, rate, out=layer.change[..., :-1])
            layer.change[..., -1] = layer.velocity_bias * (rate if isinstance(rate, float) else rate[..., 0])
            layer_round.remember(layer.change)

    def _update_by_optimizer(self, layer_rounds: Sequence[LayerRound], rate: float | Tensor, step: int) -> None:
        intents = torch.empty_like(self.flat)
        for layer_round in layer_rounds:
            weights, bias = layer_round.layer.views(intents)
            intent = layer_round.adapt()
            weights.copy_(intent[..., :-1])
            bias.copy_(intent[..., -1])
        change, self._optimizer_state = self._optimizer.update(
            intents, self._optimizer_state, rate if isinstance(rate, float) else rate[..., 0], step
        )
        for layer_round in layer_rounds:
            if "remember" in layer_round.layer.hooks:
                weights, bias = layer_round.layer.views(change)
                layer_round.remember(torch.cat((weights, bias[..., None]), dim=-1))
        self.flat += change


def apply_update(parameters: Tensor, velocity: Tensor, rate: float | Tensor) -> None:
    """`parameters += rate * velocity`, with a rate (R, 1, 1) for replicas."""
    if isinstance(rate, float):
        parameters.add_(velocity, alpha=rate)
    else:
        parameters.addcmul_(velocity, rate[..., 0])
