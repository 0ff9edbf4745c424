"""The agent engine: a Mesa model whose agents are neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.channels.router import is_router_state
from neuronet.core.activation import parse_activation
from neuronet.core.array_types import Array
from neuronet.core.batches import Batches
from neuronet.core.environment import Environment, Samples, Scaling
from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import LayerRandom, pick
from neuronet.core.structure.network import Bools, Network
from neuronet.core.structure.population import Group
from neuronet.engines.agents.channel_router import ChannelRouter
from neuronet.engines.agents.message_board import Board, Index
from neuronet.engines.agents.neuron import InputNeuron, Neuron, Speaker
from neuronet.engines.agents.scheduler import Scheduler
from neuronet.engines.base.engine import (
    LayerSnapshot,
    Setup,
    State,
    axis_lengths,
    check_inputs,
    check_output_feedback,
    check_state,
    check_targets,
    memory_name,
)
from neuronet.engines.base.state_transfer import transfer_state, with_channels, with_policies, without_in_flight

Floats = NDArray[np.floating[Any]]


class NeuronModel(mesa.Model):  # type: ignore[misc]
    """A network in which every neuron, the inputs too, is a Mesa agent.

    `play` plays a round on samples that it is given; with an environment, `step` plays the next batch of its own accord, so that
    Mesa's tools (DataCollector, AgentSet, the browser) work as with any model.

    Args:
        setup: The game.
        environment: Where `step` takes its batches from.
        batch_size: Samples in a step.
        shuffle: Whether the neurons of a layer act in random order; a synchronous round does not depend on it.

    Attributes:
        layers: The agents of each layer, the inputs first, each an AgentSet.
        round_number: How many rounds have been played.
        loss: Mean loss of the last round, before it was learnt from; nan before the first.

    Raises:
        NeuroNetError: The environment does not fit the network.
    """

    name = "agents"
    device = "cpu"

    def __init__(
        self, setup: Setup, *, environment: Environment | None = None, batch_size: int = 32, shuffle: bool = False
    ) -> None:
        sizes = setup.network.sizes
        if environment is not None and not isinstance(environment, Environment):
            raise NeuroNetError(f"environment must be an Environment, got {type(environment).__name__}")
        if environment is not None and (environment.inputs, environment.outputs) != (sizes[0], sizes[-1]):
            raise NeuroNetError(
                f"the environment has {environment.inputs} inputs and {environment.outputs} outputs, "
                f"the network {sizes[0]} and {sizes[-1]}"
            )
        super().__init__(rng=setup.seed)
        self.setup = setup
        self.shuffle = shuffle
        self.round_number = 0
        self.learning = False
        self._lowest_with_demand = 1  # the lowest layer that had demands to answer
        self._output_shape: tuple[int, ...] | None = None
        self.loss = float("nan")
        self.learning_rate = setup.learning_rate
        self.output_count = sizes[-1]
        self.dtype = np.dtype(setup.dtype)
        self._build_layers({})
        self._set_synapses(setup.network)
        self._environment = environment
        self._batch_source: tuple[Samples, Batches] | None = None
        if environment is not None:
            samples = self.prepare(environment.train)
            self._batch_source = (samples, Batches(len(samples), batch_size, (setup.seed,)))

    @property
    def setups(self) -> list[Setup]:
        """The game, as the only one of a list."""
        return [self.setup]

    def _build_layers(self, existing: Mapping[int, Speaker]) -> None:
        """Lay out the layers, with those neurons in them that are there already, by node, and new ones."""
        self.sizes = self.setup.network.sizes
        self.boards = [self._make_board(layer) for layer in range(len(self.sizes))]
        self.layers: list[mesa.agent.AgentSet] = [self._build_layer(layer, existing) for layer in range(len(self.sizes))]
        self._apply_setup()

    def _apply_setup(self) -> None:
        """Tell the neurons who follows which policy, who is silent and who is frozen."""
        self.response_required = _response_required(self.setup)
        self._channel_router = ChannelRouter(self.setup, self.boards, self.dtype) if self.setup.channels else None
        update_schedule: Any = self.setup.update_schedule
        self._scheduler = None if update_schedule.is_synchronous else Scheduler(self.setup)
        for layer, agents in enumerate(self.layers):
            silent, fixed = self.setup.is_silent(layer), self.setup.is_fixed(layer)
            following = {index: group.policy for group in self.setup.groups(layer) for index in group.members} if layer else {}
            for agent in agents:
                agent.silent = bool(silent[agent.index])
                if layer:
                    agent.fixed = bool(fixed[agent.index])
                    agent.set_policy(following[agent.index])

    def _make_board(self, layer: int) -> Board:
        lengths = axis_lengths(self.sizes, layer) if layer else {"J": self.sizes[0]}
        rng = LayerRandom(self.setup.seed, layer, lengths)
        return Board(self.sizes[layer], lengths.get("I", 0), rng, self.dtype)

    def _build_layer(self, layer: int, existing: Mapping[int, Speaker]) -> mesa.agent.AgentSet:
        nodes = self.setup.network.nodes[layer].tolist()
        above = self.boards[layer + 1] if layer + 1 < len(self.sizes) else None
        mask_above = self.setup.network.masks[layer] if above is not None else None
        groups = self.setup.groups(layer) if layer else ()
        policies = {index: group.policy for group in groups for index in group.members}
        agents: list[mesa.Agent] = []
        for index, node in enumerate(nodes):
            listeners = _neighbour_indices(mask_above, column=index) if above is not None else np.zeros(0, dtype=np.int64)
            known = existing.get(node)
            if layer == 0:
                if known is None:
                    agents.append(InputNeuron(self, node, (0, index), above, listeners))
                else:
                    known.attach((0, index), above, listeners)
                    agents.append(known)
                continue
            speakers = _neighbour_indices(self.setup.network.masks[layer - 1], row=index)
            activation = parse_activation(self.setup.network.activations[layer - 1])
            boards = (self.boards[layer - 1], self.boards[layer], above)
            policy = policies[index]
            placement = ((layer, index), boards, (speakers, listeners), activation, policy)
            if isinstance(known, Neuron):
                known.connect(*placement)
                agents.append(known)
            else:
                agents.append(Neuron(self, node, *placement, self.setup.optimizer))
        return mesa.agent.AgentSet(agents, random=self.random)

    def _set_synapses(self, network: Network) -> None:
        for layer in range(1, len(self.sizes)):
            for neuron in self.layers[layer]:
                neuron.synapses[:-1] = network.weights[layer - 1][neuron.index, neuron.speakers]
                neuron.synapses[-1] = network.biases[layer - 1][neuron.index]
                neuron.post_attention()

    def neuron(self, node: int) -> Neuron | InputNeuron:
        """The agent at a node of the graph.

        Raises:
            NeuroNetError: There is no such node.
        """
        for layer in self.layers:
            for agent in layer:
                if agent.node == node:
                    found: Neuron | InputNeuron = agent
                    return found
        raise NeuroNetError(f"there is no neuron {node}: nodes are those of the network's graph")

    def step(self) -> None:
        """Play the next batch of the environment.

        Raises:
            NeuroNetError: The model was made without an environment.
        """
        if self._batch_source is None:
            raise NeuroNetError("step needs an environment: make the model with environment=..., or call play")
        samples, batches = self._batch_source
        batch = samples.at(batches.indices(self.round_number))
        self.play(batch.inputs, batch.targets)

    def set_lr_factor(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        self.learning_rate = self.setup.learning_rate * factor

    def prepare(self, samples: Samples) -> Samples:
        """The samples as numpy arrays in the engine's precision."""
        targets = np.asarray(samples.targets)
        targets = targets.astype(self.dtype) if np.issubdtype(targets.dtype, np.floating) else targets
        if samples.scaling is None:
            return Samples(np.asarray(samples.inputs, dtype=self.dtype), targets)
        shift, factor = (np.asarray(part, dtype=self.dtype) for part in (samples.scaling.shift, samples.scaling.factor))
        return Samples(np.asarray(samples.inputs), targets, Scaling(shift, factor))

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round: speak, payoff, feed back, adapt. Gives the loss of each sample before it, (B,)."""
        batch = self.prepare(Samples(inputs, targets))
        check_inputs(batch.inputs.shape, self.sizes[0])
        check_targets(batch.inputs.shape, batch.targets.shape, self.output_count, self.setup.payoff)
        if self.setup.payoff.classes and not _are_classes(batch.targets, self.output_count):
            raise NeuroNetError(f"targets must be integers from 0 to {self.output_count - 1}, one for each output neuron")
        outputs, payoff = self.speak(batch.inputs), self.setup.payoff
        loss = payoff.loss(xp, outputs, batch.targets)
        self.learn(payoff.feedback(xp, outputs, batch.targets), loss)
        return loss

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds; gives the sum of the samples' losses in each, (rounds,)."""
        losses = []
        for start in range(0, len(order), batch_size):
            batch = samples.at(order[start : start + batch_size])
            losses.append(self.play(batch.inputs, batch.targets).sum(dtype=np.float64))
        return np.asarray(losses)

    def speak(self, inputs: Array) -> Array:
        """Begin a round: what the output neurons say to these inputs, (B, O); `learn` ends it."""
        said = self._speak(inputs, learning=True)
        self._output_shape = said.shape
        return said

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began: every neuron feeds back and adapts.

        Args:
            feedback: (B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,), what each sample cost.
        """
        feedback, loss = np.asarray(feedback, dtype=self.dtype), np.asarray(loss, dtype=self.dtype)
        check_output_feedback(feedback.shape, loss.shape, self._output_shape)
        self._output_shape = None
        self.output_feedback = np.ascontiguousarray(feedback.T)
        self.reward, self.broadcast = -loss, self.boards[-1].demand.T
        lowest_with_demand = 1 if self._channel_router is None else len(self.layers) - 1
        for layer in range(len(self.layers) - 1, 0, -1):  # the output neurons first: theirs is the broadcast
            if self._channel_router is not None and layer < len(self.layers) - 1:
                if not self._channel_router.backward(self, layer, -loss, has_demand=lowest_with_demand == layer + 1):
                    continue
                lowest_with_demand = layer
            self._call_all(self.layers[layer], "feed_back")
        if self._scheduler is not None:
            self._scheduler.adapt(self.layers, self.round_number, lowest_with_demand)
        for layer in range(1, len(self.layers)) if self._scheduler is None else ():
            self._call_all(self.layers[layer], "adapt" if layer >= lowest_with_demand else "apply_zero_response")
        if self._channel_router is not None:
            self._channel_router.router.end()
        self._lowest_with_demand = 1 if self._channel_router is None else lowest_with_demand
        self.round_number += 1
        self.loss = float(loss.mean())

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O)."""
        self._output_shape = None
        return self._speak(inputs, learning=False)

    def _speak(self, inputs: Array, *, learning: bool) -> Floats:
        inputs = np.asarray(inputs, dtype=self.dtype)
        check_inputs(inputs.shape, self.sizes[0])
        self.learning = learning
        self.input_values = np.ascontiguousarray(inputs.T)
        for board in self.boards:
            board.open(self.round_number, len(inputs))
        if self._scheduler is not None:
            self._scheduler.set_active(self.layers, self.round_number, learning=learning)
        for number, layer in enumerate(self.layers):
            self._call_all(layer, "speak")
            if self._channel_router is not None and number < len(self.layers) - 1:
                self._channel_router.forward(number, self.round_number, learning=learning)
        return self.boards[-1].activity.T.copy()

    def _call_all(self, layer: mesa.agent.AgentSet, method: str) -> None:
        if self.shuffle:
            layer.shuffle_do(method)
        else:
            layer.do(method)

    def state(self) -> State:
        """Where the game stands, collected from every neuron."""
        arrays: dict[str, NDArray[Any]] = {}
        for layer in range(1, len(self.sizes)):
            lengths = axis_lengths(self.sizes, layer)
            for name in ("", *(f"{kept}." for kept in self.setup.optimizer.state_names)):
                whole = np.zeros((lengths["J"], lengths["S"]), dtype=self.dtype)
                for neuron in self.layers[layer]:
                    row = neuron.optimizer_state[name[:-1]] if name else neuron.synapses
                    whole[neuron.index, neuron.axis_indices["S"]] = row
                arrays[f"{layer}.{name}weights"] = whole[:, :-1].copy()
                arrays[f"{layer}.{name}bias"] = whole[:, -1].copy()
            for number, group in enumerate(self.setup.groups(layer)):
                for name, axes in group.policy.memory_axes.items():
                    arrays[memory_name(layer, number, name)] = self._memory(layer, group, name, axes)
        if self._channel_router is not None:
            arrays |= {name: np.array(array, order="C") for name, array in self._channel_router.router.state().items()}
        return State(self.round_number, arrays)

    def _memory(self, layer: int, group: Group, name: str, axes: str) -> NDArray[Any]:
        lengths = axis_lengths(self.sizes, layer) | {"J": len(group.members)}
        whole = np.zeros([lengths[letter] for letter in axes], dtype=self.dtype)
        if "J" not in axes:  # all of them keep the same, each for itself
            return next((np.array(neuron.memory[name]) for _, neuron in self._members(layer, group)), whole)
        for place, neuron in self._members(layer, group):
            whole[_mesh_indices(whole.shape, axes, neuron.axis_indices | place)] = neuron.memory[name]
        return whole

    def _members(self, layer: int, group: Group) -> Iterator[tuple[dict[str, slice], Neuron]]:
        """Each member of a group, and its place among them."""
        places = {member: place for place, member in enumerate(group.members)}
        for neuron in self.layers[layer]:
            if neuron.index in places:
                place = places[neuron.index]
                yield {"J": slice(place, place + 1)}, neuron

    def restore(self, state: State) -> None:
        """Give every neuron its part of the state."""
        check_state(state, [self.setup])
        arrays = {name: array.astype(self.dtype) for name, array in state.arrays.items()}
        for layer in range(1, len(self.sizes)):
            for neuron in self.layers[layer]:
                neuron.synapses[:] = _row(arrays, f"{layer}.", neuron)
                neuron.optimizer_state = {
                    name: _row(arrays, f"{layer}.{name}.", neuron) for name in self.setup.optimizer.state_names
                }
                neuron.post_attention()
            for number, group in enumerate(self.setup.groups(layer)):
                for place, neuron in self._members(layer, group):
                    neuron.memory = {
                        name: pick(arrays[memory_name(layer, number, name)], axes, neuron.axis_indices | place).copy()
                        for name, axes in group.policy.memory_axes.items()
                    }
        if self._channel_router is not None:
            self._channel_router.router.restore({name: array for name, array in arrays.items() if is_router_state(name)})
        self.round_number = state.round

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; those who keep theirs keep their memory.

        Args:
            policies: A Population, or what a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_policies(self.setups, policies)
        self.replace_game(setups, transfer_state(self.state(), self.setups, setups))

    def replace_game(self, setups: Sequence[Setup], state: State) -> None:
        """Go on as another game, between two rounds; neurons that are in it too remain the agents that they are.

        Args:
            setups: The other game, alone in its list.
            state: Where it stands.

        Raises:
            NeuroNetError: They do not fit each other.
        """
        (setup,) = setups
        check_state(state, setups)
        before, self.setup = self.setup, setup
        if before.network is setup.network:
            self._apply_setup()
        else:
            known = {agent.node: agent for layer in self.layers for agent in layer}
            self._build_layers(known)
            for agent in known.values():
                if not any(agent in layer for layer in self.layers):
                    agent.remove()
        self._output_shape = None
        self.restore(state)

    def use_channels(self, channels: Any) -> None:
        """Let messages pass other channels from the next round on; what is under way is lost.

        Args:
            channels: What a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_channels(self.setups, channels)
        self.replace_game(setups, without_in_flight(self.state()))

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """A layer, 0 for the inputs, as it is now, and what it did in the last round."""
        board = self.boards[layer]
        activity = board.activity.T if board.activity.size else None
        if layer == 0:
            return LayerSnapshot(activity)
        demand = board.demand.T if activity is not None and layer >= self._lowest_with_demand else None
        return LayerSnapshot(
            activity, demand, board.attention, np.asarray([neuron.synapses[-1] for neuron in self.layers[layer]])
        )

    def network(self, replica: int = 0) -> Network:
        """The network as it is now."""
        return self.state().network(self.setup.network)

    def close(self) -> None:
        """Let go of every agent, so that the model can be freed.

        Mesa 3.3 counts agent ids in a table whose keys are the models themselves, which keeps every model alive.
        """
        self.layers = []
        self.remove_all_agents()
        self.boards = []
        self._channel_router = self._scheduler = None
        self._batch_source = None
        ids = getattr(mesa.Agent, "_ids", None)  # gone in later versions of Mesa
        if isinstance(ids, dict):
            ids.pop(self, None)
        for wrapped in ("step", "_user_step"):  # bound methods on the instance are a cycle
            self.__dict__.pop(wrapped, None)


def _response_required(setup: Setup) -> list[bool]:
    """For each layer, whether a speaker below asks to see its response."""
    above = range(2, len(setup.network.sizes))
    return [False, False, *(any("response" in group.policy.needs for group in setup.groups(layer - 1)) for layer in above)]


def _are_classes(targets: NDArray[Any], outputs: int) -> bool:
    return targets.dtype.kind in "iu" and bool(targets.min() >= 0) and bool(targets.max() < outputs)


def _neighbour_indices(mask: Bools | None, row: int | None = None, column: int | None = None) -> Index:
    if mask is None:
        return slice(None)
    return np.flatnonzero(mask[row] if row is not None else mask[:, column])


def _mesh_indices(shape: tuple[int, ...], axes: str, picks: Mapping[str, Any]) -> tuple[Any, ...]:
    places = [np.arange(length)[picks.get(letter, slice(None))] for length, letter in zip(shape, axes, strict=True)]
    return np.ix_(*places)


def _row(arrays: Mapping[str, NDArray[Any]], prefix: str, neuron: Neuron) -> NDArray[Any]:
    weights = arrays[f"{prefix}weights"][neuron.index, neuron.speakers]
    return np.append(weights, arrays[f"{prefix}bias"][neuron.index])
