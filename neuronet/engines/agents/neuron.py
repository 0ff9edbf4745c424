"""A neuron as a Mesa agent: it sees its neighbours' posts, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import Activation
from neuronet.core.array_types import Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Optimizer
from neuronet.core.observation import Birth, Observation
from neuronet.core.policy import Policy
from neuronet.core.random_streams import RandomStream
from neuronet.core.utility import Measure, Power
from neuronet.engines.agents.message_board import Board, Index
from neuronet.engines.base.engine import check_memory

if TYPE_CHECKING:
    from neuronet.engines.agents.model import NeuronModel

Floats = NDArray[np.floating[Any]]


class Speaker(mesa.Agent):  # type: ignore[misc]
    """Whoever is listened to.

    Attributes:
        node: Its id in the graph.
        layer: Its depth, 0 for an input.
        index: Its place within the layer.
        listeners: Who hears it, as places within the layer above; empty for an output neuron.
        silent: Whether it says and demands nothing, and does not adapt.
    """

    def __init__(self, model: NeuronModel, node: int, place: tuple[int, int], above: Board | None, listeners: Index) -> None:
        super().__init__(model)
        self.node = node
        self.silent = False
        self.attach(place, above, listeners)

    def attach(self, place: tuple[int, int], above: Board | None, listeners: Index) -> None:
        """Take a place in a layer, with these listeners."""
        self.layer, self.index = place
        self.above = above
        self.listeners = listeners

    def __repr__(self) -> str:
        return f"{type(self).__name__}(node={self.node}, layer={self.layer})"

    def remove(self) -> None:
        """Leave the model, when it is closed or goes on without this neuron.

        Raises:
            NeuroNetError: The network's other neurons still count on this one.
        """
        if any(self in layer for layer in self.model.layers):
            raise NeuroNetError(f"{self!r} cannot leave its layer: use neuronet.interventions.remove, or close the model")
        super().remove()

    @property
    def attention(self) -> Floats:
        """The attention each of its listeners pays it, (K,)."""
        if self.above is None:
            return np.zeros(0)
        return self.above.attention[self.listeners, self.index]

    def utility(self, measure: Measure | None = None) -> float:
        """The attention it receives, summed over its listeners by a measure, `w^2 / 2` if none is given."""
        return float((measure or Power()).utility(xp, self.attention[:, None])[0])


class InputNeuron(Speaker):
    """A neuron of the first layer: it says what the environment shows it."""

    def speak(self) -> None:
        """Post what the senses show."""
        self.model.boards[0].activity[self.index] = 0 if self.silent else self.model.input_values[self.index]


class Neuron(Speaker):
    """A neuron that listens, speaks, and seeks whatever its policy makes it seek.

    Attributes:
        synapses: (S,), the attention it pays to each of its speakers and, last, its bias; nobody else writes it.
        policy: Its strategy.
        memory: What its policy keeps for it.
        speakers: Whom it hears, as places within the layer below.
        fixed: Whether it does not adapt, since it is silent or frozen.
    """

    def __init__(
        self,
        model: NeuronModel,
        node: int,
        place: tuple[int, int],
        boards: tuple[Board, Board, Board | None],
        neighbours: tuple[Index, Index],
        activation: Activation,
        policy: Policy,
        optimizer: Optimizer,
    ) -> None:
        super().__init__(model, node, place, boards[-1], neighbours[-1])
        self.optimizer = optimizer
        self.fixed = False
        self.connect(place, boards, neighbours, activation, policy)

    def connect(
        self,
        place: tuple[int, int],
        boards: tuple[Board, Board, Board | None],
        neighbours: tuple[Index, Index],
        activation: Activation,
        policy: Policy,
    ) -> None:
        """Take a place between neighbours, as if born there: what it pays and keeps is told separately.

        Args:
            place: Its layer and its place within it.
            boards: The posts of the layer below, of its own, and of the layer above; None above the outputs.
            neighbours: Its speakers and its listeners, as places within their layers.
            activation: Its layer's.
            policy: Its strategy.
        """
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
        self.is_unheard = has_no_listeners(self.above, self.listeners)
        self._draws = RandomStream(self.board.draw, self.axis_indices)
        self.set_policy(policy)
        self._no_attention = np.zeros((0, 1), dtype=dtype)
        self._connected = np.ones((self.attention.size, 1), dtype=dtype)
        self.memory: Memory = self._initial_memory()

    def set_policy(self, policy: Policy) -> None:
        """Follow a policy from the next round on; what to remember is told separately."""
        self.policy = policy
        self._hooks = policy.hooks
        self._needs = policy.needs
        self._has_default_demand = "demand" not in self._hooks

    def _synapse_indices(self) -> Index:
        if isinstance(self.speakers, slice):
            return slice(None)
        return np.append(self.speakers, self.board.attention.shape[1])

    def _initial_memory(self) -> Memory:
        lengths = {"J": 1, "I": self.synapses.size - 1, "S": self.synapses.size, "O": self.model.output_count}
        lengths["K"] = self.attention.size
        zeros = lambda axes: np.zeros([lengths[letter] for letter in axes], dtype=self.board.dtype)  # noqa: E731
        memory = self.policy.initial_memory(Birth(self._draws, zeros))
        check_memory(self.policy, memory)
        return memory

    @property
    def weights(self) -> Floats:
        """The attention it pays to each of its speakers, (I,)."""
        return self.synapses[:-1]

    @property
    def bias(self) -> float:
        """How ready it is to speak without being spoken to."""
        return float(self.synapses[-1])

    def post_attention(self) -> None:
        """Let the speakers read the attention that it pays them."""
        self.board.attention[self.index, self.speakers] = self.synapses[:-1]

    def speak(self) -> None:
        """Listen to the speakers, and post an activity."""
        heard = self.below.delivered_activity[self.speakers]
        potential = self.synapses[:-1] @ heard
        potential += self.synapses[-1]
        activity = self.activation.value(xp, potential)
        self._speaker_activity = heard
        self.slope = self.activation.slope(xp, potential, activity)
        obs = self._observe(potential, activity, self._draws)
        if "speak" in self._hooks:
            obs.activity = self.policy.speak(obs.activity, obs, self.memory)
            activity = obs.activity[:, 0]
        if self.silent:
            activity = np.zeros_like(activity)
            obs.activity = activity[:, None]
        self.board.activity[self.index] = activity

    def _observe(self, potential: Floats, activity: Floats, draws: RandomStream) -> Observation:
        obs = self.obs = Observation(
            xp=xp,
            potential=potential[:, None],
            activity=activity[:, None],
            slope=self.slope[:, None],
            speaker_activity=self._speaker_activity.T,
            attention=self._received_attention(),
            listener_mask=self._connected,
            learning_rate=self.model.learning_rate,
            draws=draws,
            learning=self.model.learning,
        )
        if "synapses" in self._needs:
            obs.synapses = self.synapses[None, :].copy()
        if "synapse_mask" in self._needs:
            obs.synapse_mask = np.ones((1, self.synapses.size), dtype=self.board.dtype)
        return obs

    def recall(self, heard: Floats, potential: Floats, activity: Floats, draws: RandomStream) -> None:
        """Look back at an earlier round: what was heard (I, B) and said then; attention and memory are those of today."""
        self._speaker_activity = heard[self.speakers]
        self.slope = self.activation.slope(xp, potential, self.activation.value(xp, potential))
        self._observe(potential, activity, draws)

    def _received_attention(self) -> Floats:
        if self.above is None:
            return self._no_attention
        # a copy, since the listeners may change their attention while this neuron still looks back at the round
        return self.above.attention[self.listeners, self.index].copy()[:, None]

    def feed_back(self) -> None:
        """Hear what is demanded, decide how to move, and post a demand; then intend a change of the attention paid."""
        demand = self._compute_demand()
        if self.board.echo is not None:
            demand = demand * self.board.echo[self.index]
        self.board.demand[self.index] = demand
        batch = demand.size
        np.matmul(self._speaker_activity, demand, out=self.intent[:-1])
        self.intent[-1] = demand.sum()
        self.intent /= batch
        if self.fixed:
            self.intent[:] = 0
        if self.model.response_required[self.layer]:
            self.board.response[self.index, self.speakers] = self.intent[:-1]

    def _compute_demand(self) -> Floats:
        obs = self.obs
        obs.demand = self._empty_demand() if self.above is None else self.above.delivered_demand[self.listeners].T
        if self._needs:
            self._add_requested_fields(obs)
        if self.silent:
            return np.zeros_like(self.slope)
        if self.above is None:  # an output neuron is paid by the environment
            output_feedback: Floats = self.model.output_feedback[self.index]
            return np.multiply(output_feedback, self.slope)
        if self.is_unheard:
            return np.zeros_like(self.slope)
        feedback = self.policy.feedback(obs, self.memory)
        if getattr(feedback, "shape", None) != obs.activity.shape:
            raise NeuroNetError(f"{self.policy!r} must give feedback of shape {obs.activity.shape}, got {_shape_of(feedback)}")
        if self._has_default_demand:
            return np.asarray(feedback[:, 0] * self.slope)
        return np.asarray(self.policy.demand(feedback, obs, self.memory)[:, 0])

    def _empty_demand(self) -> Floats:
        return np.zeros((self.slope.size, 0), dtype=self.board.dtype)

    def _add_requested_fields(self, obs: Observation) -> None:
        if "response" in self._needs:
            nobody = self._no_attention
            obs.response = nobody if self.above is None else self.above.response[self.listeners, self.index][:, None]
        if "broadcast" in self._needs:
            obs.broadcast = self.model.broadcast
        if "reward" in self._needs:
            obs.reward = self.model.reward

    def apply_zero_response(self) -> None:
        """Go on as before, since there is nothing yet to answer: only the optimizer moves on."""
        self.intent[:] = 0.0
        change, self.optimizer_state = self.optimizer.update(
            self.intent, self.optimizer_state, self.model.learning_rate, self.model.round_number + 1
        )
        self.synapses += change
        self.post_attention()

    def update(self) -> None:
        """Listen again, decide, adapt, and speak anew: a turn of its own, heard at once by all who come after."""
        self.speak()
        self.feed_back()
        self.adapt()
        self.speak()

    def adapt(self) -> None:
        """Change the attention paid, as the policy and the optimizer say, and post it."""
        response = self.intent[None, :]
        intent = self.intent
        if "adapt" in self._hooks:
            intent = self.policy.adapt(response, self.obs, self.memory)[0]
        if self.fixed:
            intent = np.zeros_like(self.intent)
        change, self.optimizer_state = self.optimizer.update(
            intent, self.optimizer_state, self.model.learning_rate, self.model.round_number + 1
        )
        if "remember" in self._hooks:
            memory = self.policy.remember(change[None, :], response, self.obs, self.memory)
            check_memory(self.policy, memory)
            # a copy, since it may hold what is written into in the next round, such as the response
            self.memory = {name: np.array(array) for name, array in memory.items()}
        self.synapses += change
        self.post_attention()


def _shape_of(answer: object) -> object:
    return getattr(answer, "shape", type(answer).__name__)


def has_no_listeners(above: Board | None, listeners: Index) -> bool:
    """Whether a hidden neuron has no listener at all."""
    return above is not None and not isinstance(listeners, slice) and listeners.size == 0
