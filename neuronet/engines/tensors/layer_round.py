"""A layer at work: what it hears, says, demands and intends in a round, in buffers that every round uses again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import OPTIONAL_FIELDS, Observation
from neuronet.engines.base.engine import check_memory
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.matmul import MatmulBackend
from neuronet.engines.tensors.policy_group import PolicyGroup

FusedActivation = tuple[Callable[[Tensor, Tensor], Any], Callable[[Tensor, Tensor, Tensor], Any]]


def _unchecked(operation: Any) -> Any:
    """The operation without torch's look at its arguments, which costs more than a small one takes."""
    return getattr(operation, "_op", operation)


_relu_back = _unchecked(torch.ops.aten.threshold_backward.grad_input)
_tanh_back = _unchecked(torch.ops.aten.tanh_backward.grad_input)

FUSED_ACTIVATIONS: dict[str, FusedActivation] = {
    "relu": (
        lambda potential, out: torch.clamp_min(potential, 0, out=out),
        lambda feedback, activity, out: _relu_back(feedback, activity, 0, grad_input=out),
    ),
    "tanh": (
        lambda potential, out: torch.tanh(potential, out=out),
        lambda feedback, activity, out: _tanh_back(feedback, activity, grad_input=out),
    ),
}
"""Activations for which torch has the value, and the feedback times the slope, as one operation into a buffer."""


class LayerRound:
    """A layer with room for a batch of one size.

    Args:
        layer: Which.
        attention: The weights with which its listeners hear it, (..., K, J); none for the output layer.
        batch: Samples a round.

    Attributes:
        heard: (..., B, I), what it hears.
        potential: (..., B, J).
        activity: (..., B, J), what it says.
        echo: (..., B, J), how much of a change of its activity would arrive; None if all of it.
        is_waiting: Whether nothing has come in this round of what its listeners demand.
    """

    def __init__(self, layer: Layer, attention: Tensor, batch: int) -> None:
        self.layer: Layer = layer
        self.attention = attention
        self.batch = batch
        self.lead = layer.lead
        self.is_output = layer.lengths["K"] == 0
        below, here, above = (0 if self.is_output else layer.lengths[letter] for letter in "IJK")
        self.matmul = MatmulBackend(self.lead, batch, below * here, layer.weights)
        self.matmul_above = MatmulBackend(self.lead, batch, here * above, layer.weights)
        self._bias = layer.bias[:, None] if self.lead else layer.bias
        self.fused_activation = FUSED_ACTIVATIONS.get(layer.activation.name)
        self._identity = layer.activation.name == "identity"
        self._only_group = layer.policy_groups[0] if layer.policy_groups[0].is_whole_layer else None
        self._all_linear = all(each.linear for each in layer.policy_groups)
        self._uses_attention = False
        self._has_default_demand = "demand" not in layer.hooks
        self._has_speak_hook = "speak" in layer.hooks
        self.potential: Tensor = self._buffer()
        self.raw_activity: Tensor = self.potential if self._identity else self._buffer()
        self.activity: Tensor = self.raw_activity
        self.heard: Tensor = self.raw_activity
        self.feedback_buffer: Tensor | None = None
        self._feedback_weights: Tensor | None = None
        self._ones: Tensor | None = None
        self.listener_demand: Tensor | None = None
        self.response: Tensor | None = None
        self.broadcast: Tensor | None = None
        self.reward: Tensor | None = None
        self.echo: Tensor | None = None
        self.is_waiting = False
        self.learning = False
        self.learning_rate: float | Tensor = 0.0
        self._observations: dict[int, Observation] = {}

    def _buffer(self) -> Tensor:
        """Room for (..., B, J); the few outputs stand feature by feature, where a softmax over them is quick."""
        here = self.layer.lengths["J"]
        if self.is_output:
            return self.layer.empty(*self.lead, here, self.batch).mT
        return self.layer.empty(*self.lead, self.batch, here)

    def speak(self, heard: Tensor, learning: bool, learning_rate: float | Tensor) -> Tensor:
        """What the layer says to what it hears, (..., B, I) to (..., B, J)."""
        self.heard = heard
        self.learning = learning
        self.learning_rate = learning_rate
        # nothing of the round before can be seen in this one
        self.listener_demand = self.response = self.broadcast = self.reward = self.echo = None
        self.is_waiting = False
        if self._observations:
            self._observations = {}
        self.potential = self.matmul.potential(heard, self.layer.weights, self._bias, self.potential)
        if self.fused_activation is not None:
            self.fused_activation[0](self.potential, self.raw_activity)
        elif self._identity:
            self.raw_activity = self.potential
        else:
            self.raw_activity = self.layer.activation.value(xp, self.potential)
        self.activity = self.raw_activity  # what `speak` sees of its own activity
        if self._has_speak_hook:
            self.activity = self._policy_activity()
        if self.layer.speaking_mask is not None:
            self._mask_silent(self.layer.speaking_mask)
        return self.activity

    def _mask_silent(self, speaks: Tensor) -> None:
        self.activity = self.activity * speaks
        for each in self.layer.policy_groups:
            if "speak" in each.hooks:
                self.observation(each).activity = each.take(self.activity, "BJ")

    def recall(self, past: Mapping[str, Tensor], learning_rate: float | Tensor) -> None:
        """Be again as in an earlier round: what was heard and said then; attention and memory are those of today."""
        self.heard, self.potential, self.activity = past["speaker_activity"], past["potential"], past["activity"]
        self.broadcast, self.reward, self.echo = past["broadcast"], past["reward"], past.get("jacobian")
        self.learning, self.learning_rate, self.is_waiting = True, learning_rate, False
        self.listener_demand, self.response, self._observations = None, None, {}
        if self.fused_activation is not None:
            self.raw_activity = torch.empty_like(self.potential)  # the listeners still look at what this layer has said today
            self.fused_activation[0](self.potential, self.raw_activity)
        else:
            self.raw_activity = self.potential if self._identity else self.layer.activation.value(xp, self.potential)

    def _policy_activity(self) -> Tensor:
        said = self.raw_activity.clone()
        for each in self.layer.policy_groups:
            if "speak" in each.hooks:
                part = each.policy.speak(each.take(self.raw_activity, "BJ"), self.observation(each), each.memory)
                each.put(said, part, "BJ")
                self._observations[id(each)].activity = part
        return said

    def observation(self, group: PolicyGroup) -> Observation:
        """What these neurons see in this round."""
        key = id(group)
        if key not in self._observations:
            self._observations[key] = Observation(self._field_getter(group), xp=xp, draws=group.draws)
        return self._observations[key]

    def _field_getter(self, group: PolicyGroup) -> Callable[[str], object]:
        hidden = OPTIONAL_FIELDS - group.needs

        def get_field(name: str) -> object:
            if name in hidden:
                raise KeyError(name)
            return self._get_field(name, group)

        return get_field

    def _get_field(self, name: str, group: PolicyGroup) -> object:
        if name == "learning":
            return self.learning
        if name == "learning_rate":
            rate = self.learning_rate
            return rate if isinstance(rate, float) else group.take(rate, "11")
        axes, find = FIELD_GETTERS[name]
        sight = find(self)
        if sight is None:
            raise KeyError(name)
        return sight if group.is_whole_layer else group.take(sight, axes)

    def compute_demand(self, listener_demand: Tensor) -> Tensor:
        """The layer's demand, (..., B, J), by the policies of its neurons, given their listeners' demands (..., B, K)."""
        self.listener_demand = listener_demand
        feedback = self._compute_feedback(listener_demand)
        if self.fused_activation is not None and self._has_default_demand:
            if self.feedback_buffer is None:
                self.feedback_buffer = self._buffer()
            demand: Tensor = self.fused_activation[1](feedback, self.raw_activity, self.feedback_buffer)
        elif self._identity and self._has_default_demand:
            demand = feedback
        else:
            demand = self._demand_from_feedback(feedback)
        if self.layer.demand_mask is not None:
            demand = demand * self.layer.demand_mask
        return demand if self.echo is None else demand * self.echo

    def _compute_feedback(self, listener_demand: Tensor) -> Tensor:
        if self.feedback_buffer is None:
            self.feedback_buffer = self._buffer()
        if self._all_linear:
            return self.matmul_above.feedback(listener_demand, self._compute_feedback_weights(), self.feedback_buffer)
        if self._only_group is not None:
            return self._check_feedback(
                self._only_group, self._only_group.policy.feedback(self.observation(self._only_group), self._only_group.memory)
            )
        for each in self.layer.policy_groups:
            part = self._check_feedback(each, each.policy.feedback(self.observation(each), each.memory))
            each.put(self.feedback_buffer, part, "BJ")
        return self.feedback_buffer

    def _check_feedback(self, each: PolicyGroup, feedback: Any) -> Tensor:
        shape = (*each.lead(), self.batch, each.count)
        if getattr(feedback, "shape", None) != shape:
            got = getattr(feedback, "shape", type(feedback).__name__)
            raise NeuroNetError(f"{each.policy!r} must give feedback of shape {shape}, got {got}")
        checked: Tensor = feedback
        return checked

    @property
    def is_linear_only(self) -> bool:
        """Whether nothing but linear policies are at work here."""
        layer = self.layer
        bare = layer.mask is None and layer.demand_mask is None and layer.learning_mask is None
        return (
            bare
            and self._all_linear
            and not layer.needs
            and not layer.has_separate_response
            and layer.hooks <= {"initial_memory"}
        )

    def compute_feedback_weights(self, listener_demand: Tensor, rate: float | Tensor, number: int) -> Tensor:
        """Return the feedback weights for these demands, for fused rounds, which do not call `speak`."""
        if self._uses_attention:
            return self.attention
        self.layer.open(number, self.batch)
        self.listener_demand, self.learning, self.learning_rate, self._observations = listener_demand, True, rate, {}
        feedback_weights = self._compute_feedback_weights()
        # without a memory there is nothing on which another answer could hang
        self._uses_attention = feedback_weights is self.attention and not self.layer.policy_groups[0].policy.memory_axes
        return feedback_weights

    def _compute_feedback_weights(self) -> Tensor:
        """How much each listener's demand counts with each neuron, (..., K, J), by the policies, all linear."""
        if self._only_group is not None:
            feedback_weights = self._feedback_weights_of(self._only_group)
            return (
                feedback_weights
                if feedback_weights.ndim == self.attention.ndim
                else feedback_weights.expand(self.attention.shape)
            )
        if self._feedback_weights is None:
            self._feedback_weights = torch.empty_like(self.attention)
        for each in self.layer.policy_groups:
            each.put(self._feedback_weights, self._feedback_weights_of(each), "KJ")
        return self._feedback_weights

    def _feedback_weights_of(self, each: PolicyGroup) -> Tensor:
        feedback_weights: Any = each.policy.feedback_weights(self.observation(each), each.memory)
        shape = (self.layer.lengths["K"], each.count)
        if getattr(feedback_weights, "shape", ())[-2:] != shape:
            got = getattr(feedback_weights, "shape", type(feedback_weights).__name__)
            raise NeuroNetError(f"{each.policy!r} must give feedback_weights of shape {shape}, got {got}")
        checked: Tensor = feedback_weights
        return checked

    def _demand_from_feedback(self, feedback: Tensor) -> Tensor:
        slope = self.layer.activation.slope(xp, self.potential, self.raw_activity)
        demand: Tensor = feedback * slope
        for each in self.layer.policy_groups:
            if "demand" in each.hooks:
                part: Tensor = each.policy.demand(each.take(feedback, "BJ"), self.observation(each), each.memory)
                if each.is_whole_layer:
                    return part
                each.put(demand, part, "BJ")
        return demand

    def output_demand(self, output_feedback: Tensor) -> Tensor:
        """The output layer's demand, for the feedback that its environment gives."""
        self.listener_demand = output_feedback[..., :0]
        demand = output_feedback
        if not self._identity:
            demand = output_feedback * self.layer.activation.slope(xp, self.potential, self.raw_activity)
        return demand if self.layer.speaking_mask is None else demand * self.layer.speaking_mask

    def compute_response(self, demand: Tensor, decay: float) -> None:
        """Write the response to this demand into the velocities, which decay; or, if it is looked at, by itself."""
        layer = self.layer
        if self._ones is None:
            self._ones = layer.empty(*self.lead, self.batch, *((1,) if self.lead else ())).fill_(1)
        weights, bias = layer.velocity_weights, layer.velocity_bias
        if layer.has_separate_response:
            weights, bias, decay = layer.response[..., :-1], layer.response[..., -1], 0.0
        self.matmul.respond(demand, self.heard, weights, decay)
        if self.lead:
            bias[..., None].baddbmm_(demand.mT, self._ones, beta=decay, alpha=1 / self.batch)
        else:
            bias.addmv_(demand.mT, self._ones, beta=decay, alpha=1 / self.batch)
        if layer.mask is not None:
            weights.mul_(layer.mask)
        if layer.learning_mask is not None:
            weights.mul_(layer.learning_mask)
            bias.mul_(layer.learning_mask[..., 0])

    def apply_zero_response(self, decay: float) -> None:
        """Intend nothing in this round, since there is nothing yet to answer; velocities decay."""
        self.is_waiting = True
        layer = self.layer
        if layer.has_separate_response:
            layer.response.zero_()
        else:
            layer.velocity_weights.mul_(decay)
            layer.velocity_bias.mul_(decay)

    def adapt(self) -> Tensor:
        """How the layer changes, per unit of learning rate, by its policies: (..., J, S); the response stays as it is."""
        layer = self.layer
        response = layer.response
        changes = [each for each in layer.policy_groups if "adapt" in each.hooks]
        if not changes or self.is_waiting:
            return response
        intent = response if self._only_group is not None else response.clone()
        for each in changes:
            part: Tensor = each.policy.adapt(each.take(response, "JS"), self.observation(each), each.memory)
            if each.is_whole_layer:
                intent = part
            else:
                each.put(intent, part, "JS")
        if layer.learning_mask is not None:
            intent = intent * layer.learning_mask
        if layer.mask is None:
            return intent
        return torch.cat((intent[..., :-1] * layer.mask, intent[..., -1:]), dim=-1)

    def remember(self, change: Tensor) -> None:
        """Let the policies update their memories; change is (..., J, S)."""
        response = self.layer.response
        for each in self.layer.policy_groups if not self.is_waiting else ():
            if "remember" in each.hooks:
                obs, old = self.observation(each), each.memory
                memory = each.policy.remember(each.take(change, "JS"), each.take(response, "JS"), obs, old)
                check_memory(each.policy, memory)
                # a copy, since it may hold what the engine writes into in the next round, such as the attention seen
                each.memory = {name: array if array is old[name] else array.clone() for name, array in memory.items()}


def _synapses(layer_round: LayerRound) -> Tensor:
    return torch.cat((layer_round.layer.weights, layer_round.layer.bias[..., None]), dim=-1)


FIELD_GETTERS: dict[str, tuple[str, Callable[[LayerRound], Tensor | None]]] = {
    "potential": ("BJ", lambda layer_round: layer_round.potential),
    "activity": ("BJ", lambda layer_round: layer_round.activity),
    "slope": ("BJ", lambda layer_round: layer_round.layer.activation.slope(xp, layer_round.potential, layer_round.raw_activity)),
    "speaker_activity": ("BI", lambda layer_round: layer_round.heard),
    "attention": ("KJ", lambda layer_round: layer_round.attention),
    "listener_mask": ("KJ", lambda layer_round: layer_round.layer.connected),
    "demand": ("BK", lambda layer_round: layer_round.listener_demand),
    "response": ("KJ", lambda layer_round: layer_round.response),
    "broadcast": ("BO", lambda layer_round: layer_round.broadcast),
    "reward": ("B", lambda layer_round: layer_round.reward),
    "synapses": ("JS", _synapses),
    "synapse_mask": ("JS", lambda layer_round: layer_round.layer.listening),
}
"""How a layer finds what its neurons can see."""
