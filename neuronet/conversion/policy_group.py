"""The neurons at the input of a torch layer: what those of one policy see there, keep and draw."""

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
from neuronet.core.array_types import Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Birth, Observation
from neuronet.core.policy import Policy
from neuronet.core.random_streams import LayerRandom, RandomStream

FieldGetter = Callable[[str], Any]
"""Finds what can be seen by its name; KeyError for what cannot."""

PER_NEURON_FIELDS = frozenset({"activity", "attention", "listener_mask", "response"})
"""The sights whose last axis are the neurons."""

SUPPORTED_HOOKS = frozenset({"initial_memory"})
"""The optional verbs that can be asked for at a torch layer; a policy with others is refused."""

SUPPORTED_FIELDS = frozenset({"response"})
"""The optional sights that there are at a torch layer."""


class RoundRandom:
    """The random numbers of a layer's neurons in one round, or at their birth.

    Args:
        connectivity: How the layer hears them.
        seed: Of all chance.
        number: The layer's place among the module's layers: as in an engine whose layer 0 holds the inputs.
        like: A tensor of the type and on the device that the numbers shall have.
        round: Its number and how many samples it has; None for the birth.
    """

    def __init__(
        self, connectivity: Connectivity, seed: int, number: int, like: Tensor, round: tuple[int, int] | None = None
    ) -> None:
        self._link, self._seed, self._number = connectivity, seed, number
        self._like, self._round = like, round

    @cached_property
    def layers(self) -> list[LayerRandom]:
        """Each group of a convolution is as a layer of its own; not there before it is asked for."""
        sizes = {"J": self._link.speakers, "K": self._link.listeners}
        layers = [LayerRandom(self._seed, self._number + (group << 32), sizes) for group in range(self._link.groups)]
        for layer in layers:
            if self._round is not None:
                layer.open(*self._round)
        return layers

    @property
    def was_used(self) -> bool:
        """Whether anybody has drawn."""
        return "layers" in self.__dict__

    def draw(self, kind: str, name: str, axes: str) -> Tensor:
        """The numbers of that name, with a leading axis for the groups of a convolution."""
        drawn = [layer.draw(kind, name, axes) for layer in self.layers]
        return torch.as_tensor(drawn[0] if len(drawn) == 1 else np.stack(drawn)).to(self._like)


@dataclass(frozen=True)
class PolicyGroup:
    """Neurons at the input of a layer that follow the same policy.

    Attributes:
        policy: Theirs.
        members: Their places in the input; None for everybody.
        prefix: Of the names of the buffers that hold their memory.
    """

    policy: Policy
    members: tuple[int, ...] | None
    prefix: str

    def check(self) -> None:
        """Refuse a policy that asks for more than there is at a torch layer.

        Raises:
            NeuroNetError: It does.
        """
        hooks, needs = sorted(self.policy.hooks - SUPPORTED_HOOKS), sorted(self.policy.needs - SUPPORTED_FIELDS)
        if hooks:
            raise NeuroNetError(
                f"{self.policy!r} cannot be converted: its {hooks[0]} has no place in a torch module, only feedback"
            )
        if needs:
            raise NeuroNetError(f"{self.policy!r} cannot be converted: the input of a torch layer cannot see '{needs[0]}'")

    def start(self, connectivity: Connectivity, round_random: RoundRandom, weight: Tensor) -> dict[str, Tensor]:
        """The memory that they are born with, by the names of its buffers."""
        sizes = {"J": connectivity.speakers if self.members is None else len(self.members), "K": connectivity.listeners}

        def zeros(axes: str) -> Tensor:
            return weight.new_zeros((*connectivity.lead, *(sizes[letter] for letter in axes)))

        try:
            memory = self.policy.initial_memory(Birth(self._draws(round_random), zeros))
        except KeyError as error:
            raise NeuroNetError(f"{self.policy!r} cannot be converted: it keeps something along {error}, not J or K") from None
        if memory.keys() != self.policy.memory_axes.keys():
            raise NeuroNetError(
                f"{self.policy!r} must give the initial memory {', '.join(self.policy.memory_axes)}, as it declares"
            )
        return {self._buffer(name): array for name, array in memory.items()}

    def memory(self, layer: nn.Module) -> Memory:
        """What they keep."""
        return {name: getattr(layer, self._buffer(name)) for name in self.policy.memory_axes}

    def _buffer(self, name: str) -> str:
        return f"{self.prefix}_{name.replace('.', '__')}"

    def _draws(self, round_random: RoundRandom) -> RandomStream:
        return RandomStream(round_random.draw, None if self.members is None else {"J": np.asarray(self.members)})

    def observe(self, get_field: FieldGetter, round_random: RoundRandom) -> Observation:
        """What they see, of what there is to see for the whole layer."""
        hidden = SUPPORTED_FIELDS - self.policy.needs
        members = None if self.members is None else list(self.members)

        def group_part(name: str) -> Any:
            if name in hidden:
                raise KeyError(name)
            sight = get_field(name)
            return sight if members is None or name not in PER_NEURON_FIELDS else sight[..., members]

        return Observation(group_part, xp=xp, draws=self._draws(round_random))


def assemble(policy_groups: Sequence[PolicyGroup], answers: Sequence[Tensor], neurons: int) -> Tensor:
    """The answers of all policy_groups, (..., J), each in its place."""
    if len(answers) == 1:
        return answers[0]
    whole = answers[0].new_empty((*answers[0].shape[:-1], neurons))
    for each, answer in zip(policy_groups, answers, strict=True):
        whole[..., list(each.members or ())] = answer
    return whole
