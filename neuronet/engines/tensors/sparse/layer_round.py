"""The forward and backward pass of a sparse layer for one batch size."""

from __future__ import annotations

import torch
from torch import Tensor

from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.layer_round import LayerRound, OutputLayerRound
from neuronet.engines.tensors.policy_group import PolicyGroup
from neuronet.engines.tensors.sparse.connections import Connections
from neuronet.engines.tensors.sparse.layer import SparseLayer
from neuronet.engines.tensors.sparse.neighbour_group import NeighbourGroup, put_entries


class SparseLayerRound(LayerRound):
    """Forward and backward pass of a sparse hidden layer: the products of a `LayerRound`, along connections alone."""

    layer: SparseLayer
    _follows_attention = False
    _weights_by_speaker: Tensor | None = None

    def products(self) -> tuple[Connections, Connections]:
        """Return the products of this layer, and of the layer above."""
        above = self.layer.above
        return self.layer.connections, self.layer.connections if above is None else above.connections

    def _groups_of_product(self) -> list[PolicyGroup]:
        groups = self.layer.policy_groups
        return groups if all(group.linear for group in groups) else []

    def buffer(self) -> Tensor:
        """Return an uninitialised tensor (B, J), stored neuron by neuron."""
        return self.layer.space.empty(self.layer.lengths["J"], self.batch).mT

    def feedback_weights(self, record: LayerRecord) -> Tensor:
        """Return how much the demand along each connection counts, (E of the layer above,), ordered by speaker.

        Raises:
            PolicyError: A policy returns weights of another shape.
        """
        above = self.layer.above
        assert above is not None
        if self._follows_attention:
            return self._by_speaker(above.weights, above.connections)
        answers = [(group, record.feedback_weights(group)) for group in self.layer.policy_groups]
        if all(weights is record.observation(group).attention for group, weights in answers):
            self._follows_attention = True  # policies do not look at values, so that the next answers are attention, too
            return self._by_speaker(above.weights, above.connections)
        whole = above.weights.new_empty(above.weights.shape)
        for group, weights in answers:
            assert isinstance(group, NeighbourGroup)
            lists = group.neighbourhood.listeners
            assert lists is not None
            put_entries(whole, weights.expand(*group.lead, lists.width, 1).squeeze(2), lists)
        return self._by_speaker(whole, above.connections)

    def _by_speaker(self, values: Tensor, connections: Connections) -> Tensor:
        """Return values (E,) ordered by speaker, until the next call."""
        if self._weights_by_speaker is None:
            self._weights_by_speaker = torch.empty_like(values)
        return torch.index_select(values, 0, connections.order, out=self._weights_by_speaker)


class SparseOutputRound(SparseLayerRound, OutputLayerRound):
    """Forward and backward pass of a sparse output layer, whose demand comes from the payoff."""


def make_sparse_round(layer: SparseLayer, batch: int) -> SparseLayerRound:
    """Return the passes of a sparse layer for a batch size."""
    return (SparseOutputRound if layer.above is None else SparseLayerRound)(layer, batch)
