"""Neurons of one policy at the input of a torch layer: their observations, memory and random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch import Tensor, nn

from neuronet.conversion.connectivity import Connectivity
from neuronet.core import (
    LAYER_FIELDS,
    Birth,
    ConfigurationError,
    LayerRandom,
    Memory,
    Observation,
    Policy,
    PolicyError,
    RandomStream,
    check_signatures,
)

FieldGetter = Callable[[str], Any]
"""Returns a field by name; raises KeyError for an unknown one."""

PER_NEURON_FIELDS = frozenset({"activity", "attention", "listener_mask", "response"})
"""Fields whose last axis is the neuron axis."""

SUPPORTED_HOOKS = frozenset({"initial_memory", "scales"})
"""Optional hooks that a torch layer supports."""

SUPPORTED_FIELDS = LAYER_FIELDS | {"broadcast", "response"}
"""Optional fields that a torch layer provides."""


class RoundRandom:
    """Random numbers of a layer's neurons in one round, or at their birth.

    Args:
        connectivity: Connections of the layer.
        seed: Seed of all random numbers.
        number: Index of the layer among the module's layers: as in an engine whose layer 0 holds the inputs.
        like: Tensor with the type and device of the numbers.
        round: Number of the round and its number of samples; None for the birth.
        outputs: Number of the module's outputs; None if it is not known.
    """

    def __init__(
        self,
        connectivity: Connectivity,
        seed: int,
        number: int,
        like: Tensor,
        round: tuple[int, int] | None = None,
        outputs: int | None = None,
    ) -> None:
        self._connectivity, self._seed, self._number = connectivity, seed, number
        self._like, self._round, self._outputs = like, round, outputs

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of the axes J, K and, if it is known, O."""
        known = {"J": self._connectivity.speakers, "K": self._connectivity.listeners}
        return known if self._outputs is None else {**known, "O": self._connectivity.broadcast_axis(self._outputs)}

    @cached_property
    def layers(self) -> list[LayerRandom]:
        """Random numbers of each group of a convolution, as of a separate layer; created on first use."""
        layers = [LayerRandom(self._seed, self._number + (group << 32), self.sizes) for group in range(self._connectivity.groups)]
        for layer in layers:
            if self._round is not None:
                layer.open(*self._round)
        return layers

    @property
    def was_used(self) -> bool:
        """Whether any number was drawn."""
        return "layers" in self.__dict__

    def draw(self, kind: str, name: str, axes: str) -> Tensor:
        """Return the numbers of that name, with a leading axis for the groups of a convolution."""
        drawn = [layer.draw(kind, name, axes) for layer in self.layers]
        return torch.as_tensor(drawn[0] if len(drawn) == 1 else np.stack(drawn)).to(self._like)


@dataclass(frozen=True)
class PolicyGroup:
    """Neurons at the input of a layer that follow the same policy.

    Attributes:
        policy: Their policy.
        members: Their positions in the input; None for all.
        prefix: Prefix of the names of the buffers with their memory.
    """

    policy: Policy
    members: tuple[int, ...] | None
    prefix: str

    def check(self, outputs: int | None) -> None:
        """Raise an error if a policy needs more than a torch layer provides.

        Args:
            outputs: Number of the module's outputs; None if it is not known.

        Raises:
            ConfigurationError: It does.
        """
        check_signatures(self.policy)
        hooks, needs = sorted(self.policy.hooks - SUPPORTED_HOOKS), sorted(self.policy.needs - SUPPORTED_FIELDS)
        if hooks:
            raise ConfigurationError(f"{self.policy!r} cannot be converted: torch modules support feedback, but not {hooks[0]}")
        if needs:
            raise ConfigurationError(f"{self.policy!r} cannot be converted: torch layers do not provide '{needs[0]}'")
        if outputs is None and "broadcast" in self.policy.needs:
            raise ConfigurationError(f"{self.policy!r} cannot be converted without the number of outputs: give convert outputs")

    def start(self, connectivity: Connectivity, round_random: RoundRandom, weight: Tensor) -> dict[str, Tensor]:
        """Return the initial memory, by the names of its buffers."""
        sizes = round_random.sizes if self.members is None else {**round_random.sizes, "J": len(self.members)}

        def zeros(axes: str) -> Tensor:
            return weight.new_zeros((*connectivity.lead, *(sizes[letter] for letter in axes)))

        try:
            memory = self.policy.initial_memory(Birth(self._draws(round_random), zeros))
        except KeyError as error:
            raise ConfigurationError(
                f"{self.policy!r} cannot be converted: its memory has the axis {error}, not {', '.join(sizes)}"
            ) from None
        if memory.keys() != self.policy.memory_axes.keys():
            raise PolicyError(f"{self.policy!r}: initial_memory must return {', '.join(self.policy.memory_axes)}")
        return {self._buffer(name): array for name, array in memory.items()}

    def memory(self, layer: nn.Module) -> Memory:
        """Return the present memory."""
        return {name: getattr(layer, self._buffer(name)) for name in self.policy.memory_axes}

    def _buffer(self, name: str) -> str:
        return f"{self.prefix}_{name.replace('.', '__')}"

    def _draws(self, round_random: RoundRandom) -> RandomStream:
        return RandomStream(round_random.draw, None if self.members is None else {"J": np.asarray(self.members)})

    def observe(self, get_field: FieldGetter, round_random: RoundRandom) -> Observation:
        """Return the group's observation, from the fields of the whole layer."""
        hidden = SUPPORTED_FIELDS - self.policy.needs
        members = None if self.members is None else list(self.members)

        def group_part(name: str) -> Any:
            if name in hidden:
                raise KeyError(name)
            field = get_field(name)
            return field if members is None or name not in PER_NEURON_FIELDS else field[..., members]

        return Observation(group_part, xp=xp, draws=self._draws(round_random))


def assemble(policy_groups: Sequence[PolicyGroup], answers: Sequence[Tensor], neurons: int) -> Tensor:
    """Return the results of all groups in one tensor, (..., J), each at its neurons' positions."""
    if len(answers) == 1:
        return answers[0]
    result = answers[0].new_empty((*answers[0].shape[:-1], neurons))
    for group, answer in zip(policy_groups, answers, strict=True):
        result[..., list(group.members or ())] = answer
    return result
