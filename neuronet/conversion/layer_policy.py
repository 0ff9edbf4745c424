"""How the neurons at the input of a torch layer play, and how the gradient of that input comes about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from neuronet.conversion.connectivity import Link
from neuronet.conversion.policy_group import Chances, Players, put_together
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation

EARLY = frozenset({"attention", "connected", "learning", "learning_rate"})
"""What can be seen before a demand is heard."""


@dataclass(frozen=True, eq=False)
class Conduct:
    """How the neurons at the input of a layer play.

    Attributes:
        link: How the layer hears them.
        players: Who follows which policy.
        name: The layer's name within the module, for messages.
        number: The layer's place among the module's layers, 0 for the first: a key of chance.
        seed: Of all chance.
        learning_rate: The listeners' learning rate, as far as the neurons know; None if nobody has told them.
        linear: Whether every policy is.
        plain: Whether they all weigh demands by the attention itself, as the ordinary layer does.
        early: Whether their weighing is known before a demand is heard.
        chancy: Whether they look at random numbers.
    """

    link: Link
    players: tuple[Players, ...]
    name: str
    number: int
    seed: int
    learning_rate: float | None
    linear: bool = False
    plain: bool = False
    early: bool = False
    chancy: bool = False

    def chances(self, like: Tensor, round: tuple[int, int] | None = None) -> Chances:
        """The random numbers of a round, or of the neurons' birth."""
        return Chances(self.link, self.seed, self.number, like, round)

    def start(self, weight: Tensor) -> dict[str, Tensor]:
        """The memory that they are born with, by the names of its buffers."""
        chances = self.chances(weight)
        return {name: array for each in self.players for name, array in each.start(self.link, chances, weight).items()}

    def early_weighing(self, layer: nn.Module, weight: Tensor) -> Tensor:
        """How much each demand counts, shaped as the layer's weight."""
        attention = self.link.attention(weight)
        look = self._look(attention, {})
        chances = self.chances(attention)
        seen = [each.observe(look, chances) for each in self.players]
        return self.link.weight(self._answer("weighing", layer, seen))

    def decide(self, layer: nn.Module, weight: Tensor, number: int, gradient: Tensor, heard: Tensor, to_weight: Tensor) -> Tensor:
        """The gradient of the input.

        A demand is minus the gradient times the number of samples, as if the loss were a mean over them.

        Args:
            layer: Keeps the memory.
            weight: Of the layer.
            number: How many rounds the layer has played before.
            gradient: Of the output.
            heard: The input.
            to_weight: The gradient of the weight.
        """
        link, attention = self.link, self.link.attention(weight)
        samples = heard.numel() // (link.groups * link.speakers)
        if not samples:
            return torch.zeros_like(heard)  # nobody is asked
        look = self._look(
            attention,
            {
                "activity": lambda: link.activity(heard).to(attention.dtype),
                "demand": lambda: -samples * link.demand(gradient, heard).to(attention.dtype),
                "response": lambda: -link.attention(to_weight).to(attention.dtype),
            },
        )
        chances = self.chances(attention, (number, samples))
        seen = [each.observe(look, chances) for each in self.players]
        if self.linear:
            weighing = link.weight(self._answer("weighing", layer, seen)).to(gradient.dtype)
            return link.to_input(gradient, weighing, heard)
        feedback = self._answer("feedback", layer, seen)
        return link.input((feedback / -samples).to(gradient.dtype), heard)

    def tried(self, layer: nn.Module, weight: Tensor) -> Conduct:
        """The conduct, with what it turns out to be when it is tried once, on demands of nothing.

        Raises:
            NeuroNetError: A policy looks at what is not there, or answers in the wrong shape.
        """
        attention, looked, samples = self.link.attention(weight), set(), 2
        rows = (*self.link.lead, samples)
        known = self._look(
            attention,
            {
                "activity": lambda: weight.new_zeros((*rows, self.link.speakers)),
                "demand": lambda: weight.new_zeros((*rows, self.link.listeners)),
                "response": lambda: torch.zeros_like(attention),
            },
        )

        def look(name: str) -> Any:
            looked.add(name)
            return known(name)

        chances = self.chances(weight, (0, samples))
        linear = all(each.policy.linear for each in self.players)
        seen = [each.observe(look, chances) for each in self.players]
        answers = [self._try(each, sight, layer, linear) for each, sight in zip(self.players, seen, strict=True)]
        return replace(
            self,
            linear=linear,
            plain=linear and all(answer is sight.attention for answer, sight in zip(answers, seen, strict=True)),
            early=linear and looked <= EARLY and not chances.asked,
            chancy=chances.asked,
        )

    def _try(self, players: Players, seen: Observation, layer: nn.Module, linear: bool) -> Any:
        verb, policy = ("weighing" if linear else "feedback"), players.policy
        try:
            answer = getattr(policy, verb)(seen, players.memory(layer))
        except AttributeError as error:
            hint = ": give convert a learning_rate" if self.learning_rate is None and "'learning_rate'" in str(error) else ""
            raise NeuroNetError(f"{policy!r} cannot play at the layer '{self.name}': {error}{hint}") from None
        neurons = self.link.speakers if players.members is None else len(players.members)
        before = self.link.listeners if linear else 2
        expected = (*self.link.lead, before, neurons)
        got = getattr(answer, "shape", type(answer).__name__)
        if got != expected:
            raise NeuroNetError(f"{policy!r} must give {verb} of shape {expected} at the layer '{self.name}', got {got}")
        return answer

    def _look(self, attention: Tensor, more: dict[str, Callable[[], Any]]) -> Callable[[str], Any]:
        """Finds sights by their names; each is made when it is first looked at, and once."""
        makers: dict[str, Callable[[], Any]] = {
            "attention": lambda: attention,
            "connected": lambda: torch.ones_like(attention),
            "learning": lambda: True,
            **more,
        }
        if self.learning_rate is not None:
            makers["learning_rate"] = lambda: self.learning_rate
        made: dict[str, Any] = {}

        def look(name: str) -> Any:
            if name not in made:
                made[name] = makers[name]()
            return made[name]

        return look

    def _answer(self, verb: str, layer: nn.Module, seen: Sequence[Observation]) -> Tensor:
        answers = [getattr(each.policy, verb)(sight, each.memory(layer)) for each, sight in zip(self.players, seen, strict=True)]
        return put_together(self.players, answers, self.link.speakers)
