"""A layer of the tensor engine: its part of the parameters, who follows which policy there, and its chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core.activation import Activation, activation_named
from neuronet.core.random_streams import LayerChance
from neuronet.engines.base.engine import axis_lengths
from neuronet.engines.tensors.device import send
from neuronet.engines.tensors.policy_group import Followers, followers_of

if TYPE_CHECKING:
    from neuronet.engines.tensors.engine import TensorEngine


class Layer:
    """A listening layer, as it is between rounds.

    Attributes:
        weights: (..., J, I), a view of the engine's parameters.
        bias: (..., J), likewise.
        velocity_weights: (..., J, I), a view of the engine's velocities.
        velocity_bias: (..., J), likewise.
        apart: Whether the response is looked at before it becomes a velocity.
        response: (..., J, S), how the layer intends to change its weights and, last, its bias; written only if `apart`.
        mask: (..., J, I), 1 where there is a connection; None where all are there.
        connected: (..., K, J), 1 where a listener listens.
        speaks: (..., 1, J), 0 where a neuron is silent; None if nobody is.
        learns: (..., J, 1), 0 where a neuron does not adapt; None if everybody does.
        followers: Who follows which policy.
    """

    def __init__(self, engine: TensorEngine, number: int, span: slice) -> None:
        setup = engine.setup
        self.number = number
        self.activation: Activation = activation_named(setup.network.activations[number - 1])
        sizes = setup.network.sizes
        self.shape = (sizes[number], sizes[number - 1])
        self.span = span
        self.lead, self.device, self.dtype = engine.lead, engine.device, engine.dtype
        self.weights, self.bias = self.views(engine.parameters.flat)
        self.velocity_weights, self.velocity_bias = self.views(engine.parameters.velocity)
        self.lengths = axis_lengths(sizes, number)
        self._chances = [LayerChance(each.seed, number, self.lengths) for each in engine.setups]
        self._drawn: dict[tuple[str, str, str], Tensor] = {}
        self._round: tuple[int, int] | None = None
        self.mask = self._masks([each.network.masks[number - 1] for each in engine.setups])
        above = [each.network.masks[number] for each in engine.setups] if self.lengths["K"] else []
        mask_above = self._masks(above)
        self.connected: Tensor = self.empty(self.lengths["K"], self.lengths["J"]).fill_(1) if mask_above is None else mask_above
        self.speaks = self._unless([each.is_silent(number)[None, :] for each in engine.setups])
        self.learns = self._unless([each.is_still(number)[:, None] for each in engine.setups])
        self.heard_back = self._heard_back(above)
        self.followers: list[Followers] = followers_of(self, [each.groups(number) for each in engine.setups])
        self.verbs = frozenset[str]().union(*(each.verbs for each in self.followers))
        self.needs = frozenset[str]().union(*(each.needs for each in self.followers))
        self.apart = bool(self.verbs & {"adapt", "remember"})
        self.response = self.empty(*self.lead, 0, 0)
        self.change = self.response
        self.listening: Tensor | None = self._synapses_there() if "listening" in self.needs else None

    def empty(self, *shape: int) -> Tensor:
        """An array in the engine's precision, on its device, with nothing written in it."""
        return torch.empty(shape, dtype=self.dtype, device=self.device)

    def keep_apart(self) -> None:
        """Make room for the response, since somebody looks at it."""
        self.apart = True
        self.response = self.empty(*self.lead, self.shape[0], self.shape[1] + 1)
        self.change = torch.empty_like(self.response) if "remember" in self.verbs else self.response

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
        return send(torch.as_tensor(np.require(whole, requirements=("C", "W"))).to(self.dtype), self.device)

    def _synapses_there(self) -> Tensor:
        """1 where there is a synapse, (..., J, S)."""
        there = torch.ones_like(self.weights) if self.mask is None else self.mask
        return torch.cat((there, torch.ones_like(self.bias)[..., None]), dim=-1)

    def _heard_back(self, masks: Sequence[Any]) -> Tensor | None:
        """1 where a neuron demands: it is listened to, and not silent, (..., 1, J); None if that is every neuron."""
        if all(mask is None or mask.any(axis=0).all() for mask in masks):
            return self.speaks
        heard = self.connected.any(dim=-2, keepdim=True).to(self.dtype)
        return heard if self.speaks is None else heard * self.speaks

    def _unless(self, replicas: Sequence[Any]) -> Tensor | None:
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
            for chance in self._chances:
                chance.open(*self._round)
        key = (kind, name, axes)
        if key not in self._drawn:
            self._drawn[key] = self.tensor([chance.draw(kind, name, axes) for chance in self._chances])
        return self._drawn[key]
