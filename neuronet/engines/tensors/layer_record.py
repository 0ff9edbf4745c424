"""A layer in one round: what it heard and said, what its policies observe, and the policy hooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core import LAYER_FIELDS, Array, Memory, Observation, RandomStream, Scales
from neuronet.engines.tensors.data_parallel.reducer import SINGLE_PROCESS, Reducer
from neuronet.engines.tensors.kernels.activations import FUSED_ACTIVATIONS
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.policy_group import PolicyGroup
from neuronet.engines.tensors.round_context import LayerMasks, RoundContext


class LayerRecord:
    """A layer in one round, from its forward pass until it has adapted.

    Args:
        layer: The layer.
        context: The round.
        heard: (..., B, I), activity that arrived from the layer below.
        potential: (..., B, J).
        raw_activity: (..., B, J), activation of the potential, before any policy's `speak`.

    Attributes:
        activity: (..., B, J), activity of the neurons.
        masks: The layer's masks in this round.
        jacobian: (..., B, J), factor with which a change of the activity would arrive at the listeners; None for 1.
        listener_demand: (..., B, K), demand that arrived from the listeners; None until then.
        layer_demand: (..., J), root mean square of the neurons' demand over the batch; None until then, and where none reads it.
        layer_response: (..., J), length of their response without the bias; likewise.
    """

    __slots__ = (
        "_drawn",
        "_observations",
        "_scales",
        "activity",
        "context",
        "heard",
        "jacobian",
        "layer",
        "layer_demand",
        "layer_response",
        "listener_demand",
        "masks",
        "potential",
        "raw_activity",
    )

    def __init__(self, layer: Layer, context: RoundContext, heard: Tensor, potential: Tensor, raw_activity: Tensor) -> None:
        self.layer, self.context = layer, context
        self.masks: LayerMasks = context.masks[layer.number - 1]
        self.heard, self.potential, self.raw_activity = heard, potential, raw_activity
        self.activity = raw_activity
        self.jacobian: Tensor | None = None
        self.listener_demand: Tensor | None = None
        self.layer_demand: Tensor | None = None
        self.layer_response: Tensor | None = None
        self._scales = Scales()
        self._observations: dict[PolicyGroup, Observation] = {}
        self._drawn: dict[tuple[tuple[int, int] | None, str, str, str], Tensor] = {}

    @classmethod
    def recalled(cls, layer: Layer, context: RoundContext, past: Mapping[str, Tensor]) -> LayerRecord:
        """Return the record of an earlier round; attention and memory are those of the present.

        Args:
            layer: The layer.
            context: The earlier round, with its broadcast and reward.
            past: Speaker activity, potential, activity and, where there is one, jacobian of that round.
        """
        potential = past["potential"]
        fused = FUSED_ACTIVATIONS.get(layer.activation.name)
        if fused is None:
            raw_activity = potential if layer.activation.name == "identity" else layer.activation.value(xp, potential)
        else:
            raw_activity = torch.empty_like(potential)
            fused.value(potential, raw_activity)
        record = cls(layer, context, past["speaker_activity"], potential, raw_activity)
        record.activity, record.jacobian = past["activity"], past.get("jacobian")
        return record

    @property
    def batch(self) -> int:
        """Samples of the batch that this process plays."""
        return self.heard.shape[-2]

    def observation(self, group: PolicyGroup) -> Observation:
        """Return what the neurons of a group can see in this round; each field is fetched when it is first read."""
        if group not in self._observations:
            draws = RandomStream(lambda kind, name, axes: group.take_members(self._draw(group, kind, name, axes), axes))
            self._observations[group] = Observation(self._field_getter(group), xp=xp, draws=draws)
        return self._observations[group]

    def close(self) -> None:
        """Drop the observations: they refer to this record, and would keep its tensors until the next garbage collection."""
        self._observations.clear()

    def _draw(self, group: PolicyGroup, kind: str, name: str, axes: str) -> Tensor:
        """Return the layer's random numbers in the replicas of a group."""
        replicas, context = group.replicas, self.context
        key = (None if replicas is None else (replicas.start, replicas.stop), kind, name, axes)
        if key not in self._drawn:
            self._drawn[key] = self.layer.space.draw(context.number, context.batch, kind, name, axes, replicas)
        return self._drawn[key]

    def _field_getter(self, group: PolicyGroup) -> Callable[[str], object]:
        def get_field(name: str) -> object:
            if name in group.hidden_fields:
                raise KeyError(name)
            if name == "learning":
                return self.context.learning
            if name == "learning_rate":
                rate = self.context.learning_rate
                return rate if isinstance(rate, float) else group.take(rate, "11")
            axes, find = FIELD_GETTERS[name]
            field = find(self)
            if field is None:
                raise KeyError(name)
            return field if group.is_whole_layer else group.take(field, axes)

        return get_field

    def speak(self) -> None:
        """Set the activity to what the policies say, and to 0 for neurons that do not speak in this round."""
        mask, speaking = self.masks.speaking, self.layer.hooked_groups["speak"]
        if speaking:
            said = self.raw_activity.clone()
            for group in speaking:
                obs = self.observation(group)
                obs.activity = group.policy.speak(group.take(self.raw_activity, "BJ"), obs, group.memory)
                group.check_answer("speak", obs.activity, "BJ", (self.batch, group.count))
                group.put(said, obs.activity, "BJ")
            self.activity = said
        if mask is not None:
            self.activity = self.activity * mask
            for group in speaking:
                self.observation(group).activity = group.take(self.activity, "BJ")

    def feedback(self, group: PolicyGroup) -> Tensor:
        """Return the feedback of a group's policy, (..., B, M).

        Raises:
            PolicyError: It has another shape or precision.
        """
        feedback: Tensor = group.policy.feedback(self.observation(group), group.memory)
        group.check_answer("feedback", feedback, "BJ", (self.batch, group.count))
        return feedback

    def feedback_weights(self, group: PolicyGroup) -> Tensor:
        """Return the feedback weights of a group's policy, (..., K, M).

        Raises:
            PolicyError: They have another shape or precision.
        """
        weights: Tensor = group.policy.feedback_weights(self.observation(group), group.memory)
        shape = (group.lengths["K"], group.count)
        if getattr(weights, "shape", None) != shape or weights.dtype != group.dtype:  # the same for all replicas, or for each
            group.check_answer("feedback_weights", weights, "KJ", shape)
        return weights

    def demand(self, feedback: Tensor) -> Tensor:
        """Return the demand for a feedback, both (..., B, J): feedback times slope, or what the policies say."""
        layer = self.layer
        demand: Tensor = feedback * layer.activation.slope(xp, self.potential, self.raw_activity)
        for group in layer.hooked_groups["demand"]:
            part: Tensor = group.policy.demand(group.take(feedback, "BJ"), self.observation(group), group.memory)
            group.check_answer("demand", part, "BJ", (self.batch, group.count))
            if group.is_whole_layer:
                return part
            group.put(demand, part, "BJ")
        return demand

    def settle(self, demand: Tensor | None, reducer: Reducer) -> Tensor | None:
        """Make the response that of the whole batch, and return the demand (..., B, J) that the speakers hear."""
        layer, response = self.layer, self.layer.response
        reducer.average(response)
        if demand is None or response is None or not layer.hooked_groups["scales"]:
            return demand
        if layer.needs & LAYER_FIELDS:
            self.measure(demand, reducer)
        self._scales = self._scales_of_groups(response)
        layer.response_scale = self._scales.demand
        layer.hold_frozen()
        return demand if layer.response_scale is None else demand * layer.response_scale[..., None, :]

    def measure(self, demand: Tensor, reducer: Reducer = SINGLE_PROCESS) -> None:
        """Set the sizes of the layer's demands, (..., B, J), and of its responses."""
        mean_squares = torch.mean(demand * demand, dim=-2)
        reducer.average(mean_squares)
        self.layer_demand = torch.sqrt(mean_squares)
        self.layer_response = self.layer.response_lengths()

    def _scales_of_groups(self, response: Tensor) -> Scales:
        """Return the factors of all neurons, each (..., J) or None for 1."""
        groups = self.layer.hooked_groups["scales"]
        answers = [group.scales(group.take(response, "JS"), self.observation(group)) for group in groups]
        if groups[0].is_whole_layer:
            return answers[0]
        merged = []
        for parts in zip(*answers, strict=True):
            whole = torch.ones_like(self.layer.bias)
            for group, part in zip(groups, parts, strict=True):
                if part is not None:
                    group.put(whole, part, "J")
            merged.append(whole)
        return Scales(*merged)

    def adapt(self) -> Tensor | None:
        """Return the intended change per unit of learning rate, (..., J, S); None if the velocities hold the response."""
        intent, scaled = self._intent(), self.layer.scaled_response
        if intent is None or scaled is None or self.listener_demand is None:
            return intent
        self.layer.scale_change(intent, self._scales, scaled)
        return scaled

    def _intent(self) -> Tensor | None:
        """Return the change that the policies intend, before their factors."""
        layer, response = self.layer, self.layer.response
        if response is None or self.listener_demand is None:
            return response
        adapting = layer.hooked_groups["adapt"]
        if not adapting:
            return response
        intent = response if adapting[0].is_whole_layer else response.clone()
        for group in adapting:
            part: Tensor = group.policy.adapt(group.take(response, "JS"), self.observation(group), group.memory)
            group.check_answer("adapt", part, "JS", (group.count, group.lengths["S"]))
            if group.is_whole_layer:
                intent = part
            else:
                group.put(intent, part, "JS")
        if layer.learning_mask is not None:
            intent = intent * layer.learning_mask
        if layer.mask is None:
            return intent
        return torch.cat((intent[..., :-1] * layer.mask, intent[..., -1:]), dim=-1)

    def remember(self, change: Tensor) -> None:
        """Update the memory of the neurons that act in this round, given the change (..., J, S) of their synapses."""
        response = self.layer.response
        if response is None or self.listener_demand is None:
            return
        for group in self.layer.hooked_groups["remember"]:
            parts = group.take(change, "JS"), group.take(response, "JS")
            memory = group.policy.remember(*parts, self.observation(group), group.memory)
            group.check_memory(memory, "remember")
            if self.masks.update is None:
                group.keep(memory)
            else:
                group.memory = self._updated(group, memory, group.take(self.masks.update, "J"))

    def accumulate(self) -> None:
        """Add the inputs of this round to the layer's projector, if the engine updates it."""
        group = self.layer.projected_group
        if group is not None and group.projection is not None and self.listener_demand is not None:
            group.accumulate(group.projection, self.observation(group))

    def _updated(self, group: PolicyGroup, memory: Memory, acts: Tensor) -> dict[str, Array]:
        """Return the memory after the round, where only some neurons act, (..., M)."""
        axes, old = group.policy.memory_axes, group.memory
        return {
            name: torch.where(acts[(..., *[None] * (len(axes[name]) - 1))], array, old[name]) for name, array in memory.items()
        }


def _slope(record: LayerRecord) -> Tensor:
    return record.layer.activation.slope(xp, record.potential, record.raw_activity)  # type: ignore[no-any-return]


def _response(record: LayerRecord) -> Tensor | None:
    above = record.layer.above
    if record.listener_demand is None:
        return None
    return record.layer.attention if above is None else above.seen_response()


FIELD_GETTERS: dict[str, tuple[str, Callable[[LayerRecord], Tensor | None]]] = {
    "potential": ("BJ", lambda record: record.potential),
    "activity": ("BJ", lambda record: record.activity),
    "slope": ("BJ", _slope),
    "speaker_activity": ("BI", lambda record: record.heard),
    "attention": ("KJ", lambda record: record.layer.attention),
    "listener_mask": ("KJ", lambda record: record.layer.listener_mask),
    "demand": ("BK", lambda record: record.listener_demand),
    "response": ("KJ", _response),
    "broadcast": ("BO", lambda record: record.context.broadcast),
    "reward": ("B", lambda record: record.context.reward),
    "synapses": ("JS", lambda record: record.layer.synapses()),
    "synapse_mask": ("JS", lambda record: record.layer.synapse_mask),
    "layer_demand": ("L", lambda record: record.layer_demand),
    "layer_response": ("L", lambda record: record.layer_response),
}
"""Axes and getter of every field of an observation; a getter returns None for what is not known yet."""
