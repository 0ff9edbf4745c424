"""A layer in one round, by the policies' own hooks, on tensors that are never overwritten: autograd can differentiate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core import LAYER_FIELDS, LayerRandom, Memory, Observation, Policy, RandomStream, parse_activation
from neuronet.engines.base import Setup

Fields = dict[str, Any]
"""What the neurons of a layer can observe in a round, by the names of an Observation."""

Take = Callable[[Tensor, str], Tensor]
"""Selects a group's part of an array of the whole layer; the letters spell its trailing axes."""

Hook = Callable[[Policy, Observation, Memory, Take], Tensor]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a layer does with its demands.

    Attributes:
        change: (..., J, S), change of its synapses per unit of learning rate.
        demand: (..., B, J), demand that its speakers hear.
        response: (..., J, I), response that its speakers see.
    """

    change: Tensor
    demand: Tensor
    response: Tensor


class DifferentiableLayer:
    """Listening layer that calls the same hooks as the engines do.

    Args:
        setup: The game, without channels, in synchronous rounds, with no neuron silent or frozen.
        number: Listening layer, 1 for the first.
        memories: What each group of the layer remembers, by name.
    """

    def __init__(self, setup: Setup, number: int, memories: Sequence[Mapping[str, Any]]) -> None:
        network, sizes = setup.network, setup.network.sizes
        self.is_output = number == len(sizes) - 1
        self.activation = parse_activation(network.activations[number - 1])
        self.learning_rate = float(setup.learning_rate)
        self.mask = _mask(network.masks[number - 1])
        self._mask_above = None if self.is_output else _mask(network.masks[number])
        groups = setup.groups(number)
        self._policies = [group.policy for group in groups]
        self.needs_reward = any("reward" in policy.needs for policy in self._policies)
        self._members = [torch.tensor(group.members) for group in groups]
        self._order = torch.argsort(torch.cat(self._members))
        remembered = [*memories, *[{}] * (len(groups) - len(memories))]
        self._memories = [{name: torch.as_tensor(array).double() for name, array in part.items()} for part in remembered]
        lengths = {"J": sizes[number], "K": 0 if self.is_output else sizes[number + 1], "I": sizes[number - 1], "O": sizes[-1]}
        self._random = LayerRandom(setup.seed, number, lengths | {"S": sizes[number - 1] + 1})

    def open_round(self, number: int, batch: int) -> None:
        """Begin a round with random numbers of its own.

        Args:
            number: Number of the round, from 0.
            batch: Samples in its batch.
        """
        self._random.open(number, batch)

    def speak(self, synapses: Tensor, heard: Tensor, attention: Tensor, move: Tensor | None) -> Fields:
        """Return the fields that are known once the layer has spoken.

        Args:
            synapses: (..., J, S), weights and, last, bias.
            heard: (..., B, I).
            attention: (..., K, J), weights of the listeners.
            move: Added to what the policies say, broadcasts against (..., B, J); None for nothing.
        """
        weights = synapses[..., :-1] if self.mask is None else synapses[..., :-1] * self.mask
        potential = heard @ weights.mT + synapses[..., None, :, -1]
        activity = self.activation.value(xp, potential)
        fields: Fields = {
            "potential": potential,
            "activity": activity,
            "slope": self.activation.slope(xp, potential, activity),
            "speaker_activity": heard,
            "attention": attention if self._mask_above is None else attention * self._mask_above,
            "listener_mask": attention.new_ones(attention.shape[-2:]) if self._mask_above is None else self._mask_above,
            "learning": True,
            "learning_rate": self.learning_rate,
            "synapses": synapses,
            "synapse_mask": self._synapse_mask(synapses),
        }
        if self._has("speak"):
            fields["activity"] = self._call(fields, lambda policy, obs, memory, _: policy.speak(obs.activity, obs, memory), "BJ")
        if move is not None:
            fields["activity"] = fields["activity"] + move
        return fields

    def feedback(self, fields: Fields) -> Tensor:
        """Return the feedback of hidden neurons, (..., B, J), once the fields have their listeners' demand."""
        return self._call(fields, lambda policy, obs, memory, _: policy.feedback(obs, memory), "BJ")

    def demand(self, fields: Fields, feedback: Tensor) -> Tensor:
        """Return the demand before any factor, (..., B, J), for a feedback (..., B, J)."""
        return self._call(fields, lambda policy, obs, memory, take: policy.demand(take(feedback, "BJ"), obs, memory), "BJ")

    def answer(self, fields: Fields, demand: Tensor) -> Answer:
        """Return the change of the layer for a demand before any factor, and what its speakers learn of it.

        Args:
            fields: Fields of the layer; those of the whole layer's sizes are added.
            demand: (..., B, J).
        """
        response = demand.mT @ fields["speaker_activity"] / demand.shape[-2]
        response = response if self.mask is None else response * self.mask
        whole = torch.cat((response, demand.mean(dim=-2)[..., None].expand(*response.shape[:-1], 1)), dim=-1)
        if any(policy.needs & LAYER_FIELDS for policy in self._policies):
            fields["layer_demand"] = torch.sqrt(torch.mean(demand * demand, dim=-2))
            fields["layer_response"] = torch.linalg.vector_norm(response, dim=-1)
        change = whole
        if self._has("adapt"):
            hook: Hook = lambda policy, obs, memory, take: policy.adapt(take(whole, "JS"), obs, memory)  # noqa: E731
            change = self._call(fields, hook, "JS")
            change = change if self.mask is None else change * self._synapse_mask(whole)
        if not self._has("scales"):
            return Answer(change, demand, response)
        factors = self._call(fields, lambda *call: _scales(whole, *call), "J3")
        of_demand, of_weights, of_bias = factors.unbind(dim=-1)
        change = torch.cat((change[..., :-1] * of_weights[..., None], (change[..., -1] * of_bias)[..., None]), dim=-1)
        return Answer(change, demand * of_demand[..., None, :], response * of_demand[..., None])

    def _has(self, hook: str) -> bool:
        return any(hook in policy.hooks for policy in self._policies)

    def _synapse_mask(self, like: Tensor) -> Tensor:
        ones = like.new_ones(like.shape[-2:])
        return ones if self.mask is None else torch.cat((self.mask, ones[:, -1:]), dim=1)

    def _call(self, fields: Fields, hook: Hook, axes: str) -> Tensor:
        """Return what a hook of each group's policy answers, for the whole layer; `axes` spells the trailing axes."""
        place = axes.index("J") - len(axes)
        parts = []
        for policy, members, memory in zip(self._policies, self._members, self._memories, strict=True):
            take = _taker(members) if len(self._policies) > 1 else _whole
            obs = Observation(fields.__getitem__, xp=xp).for_neurons(take, self._draws(take))
            parts.append(hook(policy, obs, memory, take))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=place).index_select(place, self._order)

    def _draws(self, take: Take) -> RandomStream:
        """Return the random numbers of a group in this round."""
        return RandomStream(lambda kind, name, axes: take(torch.as_tensor(self._random.draw(kind, name, axes)), axes))


def _scales(response: Tensor, policy: Policy, obs: Observation, memory: Memory, take: Take) -> Tensor:
    """Return the factors of the demand, the weights and the bias, (..., J, 3)."""
    own = take(response, "JS")
    ones = own.new_ones(own.shape[:-1])
    return torch.stack([ones if part is None else part for part in policy.scales(own, obs, memory)], dim=-1)


def _whole(array: Tensor, axes: str) -> Tensor:
    return array


def _taker(members: Tensor) -> Take:
    """Return the selection of some neurons of a layer."""
    return lambda array, axes: array.index_select(axes.index("J") - len(axes), members) if "J" in axes else array


def _mask(mask: Any) -> Tensor | None:
    return None if mask is None else torch.tensor(mask, dtype=torch.float64)
