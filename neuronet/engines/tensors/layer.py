"""A layer of the tensor engine: its part of the parameters, who follows which policy there, and its chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core.activation import Activation, parse_activation
from neuronet.core.random_streams import LayerRandom
from neuronet.engines.base.engine import axis_lengths
from neuronet.engines.tensors.device import to_device
from neuronet.engines.tensors.policy_group import PolicyGroup, policy_groups

if TYPE_CHECKING:
    from neuronet.engines.tensors.engine import TensorEngine


class Layer:
    """A listening layer, as it is between rounds.

    Attributes:
        weights: (..., J, I), a view of the engine's parameters.
        bias: (..., J), likewise.
        velocity_weights: (..., J, I), a view of the engine's velocities.
        velocity_bias: (..., J), likewise.
        has_separate_response: Whether the response is looked at before it becomes a velocity.
        response: (..., J, S), how the layer intends to change its weights and, last, its bias; written only if
            `has_separate_response`.
        mask: (..., J, I), 1 where there is a connection; None where all are there.
        connected: (..., K, J), 1 where a listener listens.
        speaking_mask: (..., 1, J), 0 where a neuron is silent; None if nobody is.
        learning_mask: (..., J, 1), 0 where a neuron does not adapt; None if everybody does.
        policy_groups: Who follows which policy.
    """

    def __init__(self, engine: TensorEngine, number: int, span: slice) -> None:
        setup = engine.setup
        self.number = number
        self.activation: Activation = parse_activation(setup.network.activations[number - 1])
        sizes = setup.network.sizes
        self.shape = (sizes[number], sizes[number - 1])
        self.span = span
        self.lead, self.device, self.dtype = engine.lead, engine.device, engine.dtype
        self.weights, self.bias = self.views(engine.parameters.flat)
        self.velocity_weights, self.velocity_bias = self.views(engine.parameters.velocity)
        self.lengths = axis_lengths(sizes, number)
        self._random_streams = [LayerRandom(each.seed, number, self.lengths) for each in engine.setups]
        self._drawn: dict[tuple[str, str, str], Tensor] = {}
        self._round: tuple[int, int] | None = None
        self.mask = self._masks([each.network.masks[number - 1] for each in engine.setups])
        above = [each.network.masks[number] for each in engine.setups] if self.lengths["K"] else []
        mask_above = self._masks(above)
        self.connected: Tensor = self.empty(self.lengths["K"], self.lengths["J"]).fill_(1) if mask_above is None else mask_above
        self.speaking_mask = self._inverse_mask([each.is_silent(number)[None, :] for each in engine.setups])
        self.learning_mask = self._inverse_mask([each.is_fixed(number)[:, None] for each in engine.setups])
        self.demand_mask = self._demand_mask(above)
        self.policy_groups: list[PolicyGroup] = policy_groups(self, [each.groups(number) for each in engine.setups])
        self.hooks = frozenset[str]().union(*(each.hooks for each in self.policy_groups))
        self.needs = frozenset[str]().union(*(each.needs for each in self.policy_groups))
        self.has_separate_response = bool(self.hooks & {"adapt", "remember"})
        self.response = self.empty(*self.lead, 0, 0)
        self.change = self.response
        self.listening: Tensor | None = self._synapse_mask() if "synapse_mask" in self.needs else None

    def empty(self, *shape: int) -> Tensor:
        """An array in the engine's precision, on its device, with nothing written in it."""
        return torch.empty(shape, dtype=self.dtype, device=self.device)

    def separate_response(self) -> None:
        """Make room for the response, since somebody looks at it."""
        self.has_separate_response = True
        self.response = self.empty(*self.lead, self.shape[0], self.shape[1] + 1)
        self.change = torch.empty_like(self.response) if "remember" in self.hooks else self.response

    def views(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's matrix and bias within a flat buffer (..., P)."""
        here, below = self.shape
        start, middle, stop = self.span.start, self.span.start + here * below, self.span.stop
        return flat[..., start:middle].view(*flat.shape[:-1], here, below), flat[..., middle:stop]

    def _masks(self, masks: Sequence[Any]) -> Tensor | None:
        """The masks of the replicas, or None if everybody is connected."""
        if all(mask is None for mask in masks):
            return None
        shape = next(mask.shape for mask in masks if mask is not None)
        return self.tensor([np.ones(shape) if mask is None else mask for mask in masks])

    def tensor(self, arrays: Sequence[Any]) -> Tensor:
        """One array per replica, as one tensor in the engine's precision; the axis R only if there are several."""
        whole = arrays[0] if len(arrays) == 1 else np.stack(arrays)
        return to_device(torch.as_tensor(np.require(whole, requirements=("C", "W"))).to(self.dtype), self.device)

    def _synapse_mask(self) -> Tensor:
        """1 where there is a synapse, (..., J, S)."""
        there = torch.ones_like(self.weights) if self.mask is None else self.mask
        return torch.cat((there, torch.ones_like(self.bias)[..., None]), dim=-1)

    def _demand_mask(self, masks: Sequence[Any]) -> Tensor | None:
        """1 where a neuron demands: it is listened to, and not silent, (..., 1, J); None if that is every neuron."""
        if all(mask is None or mask.any(axis=0).all() for mask in masks):
            return self.speaking_mask
        heard = self.connected.any(dim=-2, keepdim=True).to(self.dtype)
        return heard if self.speaking_mask is None else heard * self.speaking_mask

    def _inverse_mask(self, replicas: Sequence[Any]) -> Tensor | None:
        """0 where a neuron is one of these, 1 elsewhere; None if none is."""
        return self.tensor([~each for each in replicas]) if any(each.any() for each in replicas) else None

    def open(self, number: int, batch: int) -> None:
        """Begin a round: its chance is fresh."""
        if self._drawn or self._round is not None:
            self._drawn.clear()
        self._round = (number, batch)

    def draw(self, kind: str, name: str, axes: str) -> Tensor:
        """The whole layer's random numbers of this round, (..., as the letters spell)."""
        if not self._drawn and self._round is not None:
            for rng in self._random_streams:
                rng.open(*self._round)
        key = (kind, name, axes)
        if key not in self._drawn:
            self._drawn[key] = self.tensor([rng.draw(kind, name, axes) for rng in self._random_streams])
        return self._drawn[key]
