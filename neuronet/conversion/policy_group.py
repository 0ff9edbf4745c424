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

from neuronet.conversion.connectivity import Link
from neuronet.core.array_types import Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation, Place
from neuronet.core.policy import Policy
from neuronet.core.random_streams import Draws, LayerChance

Look = Callable[[str], Any]
"""Finds what can be seen by its name; KeyError for what cannot."""

PER_NEURON = frozenset({"activity", "attention", "connected", "response"})
"""The sights whose last axis are the neurons."""

VERBS = frozenset({"start"})
"""The optional verbs that can be asked for at a torch layer; a policy with others is refused."""

NEEDS = frozenset({"response"})
"""The optional sights that there are at a torch layer."""


class Chances:
    """The random numbers of a layer's neurons in one round, or at their birth.

    Args:
        link: How the layer hears them.
        seed: Of all chance.
        number: The layer's place among the module's layers: as in an engine whose layer 0 holds the inputs.
        like: A tensor of the type and on the device that the numbers shall have.
        round: Its number and how many samples it has; None for the birth.
    """

    def __init__(self, link: Link, seed: int, number: int, like: Tensor, round: tuple[int, int] | None = None) -> None:
        self._link, self._seed, self._number = link, seed, number
        self._like, self._round = like, round

    @cached_property
    def layers(self) -> list[LayerChance]:
        """Each group of a convolution is as a layer of its own; not there before it is asked for."""
        sizes = {"J": self._link.speakers, "K": self._link.listeners}
        layers = [LayerChance(self._seed, self._number + (group << 32), sizes) for group in range(self._link.groups)]
        for layer in layers:
            if self._round is not None:
                layer.open(*self._round)
        return layers

    @property
    def asked(self) -> bool:
        """Whether anybody has drawn."""
        return "layers" in self.__dict__

    def draw(self, kind: str, name: str, axes: str) -> Tensor:
        """The numbers of that name, with a leading axis for the groups of a convolution."""
        drawn = [layer.draw(kind, name, axes) for layer in self.layers]
        return torch.as_tensor(drawn[0] if len(drawn) == 1 else np.stack(drawn)).to(self._like)


@dataclass(frozen=True)
class Players:
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
        verbs, needs = sorted(self.policy.verbs - VERBS), sorted(self.policy.needs - NEEDS)
        if verbs:
            raise NeuroNetError(
                f"{self.policy!r} cannot be converted: its {verbs[0]} has no place in a torch module, only feedback"
            )
        if needs:
            raise NeuroNetError(f"{self.policy!r} cannot be converted: the input of a torch layer cannot see '{needs[0]}'")

    def start(self, link: Link, chances: Chances, weight: Tensor) -> dict[str, Tensor]:
        """The memory that they are born with, by the names of its buffers."""
        sizes = {"J": link.speakers if self.members is None else len(self.members), "K": link.listeners}

        def zeros(axes: str) -> Tensor:
            return weight.new_zeros((*link.lead, *(sizes[letter] for letter in axes)))

        try:
            kept = self.policy.start(Place(self._draws(chances), zeros))
        except KeyError as error:
            raise NeuroNetError(f"{self.policy!r} cannot be converted: it keeps something along {error}, not J or K") from None
        if kept.keys() != self.policy.keeps.keys():
            raise NeuroNetError(f"{self.policy!r} must start with {', '.join(self.policy.keeps)}, as it declares")
        return {self._buffer(name): array for name, array in kept.items()}

    def memory(self, layer: nn.Module) -> Memory:
        """What they keep."""
        return {name: getattr(layer, self._buffer(name)) for name in self.policy.keeps}

    def _buffer(self, name: str) -> str:
        return f"{self.prefix}_{name.replace('.', '__')}"

    def _draws(self, chances: Chances) -> Draws:
        return Draws(chances.draw, None if self.members is None else {"J": np.asarray(self.members)})

    def observe(self, look: Look, chances: Chances) -> Observation:
        """What they see, of what there is to see for the whole layer."""
        hidden = NEEDS - self.policy.needs
        members = None if self.members is None else list(self.members)

        def share(name: str) -> Any:
            if name in hidden:
                raise KeyError(name)
            sight = look(name)
            return sight if members is None or name not in PER_NEURON else sight[..., members]

        return Observation(share, xp=xp, draws=self._draws(chances))


def put_together(players: Sequence[Players], answers: Sequence[Tensor], neurons: int) -> Tensor:
    """The answers of all players, (..., J), each in its place."""
    if len(answers) == 1:
        return answers[0]
    whole = answers[0].new_empty((*answers[0].shape[:-1], neurons))
    for each, answer in zip(players, answers, strict=True):
        whole[..., list(each.members or ())] = answer
    return whole
