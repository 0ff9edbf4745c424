"""How the neurons at the input of a torch layer play, and how the gradient of that input comes about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from neuronet.conversion.connectivity import Connectivity
from neuronet.conversion.policy_group import PolicyGroup, RoundRandom, assemble
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import Observation

FORWARD_FIELDS = frozenset({"attention", "listener_mask", "learning", "learning_rate"})
"""What can be seen before a demand is heard."""


@dataclass(frozen=True, eq=False)
class LayerPolicy:
    """How the neurons at the input of a layer play.

    Attributes:
        connectivity: How the layer hears them.
        policy_groups: Who follows which policy.
        name: The layer's name within the module, for messages.
        number: The layer's place among the module's layers, 0 for the first: a key of chance.
        seed: Of all chance.
        learning_rate: The listeners' learning rate, as far as the neurons know; None if nobody has told them.
        linear: Whether every policy is.
        uses_attention: Whether they all weigh demands by the attention itself, as the ordinary layer does.
        is_forward_only: Whether their feedback weights are known before a demand is heard.
        uses_randomness: Whether they look at random numbers.
    """

    connectivity: Connectivity
    policy_groups: tuple[PolicyGroup, ...]
    name: str
    number: int
    seed: int
    learning_rate: float | None
    linear: bool = False
    uses_attention: bool = False
    is_forward_only: bool = False
    uses_randomness: bool = False

    def round_random(self, like: Tensor, round: tuple[int, int] | None = None) -> RoundRandom:
        """The random numbers of a round, or of the neurons' birth."""
        return RoundRandom(self.connectivity, self.seed, self.number, like, round)

    def start(self, weight: Tensor) -> dict[str, Tensor]:
        """The memory that they are born with, by the names of its buffers."""
        round_random = self.round_random(weight)
        return {
            name: array
            for each in self.policy_groups
            for name, array in each.start(self.connectivity, round_random, weight).items()
        }

    def forward_feedback_weights(self, layer: nn.Module, weight: Tensor) -> Tensor:
        """How much each demand counts, shaped as the layer's weight."""
        attention = self.connectivity.attention(weight)
        get_field = self._field_getter(attention, {})
        round_random = self.round_random(attention)
        obs = [each.observe(get_field, round_random) for each in self.policy_groups]
        return self.connectivity.weight(self._call_groups("feedback_weights", layer, obs))

    def input_gradient(
        self, layer: nn.Module, weight: Tensor, number: int, gradient: Tensor, heard: Tensor, to_weight: Tensor
    ) -> Tensor:
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
        connectivity, attention = self.connectivity, self.connectivity.attention(weight)
        samples = heard.numel() // (connectivity.groups * connectivity.speakers)
        if not samples:
            return torch.zeros_like(heard)  # nobody is asked
        get_field = self._field_getter(
            attention,
            {
                "activity": lambda: connectivity.activity(heard).to(attention.dtype),
                "demand": lambda: -samples * connectivity.demand(gradient, heard).to(attention.dtype),
                "response": lambda: -connectivity.attention(to_weight).to(attention.dtype),
            },
        )
        round_random = self.round_random(attention, (number, samples))
        obs = [each.observe(get_field, round_random) for each in self.policy_groups]
        if self.linear:
            feedback_weights = connectivity.weight(self._call_groups("feedback_weights", layer, obs)).to(gradient.dtype)
            return connectivity.to_input(gradient, feedback_weights, heard)
        feedback = self._call_groups("feedback", layer, obs)
        return connectivity.input((feedback / -samples).to(gradient.dtype), heard)

    def probe(self, layer: nn.Module, weight: Tensor) -> LayerPolicy:
        """The layer_policy, with what it turns out to be when it is tried once, on demands of nothing.

        Raises:
            NeuroNetError: A policy looks at what is not there, or answers in the wrong shape.
        """
        attention, requested, samples = self.connectivity.attention(weight), set(), 2
        rows = (*self.connectivity.lead, samples)
        known = self._field_getter(
            attention,
            {
                "activity": lambda: weight.new_zeros((*rows, self.connectivity.speakers)),
                "demand": lambda: weight.new_zeros((*rows, self.connectivity.listeners)),
                "response": lambda: torch.zeros_like(attention),
            },
        )

        def get_field(name: str) -> Any:
            requested.add(name)
            return known(name)

        round_random = self.round_random(weight, (0, samples))
        linear = all(each.policy.linear for each in self.policy_groups)
        obs = [each.observe(get_field, round_random) for each in self.policy_groups]
        answers = [self._probe_group(each, sight, layer, linear) for each, sight in zip(self.policy_groups, obs, strict=True)]
        return replace(
            self,
            linear=linear,
            uses_attention=linear and all(answer is sight.attention for answer, sight in zip(answers, obs, strict=True)),
            is_forward_only=linear and requested <= FORWARD_FIELDS and not round_random.was_used,
            uses_randomness=round_random.was_used,
        )

    def _probe_group(self, group: PolicyGroup, obs: Observation, layer: nn.Module, linear: bool) -> Any:
        hook, policy = ("feedback_weights" if linear else "feedback"), group.policy
        try:
            answer = getattr(policy, hook)(obs, group.memory(layer))
        except AttributeError as error:
            hint = ": give convert a learning_rate" if self.learning_rate is None and "'learning_rate'" in str(error) else ""
            raise NeuroNetError(f"{policy!r} cannot play at the layer '{self.name}': {error}{hint}") from None
        neurons = self.connectivity.speakers if group.members is None else len(group.members)
        before = self.connectivity.listeners if linear else 2
        expected = (*self.connectivity.lead, before, neurons)
        got = getattr(answer, "shape", type(answer).__name__)
        if got != expected:
            raise NeuroNetError(f"{policy!r} must give {hook} of shape {expected} at the layer '{self.name}', got {got}")
        return answer

    def _field_getter(self, attention: Tensor, more: dict[str, Callable[[], Any]]) -> Callable[[str], Any]:
        """Finds sights by their names; each is made when it is first looked at, and once."""
        makers: dict[str, Callable[[], Any]] = {
            "attention": lambda: attention,
            "listener_mask": lambda: torch.ones_like(attention),
            "learning": lambda: True,
            **more,
        }
        if self.learning_rate is not None:
            makers["learning_rate"] = lambda: self.learning_rate
        made: dict[str, Any] = {}

        def get_field(name: str) -> Any:
            if name not in made:
                made[name] = makers[name]()
            return made[name]

        return get_field

    def _call_groups(self, hook: str, layer: nn.Module, obs: Sequence[Observation]) -> Tensor:
        answers = [
            getattr(each.policy, hook)(sight, each.memory(layer)) for each, sight in zip(self.policy_groups, obs, strict=True)
        ]
        return assemble(self.policy_groups, answers, self.connectivity.speakers)
