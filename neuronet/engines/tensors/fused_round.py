"""The commonest round, with nothing in it but its matrix products: in small layers every microsecond of Python counts.

It is the round of `TensorEngine` and `Stage`, operation by operation, where every neuron's policy is linear and answers no other
verb, and the learning rule can be written into the velocities at once. All views are made beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from neuronet.engines.tensors.batch_loader import Series
from neuronet.engines.tensors.layer_round import FORMS, Stage
from neuronet.engines.tensors.loss import SoftmaxVerdict
from neuronet.engines.tensors.matmul import linear_for
from neuronet.engines.tensors.parameters import Parameters, move


class QuickRound:
    """A round for a batch of one size.

    Args:
        stages: The layers, with room for the batch.
        verdict: The payoff's.
        parameters: What is learnt.

    Attributes:
        spoken: What each layer said in the last round, the inputs first.
        demands: How each listening layer wanted its potential to move.
    """

    def __init__(self, stages: list[Stage], verdict: SoftmaxVerdict, parameters: Parameters) -> None:
        self.spoken: list[Tensor] = []
        self.demands: list[Tensor | None] = []
        *hidden, self._output = stages
        self._verdict = verdict
        self._parameters, self._velocity = parameters.flat, parameters.velocity
        self._lead = self._output.lead
        self._add_product = torch.baddbmm if self._lead else torch.addmm
        self._product = torch.bmm if self._lead else torch.mm
        self._learners = [_Learner(stage, parameters.decay or 0.0) for stage in stages]
        self._hidden = [_Hidden(stage) for stage in hidden]
        self._down = list(zip(reversed(self._hidden), reversed(self._learners[:-1]), strict=True))
        layer = self._output.layer
        self._output_bias = layer.bias[..., None] if self._lead else layer.bias

    @staticmethod
    def fits(stages: list[Stage]) -> bool:
        """Whether these layers play such a round."""
        *hidden, output = stages
        plain = all(stage.layer.activation.name in FORMS for stage in hidden) and output.layer.activation.name == "identity"
        return plain and all(stage.is_plain for stage in stages)

    def play(self, series: Series, rate: float | Tensor, number: int) -> Tensor:
        """Speak, payoff, feed back, adapt, round after round.

        Args:
            series: The rounds.
            rate: eta, a number or (R, 1, 1).
            number: The first round's, for the policies' chance.

        Returns:
            (rounds, ...), the sum of the samples' losses in each round.
        """
        rights = self._verdict.right(series.targets)
        said = torch.empty_like(rights)  # the losses are counted at the end, many rounds at once
        share, wish = torch.empty_like(rights[0]), torch.empty_like(rights[0])
        demand = wish.mT
        for inputs, outputs, right in zip(series.inputs, said.unbind(0), rights.unbind(0), strict=True):
            self._speak(inputs, outputs)
            torch.softmax(outputs, dim=-2, out=share)
            torch.sub(right, share, out=wish)
            self._learn(demand, wish, rate, number)
            number += 1
        self.spoken = [inputs, *(layer.activity for layer in self._hidden), outputs.mT]
        self.demands = [*(layer.demand for layer in self._hidden), demand]
        logs = torch.log_softmax(said, dim=-2)
        return logs.mul_(rights).sum(dim=(-2, -1)).neg_()

    def _speak(self, inputs: Tensor, outputs: Tensor) -> None:
        """What the output neurons say, (..., O, B), into `outputs`."""
        heard = inputs
        learners = self._learners
        for place, layer in enumerate(self._hidden):
            learners[place].heard = layer.stage.heard = heard
            if layer.linear is None:
                self._add_product(layer.bias, heard, layer.weights, out=layer.potential)
            else:
                layer.potential = layer.stage.potential = layer.linear(heard, layer.weights.mT, layer.bias, "none", [], "")
            layer.value(layer.potential, layer.activity)
            heard = layer.activity
        output, last = self._output, learners[-1]
        last.heard = heard
        if self._lead:  # the batched product is quicker this way round, the single one the other
            torch.baddbmm(self._output_bias, output.layer.weights, heard.mT, out=outputs)
        else:
            torch.addmm(self._output_bias, heard, output.layer.weights.mT, out=outputs.mT)

    def _learn(self, demand: Tensor, outputs_first: Tensor, rate: float | Tensor, number: int) -> None:
        self._learners[-1].respond(demand, outputs_first)
        for layer, learner in self._down:
            weighing = layer.stage.weigh(demand, rate, number)
            if layer.above.own:
                feedback = self._product(demand, weighing, out=layer.demand)
            else:
                feedback = layer.above.feedback(demand, weighing, layer.demand)
            layer.back(feedback, layer.activity, layer.demand)
            demand = layer.demand
            learner.respond(demand, layer.outputs_first)
        move(self._parameters, self._velocity, rate)


class _Hidden:
    """A hidden layer's arrays, at hand."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.above = stage.products_above
        # unlike the other products, this one gains by it also where there are few weights
        self.linear = linear_for(stage.lead, stage.batch * stage.layer.weights.numel(), stage.layer.weights)
        self.bias = stage.layer.bias[:, None] if stage.lead else stage.layer.bias
        self.weights = stage.layer.weights.mT
        self.potential, self.activity = stage.potential, stage.plain
        self.value: Callable[[Tensor, Tensor], Any]
        self.back: Callable[[Tensor, Tensor, Tensor], Any]
        self.value, self.back = FORMS[stage.layer.activation.name]
        self.demand = torch.empty_like(stage.plain)
        self.outputs_first = self.demand.mT
        stage.activity = stage.plain


class _Learner:
    """A layer's velocities, and how a demand moves them."""

    def __init__(self, stage: Stage, decay: float) -> None:
        self.heard = stage.heard
        self._decay, self._share = decay, 1 / stage.batch
        self._weights, self._bias = stage.layer.velocity_weights, stage.layer.velocity_bias
        self._ones = None if stage.lead else stage.layer.empty(stage.batch).fill_(1)
        self._products = None if stage.products.own else stage.products

    def respond(self, demand: Tensor, outputs_first: Tensor) -> None:
        """`velocity = decay * velocity + demand.T @ heard / B`, and the bias's."""
        if self._ones is not None:
            if self._products is None:
                self._weights.addmm_(outputs_first, self.heard, beta=self._decay, alpha=self._share)
            else:
                self._products.respond(demand, self.heard, self._weights, self._decay)
            self._bias.addmv_(outputs_first, self._ones, beta=self._decay, alpha=self._share)
            return
        self._weights.baddbmm_(outputs_first, self.heard, beta=self._decay, alpha=self._share)
        self._bias.mul_(self._decay).add_(demand.sum(dim=-2), alpha=self._share)
