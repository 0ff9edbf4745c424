"""Rounds of the commonest game with nothing in them but matrix products: in small layers every microsecond of Python counts.

The operations are those of `TensorEngine` and `LayerRound`, in the same order. They suffice where every policy is linear and has
no other hook, and the optimizer's velocities can take the response as it is computed. All views are made beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neuronet.engines.tensors.batch_loader import RoundBlock
from neuronet.engines.tensors.kernels.activations import FUSED_ACTIVATIONS
from neuronet.engines.tensors.kernels.loss import SoftmaxCrossEntropy
from neuronet.engines.tensors.kernels.matmul import select_linear
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.layer_round import LayerRound
from neuronet.engines.tensors.parameters import VelocityParameters, apply_update
from neuronet.engines.tensors.round_context import LayerMasks, RoundContext


def supports(layers: Sequence[Layer]) -> bool:
    """Return whether fused rounds can play these layers."""
    *hidden, output = layers
    if output.activation.name != "identity" or any(layer.activation.name not in FUSED_ACTIVATIONS for layer in hidden):
        return False
    return all(_is_plain(layer) for layer in layers)


def _is_plain(layer: Layer) -> bool:
    masks = (layer.mask, layer.demand_mask, layer.learning_mask, layer.response)
    linear = all(group.linear for group in layer.policy_groups)
    return linear and not layer.needs and layer.hooks <= {"initial_memory"} and all(mask is None for mask in masks)


class FusedRound:
    """Rounds for one batch size.

    Args:
        layer_rounds: The layers' passes for this batch size, whose buffers are used.
        loss_function: Loss of the payoff.
        parameters: Parameters of the layers.

    Attributes:
        activities: (..., B, J) of each layer in the last round, the inputs first.
        demands: (..., B, J) of each listening layer in the last round.
    """

    def __init__(
        self, layer_rounds: Sequence[LayerRound], loss_function: SoftmaxCrossEntropy, parameters: VelocityParameters
    ) -> None:
        self.activities: list[Tensor] = []
        self.demands: list[Tensor | None] = []
        self._loss_function = loss_function
        self._parameters, self._velocity = parameters.flat, parameters.velocity
        *hidden, output = layer_rounds
        self._hidden = [_FusedLayer(layer_round) for layer_round in hidden]
        self._backward_order = self._hidden[::-1]
        self._output = _FusedOutput(output)

    def play(self, block: RoundBlock, rate: float | Tensor, number: int) -> Tensor:
        """Play the rounds of a block.

        Args:
            block: The rounds.
            rate: eta: a number, or (R, 1, 1).
            number: Number of the first round.

        Returns:
            (rounds, ...), the sum of the samples' losses in each round.
        """
        one_hots = self._loss_function.one_hot(block.targets)
        all_outputs = torch.empty_like(one_hots)  # the losses are computed at the end, for many rounds at once
        probabilities, output_feedback = torch.empty_like(one_hots[0]), torch.empty_like(one_hots[0])
        output_demand = output_feedback.mT
        for inputs, outputs, one_hot in zip(block.inputs, all_outputs.unbind(0), one_hots.unbind(0), strict=True):
            activity = inputs
            for layer in self._hidden:
                activity = layer.forward(activity)
            self._output.forward(activity, outputs)
            torch.softmax(outputs, dim=-2, out=probabilities)
            torch.sub(one_hot, probabilities, out=output_feedback)
            self._output.respond(output_demand, output_feedback)
            demand = output_demand
            for layer in self._backward_order:
                demand = layer.backward(demand, rate, number)
            apply_update(self._parameters, self._velocity, rate)
            number += 1
        self.activities = [inputs, *(layer.activity for layer in self._hidden), outputs.mT]
        self.demands = [*(layer.demand for layer in self._hidden), output_demand]
        logs = torch.log_softmax(all_outputs, dim=-2)
        return logs.mul_(one_hots).sum(dim=(-2, -1)).neg_()


class _FusedPart:
    """What hidden and output layers share: velocities, and how a demand changes them."""

    def __init__(self, layer_round: LayerRound) -> None:
        layer = layer_round.layer
        self._layer = layer
        self._decay, self._scale = layer.decay, 1 / layer_round.batch
        self._velocity_weights, self._velocity_bias = layer.response_weights, layer.response_bias
        self._ones = None if layer.lead else layer.space.empty(layer_round.batch).fill_(1)
        self._matmul = None if layer_round.matmul.is_native else layer_round.matmul
        self.heard = layer_round.activity  # a placeholder until the first round

    def respond(self, demand: Tensor, outputs_first: Tensor) -> None:
        """Compute `velocity = decay * velocity + demand.T @ heard / B`, and the same for the bias."""
        if self._ones is not None:
            if self._matmul is None:
                self._velocity_weights.addmm_(outputs_first, self.heard, beta=self._decay, alpha=self._scale)
            else:
                self._matmul.respond(demand, self.heard, self._velocity_weights, self._decay)
            self._velocity_bias.addmv_(outputs_first, self._ones, beta=self._decay, alpha=self._scale)
            return
        self._velocity_weights.baddbmm_(outputs_first, self.heard, beta=self._decay, alpha=self._scale)
        self._velocity_bias.mul_(self._decay).add_(demand.sum(dim=-2), alpha=self._scale)


class _FusedLayer(_FusedPart):
    """Forward and backward pass of a hidden layer."""

    def __init__(self, layer_round: LayerRound) -> None:
        super().__init__(layer_round)
        layer, lead = self._layer, layer_round.lead
        self._layer_round = layer_round
        self._masks = [LayerMasks()] * layer.number  # all neurons act
        # unlike the other products, this one is faster by it also where there are few weights
        self._linear = select_linear(lead, layer_round.batch * layer.weights.numel(), layer.weights)
        self._add_product: Callable[..., Tensor] = torch.baddbmm if lead else torch.addmm
        self._product: Callable[..., Tensor] = torch.bmm if lead else torch.mm
        self._matmul_above = None if layer_round.matmul_above.is_native else layer_round.matmul_above
        self._bias = layer.bias[:, None] if lead else layer.bias
        self._weights = layer.weights.mT
        self._potential, self.activity = layer_round.potential, layer_round.activity
        self._activate, self._activate_backward = FUSED_ACTIVATIONS[layer.activation.name]
        self.demand = torch.empty_like(self.activity)
        self._demand_outputs_first = self.demand.mT
        self._attention = layer.attention
        self._uses_attention = False

    def forward(self, heard: Tensor) -> Tensor:
        """Return the activity, (..., B, J)."""
        self.heard = heard
        if self._linear is None:
            self._add_product(self._bias, heard, self._weights, out=self._potential)
        else:
            self._potential = self._linear(heard, self._weights.mT, self._bias, "none", [], "")
        self._activate(self._potential, self.activity)
        return self.activity

    def backward(self, listener_demand: Tensor, rate: float | Tensor, number: int) -> Tensor:
        """Return the demand, (..., B, J), and add the response to the velocities."""
        weights = self._attention if self._uses_attention else self._policy_weights(listener_demand, rate, number)
        if self._matmul_above is None:
            feedback = self._product(listener_demand, weights, out=self.demand)
        else:
            feedback = self._matmul_above.feedback(listener_demand, weights, self.demand)
        self._activate_backward(feedback, self.activity, self.demand)
        self.respond(self.demand, self._demand_outputs_first)
        return self.demand

    def _policy_weights(self, listener_demand: Tensor, rate: float | Tensor, number: int) -> Tensor:
        context = RoundContext(number, self._layer_round.batch, True, rate, self._masks)
        record = LayerRecord(self._layer, context, self.heard, self._potential, self.activity)
        record.listener_demand = listener_demand
        weights = self._layer_round.feedback_weights(record)
        record.close()
        # a policy without memory that returns the attention itself will always do so
        self._uses_attention = weights is self._attention and not self._layer.policy_groups[0].policy.memory_axes
        return weights


class _FusedOutput(_FusedPart):
    """Forward pass of the output layer."""

    def __init__(self, layer_round: LayerRound) -> None:
        super().__init__(layer_round)
        self._weights = self._layer.weights
        self._bias = self._layer.bias[..., None] if layer_round.lead else self._layer.bias

    def forward(self, heard: Tensor, outputs: Tensor) -> None:
        """Write the activity into `outputs`, (..., O, B)."""
        self.heard = heard
        if self._ones is None:  # the batched product is faster this way round, the single one the other
            torch.baddbmm(self._bias, self._weights, heard.mT, out=outputs)
        else:
            torch.addmm(self._bias, heard, self._weights.mT, out=outputs.mT)
