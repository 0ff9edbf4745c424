"""The forward and backward pass of a layer for one batch size, in buffers that every round uses again."""

from __future__ import annotations

from math import prod

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.engines.tensors.kernels.activations import FUSED_ACTIVATIONS
from neuronet.engines.tensors.kernels.matmul import MatmulBackend
from neuronet.engines.tensors.kernels.projection import ProjectedResponse
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.policy_group import PolicyGroup
from neuronet.engines.tensors.round_context import RoundContext
from neuronet.engines.tensors.sparse.connections import Connections


class LayerRound:
    """Forward and backward pass of a hidden layer.

    Args:
        layer: The layer.
        batch: Samples of the batch that this process plays.
    """

    def __init__(self, layer: Layer, batch: int) -> None:
        self.layer = layer
        self.batch = batch
        self.lead = layer.lead
        space = layer.space
        self.matmul, self.matmul_above = self.products()
        self.fused_activation = FUSED_ACTIVATIONS.get(layer.activation.name)
        self.potential = self.buffer()
        self._is_identity = layer.activation.name == "identity"
        self.activity = self.potential if self._is_identity else self.buffer()
        self._bias = layer.bias[:, None] if self.lead else layer.bias
        self._linear_groups = self._groups_of_product()
        self._others = [group for group in layer.policy_groups if group not in self._linear_groups]
        self._has_default_demand = "demand" not in layer.hooks
        self._feedback: Tensor | None = None
        self._feedback_weights: Tensor | None = None
        self._projected = None if layer.projected_group is None else ProjectedResponse(space, batch)
        self._ones = space.empty(*self.lead, batch, *((1,) if self.lead else ())).fill_(1)

    def products(self) -> tuple[MatmulBackend | Connections, MatmulBackend | Connections]:
        """Return the products of this layer, and of the layer above."""
        lengths, like, library = self.layer.lengths, self.layer.weights, self.layer.space.products
        own, above = lengths["I"] * lengths["J"], lengths["J"] * lengths["K"]
        backends = [MatmulBackend(self.lead, self.batch, weights, like, library) for weights in (own, above)]
        return backends[0], backends[1]

    def buffer(self) -> Tensor:
        """Return an uninitialised tensor (..., B, J)."""
        return self.layer.space.empty(*self.lead, self.batch, self.layer.lengths["J"])

    def forward(self, heard: Tensor, context: RoundContext) -> LayerRecord:
        """Return the layer's record of a round, with its activity (..., B, J).

        Args:
            heard: (..., B, I), activity that arrives from the layer below.
            context: The round.
        """
        potential = self.matmul.potential(heard, self.layer.weights, self._bias, self.potential)
        if self.fused_activation is not None:
            activity = self.activity
            self.fused_activation.value(potential, activity)
        else:
            activity = potential if self._is_identity else self.layer.activation.value(xp, potential)
        record = LayerRecord(self.layer, context, heard, potential, activity)
        record.speak()
        return record

    def backward(self, record: LayerRecord, listener_demand: Tensor | None) -> Tensor | None:
        """Return the layer's demand (..., B, J), and write its response; None as long as no demand has arrived.

        Args:
            record: The layer in the round that the demand is about.
            listener_demand: (..., B, K), demand that arrives from the listeners.
        """
        if listener_demand is None:
            self.layer.response_scale = None
            for response in (self.layer.response_weights, self.layer.response_bias):
                _ = response.mul_(self.layer.decay) if self.layer.decay else response.zero_()
            return None
        demand = self._demand(record, listener_demand)
        self._respond(record.heard, demand)
        return demand

    def _demand(self, record: LayerRecord, listener_demand: Tensor) -> Tensor:
        record.listener_demand = listener_demand
        feedback = self._compute_feedback(record, listener_demand)
        factors = [factor for factor in (record.masks.demand, record.jacobian) if factor is not None]
        if self.fused_activation is not None and self._has_default_demand:
            demand: Tensor = self.fused_activation.backward(feedback, record.raw_activity, self._feedback_buffer())
            for factor in factors:
                demand.mul_(factor)  # a new array of this size would be filled page by page
            return demand
        demand = feedback if self._is_identity and self._has_default_demand else record.demand(feedback)
        for factor in factors:
            demand = demand * factor
        return demand

    def _compute_feedback(self, record: LayerRecord, listener_demand: Tensor) -> Tensor:
        feedback = self._feedback_buffer()
        if self._linear_groups:
            feedback = self.matmul_above.feedback(listener_demand, self.feedback_weights(record), feedback)
        elif self._others[0].is_whole_layer:
            return record.feedback(self._others[0])
        for group in self._others:
            group.put(feedback, record.feedback(group), "BJ")
        return feedback

    def _groups_of_product(self) -> list[PolicyGroup]:
        """Return the groups of linear policies, if they have most neurons: one product with the whole layer serves them."""
        groups = self.layer.policy_groups
        linear = [group for group in groups if group.linear]
        sizes = [sum(prod(group.lead) * group.count for group in part) for part in (linear, groups)]
        return linear if 2 * sizes[0] >= sizes[1] else []

    def _feedback_buffer(self) -> Tensor:
        if self._feedback is None:
            self._feedback = self.buffer()
        return self._feedback

    def feedback_weights(self, record: LayerRecord) -> Tensor:
        """Return how much each listener's demand counts for each neuron of linear policies, (..., K, J); 0 for others."""
        groups, attention = self._linear_groups, self.layer.attention
        if groups[0].is_whole_layer:
            weights = record.feedback_weights(groups[0])
            return weights if weights.ndim == attention.ndim else weights.expand(attention.shape)
        if self._feedback_weights is None:
            self._feedback_weights = torch.zeros_like(attention)
        for group in groups:
            group.put(self._feedback_weights, record.feedback_weights(group), "KJ")
        return self._feedback_weights

    def _respond(self, heard: Tensor, demand: Tensor) -> None:
        """Write `decay * old + demand.T @ heard / B`, and the same for the bias."""
        layer = self.layer
        weights, bias, decay = layer.response_weights, layer.response_bias, layer.decay
        if self._projected is not None:
            self._projected.add(demand, heard, layer.projector(), weights, bias, decay)
            layer.hold_frozen()
            return
        self.matmul.respond(demand, heard, weights, decay)
        if self.lead:
            bias[..., None].baddbmm_(demand.mT, self._ones, beta=decay, alpha=1 / self.batch)
        else:
            bias.addmv_(demand.mT, self._ones, beta=decay, alpha=1 / self.batch)
        if layer.mask is not None:
            weights.mul_(layer.mask)
        if not layer.hooked_groups["scales"]:
            layer.hold_frozen()


class OutputLayerRound(LayerRound):
    """Forward and backward pass of the output layer, whose demand comes from the payoff."""

    def __init__(self, layer: Layer, batch: int) -> None:
        super().__init__(layer, batch)
        self._no_listeners = layer.space.empty(*self.lead, batch, 0)

    def buffer(self) -> Tensor:
        """Return an uninitialised tensor (..., B, J), stored feature by feature: a softmax over few outputs is faster so."""
        return self.layer.space.empty(*self.lead, self.layer.lengths["J"], self.batch).mT

    def _demand(self, record: LayerRecord, listener_demand: Tensor) -> Tensor:
        """Return the demand for the output feedback (..., B, O)."""
        record.listener_demand = self._no_listeners
        demand = listener_demand
        if not (self._is_identity and self._has_default_demand):
            demand = record.demand(demand)
        mask = record.masks.speaking
        return demand if mask is None else demand * mask
