"""A layer of the tensor engine between rounds: weights, masks and policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core import Activation, Scales, parse_activation
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.kernels.device import as_numpy, copy_to_numpy
from neuronet.engines.tensors.kernels.tensor_space import TensorSpace
from neuronet.engines.tensors.policy_group import PolicyGroup, policy_groups

HOOKS = ("speak", "demand", "scales", "adapt", "remember")
"""Hooks that only some of a layer's groups may define."""


class Layer:
    """A listening layer between rounds.

    The response of a round goes into the optimizer's velocities, or into a buffer of its own if a policy reads it first.

    Args:
        setups: The game of each replica.
        number: Listening layer, 1 for the first.
        space: Space of its tensors.
        parameters: Weights (..., J, I) and biases (..., J), views of the engine's parameters.
        velocities: Likewise, of the engine's velocities; None if the response must have a buffer of its own.
        decay: Factor by which the velocities decay in each round.
        above: The layer of its listeners; None for the output layer.

    Attributes:
        attention: (..., K, J), the weights of its listeners.
        response: (..., J, S), intended change of the weights and, last, the bias; None if it goes into the velocities.
        scaled_response: (..., J, S), a buffer for the change after the policies' factors; None if no policy has any.
        response_scale: (..., J), factor by which speakers see the response multiplied; None for 1.
        response_weights: (..., J, I), where the response for the weights is written.
        response_bias: (..., J), where the response for the bias is written.
        decay: Factor of what `response_weights` and `response_bias` held before.
        mask: (..., J, I), 1 where there is a connection; None for full connection.
        listener_mask: (..., K, J), 1 where a listener listens.
        speaking_mask: (..., 1, J), 0 where a neuron is silent; None if no neuron is.
        demand_mask: (..., 1, J), 0 where a neuron is silent or has no listener; None if no neuron is so.
        learning_mask: (..., J, 1), 0 where a neuron does not adapt; None if all do.
        synapse_mask: (..., J, S), 1 where there is a synapse; None if no policy reads it.
        policy_groups: Groups of neurons with the same policy.
        projected_group: The layer's only group, if the engine projects its changes and updates its projector; None otherwise.
        hooked_groups: The groups with policies that define a hook, by the name of the hook.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        number: int,
        space: TensorSpace,
        parameters: tuple[Tensor, Tensor],
        velocities: tuple[Tensor, Tensor] | None,
        decay: float,
        above: Layer | None,
    ) -> None:
        self.number = number
        self.space = space
        self.lead, self.lengths = space.lead, space.lengths
        self.activation: Activation = parse_activation(setups[0].network.activations[number - 1])
        self.weights, self.bias = parameters
        self.above = above
        self.attention = space.empty(*self.lead, 0, self.lengths["J"]) if above is None else above.weights
        self.mask = self._mask([setup.network.masks[number - 1] for setup in setups])
        masks_above = [] if above is None else [setup.network.masks[number] for setup in setups]
        mask_above = self._mask(masks_above)
        ones = space.empty(self.lengths["K"], self.lengths["J"]).fill_(1)
        self.listener_mask = ones if mask_above is None else mask_above
        self.speaking_mask = inverse_mask(space, [setup.is_silent(number)[None, :] for setup in setups])
        self.learning_mask = inverse_mask(space, [setup.is_fixed(number)[:, None] for setup in setups])
        self.demand_mask = self._demand_mask(masks_above)
        self.policy_groups: list[PolicyGroup] = policy_groups(space, [setup.groups(number) for setup in setups])
        self._set_hooks(may_project=not response_is_read(setups, number))
        self.synapse_mask = self._synapse_mask() if "synapse_mask" in self.needs else None
        self._set_response(velocities, decay, is_read=response_is_read(setups, number))

    def _set_hooks(self, *, may_project: bool = False) -> None:
        first = self.policy_groups[0]
        self.projected_group = first if may_project and first.projection is not None else None
        self.hooks = frozenset[str]().union(*(group.hooks for group in self.policy_groups))
        if self.projected_group is not None:
            self.hooks -= {"adapt", "remember"}
        self.hooked_groups = {hook: [group for group in self.policy_groups if hook in self.hooks & group.hooks] for hook in HOOKS}
        self.needs = frozenset[str]().union(*(group.needs for group in self.policy_groups))

    def _set_response(self, velocities: tuple[Tensor, Tensor] | None, decay: float, *, is_read: bool) -> None:
        """Let responses go into the velocities, or into a buffer if a policy reads them first."""
        self.response: Tensor | None = None
        self.response_scale: Tensor | None = None
        if velocities is None or self.hooks & {"scales", "adapt", "remember"} or is_read:
            self.response = self._buffer()
            velocities, decay = self.split(self.response), 0.0
        self.scaled_response = torch.empty_like(self.response) if self.response is not None and "scales" in self.hooks else None
        self.response_weights, self.response_bias = velocities
        self.decay = decay

    def _buffer(self) -> Tensor:
        """Return an uninitialised tensor over all synapses."""
        return self.space.aligned(self.lengths["J"], self.lengths["S"])

    def split(self, synapses: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (..., J, I) and biases (..., J) of an array over all synapses (..., J, S)."""
        return synapses[..., :-1], synapses[..., -1]

    def seen_response(self) -> Tensor | None:
        """Return the intended change of the weights as speakers see it, (..., J, I); None if it has no buffer of its own."""
        if self.response is None or self.response_scale is None:
            return None if self.response is None else self.response_weights
        seen: Tensor = self.response_weights * self.response_scale[..., None]
        return seen

    def response_lengths(self) -> Tensor:
        """Return the length of each neuron's response without the bias, (..., J)."""
        lengths: Tensor = torch.linalg.vector_norm(self.response_weights, dim=-1)
        return lengths

    def scale_change(self, intent: Tensor, scales: Scales, out: Tensor) -> None:
        """Write an intended change (..., J, S) times the policies' factors into `out`."""
        multiply(intent[..., :-1], None if scales.weights is None else scales.weights[..., None], out[..., :-1])
        multiply(intent[..., -1], scales.bias, out[..., -1])

    def projector(self) -> Tensor:
        """Return the projector of the projected group, (..., S, S)."""
        group = self.projected_group
        assert group is not None
        assert group.projection is not None
        projector: Tensor = group.memory[group.projection.name]
        return projector

    def hold_frozen(self) -> None:
        """Set the response of neurons that do not adapt to 0."""
        if self.learning_mask is not None:
            self.response_weights.mul_(self.learning_mask)
            self.response_bias.mul_(self.learning_mask[..., 0])

    def synapses(self) -> Tensor:
        """Return the weights and, last, the bias, (..., J, S)."""
        return torch.cat((self.weights, self.bias[..., None]), dim=-1)

    def weight_matrix(self) -> Any:
        """Return the weights as a matrix, (..., J, I), which shares their memory on a CPU."""
        return as_numpy(self.weights)

    def memories(self, groups: int) -> tuple[Mapping[str, Any], ...]:
        """Return numpy copies of what each of the layer's groups remembers, by name."""
        memories: list[dict[str, Any]] = [{} for _ in range(groups)]
        for group in self.policy_groups:  # those in later replicas come later
            memory = memories[group.number]
            for name, array in group.memory.items():
                own = copy_to_numpy(array)
                memory[name] = np.concatenate([memory[name], own]) if name in memory else own
        return tuple(memories)

    def restore_memories(self, memories: Sequence[Mapping[str, Any]]) -> None:
        """Restore what each group remembers, from numpy arrays."""
        for group in self.policy_groups:
            arrays = {name: memories[group.number][name] for name in group.memory}
            group.memory = {
                name: self.space.tensor([(array if group.replicas is None else array[group.replicas]).copy()])
                for name, array in arrays.items()
            }

    def _mask(self, masks: Sequence[Any]) -> Tensor | None:
        """Return the masks of the replicas; None for full connection."""
        if all(mask is None for mask in masks):
            return None
        shape = next(mask.shape for mask in masks if mask is not None)
        return self.space.tensor([np.ones(shape) if mask is None else mask for mask in masks])

    def _synapse_mask(self) -> Tensor:
        connections = torch.ones_like(self.weights) if self.mask is None else self.mask
        return torch.cat((connections, torch.ones_like(self.bias)[..., None]), dim=-1)

    def _demand_mask(self, masks: Sequence[Any]) -> Tensor | None:
        if all(mask is None or mask.any(axis=0).all() for mask in masks):
            return self.speaking_mask
        heard = self.listener_mask.any(dim=-2, keepdim=True).to(self.space.dtype)
        return heard if self.speaking_mask is None else heard * self.speaking_mask


def response_is_read(setups: Sequence[Setup], number: int) -> bool:
    """Return whether a policy of the layer below reads the response of this one."""
    return number > 1 and any("response" in group.policy.needs for setup in setups for group in setup.groups(number - 1))


def multiply(array: Tensor, factor: Tensor | None, out: Tensor) -> None:
    """Write `array * factor` into `out`; None stands for 1."""
    if factor is None:
        out.copy_(array)
    else:
        torch.mul(array, factor, out=out)


def inverse_mask(space: TensorSpace, replicas: Sequence[Any]) -> Tensor | None:
    """Return 0 where an array of each replica is True and 1 elsewhere; None if none is True."""
    return space.tensor([~chosen for chosen in replicas]) if any(chosen.any() for chosen in replicas) else None
