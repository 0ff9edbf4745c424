"""A layer of a sparse network between rounds: weights, masks and policies, with a number for each connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from neuronet.core import Pattern, Scales, SparseNetwork, parse_activation
from neuronet.engines.base.ragged import block_lengths, degrees
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.kernels.device import as_numpy
from neuronet.engines.tensors.layer import Layer, inverse_mask, multiply, response_is_read
from neuronet.engines.tensors.policy_group import PolicyGroup
from neuronet.engines.tensors.sparse.connections import Connections
from neuronet.engines.tensors.sparse.neighbour_group import NeighbourGroup, Neighbourhood
from neuronet.engines.tensors.sparse.neighbour_lists import by_degree, padded_lists
from neuronet.engines.tensors.sparse.space import SparseSpace


class SparseLayer(Layer):
    """Listening layer of a sparse network.

    Arrays that a `Layer` has for pairs of neurons are (E,) here, in the order of the pattern of the listening layer; those over
    all synapses are (E + J,), with the biases behind.

    Args:
        setup: The game.
        number: Listening layer, 1 for the first.
        like: A tensor in the engine's precision, on its device.
        parameters: Weights (E,) and biases (J,), views of the engine's parameters.
        velocities: Likewise, of the engine's velocities; None if the response must have a buffer of its own.
        decay: Factor by which the velocities decay in each round.
        above: The layer of its listeners; None for the output layer.

    Attributes:
        connections: Its connections to the layer below.
    """

    above: SparseLayer | None

    def __init__(
        self,
        setup: Setup,
        number: int,
        like: Tensor,
        parameters: tuple[Tensor, Tensor],
        velocities: tuple[Tensor, Tensor] | None,
        decay: float,
        above: SparseLayer | None,
    ) -> None:
        network = setup.network
        assert isinstance(network, SparseNetwork)
        pattern = network.patterns[number - 1]
        listening = None if above is None else network.patterns[number]
        space = SparseSpace(setup, number, like, pattern, listening)
        self.number, self.space, self.above = number, space, above
        self.lead, self.lengths = space.lead, space.lengths
        self.connections = Connections(pattern, like)
        self.activation = parse_activation(network.activations[number - 1])
        self.weights, self.bias = parameters
        self.attention = space.empty(0) if above is None else above.weights
        self.listener_mask = torch.ones_like(self.attention)
        self.mask = None
        self.speaking_mask = inverse_mask(space, [setup.is_silent(number)[None, :]])
        self._rows = self.connections.rows
        learning = inverse_mask(space, [setup.is_fixed(number)])
        self.learning_mask = None if learning is None else torch.cat((learning[self._rows], learning))
        heard = None if listening is None else listening.out_degrees > 0
        self.demand_mask = self.speaking_mask
        if heard is not None and not heard.all():
            has_listener = space.tensor([heard[None, :]])
            self.demand_mask = has_listener if self.speaking_mask is None else has_listener * self.speaking_mask
        self._members = [np.asarray(group.members) for group in setup.groups(number)]
        self._blocks = [lambda axes, own=own: block_lengths(network, number, axes, own) for own in self._members]
        self.policy_groups = list(self._groups(setup, network, listening))
        self._set_hooks()
        self.synapse_mask = torch.ones_like(self.synapses()) if "synapse_mask" in self.needs else None
        self._set_response(velocities, decay, is_read=response_is_read([setup], number))

    def _groups(self, setup: Setup, network: SparseNetwork, listening: Pattern | None) -> Iterator[NeighbourGroup]:
        assert isinstance(self.space, SparseSpace)
        pattern, device = self.connections.pattern, self.space.device
        heard_by = None if listening is None else listening.transposed
        for number, (group, members) in enumerate(zip(setup.groups(self.number), self._members, strict=True)):
            for part in by_degree(members, *degrees(network, self.number)[::-1]):
                speakers = padded_lists(pattern, part, None, device)
                listeners = None if heard_by is None else padded_lists(*(heard_by[0], part), heard_by[1], device)
                neighbourhood = Neighbourhood(part, speakers, listeners, pattern.count, self.lengths["J"])
                rows = np.searchsorted(members, part)
                yield NeighbourGroup(self.space, group.policy, neighbourhood, number, rows)

    def _buffer(self) -> Tensor:
        return self.space.empty(self.weights.numel() + self.bias.numel())

    def split(self, synapses: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (E,) and biases (J,) of an array over all synapses."""
        return synapses[: self.weights.numel()], synapses[self.weights.numel() :]

    def synapses(self) -> Tensor:
        """Return the weights and, behind them, the biases, (E + J,)."""
        return torch.cat((self.weights, self.bias))

    def hold_frozen(self) -> None:
        """Set the response of neurons that do not adapt to 0."""
        if self.learning_mask is not None:
            for response, mask in zip((self.response_weights, self.response_bias), self.split(self.learning_mask), strict=True):
                response.mul_(mask)

    def seen_response(self) -> Tensor | None:
        """Return the intended change of the weights as speakers see it, (E,); None if it has no buffer of its own."""
        if self.response is None or self.response_scale is None:
            return None if self.response is None else self.response_weights
        return self.response_weights * self.response_scale[self._rows]

    def response_lengths(self) -> Tensor:
        """Return the length of each neuron's response without the bias, (J,)."""
        return torch.zeros_like(self.bias).index_add_(0, self._rows, self.response_weights**2).sqrt_()

    def scale_change(self, intent: Tensor, scales: Scales, out: Tensor) -> None:
        """Write an intended change (E + J,) times the policies' factors into `out`."""
        factors = (None if scales.weights is None else scales.weights[self._rows], scales.bias)
        for part, factor, scaled in zip(self.split(intent), factors, self.split(out), strict=True):
            multiply(part, factor, scaled)

    def weight_matrix(self) -> csr_array:
        """Return the weights as a matrix of scipy.sparse, (J, I), which shares their memory on a CPU."""
        pattern = self.connections.pattern
        return csr_array((as_numpy(self.weights), pattern.columns, pattern.starts), shape=pattern.shape)

    def memories(self, groups: int) -> tuple[Mapping[str, Any], ...]:
        """Return numpy copies of what each of the layer's groups remembers, by name."""
        memories: list[dict[str, Any]] = [{} for _ in range(groups)]
        for group in self.policy_groups:
            for name, array in group.memory.items():
                self._copy_memory(group, name, as_numpy(array), memories[group.number], restore=False)
        return tuple(memories)

    def restore_memories(self, memories: Sequence[Mapping[str, Any]]) -> None:
        """Restore what each group remembers, from numpy arrays."""
        for group in self.policy_groups:
            restored = {}
            for name, array in group.memory.items():
                own = np.zeros(tuple(array.shape), dtype=as_numpy(array).dtype)
                self._copy_memory(group, name, own, memories[group.number], restore=True)
                restored[name] = self.space.tensor([own])
            group.memory = restored

    def _copy_memory(self, group: PolicyGroup, name: str, own: Any, state: Any, *, restore: bool) -> None:
        """Copy the memory (M, 1, ...) of a part of a group into the group's array of a state, or back."""
        assert isinstance(group, NeighbourGroup)
        axes, block = group.policy.memory_axes[name], own[:, 0]
        members = self._members[group.number]
        if not group.remembers_pairs(name):
            if not restore:
                state.setdefault(name, np.zeros((len(members), *block.shape[1:]), dtype=own.dtype))[group.rows] = block
            else:
                block[...] = state[name][group.rows]
            return
        lengths = np.prod(self._blocks[group.number](axes), axis=0)
        starts = np.cumsum(lengths) - lengths
        places, valid = group.state_places(axes)
        places = (places + starts[group.rows].reshape(-1, *[1] * (places.ndim - 1)))[valid]
        if not restore:
            state.setdefault(name, np.zeros(int(lengths.sum()), dtype=own.dtype))[places] = block[valid]
        else:
            block[valid] = state[name][places]
