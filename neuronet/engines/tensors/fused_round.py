"""The commonest round, with nothing in it but its matrix products: in small layers every microsecond of Python counts.

It is the round of `TensorEngine` and `LayerRound`, operation by operation, where every neuron's policy is linear and answers
no other verb, and the optimizer can be written into the velocities at once. All views are made beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from neuronet.engines.tensors.batch_loader import RoundBlock
from neuronet.engines.tensors.layer_round import FUSED_ACTIVATIONS, LayerRound
from neuronet.engines.tensors.loss import SoftmaxCrossEntropy
from neuronet.engines.tensors.matmul import select_linear
from neuronet.engines.tensors.parameters import Parameters, apply_update


class FusedRound:
    """A round for a batch of one size.

    Args:
        layer_rounds: The layers, with room for the batch.
        loss_function: The payoff's.
        parameters: What is learnt.

    Attributes:
        activities: What each layer said in the last round, the inputs first.
        demands: How each listening layer wanted its potential to move.
    """

    def __init__(self, layer_rounds: list[LayerRound], loss_function: SoftmaxCrossEntropy, parameters: Parameters) -> None:
        self.activities: list[Tensor] = []
        self.demands: list[Tensor | None] = []
        *hidden, self._output = layer_rounds
        self._loss_function = loss_function
        self._parameters, self._velocity = parameters.flat, parameters.velocity
        self._lead = self._output.lead
        self._add_product = torch.baddbmm if self._lead else torch.addmm
        self._product = torch.bmm if self._lead else torch.mm
        self._velocity_updates = [_VelocityUpdate(layer_round, parameters.decay or 0.0) for layer_round in layer_rounds]
        self._hidden = [_HiddenLayer(layer_round) for layer_round in hidden]
        self._backward_order = list(zip(reversed(self._hidden), reversed(self._velocity_updates[:-1]), strict=True))
        layer = self._output.layer
        self._output_bias = layer.bias[..., None] if self._lead else layer.bias

    @staticmethod
    def supports(layer_rounds: list[LayerRound]) -> bool:
        """Whether these layers play such a round."""
        *hidden, output = layer_rounds
        plain = (
            all(layer_round.layer.activation.name in FUSED_ACTIVATIONS for layer_round in hidden)
            and output.layer.activation.name == "identity"
        )
        return plain and all(layer_round.is_linear_only for layer_round in layer_rounds)

    def play(self, block: RoundBlock, rate: float | Tensor, number: int) -> Tensor:
        """Speak, payoff, feed back, adapt, round after round.

        Args:
            block: The rounds.
            rate: eta, a number or (R, 1, 1).
            number: The first round's, for the policies' chance.

        Returns:
            (rounds, ...), the sum of the samples' losses in each round.
        """
        one_hots = self._loss_function.one_hot(block.targets)
        said = torch.empty_like(one_hots)  # the losses are counted at the end, many rounds at once
        probabilities, output_feedback = torch.empty_like(one_hots[0]), torch.empty_like(one_hots[0])
        demand = output_feedback.mT
        for inputs, outputs, one_hot in zip(block.inputs, said.unbind(0), one_hots.unbind(0), strict=True):
            self._speak(inputs, outputs)
            torch.softmax(outputs, dim=-2, out=probabilities)
            torch.sub(one_hot, probabilities, out=output_feedback)
            self._learn(demand, output_feedback, rate, number)
            number += 1
        self.activities = [inputs, *(layer.activity for layer in self._hidden), outputs.mT]
        self.demands = [*(layer.demand for layer in self._hidden), demand]
        logs = torch.log_softmax(said, dim=-2)
        return logs.mul_(one_hots).sum(dim=(-2, -1)).neg_()

    def _speak(self, inputs: Tensor, outputs: Tensor) -> None:
        """What the output neurons say, (..., O, B), into `outputs`."""
        heard = inputs
        velocity_updates = self._velocity_updates
        for place, layer in enumerate(self._hidden):
            velocity_updates[place].heard = layer.layer_round.heard = heard
            if layer.linear is None:
                self._add_product(layer.bias, heard, layer.weights, out=layer.potential)
            else:
                layer.potential = layer.layer_round.potential = layer.linear(heard, layer.weights.mT, layer.bias, "none", [], "")
            layer.value(layer.potential, layer.activity)
            heard = layer.activity
        output, last = self._output, velocity_updates[-1]
        last.heard = heard
        if self._lead:  # the batched product is quicker this way round, the single one the other
            torch.baddbmm(self._output_bias, output.layer.weights, heard.mT, out=outputs)
        else:
            torch.addmm(self._output_bias, heard, output.layer.weights.mT, out=outputs.mT)

    def _learn(self, demand: Tensor, outputs_first: Tensor, rate: float | Tensor, number: int) -> None:
        self._velocity_updates[-1].respond(demand, outputs_first)
        for layer, velocity_update in self._backward_order:
            feedback_weights = layer.layer_round.compute_feedback_weights(demand, rate, number)
            if layer.above.is_native:
                feedback = self._product(demand, feedback_weights, out=layer.demand)
            else:
                feedback = layer.above.feedback(demand, feedback_weights, layer.demand)
            layer.back(feedback, layer.activity, layer.demand)
            demand = layer.demand
            velocity_update.respond(demand, layer.outputs_first)
        apply_update(self._parameters, self._velocity, rate)


class _HiddenLayer:
    """A hidden layer's arrays, at hand."""

    def __init__(self, layer_round: LayerRound) -> None:
        self.layer_round = layer_round
        self.above = layer_round.matmul_above
        # unlike the other products, this one gains by it also where there are few weights
        self.linear = select_linear(
            layer_round.lead, layer_round.batch * layer_round.layer.weights.numel(), layer_round.layer.weights
        )
        self.bias = layer_round.layer.bias[:, None] if layer_round.lead else layer_round.layer.bias
        self.weights = layer_round.layer.weights.mT
        self.potential, self.activity = layer_round.potential, layer_round.raw_activity
        self.value: Callable[[Tensor, Tensor], Any]
        self.back: Callable[[Tensor, Tensor, Tensor], Any]
        self.value, self.back = FUSED_ACTIVATIONS[layer_round.layer.activation.name]
        self.demand = torch.empty_like(layer_round.raw_activity)
        self.outputs_first = self.demand.mT
        layer_round.activity = layer_round.raw_activity


class _VelocityUpdate:
    """A layer's velocities, and how a demand moves them."""

    def __init__(self, layer_round: LayerRound, decay: float) -> None:
        self.heard = layer_round.heard
        self._decay, self._scale = decay, 1 / layer_round.batch
        self._weights, self._bias = layer_round.layer.velocity_weights, layer_round.layer.velocity_bias
        self._ones = None if layer_round.lead else layer_round.layer.empty(layer_round.batch).fill_(1)
        self._matmul = None if layer_round.matmul.is_native else layer_round.matmul

    def respond(self, demand: Tensor, outputs_first: Tensor) -> None:
        """`velocity = decay * velocity + demand.T @ heard / B`, and the bias's."""
        if self._ones is not None:
            if self._matmul is None:
                self._weights.addmm_(outputs_first, self.heard, beta=self._decay, alpha=self._scale)
            else:
                self._matmul.respond(demand, self.heard, self._weights, self._decay)
            self._bias.addmv_(outputs_first, self._ones, beta=self._decay, alpha=self._scale)
            return
        self._weights.baddbmm_(outputs_first, self.heard, beta=self._decay, alpha=self._scale)
        self._bias.mul_(self._decay).add_(demand.sum(dim=-2), alpha=self._scale)
