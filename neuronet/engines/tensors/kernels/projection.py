"""Response of a layer without what its neurons remember together, by the fewer of two products."""

from __future__ import annotations

import torch
from torch import Tensor

from neuronet.engines.tensors.kernels.tensor_space import TensorSpace


class ProjectedResponse:
    """`decay * old + (demand.T @ X / B) (1 - P)`, with the heard activity X (B, S), and 1 in it for the bias.

    The projector P (S, S) is multiplied with X where the batch has fewer samples than the layer has neurons, since X (1 - P)
    is then the smaller product; with the response otherwise.

    Args:
        space: Space of the layer's tensors.
        batch: Samples of the batch that this process plays.
    """

    def __init__(self, space: TensorSpace, batch: int) -> None:
        neurons, synapses = space.lengths["J"], space.lengths["S"]
        self._add_product = torch.baddbmm if space.lead else torch.addmm
        self._product = torch.bmm if space.lead else torch.mm
        self._scale, self._before_demand = 1 / batch, batch < neurons
        self._heard = space.aligned(batch, synapses).fill_(1)
        self._projected = space.aligned(min(batch, neurons), synapses)
        self._response = self._heard if self._before_demand else space.aligned(neurons, synapses)

    def add(self, demand: Tensor, heard: Tensor, projector: Tensor, weights: Tensor, bias: Tensor, decay: float) -> None:
        """Write the response into weights (..., J, I) and biases (..., J), which it adds to `decay` times what they held.

        Args:
            demand: (..., B, J).
            heard: (..., B, I).
            projector: (..., S, S).
            weights: (..., J, I).
            bias: (..., J).
            decay: Factor of the old values.
        """
        self._heard[..., :-1].copy_(heard)
        if self._before_demand:
            inputs = self._without(self._heard, projector)
            self._add_product(weights, demand.mT, inputs[..., :-1], beta=decay, alpha=self._scale, out=weights)
            own = bias[..., None]
            self._add_product(own, demand.mT, inputs[..., -1:], beta=decay, alpha=self._scale, out=own)
            return
        response = self._without(self._product(demand.mT, self._heard, out=self._response), projector)
        for target, part in ((weights, response[..., :-1]), (bias, response[..., -1])):
            torch.add(target.mul_(decay) if decay else target.zero_(), part, alpha=self._scale, out=target)

    def _without(self, array: Tensor, projector: Tensor) -> Tensor:
        return self._add_product(array, array, projector, alpha=-1, out=self._projected)
