"""What the tensor engine learns: all weights and biases in one buffer, and how a round changes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from neuronet.core.learning.optimizers import LearningRule, Momentum, Plain
from neuronet.engines.tensors.layer_round import Stage


class Parameters:
    """The weights and biases of all layers, one after the other, and what the learning rule keeps of each.

    Args:
        rule: How intended changes become changes.
        count: How many there are in a replica.
        lead: () or (R,).
        like: A tensor in the engine's precision, on its device.

    Attributes:
        flat: (..., P).
        velocity: (..., P); where the rule keeps none, room for the change of a round.
        decay: Of the velocities, if the rule is one of those that can be written into them at once; None if not.
    """

    def __init__(self, rule: LearningRule, count: int, lead: tuple[int, ...], like: Tensor) -> None:
        self.flat = like.new_zeros((*lead, count))
        self._rule = rule
        self._kept = {name: torch.zeros_like(self.flat) for name in rule.keeps}
        # a subclass of these two rules may say otherwise
        self.decay = rule.momentum if type(rule) is Momentum else 0.0 if type(rule) is Plain else None
        own = self._kept.get("velocity") if self.decay is not None else None
        self.velocity = torch.zeros_like(self.flat) if own is None else own

    def buffers(self) -> Iterator[tuple[str, Tensor]]:
        """All that the next round depends on, with the prefix of its name in a state."""
        yield "", self.flat
        for name, kept in self._kept.items():
            yield f"{name}.", kept

    def learn(self, stages: Sequence[Stage], rate: float | Tensor, step: int) -> None:
        """End a round: every layer has intended.

        Args:
            stages: The layers; those that are apart have their responses looked at.
            rate: eta, a number or (R, 1, 1).
            step: The round's number, from 1.
        """
        if self.decay is None:
            self._follow_the_rule(stages, rate, step)
            return
        for stage in stages:
            if stage.layer.apart:
                self._move_apart(stage, rate, self.decay)
        move(self.flat, self.velocity, rate)

    def _move_apart(self, stage: Stage, rate: float | Tensor, decay: float) -> None:
        layer, intent = stage.layer, stage.adapt()
        for velocity, part in ((layer.velocity_weights, intent[..., :-1]), (layer.velocity_bias, intent[..., -1])):
            if decay:
                torch.add(part, velocity, alpha=decay, out=velocity)
            else:
                velocity.copy_(part)
        if "remember" in layer.verbs:
            torch.mul(layer.velocity_weights, rate, out=layer.change[..., :-1])
            layer.change[..., -1] = layer.velocity_bias * (rate if isinstance(rate, float) else rate[..., 0])
            stage.remember(layer.change)

    def _follow_the_rule(self, stages: Sequence[Stage], rate: float | Tensor, step: int) -> None:
        intents = torch.empty_like(self.flat)
        for stage in stages:
            weights, bias = stage.layer.views(intents)
            intent = stage.adapt()
            weights.copy_(intent[..., :-1])
            bias.copy_(intent[..., -1])
        change, self._kept = self._rule.change(intents, self._kept, rate if isinstance(rate, float) else rate[..., 0], step)
        for stage in stages:
            if "remember" in stage.layer.verbs:
                weights, bias = stage.layer.views(change)
                stage.remember(torch.cat((weights, bias[..., None]), dim=-1))
        self.flat += change


def move(parameters: Tensor, velocity: Tensor, rate: float | Tensor) -> None:
    """`parameters += rate * velocity`, with a rate (R, 1, 1) for replicas."""
    if isinstance(rate, float):
        parameters.add_(velocity, alpha=rate)
    else:
        parameters.addcmul_(velocity, rate[..., 0])
