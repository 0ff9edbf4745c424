"""Policy of the neurons at the input of a torch layer, and the gradient of that input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import array_api_compat.torch as xp
import torch
from torch import Tensor, nn

from neuronet.conversion.autograd_functions import ScaledGradients
from neuronet.conversion.broadcast import Broadcast
from neuronet.conversion.connectivity import Connectivity, ConvolutionConnectivity
from neuronet.conversion.finite import warn_of_non_finite
from neuronet.conversion.policy_group import PolicyGroup, RoundRandom, assemble
from neuronet.core import ConfigurationError, Observation, PolicyError, RandomStream

FORWARD_FIELDS = frozenset({"attention", "listener_mask", "learning", "learning_rate"})
"""Fields that are known in the forward pass."""


@dataclass(frozen=True, eq=False)
class LayerPolicy:
    """Policies of the neurons at the input of a layer.

    Attributes:
        connectivity: Connections of the layer.
        policy_groups: Groups of neurons with their policies.
        name: Name of the layer in the module, for messages.
        number: Index of the layer among the module's layers, from 0: a key of random numbers.
        seed: Seed of all random numbers.
        learning_rate: Listeners' learning rate; None if it is not known.
        output_broadcast: Gradient of the module's outputs; None if their number is not known.
        linear: Whether every policy is linear.
        uses_attention: Whether all feedback weights are the attention itself, as in the usual layer.
        is_forward_only: Whether feedback weights are known in the forward pass.
        uses_randomness: Whether a policy draws random numbers.
        reads: Fields that the policies read, or declare.
    """

    connectivity: Connectivity
    policy_groups: tuple[PolicyGroup, ...]
    name: str
    number: int
    seed: int
    learning_rate: float | None
    output_broadcast: Broadcast | None = None
    linear: bool = False
    uses_attention: bool = False
    is_forward_only: bool = False
    uses_randomness: bool = False
    reads: frozenset[str] = frozenset()

    def round_random(self, like: Tensor, round: tuple[int, int] | None = None) -> RoundRandom:
        """Return the random numbers of a round, or of the neurons' birth."""
        return RoundRandom(self.connectivity, self.seed, self.number, like, round, self.outputs)

    @property
    def outputs(self) -> int | None:
        """Number of the module's outputs; None if it is not known."""
        return None if self.output_broadcast is None else self.output_broadcast.outputs

    @property
    def needs_broadcast(self) -> bool:
        """Whether a policy hears the outputs' demands."""
        return any("broadcast" in group.policy.needs for group in self.policy_groups)

    def start(self, weight: Tensor) -> dict[str, Tensor]:
        """Return the initial memory, by the names of its buffers."""
        round_random = self.round_random(weight)
        memories = (group.start(self.connectivity, round_random, weight) for group in self.policy_groups)
        return {name: array for memory in memories for name, array in memory.items()}

    def forward_feedback_weights(self, layer: nn.Module, weight: Tensor) -> Tensor:
        """Return the feedback weights in the shape of the layer's weight."""
        attention = self.connectivity.attention(weight)
        get_field = self._field_getter(attention, {})
        round_random = self.round_random(attention)
        obs = [group.observe(get_field, round_random) for group in self.policy_groups]
        return self.connectivity.weight(self._call_groups("feedback_weights", layer, obs))

    def input_gradient(
        self, layer: nn.Module, weight: Tensor, number: int, gradient: Tensor, heard: Tensor, to_weight: Tensor | None
    ) -> Tensor:
        """Return the gradient of the input.

        A demand is minus the gradient times the number of samples, as if the loss were a mean over them.

        Args:
            layer: The layer, which stores the memory.
            weight: The layer's weight.
            number: Number of earlier rounds of the layer.
            gradient: Gradient of the output.
            heard: The input; only its shape counts if the weight has no gradient and the policies do not read the input.
            to_weight: Gradient of the weight; None if it has none and the policies do not read the response.
        """
        connectivity, attention = self.connectivity, self.connectivity.attention(weight)
        samples = connectivity.samples(heard)
        if not samples:
            return torch.zeros_like(heard)

        def broadcast() -> Tensor:
            assert self.output_broadcast is not None
            demand = -samples * self.output_broadcast.gradient(self.name)
            return connectivity.broadcast(demand.to(attention.dtype), gradient.to(attention.dtype), heard)

        fields: dict[str, Callable[[], Tensor]] = {
            "demand": lambda: connectivity.demand((-samples * gradient).to(attention.dtype), heard),
            "broadcast": broadcast,
        }
        if self.reads_input or to_weight is not None:
            fields["activity"] = lambda: connectivity.activity(heard).to(attention.dtype)
        if to_weight is not None:
            fields["response"] = lambda: -connectivity.attention(to_weight).to(attention.dtype)
        get_field = self._field_getter(attention, fields)
        round_random = self.round_random(attention, (number, samples))
        obs = [group.observe(get_field, round_random) for group in self.policy_groups]
        if self.linear:
            feedback_weights = connectivity.weight(self._call_groups("feedback_weights", layer, obs)).to(gradient.dtype)
            return connectivity.to_input(gradient, feedback_weights, heard)
        feedback = self._call_groups("feedback", layer, obs)
        return connectivity.input((feedback / -samples).to(gradient.dtype), heard)

    @property
    def reads_input(self) -> bool:
        """Whether the policies read the input, or the response, which follows from it."""
        return bool(self.reads & {"activity", "response"})

    @property
    def has_scales(self) -> bool:
        """Whether the neurons at the output of the layer multiply their demand and their change."""
        return not self.is_empty and any("scales" in group.policy.hooks for group in self.policy_groups)

    @property
    def is_empty(self) -> bool:
        """Whether the layer has no speakers or no listeners; the usual gradient is then empty or 0."""
        return not self.connectivity.speakers or not self.connectivity.listeners

    def check_scales(self) -> None:
        """Check that factors can be computed.

        Raises:
            ConfigurationError: Several policies share the layer, or a neuron would have to know all its parts of a kernel.
        """
        policy = next((group.policy for group in self.policy_groups if "scales" in group.policy.hooks), None)
        if policy is None:
            return
        if len(self.policy_groups) > 1:
            raise ConfigurationError(f"{policy!r} scales what the whole layer '{self.name}' demands: give it to all its neurons")
        if "response" in policy.needs and isinstance(self.connectivity, ConvolutionConnectivity):
            raise ConfigurationError(f"{policy!r} is not supported at the convolution '{self.name}': it needs a Linear layer")

    def scale(self, layer: nn.Module, gradient: Tensor, to_weight: Tensor, to_bias: Tensor | None) -> ScaledGradients:
        """Return the gradients times the factors of the policy, which the neurons at the output of the layer follow.

        Args:
            layer: The layer, which stores the memory.
            gradient: Gradient of the output.
            to_weight: Gradient of the weight, (outputs, ...); one length for each feature or channel.
            to_bias: Gradient of the bias, (outputs,); None without a bias.
        """
        group, rows, bias = self.policy_groups[0], to_weight.flatten(1), to_bias
        response = -torch.cat((rows, torch.zeros_like(rows[:, :1]) if bias is None else bias[:, None].to(rows.dtype)), dim=1)
        demand = self.connectivity.by_output(gradient).to(rows.dtype).flatten(0, -2)
        fields: dict[str, Callable[[], Tensor]] = {
            "layer_demand": lambda: torch.sqrt(torch.mean(demand * demand, dim=0)),
            "layer_response": lambda: torch.linalg.vector_norm(rows, dim=1),
        }
        obs = Observation(lambda name: fields[name](), xp=xp, draws=RandomStream(self._refuse_draw))
        scales = group.policy.scales(response, obs, group.memory(layer))
        heard, response_seen = gradient, to_weight
        if scales.demand is not None:
            heard = gradient * self.connectivity.per_output(scales.demand, gradient).to(gradient.dtype)
            response_seen = _scaled_rows(to_weight, scales.demand)
        if bias is not None and scales.bias is not None:
            bias = bias * scales.bias.to(bias.dtype)
        return ScaledGradients(heard, response_seen, _scaled_rows(to_weight, scales.weights), bias)

    def _refuse_draw(self, kind: str, name: str, axes: str) -> Tensor:
        raise ConfigurationError(f"factors cannot be random at layer '{self.name}', but a policy draws '{name}'")

    def probe(self, layer: nn.Module, weight: Tensor) -> LayerPolicy:
        """Return a copy with the properties that a trial with zero demands finds.

        Raises:
            ConfigurationError: A policy reads a field that is not available, or returns a wrong shape.
        """
        if self.is_empty:
            return replace(self, linear=True, uses_attention=True)
        attention, requested, samples = self.connectivity.attention(weight), set[str](), 2
        rows = (*self.connectivity.lead, samples)
        outputs = self.connectivity.broadcast_axis(self.outputs or 0)
        known = self._field_getter(
            attention,
            {
                "activity": lambda: weight.new_zeros((*rows, self.connectivity.speakers)),
                "demand": lambda: weight.new_zeros((*rows, self.connectivity.listeners)),
                "response": lambda: torch.zeros_like(attention),
                "broadcast": lambda: weight.new_zeros((*rows, outputs)),
            },
        )

        def get_field(name: str) -> Any:
            requested.add(name)
            return known(name)

        round_random = self.round_random(weight, (0, samples))
        linear = all(group.policy.linear for group in self.policy_groups)
        obs = [group.observe(get_field, round_random) for group in self.policy_groups]
        answers = [self._probe_group(group, view, layer, linear) for group, view in zip(self.policy_groups, obs, strict=True)]
        return replace(
            self,
            linear=linear,
            uses_attention=linear and all(answer is view.attention for answer, view in zip(answers, obs, strict=True)),
            is_forward_only=linear and requested <= FORWARD_FIELDS and not round_random.was_used,
            uses_randomness=round_random.was_used,
            reads=frozenset(requested).union(*(group.policy.needs for group in self.policy_groups)),
        )

    def _probe_group(self, group: PolicyGroup, obs: Observation, layer: nn.Module, linear: bool) -> Any:
        hook, policy = ("feedback_weights" if linear else "feedback"), group.policy
        try:
            answer = getattr(policy, hook)(obs, group.memory(layer))
        except AttributeError as error:
            hint = ": give convert a learning_rate" if self.learning_rate is None and "'learning_rate'" in str(error) else ""
            raise ConfigurationError(f"{policy!r} is not supported at layer '{self.name}': {error}{hint}") from None
        neurons = self.connectivity.speakers if group.members is None else len(group.members)
        expected = (*self.connectivity.lead, self.connectivity.listeners if linear else 2, neurons)
        shape = getattr(answer, "shape", type(answer).__name__)
        if shape != expected:
            letters = "(K, J)" if linear else "(B, J)"
            spelled = letters if len(expected) == 2 else f"(groups, {letters[1:]}"
            got = tuple(shape) if isinstance(shape, torch.Size) else shape
            raise PolicyError(f"{policy!r} must give {hook} of shape {spelled} = {expected} at layer '{self.name}', got {got}")
        return answer

    def _field_getter(self, attention: Tensor, more: dict[str, Callable[[], Any]]) -> Callable[[str], Any]:
        """Return a function that returns fields by name; each is computed once, when it is first read."""
        makers: dict[str, Callable[[], Any]] = {
            "attention": lambda: attention,
            "listener_mask": lambda: torch.ones_like(attention),
            "learning": lambda: True,
            **more,
        }
        if self.learning_rate is not None:
            makers["learning_rate"] = lambda: self.learning_rate
        fields: dict[str, Any] = {}

        def get_field(name: str) -> Any:
            if name not in fields:
                fields[name] = makers[name]()
            return fields[name]

        return get_field

    def _call_groups(self, hook: str, layer: nn.Module, obs: Sequence[Observation]) -> Tensor:
        groups = self.policy_groups
        answers = [getattr(group.policy, hook)(view, group.memory(layer)) for group, view in zip(groups, obs, strict=True)]
        warn_of_non_finite(answers, groups, obs, hook, self.name)
        return assemble(groups, answers, self.connectivity.speakers)


def _scaled_rows(array: Tensor, factor: Tensor | None) -> Tensor:
    """Return the array times a factor of each row, its first axis; None stands for 1."""
    return array if factor is None else array * factor.reshape(-1, *(1 for _ in array.shape[1:]))
