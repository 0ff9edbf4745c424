"""Neurons as Mesa agents: each reads its neighbours' posts and the round's context, and nothing else."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.core import Birth, ConfigurationError, Memory, Observation, Policy, PolicyError, RandomStream, Scales
from neuronet.engines.agents.layer_arithmetic import LayerArithmetic
from neuronet.engines.agents.message_board import Index
from neuronet.engines.agents.round_context import RoundContext
from neuronet.engines.agents.speaker import Speaker
from neuronet.engines.base.answers import check_answer, check_memory
from neuronet.registry import short_name

Floats = NDArray[np.floating[Any]]


class Neuron(Speaker):
    """Neuron that listens, speaks, and seeks what its policy makes it seek.

    `speak`, `feed_back`, `settle` and `adapt` are the parts of a round of a neuron that acts alone. In a synchronous round the
    model has the layer's arithmetic done for all neurons at once, and asks each of them only for its decisions: `say`, `demand`,
    `settle`, `intend` and `remember`.

    Args:
        model: The Mesa model.
        node: Its node in the graph.
        place: Its layer and its index within the layer.
        arithmetic: Arithmetic of its layer, which holds its synapses.
        neighbours: Indices of its speakers and of its listeners within their layers.
        policy: Its policy.
        outputs: Number of output neurons.

    Attributes:
        policy: Its policy.
        memory: Memory of its policy.
        speakers: Indices of its speakers within the layer below.
        fixed: Whether it does not adapt, because it is silent or frozen.
        has_scales: Whether its policy has factors of its demand and its change.
        obs: What it observed in the last round.
    """

    def __init__(
        self,
        model: mesa.Model,
        node: int,
        place: tuple[int, int],
        arithmetic: LayerArithmetic,
        neighbours: tuple[Index, Index],
        policy: Policy,
        outputs: int,
    ) -> None:
        super().__init__(model, node, place, arithmetic.above, neighbours[-1])
        self.outputs = outputs
        self.fixed = False
        self._policy_name: str | None = None  # looked up when it is asked for
        self.connect(place, arithmetic, neighbours, policy)

    def connect(
        self, place: tuple[int, int], arithmetic: LayerArithmetic, neighbours: tuple[Index, Index], policy: Policy
    ) -> None:
        """Take a place between neighbours, with zero weights and the initial memory."""
        self.arithmetic = arithmetic
        self.below, self.board = arithmetic.below, arithmetic.board
        self.speakers, listeners = neighbours
        self.attach(place, arithmetic.above, listeners)
        self._slot = arithmetic.slot(self.index)
        dtype = self.board.dtype
        column = slice(self.index, self.index + 1)
        self.axis_indices: dict[str, Any] = {"J": column, "I": self.speakers, "K": self.listeners, "S": self._synapse_indices()}
        self._hears_all, self._is_heard_by_all = (isinstance(index, slice) for index in neighbours)
        self._has_no_listeners = self.above is not None and not self._is_heard_by_all and len(self.attention) == 0
        self._draws = RandomStream(self.board.draw, self.axis_indices)
        self.set_policy(policy)
        self._no_attention = np.zeros((0, 1), dtype=dtype)
        self._connected = np.ones((self.attention.size, 1), dtype=dtype)
        self.memory: Memory = self._initial_memory()

    @property
    def policy(self) -> Policy:
        """Its policy, which the model's setup has, too."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        hint = "use neuronet.interventions.switch, or model.assign"
        raise ConfigurationError(f"{self!r} cannot have another policy than the setup of its model says: {hint}")

    @property
    def policy_name(self) -> str:
        """Short name of its policy, such as "greedy(top=3)", as the record of a run has it."""
        if self._policy_name is None:
            self._policy_name = short_name(self._policy)
        return self._policy_name

    def set_policy(self, policy: Policy) -> None:
        """Follow the policy of the model's setup from the next round on; the memory stays. Only the model calls this."""
        self._policy = policy
        self._policy_name = None
        self._hooks = policy.hooks
        self._needs = policy.needs
        self._speaks_its_mind = "speak" in self._hooks
        self._has_default_demand = "demand" not in self._hooks
        self.has_scales = "scales" in self._hooks

    def _synapse_indices(self) -> Index:
        if isinstance(self.speakers, slice):
            return slice(None)
        return np.append(self.speakers, self.board.attention.shape[1])

    def _initial_memory(self) -> Memory:
        synapses = self.synapses.size
        lengths = {"J": 1, "I": synapses - 1, "S": synapses, "O": self.outputs, "K": self.attention.size}
        zeros = lambda axes: np.zeros([lengths[letter] for letter in axes], dtype=self.board.dtype)  # noqa: E731
        memory = self.policy.initial_memory(Birth(self._draws, zeros))
        check_memory(self.policy, self.layer, memory, (), lengths, "initial_memory")
        self._axis_lengths = lengths
        return memory

    def _checked(self, hook: str, answer: Any, axes: str, shape: tuple[int, ...]) -> Floats:
        check_answer(self._policy, hook, self.layer, answer, axes, shape, self.board.dtype)
        return answer  # type: ignore[no-any-return]

    @property
    def synapses(self) -> Floats:
        """The attention it pays to each speaker and, last, its bias, (S,); other neurons never write it."""
        return self.arithmetic.synapses[self._slot]

    @property
    def response(self) -> Floats:
        """How it would change its synapses per unit of learning rate, (S,), before its policy alters it."""
        return self.arithmetic.response[self._slot]

    @property
    def optimizer_state(self) -> dict[str, Floats]:
        """Arrays of the optimizer by name, (S,)."""
        return {name: array[self._slot] for name, array in self.arithmetic.optimizer_state.items()}

    @property
    def slope(self) -> Floats:
        """Slope of its activation in the round, (B,)."""
        return self.arithmetic.slope[self.index, :, 0]

    @property
    def weights(self) -> Floats:
        """The attention it pays to each of its speakers, (I,)."""
        return self.synapses[:-1]

    @property
    def bias(self) -> float:
        """The potential it has without any input."""
        return float(self.synapses[-1])

    def speak(self, context: RoundContext) -> None:
        """Read the speakers' activity, and post an activity."""
        self.arithmetic.listen(self.index)
        self.say(context)

    def say(self, context: RoundContext) -> None:
        """Post the activity that it has after it listened, unless its policy says something else."""
        obs = self.observe(context, self._draws)
        if self._speaks_its_mind:
            obs.activity = self._checked("speak", self._policy.speak(obs.activity, obs, self.memory), "BJ", obs.activity.shape)
        if self.is_silent_in(context):
            obs.activity = np.zeros_like(obs.activity)
        self.board.activity[self.index] = obs.activity[:, 0]

    def observe(self, context: RoundContext, draws: RandomStream) -> Observation:
        """Return what it sees in a round after it listened; attention and memory are those of the present."""
        arithmetic, index = self.arithmetic, self.index
        obs = self.obs = Observation()
        obs.xp, obs.draws = xp, draws
        obs.learning, obs.learning_rate = context.learning, context.learning_rate
        obs.potential = arithmetic.potential[index]
        obs.activity = arithmetic.activity[index]
        obs.slope = arithmetic.slope[index]
        obs.speaker_activity = arithmetic.heard.T if self._hears_all else arithmetic.heard[self.speakers].T
        obs.attention = self._received_attention()
        obs.listener_mask = self._connected
        if self._needs:
            if "synapses" in self._needs:
                obs.synapses = self.synapses[None, :].copy()
            if "synapse_mask" in self._needs:
                obs.synapse_mask = np.ones((1, self.synapses.size), dtype=self.board.dtype)
        return obs

    def _received_attention(self) -> Floats:
        if self.above is None:
            return self._no_attention
        received: Floats = self.arithmetic.received[self.index]
        return received if self._is_heard_by_all else received[self.listeners]

    def feed_back(self, context: RoundContext) -> None:
        """Read the listeners' demand, post a demand, and set the intended change of the attention it pays.

        Args:
            context: The round that the demand is about.
        """
        self.demand(context)
        self.arithmetic.respond(self.index)

    def demand(self, context: RoundContext) -> None:
        """Read the listeners' demand, and post a demand."""
        demand = self._compute_demand(context)
        if self.board.jacobian is not None:
            demand = demand * self.board.jacobian[self.index][:, None]
        self.board.demand[self.index] = demand[:, 0]

    def settle(self, context: RoundContext) -> None:
        """Multiply the posted demand by the policy's factor, once every neuron of the layer has posted its own."""
        if not self.has_scales:
            return
        if "layer_demand" in self._needs:
            self.obs.layer_demand = self.board.layer_demand
        if "layer_response" in self._needs:
            self.obs.layer_response = self.board.layer_response
        scales = self.policy.scales(self.response[None, :], self.obs, self.memory)
        if not isinstance(scales, Scales):
            raise PolicyError(
                f"{self.policy!r} must return Scales(...) from scales in layer {self.layer}, got {type(scales).__name__}"
            )
        for name, part in scales._asdict().items():
            if part is not None:
                self._checked(f"scales.{name}", part, "J", (1,))
        demand, weights, bias = (1.0 if part is None else part[0] for part in scales)
        self.board.demand[self.index] *= demand
        self._change_scale = np.full_like(self.response, weights)
        self._change_scale[-1] = bias
        if self.fixed:
            self.response[:] = 0
        if self.arithmetic.habits.post_response:
            self.arithmetic.post_response(self.index, demand)

    def _compute_demand(self, context: RoundContext) -> Floats:
        obs, above = self.obs, self.above
        if above is None:
            obs.demand = np.zeros((obs.slope.size, 0), dtype=self.board.dtype)
        elif self._is_heard_by_all:
            obs.demand = above.delivered_demand.T
        else:
            obs.demand = above.delivered_demand[self.listeners].T
        if self._needs:
            self._add_requested_fields(context)
        if self._has_no_listeners or self.is_silent_in(context):
            return np.zeros_like(obs.slope)
        feedback = self._feedback(context)
        if self._has_default_demand:
            return np.asarray(feedback * obs.slope)
        return self._checked("demand", self.policy.demand(feedback, obs, self.memory), "BJ", obs.activity.shape)

    def _feedback(self, context: RoundContext) -> Floats:
        """Return the feedback of the policy, or the one that the environment gives an output neuron, (B, 1)."""
        obs = self.obs
        if self.above is None:
            assert context.output_feedback is not None
            return np.asarray(context.output_feedback[self.index][:, None])
        try:
            return self._checked("feedback", self._policy.feedback(obs, self.memory), "BJ", obs.slope.shape)
        except Exception:
            if self.policy.linear:  # its weights are the reason
                self._checked("feedback_weights", self.policy.feedback_weights(obs, self.memory), "KJ", obs.attention.shape)
            raise

    def _add_requested_fields(self, context: RoundContext) -> None:
        if "response" in self._needs:
            above = self.above
            self.obs.response = self._no_attention if above is None else above.response[self.listeners, self.index][:, None]
        if "broadcast" in self._needs and self.above is not None:
            self.obs.broadcast = context.broadcast
        if "reward" in self._needs:
            self.obs.reward = context.reward

    def adapt(self, context: RoundContext) -> None:
        """Change the attention it pays, as the policy and the optimizer say, and post it."""
        self.intend(context)
        self.arithmetic.step(context, self.index)
        self.remember(context)

    def intend(self, context: RoundContext) -> None:
        """Alter the intended change of its synapses, if its policy does so."""
        if not self.has_scales and "adapt" not in self._hooks:
            return
        self._hear_broadcast(context)
        intent = self.response
        if "adapt" in self._hooks:
            response = intent[None, :]
            intent = self._checked("adapt", self.policy.adapt(response, self.obs, self.memory), "JS", response.shape)[0]
        if self.has_scales:
            intent = intent * self._change_scale
        self.arithmetic.intent[self._slot] = 0 if self.fixed else intent

    def remember(self, context: RoundContext) -> None:
        """Keep what its policy remembers of the round."""
        if "remember" not in self._hooks:
            return
        self._hear_broadcast(context)
        change, response = self.arithmetic.change[self._slot][None, :], self.response[None, :]
        memory = self.policy.remember(change, response, self.obs, self.memory)
        check_memory(self.policy, self.layer, memory, (), self._axis_lengths, "remember")
        # copies, since it may hold arrays that the next round overwrites, such as the response
        self.memory = {name: np.array(array) for name, array in memory.items()}

    def _hear_broadcast(self, context: RoundContext) -> None:
        if self.above is None and "broadcast" in self._needs:  # by now all outputs have said it
            self.obs.broadcast = context.broadcast

    def adapt_without_demand(self, context: RoundContext) -> None:
        """Let only the optimizer go on, with a zero intent, as long as no demand has arrived."""
        self.arithmetic.rest(context, self.index)

    def act(self, context: RoundContext) -> None:
        """Speak, feed back, adapt and speak again, so that neurons that act later in this round hear the new activity."""
        self.speak(context)
        self.feed_back(context)
        self.settle(context)
        self.adapt(context)
        self.speak(context)
