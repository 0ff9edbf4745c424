"""A layer at work: what it hears, says, demands and intends in a round, in buffers that every round uses again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import OPTIONAL_SIGHTS, Observation
from neuronet.engines.base.engine import check_memory
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.matmul import Products
from neuronet.engines.tensors.policy_group import Followers

Form = tuple[Callable[[Tensor, Tensor], Any], Callable[[Tensor, Tensor, Tensor], Any]]


def _bare(operation: Any) -> Any:
    """The operation without torch's look at its arguments, which costs more than a small one takes."""
    return getattr(operation, "_op", operation)


_relu_back = _bare(torch.ops.aten.threshold_backward.grad_input)
_tanh_back = _bare(torch.ops.aten.tanh_backward.grad_input)

FORMS: dict[str, Form] = {
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


class Stage:
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
        waits: Whether nothing has come in this round of what its listeners demand.
    """

    def __init__(self, layer: Layer, attention: Tensor, batch: int) -> None:
        self.layer: Layer = layer
        self.attention = attention
        self.batch = batch
        self.lead = layer.lead
        self.is_output = layer.lengths["K"] == 0
        below, here, above = (0 if self.is_output else layer.lengths[letter] for letter in "IJK")
        self.products = Products(self.lead, batch, below * here, layer.weights)
        self.products_above = Products(self.lead, batch, here * above, layer.weights)
        self._bias = layer.bias[:, None] if self.lead else layer.bias
        self.form = FORMS.get(layer.activation.name)
        self._identity = layer.activation.name == "identity"
        self._single = layer.followers[0] if layer.followers[0].whole else None
        self._all_linear = all(each.linear for each in layer.followers)
        self._attention_itself = False
        self._plain_demand = "demand" not in layer.verbs
        self._speaks = "speak" in layer.verbs
        self.potential: Tensor = self._room()
        self.plain: Tensor = self.potential if self._identity else self._room()
        self.activity: Tensor = self.plain
        self.heard: Tensor = self.plain
        self.feedback_room: Tensor | None = None
        self._weighing: Tensor | None = None
        self._ones: Tensor | None = None
        self.ask: Tensor | None = None
        self.response: Tensor | None = None
        self.broadcast: Tensor | None = None
        self.reward: Tensor | None = None
        self.echo: Tensor | None = None
        self.waits = False
        self.learning = False
        self.learning_rate: float | Tensor = 0.0
        self._seen: dict[int, Observation] = {}

    def _room(self) -> Tensor:
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
        self.ask = self.response = self.broadcast = self.reward = self.echo = None
        self.waits = False
        if self._seen:
            self._seen = {}
        self.potential = self.products.potential(heard, self.layer.weights, self._bias, self.potential)
        if self.form is not None:
            self.form[0](self.potential, self.plain)
        elif self._identity:
            self.plain = self.potential
        else:
            self.plain = self.layer.activation.value(xp, self.potential)
        self.activity = self.plain  # what `speak` sees of its own activity
        if self._speaks:
            self.activity = self._said()
        if self.layer.speaks is not None:
            self._silence(self.layer.speaks)
        return self.activity

    def _silence(self, speaks: Tensor) -> None:
        self.activity = self.activity * speaks
        for each in self.layer.followers:
            if "speak" in each.verbs:
                self.seen(each).activity = each.take(self.activity, "BJ")

    def recall(self, past: Mapping[str, Tensor], learning_rate: float | Tensor) -> None:
        """Be again as in an earlier round: what was heard and said then; attention and memory are those of today."""
        self.heard, self.potential, self.activity = past["heard"], past["potential"], past["activity"]
        self.broadcast, self.reward, self.echo = past["broadcast"], past["reward"], past.get("echo")
        self.learning, self.learning_rate, self.waits = True, learning_rate, False
        self.ask, self.response, self._seen = None, None, {}
        if self.form is not None:
            self.plain = torch.empty_like(self.potential)  # the listeners still look at what this layer has said today
            self.form[0](self.potential, self.plain)
        else:
            self.plain = self.potential if self._identity else self.layer.activation.value(xp, self.potential)

    def _said(self) -> Tensor:
        said = self.plain.clone()
        for each in self.layer.followers:
            if "speak" in each.verbs:
                part = each.policy.speak(each.take(self.plain, "BJ"), self.seen(each), each.memory)
                each.put(said, part, "BJ")
                self._seen[id(each)].activity = part
        return said

    def seen(self, followers: Followers) -> Observation:
        """What these neurons see in this round."""
        key = id(followers)
        if key not in self._seen:
            self._seen[key] = Observation(self._look_of(followers), xp=xp, draws=followers.draws)
        return self._seen[key]

    def _look_of(self, followers: Followers) -> Callable[[str], object]:
        hidden = OPTIONAL_SIGHTS - followers.needs

        def look(name: str) -> object:
            if name in hidden:
                raise KeyError(name)
            return self._look(name, followers)

        return look

    def _look(self, name: str, followers: Followers) -> object:
        if name == "learning":
            return self.learning
        if name == "learning_rate":
            rate = self.learning_rate
            return rate if isinstance(rate, float) else followers.take(rate, "11")
        axes, find = LOOKS[name]
        sight = find(self)
        if sight is None:
            raise KeyError(name)
        return sight if followers.whole else followers.take(sight, axes)

    def decide(self, ask: Tensor) -> Tensor:
        """The layer's demand, (..., B, J), by the policies of its neurons, given their listeners' demands (..., B, K)."""
        self.ask = ask
        feedback = self._feedbacks(ask)
        if self.form is not None and self._plain_demand:
            if self.feedback_room is None:
                self.feedback_room = self._room()
            demand: Tensor = self.form[1](feedback, self.plain, self.feedback_room)
        elif self._identity and self._plain_demand:
            demand = feedback
        else:
            demand = self._demands(feedback)
        if self.layer.heard_back is not None:
            demand = demand * self.layer.heard_back
        return demand if self.echo is None else demand * self.echo

    def _feedbacks(self, ask: Tensor) -> Tensor:
        if self.feedback_room is None:
            self.feedback_room = self._room()
        if self._all_linear:
            return self.products_above.feedback(ask, self._weigh(), self.feedback_room)
        if self._single is not None:
            return self._checked(self._single, self._single.policy.feedback(self.seen(self._single), self._single.memory))
        for each in self.layer.followers:
            part = self._checked(each, each.policy.feedback(self.seen(each), each.memory))
            each.put(self.feedback_room, part, "BJ")
        return self.feedback_room

    def _checked(self, each: Followers, feedback: Any) -> Tensor:
        shape = (*each.lead(), self.batch, each.count)
        if getattr(feedback, "shape", None) != shape:
            got = getattr(feedback, "shape", type(feedback).__name__)
            raise NeuroNetError(f"{each.policy!r} must give feedback of shape {shape}, got {got}")
        checked: Tensor = feedback
        return checked

    @property
    def is_plain(self) -> bool:
        """Whether nothing but linear policies are at work here."""
        layer = self.layer
        bare = layer.mask is None and layer.heard_back is None and layer.learns is None
        return bare and self._all_linear and not layer.needs and not layer.apart and layer.verbs <= {"start"}

    def weigh(self, ask: Tensor, rate: float | Tensor, number: int) -> Tensor:
        """The weighing for these demands, where `speak` and `decide` are not called: for quick rounds, by their number."""
        if self._attention_itself:
            return self.attention
        self.layer.open(number, self.batch)
        self.ask, self.learning, self.learning_rate, self._seen = ask, True, rate, {}
        weighing = self._weigh()
        # without a memory there is nothing on which another answer could hang
        self._attention_itself = weighing is self.attention and not self.layer.followers[0].policy.keeps
        return weighing

    def _weigh(self) -> Tensor:
        """How much each listener's demand counts with each neuron, (..., K, J), by the policies, all linear."""
        if self._single is not None:
            weighing = self._weighing_of(self._single)
            return weighing if weighing.ndim == self.attention.ndim else weighing.expand(self.attention.shape)
        if self._weighing is None:
            self._weighing = torch.empty_like(self.attention)
        for each in self.layer.followers:
            each.put(self._weighing, self._weighing_of(each), "KJ")
        return self._weighing

    def _weighing_of(self, each: Followers) -> Tensor:
        weighing: Any = each.policy.weighing(self.seen(each), each.memory)
        shape = (self.layer.lengths["K"], each.count)
        if getattr(weighing, "shape", ())[-2:] != shape:
            got = getattr(weighing, "shape", type(weighing).__name__)
            raise NeuroNetError(f"{each.policy!r} must give a weighing of shape {shape}, got {got}")
        checked: Tensor = weighing
        return checked

    def _demands(self, feedback: Tensor) -> Tensor:
        slope = self.layer.activation.slope(xp, self.potential, self.plain)
        demand: Tensor = feedback * slope
        for each in self.layer.followers:
            if "demand" in each.verbs:
                part: Tensor = each.policy.demand(each.take(feedback, "BJ"), self.seen(each), each.memory)
                if each.whole:
                    return part
                each.put(demand, part, "BJ")
        return demand

    def wished(self, wish: Tensor) -> Tensor:
        """The output layer's demand, for the feedback that its environment gives."""
        self.ask = wish[..., :0]
        demand = wish
        if not self._identity:
            demand = wish * self.layer.activation.slope(xp, self.potential, self.plain)
        return demand if self.layer.speaks is None else demand * self.layer.speaks

    def intend(self, demand: Tensor, decay: float) -> None:
        """Write the response to this demand into the velocities, which decay; or, if it is looked at, by itself."""
        layer = self.layer
        if self._ones is None:
            self._ones = layer.empty(*self.lead, self.batch, *((1,) if self.lead else ())).fill_(1)
        weights, bias = layer.velocity_weights, layer.velocity_bias
        if layer.apart:
            weights, bias, decay = layer.response[..., :-1], layer.response[..., -1], 0.0
        self.products.respond(demand, self.heard, weights, decay)
        if self.lead:
            bias[..., None].baddbmm_(demand.mT, self._ones, beta=decay, alpha=1 / self.batch)
        else:
            bias.addmv_(demand.mT, self._ones, beta=decay, alpha=1 / self.batch)
        if layer.mask is not None:
            weights.mul_(layer.mask)
        if layer.learns is not None:
            weights.mul_(layer.learns)
            bias.mul_(layer.learns[..., 0])

    def wait(self, decay: float) -> None:
        """Intend nothing in this round, since there is nothing yet to answer; velocities decay."""
        self.waits = True
        layer = self.layer
        if layer.apart:
            layer.response.zero_()
        else:
            layer.velocity_weights.mul_(decay)
            layer.velocity_bias.mul_(decay)

    def adapt(self) -> Tensor:
        """How the layer changes, per unit of learning rate, by its policies: (..., J, S); the response stays as it is."""
        layer = self.layer
        response = layer.response
        changes = [each for each in layer.followers if "adapt" in each.verbs]
        if not changes or self.waits:
            return response
        intent = response if self._single is not None else response.clone()
        for each in changes:
            part: Tensor = each.policy.adapt(each.take(response, "JS"), self.seen(each), each.memory)
            if each.whole:
                intent = part
            else:
                each.put(intent, part, "JS")
        if layer.learns is not None:
            intent = intent * layer.learns
        if layer.mask is None:
            return intent
        return torch.cat((intent[..., :-1] * layer.mask, intent[..., -1:]), dim=-1)

    def remember(self, change: Tensor) -> None:
        """Let the policies update their memories; change is (..., J, S)."""
        response = self.layer.response
        for each in self.layer.followers if not self.waits else ():
            if "remember" in each.verbs:
                seen, old = self.seen(each), each.memory
                memory = each.policy.remember(each.take(change, "JS"), each.take(response, "JS"), seen, old)
                check_memory(each.policy, memory)
                # a copy, since it may hold what the engine writes into in the next round, such as the attention seen
                each.memory = {name: array if array is old[name] else array.clone() for name, array in memory.items()}


def _synapses(stage: Stage) -> Tensor:
    return torch.cat((stage.layer.weights, stage.layer.bias[..., None]), dim=-1)


LOOKS: dict[str, tuple[str, Callable[[Stage], Tensor | None]]] = {
    "potential": ("BJ", lambda stage: stage.potential),
    "activity": ("BJ", lambda stage: stage.activity),
    "slope": ("BJ", lambda stage: stage.layer.activation.slope(xp, stage.potential, stage.plain)),
    "heard": ("BI", lambda stage: stage.heard),
    "attention": ("KJ", lambda stage: stage.attention),
    "connected": ("KJ", lambda stage: stage.layer.connected),
    "demand": ("BK", lambda stage: stage.ask),
    "response": ("KJ", lambda stage: stage.response),
    "broadcast": ("BO", lambda stage: stage.broadcast),
    "reward": ("B", lambda stage: stage.reward),
    "synapses": ("JS", _synapses),
    "listening": ("JS", lambda stage: stage.layer.listening),
}
"""How a layer finds what its neurons can see."""
