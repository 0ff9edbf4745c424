"""Neurons as Mesa agents: each reads its neighbours' posts and the round's context, and nothing else."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    Activation,
    Birth,
    ConfigurationError,
    Memory,
    Observation,
    Optimizer,
    Policy,
    PolicyError,
    RandomStream,
    Scales,
)
from neuronet.engines.agents.message_board import Index, MessageBoard
from neuronet.engines.agents.round_context import RoundContext
from neuronet.engines.agents.speaker import Speaker
from neuronet.engines.base.answers import check_answer, check_memory
from neuronet.registry import short_name

Floats = NDArray[np.floating[Any]]


class Neuron(Speaker):
    """Neuron that listens, speaks, and seeks what its policy makes it seek.

    Args:
        model: The Mesa model.
        node: Its node in the graph.
        place: Its layer and its index within the layer.
        boards: Boards of the layer below, its own layer and the layer above; None above the outputs.
        neighbours: Indices of its speakers and of its listeners within their layers.
        activation: Activation of its layer.
        policy: Its policy.
        optimizer: Optimizer of the game.
        outputs: Number of output neurons.

    Attributes:
        synapses: (S,), the attention it pays to each speaker and, last, its bias; other neurons never write it.
        policy: Its policy.
        memory: Memory of its policy.
        speakers: Indices of its speakers within the layer below.
        fixed: Whether it does not adapt, because it is silent or frozen.
        posts_response: Whether it posts its response, because a speaker's policy reads it.
        posts_sizes: Whether it posts the sizes of demand and response, because a policy of its layer reads them.
        has_scales: Whether its policy has factors of its demand and its change.
        obs: What it observed in the last round.
    """

    def __init__(
        self,
        model: mesa.Model,
        node: int,
        place: tuple[int, int],
        boards: tuple[MessageBoard, MessageBoard, MessageBoard | None],
        neighbours: tuple[Index, Index],
        activation: Activation,
        policy: Policy,
        optimizer: Optimizer,
        outputs: int,
    ) -> None:
        super().__init__(model, node, place, boards[-1], neighbours[-1])
        self.optimizer = optimizer
        self.outputs = outputs
        self.fixed = self.posts_response = self.posts_sizes = False
        self._policy_name: str | None = None  # looked up when it is asked for
        self.connect(place, boards, neighbours, activation, policy)

    def connect(
        self,
        place: tuple[int, int],
        boards: tuple[MessageBoard, MessageBoard, MessageBoard | None],
        neighbours: tuple[Index, Index],
        activation: Activation,
        policy: Policy,
    ) -> None:
        """Take a place between neighbours, with zero weights and the initial memory."""
        self.below, self.board, above = boards
        self.speakers, listeners = neighbours
        self.attach(place, above, listeners)
        self.activation = activation
        dtype = self.board.dtype
        heard = self.board.attention[self.index, self.speakers].size
        self.synapses: Floats = np.zeros(heard + 1, dtype=dtype)
        self.intent: Floats = np.zeros(heard + 1, dtype=dtype)
        self.optimizer_state: dict[str, Any] = {name: np.zeros(heard + 1, dtype=dtype) for name in self.optimizer.state_names}
        column = slice(self.index, self.index + 1)
        self.axis_indices: dict[str, Any] = {"J": column, "I": self.speakers, "K": self.listeners, "S": self._synapse_indices()}
        self._has_no_listeners = above is not None and not isinstance(listeners, slice) and listeners.size == 0
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
        self._has_default_demand = "demand" not in self._hooks
        self.has_scales = "scales" in self._hooks

    def _synapse_indices(self) -> Index:
        if isinstance(self.speakers, slice):
            return slice(None)
        return np.append(self.speakers, self.board.attention.shape[1])

    def _initial_memory(self) -> Memory:
        lengths = {"J": 1, "I": self.synapses.size - 1, "S": self.synapses.size, "O": self.outputs, "K": self.attention.size}
        zeros = lambda axes: np.zeros([lengths[letter] for letter in axes], dtype=self.board.dtype)  # noqa: E731
        memory = self.policy.initial_memory(Birth(self._draws, zeros))
        check_memory(self.policy, self.layer, memory, (), lengths, "initial_memory")
        self._axis_lengths = lengths
        return memory

    def _checked(self, hook: str, answer: Any, axes: str, shape: tuple[int, ...]) -> Floats:
        check_answer(self.policy, hook, self.layer, answer, axes, shape, self.board.dtype)
        return answer  # type: ignore[no-any-return]

    @property
    def weights(self) -> Floats:
        """The attention it pays to each of its speakers, (I,)."""
        return self.synapses[:-1]

    @property
    def bias(self) -> float:
        """The potential it has without any input."""
        return float(self.synapses[-1])

    def post_attention(self) -> None:
        """Post the attention it pays, for its speakers to read."""
        self.board.attention[self.index, self.speakers] = self.synapses[:-1]

    def speak(self, context: RoundContext) -> None:
        """Read the speakers' activity, and post an activity."""
        heard = self.below.delivered_activity[self.speakers]
        potential = self.synapses[:-1] @ heard
        potential += self.synapses[-1]
        activity = self.activation.value(xp, potential)
        self._speaker_activity = heard
        self.slope = self.activation.slope(xp, potential, activity)
        obs = self._observe(context, potential, activity, self._draws)
        if "speak" in self._hooks:
            obs.activity = self._checked("speak", self.policy.speak(obs.activity, obs, self.memory), "BJ", obs.activity.shape)
            activity = obs.activity[:, 0]
        if self.is_silent_in(context):
            activity = np.zeros_like(activity)
            obs.activity = activity[:, None]
        self.board.activity[self.index] = activity

    def _observe(self, context: RoundContext, potential: Floats, activity: Floats, draws: RandomStream) -> Observation:
        obs = self.obs = Observation(
            xp=xp,
            potential=potential[:, None],
            activity=activity[:, None],
            slope=self.slope[:, None],
            speaker_activity=self._speaker_activity.T,
            attention=self._received_attention(),
            listener_mask=self._connected,
            learning_rate=context.learning_rate,
            draws=draws,
            learning=context.learning,
        )
        if "synapses" in self._needs:
            obs.synapses = self.synapses[None, :].copy()
        if "synapse_mask" in self._needs:
            obs.synapse_mask = np.ones((1, self.synapses.size), dtype=self.board.dtype)
        return obs

    def recall(self, context: RoundContext, heard: Floats, potential: Floats, activity: Floats, draws: RandomStream) -> None:
        """Observe an earlier round again; attention and memory are those of the present.

        Args:
            context: The earlier round.
            heard: (I, B), activity that arrived from the layer below.
            potential: (B,).
            activity: (B,).
            draws: Random numbers of that round.
        """
        self._speaker_activity = heard[self.speakers]
        self.slope = self.activation.slope(xp, potential, self.activation.value(xp, potential))
        self._observe(context, potential, activity, draws)

    def _received_attention(self) -> Floats:
        if self.above is None:
            return self._no_attention
        # a copy, since the listeners may change their attention before this neuron has adapted
        return self.above.attention[self.listeners, self.index].copy()[:, None]

    def feed_back(self, context: RoundContext) -> None:
        """Read the listeners' demand, post a demand, and set the intended change of the attention it pays.

        Args:
            context: The round that the demand is about.
        """
        demand = self._compute_demand(context)
        if self.board.jacobian is not None:
            demand = demand * self.board.jacobian[self.index]
        self.board.demand[self.index] = demand
        np.matmul(self._speaker_activity, demand, out=self.intent[:-1])
        self.intent[-1] = demand.sum()
        self.intent /= demand.size
        if self.posts_sizes:
            self.board.layer_demand[self.index] = np.sqrt(np.mean(demand * demand))
            self.board.layer_response[self.index] = np.sqrt(np.sum(self.intent[:-1] ** 2))
        if not self.has_scales:
            self._post_response(1.0)

    def _post_response(self, scale: float) -> None:
        if self.fixed:
            self.intent[:] = 0
        if self.posts_response:
            self.board.response[self.index, self.speakers] = self.intent[:-1] * scale

    def settle(self, context: RoundContext) -> None:
        """Multiply the posted demand by the policy's factor, once every neuron of the layer has posted its own."""
        if not self.has_scales:
            return
        if "layer_demand" in self._needs:
            self.obs.layer_demand = self.board.layer_demand
        if "layer_response" in self._needs:
            self.obs.layer_response = self.board.layer_response
        scales = self.policy.scales(self.intent[None, :], self.obs, self.memory)
        if not isinstance(scales, Scales):
            raise PolicyError(
                f"{self.policy!r} must return Scales(...) from scales in layer {self.layer}, got {type(scales).__name__}"
            )
        for name, part in scales._asdict().items():
            if part is not None:
                self._checked(f"scales.{name}", part, "J", (1,))
        demand, weights, bias = (1.0 if part is None else part[0] for part in scales)
        self.board.demand[self.index] *= demand
        self._change_scale = np.full_like(self.intent, weights)
        self._change_scale[-1] = bias
        self._post_response(demand)

    def _compute_demand(self, context: RoundContext) -> Floats:
        obs = self.obs
        obs.demand = self._empty_demand() if self.above is None else self.above.delivered_demand[self.listeners].T
        if self._needs:
            self._add_requested_fields(context)
        if self.is_silent_in(context):
            return np.zeros_like(self.slope)
        if self._has_no_listeners:
            return np.zeros_like(self.slope)
        feedback = self._feedback(context)
        if self._has_default_demand:
            return np.asarray(feedback[:, 0] * self.slope)
        return self._checked("demand", self.policy.demand(feedback, obs, self.memory), "BJ", obs.activity.shape)[:, 0]

    def _feedback(self, context: RoundContext) -> Floats:
        """Return the feedback of the policy, or the one that the environment gives an output neuron, (B, 1)."""
        obs = self.obs
        if self.above is None:
            assert context.output_feedback is not None
            return np.asarray(context.output_feedback[self.index][:, None])
        try:
            return self._checked("feedback", self.policy.feedback(obs, self.memory), "BJ", obs.activity.shape)
        except Exception:
            if self.policy.linear:  # its weights are the reason
                self._checked("feedback_weights", self.policy.feedback_weights(obs, self.memory), "KJ", obs.attention.shape)
            raise

    def _empty_demand(self) -> Floats:
        return np.zeros((self.slope.size, 0), dtype=self.board.dtype)

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
        response = self.intent[None, :]
        intent = self.intent
        if self.above is None and "broadcast" in self._needs:  # by now all outputs have said it
            self.obs.broadcast = context.broadcast
        if "adapt" in self._hooks:
            intent = self._checked("adapt", self.policy.adapt(response, self.obs, self.memory), "JS", response.shape)[0]
        if self.has_scales:
            intent = intent * self._change_scale
        if self.fixed:
            intent = np.zeros_like(self.intent)
        change = self._optimizer_change(intent, context)
        if "remember" in self._hooks:
            memory = self.policy.remember(change[None, :], response, self.obs, self.memory)
            check_memory(self.policy, self.layer, memory, (), self._axis_lengths, "remember")
            # copies, since it may hold arrays that the next round overwrites, such as the response
            self.memory = {name: np.array(array) for name, array in memory.items()}
        self._move(change)

    def adapt_without_demand(self, context: RoundContext) -> None:
        """Let only the optimizer go on, with a zero intent, as long as no demand has arrived."""
        self.intent[:] = 0.0
        self._move(self._optimizer_change(self.intent, context))

    def _optimizer_change(self, intent: Floats, context: RoundContext) -> Floats:
        rate, step = context.learning_rate, context.number + 1
        change, self.optimizer_state = self.optimizer.update(intent, self.optimizer_state, rate, step)
        return np.asarray(change)

    def _move(self, change: Floats) -> None:
        self.synapses += change
        self.post_attention()

    def act(self, context: RoundContext) -> None:
        """Speak, feed back, adapt and speak again, so that neurons that act later in this round hear the new activity."""
        self.speak(context)
        self.feed_back(context)
        self.settle(context)
        self.adapt(context)
        self.speak(context)
