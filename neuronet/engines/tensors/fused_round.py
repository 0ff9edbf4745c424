"""Rounds of the commonest game with nothing in them but matrix products: in small layers every microsecond of Python counts.

The operations are those of `TensorEngine` and `LayerRound`, in the same order. They suffice where every policy is linear, has no
other hook than `scales` and needs no field but FUSED_NEEDS, and the optimizer's velocities can take the response as it is
computed. All views are made beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core import LAYER_FIELDS, Observation, Scales
from neuronet.engines.tensors.batch_loader import RoundBlock
from neuronet.engines.tensors.kernels.activations import FUSED_ACTIVATIONS
from neuronet.engines.tensors.kernels.loss import SoftmaxCrossEntropy, subtract_softmax
from neuronet.engines.tensors.kernels.matmul import select_linear
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.layer_round import LayerRound
from neuronet.engines.tensors.parameters import VelocityParameters, apply_update
from neuronet.engines.tensors.round_context import LayerMasks, RoundContext

FUSED_NEEDS = LAYER_FIELDS | {"response"}
"""Fields that a fused round can show to the policies that need them."""


def supports(layers: Sequence[Layer]) -> bool:
    """Return whether fused rounds can play these layers."""
    *hidden, output = layers
    if output.activation.name != "identity" or any(layer.activation.name not in FUSED_ACTIVATIONS for layer in hidden):
        return False
    return all(_is_plain(layer) for layer in layers)


def _is_plain(layer: Layer) -> bool:
    masks = (layer.mask, layer.demand_mask, layer.learning_mask)
    linear = all(group.linear for group in layer.policy_groups) and layer.projected_group is None
    if not linear or layer.needs - FUSED_NEEDS or any(mask is not None for mask in masks):
        return False
    if "scales" in layer.hooks:
        return layer.hooks <= {"initial_memory", "scales"} and layer.policy_groups[0].is_whole_layer
    return layer.hooks <= {"initial_memory"} and layer.response is None


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
        self._hidden = [_FusedLayer(layer_round, parameters) for layer_round in hidden]
        self._backward_order = self._hidden[::-1]
        self._output = _FusedOutput(output, parameters)
        self._scaled = [part for part in (*self._hidden, self._output) if part.is_scaled]
        self._all_scaled, self._decay = len(self._scaled) == len(layer_rounds), parameters.decay

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
        parts = (block.inputs, all_outputs.unbind(0), one_hots.unbind(0), (one_hots - 1).unbind(0))
        for inputs, outputs, one_hot, other in zip(*parts, strict=True):
            activity = inputs
            for layer in self._hidden:
                activity = layer.forward(activity)
            self._output.forward(activity, outputs)
            torch.softmax(outputs, dim=-2, out=probabilities)
            subtract_softmax(one_hot, other, probabilities, output_feedback)
            self._output.respond(output_demand, output_feedback)
            self._output.scale(output_demand, rate, number)
            demand = output_demand
            for layer in self._backward_order:
                demand = layer.backward(demand, rate, number)
            self._apply(rate)
            number += 1
        self.activities = [inputs, *(layer.activity for layer in self._hidden), outputs.mT]
        self.demands = [*(layer.demand for layer in self._hidden), output_demand]
        logs = torch.log_softmax(all_outputs, dim=-2)
        return logs.mul_(one_hots).sum(dim=(-2, -1)).neg_()

    def _apply(self, rate: float | Tensor) -> None:
        if self._all_scaled and not self._decay:
            for part in self._scaled:
                part.move(rate)
            return
        if self._all_scaled:
            self._velocity.mul_(self._decay)  # of all layers at once
        for part in self._scaled:
            part.accumulate(is_decayed=self._all_scaled)
        apply_update(self._parameters, self._velocity, rate)


class _FusedPart:
    """What hidden and output layers share: velocities, and how a demand changes them."""

    def __init__(self, layer_round: LayerRound, parameters: VelocityParameters) -> None:
        layer = layer_round.layer
        self._layer, self._layer_round = layer, layer_round
        self._decay, self._scale = layer.decay, 1 / layer_round.batch
        self._velocity_weights, self._velocity_bias = layer.response_weights, layer.response_bias
        self._scaled_group = layer.policy_groups[0] if "scales" in layer.hooks else None
        self.is_scaled = self._scaled_group is not None
        self._scales = Scales()
        self._response_parts = layer.response_weights, layer.response_bias
        self._targets = layer.weights, layer.bias
        self._velocities = parameters.views(parameters.velocity, layer.number - 1)
        self._velocity_decay = parameters.decay
        self._masks = [LayerMasks()] * layer.number  # all neurons act
        self._ones = None if layer.lead else layer.space.empty(layer_round.batch).fill_(1)
        self._matmul = None if layer_round.matmul.is_native else layer_round.matmul
        self.heard = self.potential = self.activity = layer_round.activity  # placeholders until the first round
        self._heard_demand: Tensor = layer_round.activity[..., :0]

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
        bias = self._velocity_bias.mul_(self._decay) if self._decay else self._velocity_bias.zero_()
        bias.add_(demand.sum(dim=-2), alpha=self._scale)

    def scale(self, demand: Tensor, rate: float | Tensor, number: int) -> None:
        """Multiply the demand by the policy's factor, in place."""
        group, layer = self._scaled_group, self._layer
        response = layer.response
        if group is None or response is None:
            return
        records: list[LayerRecord] = []

        def get_field(name: str) -> object:  # few policies read more than their response: the record is made on demand
            if not records:
                records.append(self._record(rate, number))
                if layer.needs & LAYER_FIELDS:
                    records[0].measure(demand)
            return getattr(records[0].observation(group), name)

        self._scales = group.scales(response, Observation(get_field, xp=xp))
        layer.response_scale = self._scales.demand
        for record in records:
            record.close()
        if self._scales.demand is not None:
            demand.mul_(self._scales.demand[..., None, :])

    def accumulate(self, *, is_decayed: bool) -> None:
        """Add the response, times the policy's factors, to the velocities, which decay first unless they have done so."""
        for velocity, response, factor in zip(self._velocities, self._response_parts, self._factors(), strict=True):
            if not is_decayed:
                _ = velocity.mul_(self._velocity_decay) if self._velocity_decay else velocity.zero_()
            add_product(velocity, response, factor)

    def move(self, rate: float | Tensor) -> None:
        """Add the response, times the policy's factors and the learning rate, to weights and biases, without velocities."""
        for parameter, response, factor in zip(self._targets, self._response_parts, self._factors(), strict=True):
            if isinstance(rate, float):
                add_product(parameter, response, factor, rate)
                continue
            own_rate = rate if parameter.ndim == rate.ndim else rate[..., 0]
            add_product(parameter, response, own_rate if factor is None else factor * own_rate)

    def _factors(self) -> tuple[Tensor | None, Tensor | None]:
        """Return the factors of the response for weights, (..., J, 1), and for biases, (..., J); None for 1."""
        weights = self._scales.weights
        return None if weights is None else weights[..., None], self._scales.bias

    def _record(self, rate: float | Tensor, number: int) -> LayerRecord:
        context = RoundContext(number, self._layer_round.batch, True, rate, self._masks)
        record = LayerRecord(self._layer, context, self.heard, self.potential, self.activity)
        record.listener_demand = self._heard_demand
        return record


def add_product(target: Tensor, array: Tensor, factor: Tensor | None, scale: float = 1.0) -> None:
    """Add `scale * factor * array` to the target, in place; None stands for 1."""
    if factor is None:
        target.add_(array, alpha=scale)
    else:
        target.addcmul_(array, factor, value=scale)


class _FusedLayer(_FusedPart):
    """Forward and backward pass of a hidden layer."""

    def __init__(self, layer_round: LayerRound, parameters: VelocityParameters) -> None:
        super().__init__(layer_round, parameters)
        layer, lead = self._layer, layer_round.lead
        # unlike the other products, this one is faster by it also where there are few weights
        work = layer_round.batch * layer.weights.numel()
        self._linear = select_linear(lead, work, layer.weights, layer.space.products)
        self._add_product: Callable[..., Tensor] = torch.baddbmm if lead else torch.addmm
        self._product: Callable[..., Tensor] = torch.bmm if lead else torch.mm
        self._matmul_above = None if layer_round.matmul_above.is_native else layer_round.matmul_above
        self._bias = layer.bias[:, None] if lead else layer.bias
        self._weights = layer.weights.mT
        self.potential, self.activity = layer_round.potential, layer_round.activity
        self._activate, self._activate_backward = FUSED_ACTIVATIONS[layer.activation.name]
        self.demand = torch.empty_like(self.activity)
        self._demand_outputs_first = self.demand.mT
        self._attention = layer.attention
        self._uses_attention = False

    def forward(self, heard: Tensor) -> Tensor:
        """Return the activity, (..., B, J)."""
        self.heard = heard
        if self._linear is None:
            self._add_product(self._bias, heard, self._weights, out=self.potential)
        else:
            self.potential = self._linear(heard, self._weights.mT, self._bias, "none", [], "")
        self._activate(self.potential, self.activity)
        return self.activity

    def backward(self, listener_demand: Tensor, rate: float | Tensor, number: int) -> Tensor:
        """Return the demand, (..., B, J), and add the response to the velocities."""
        self._heard_demand = listener_demand
        weights = self._attention if self._uses_attention else self._policy_weights(rate, number)
        if self._matmul_above is None:
            feedback = self._product(listener_demand, weights, out=self.demand)
        else:
            feedback = self._matmul_above.feedback(listener_demand, weights, self.demand)
        self._activate_backward(feedback, self.activity, self.demand)
        self.respond(self.demand, self._demand_outputs_first)
        self.scale(self.demand, rate, number)
        return self.demand

    def _policy_weights(self, rate: float | Tensor, number: int) -> Tensor:
        record = self._record(rate, number)
        weights = self._layer_round.feedback_weights(record)
        record.close()
        # a policy without memory that returns the attention itself will always do so
        self._uses_attention = weights is self._attention and not self._layer.policy_groups[0].policy.memory_axes
        return weights


class _FusedOutput(_FusedPart):
    """Forward pass of the output layer."""

    def __init__(self, layer_round: LayerRound, parameters: VelocityParameters) -> None:
        super().__init__(layer_round, parameters)
        self._weights = self._layer.weights
        self._bias = self._layer.bias[..., None] if layer_round.lead else self._layer.bias

    def forward(self, heard: Tensor, outputs: Tensor) -> None:
        """Write the activity into `outputs`, (..., O, B)."""
        self.heard = heard
        self.potential = self.activity = outputs.mT
        if self._ones is None:  # the batched product is faster this way round, the single one the other
            torch.baddbmm(self._bias, self._weights, heard.mT, out=outputs)
        else:
            torch.addmm(self._bias, heard, self._weights.mT, out=outputs.mT)
