"""The agent engine: a Mesa model whose agents are neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.channels.router import is_traffic
from neuronet.core.activation import activation_named
from neuronet.core.array_types import Array
from neuronet.core.batches import Batches
from neuronet.core.environment import Environment, Samples, Scaling
from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import LayerChance, pick
from neuronet.core.structure.network import Bools, Network
from neuronet.core.structure.population import Group
from neuronet.engines.agents.channel_router import Courier
from neuronet.engines.agents.message_board import Board, Index
from neuronet.engines.agents.neuron import InputNeuron, Neuron, Speaker
from neuronet.engines.agents.scheduler import Rota
from neuronet.engines.base.engine import (
    Look,
    Setup,
    State,
    axis_lengths,
    check_inputs,
    check_state,
    check_targets,
    check_wish,
    memory_name,
)
from neuronet.engines.base.state_transfer import reassign, with_channels, with_policies, without_traffic

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
        self._answering = 1  # the lowest layer that had demands to answer
        self._said: tuple[int, ...] | None = None
        self.loss = float("nan")
        self.learning_rate = setup.learning_rate
        self.output_count = sizes[-1]
        self.dtype = np.dtype(setup.dtype)
        self._people({})
        self._set_synapses(setup.network)
        self._environment = environment
        self._feed: tuple[Samples, Batches] | None = None
        if environment is not None:
            samples = self.hold(environment.train)
            self._feed = (samples, Batches(len(samples), batch_size, (setup.seed,)))

    @property
    def setups(self) -> list[Setup]:
        """The game, as the only one of a list."""
        return [self.setup]

    def _people(self, already: Mapping[int, Speaker]) -> None:
        """Lay out the layers, with those neurons in them that are there already, by node, and new ones."""
        self.sizes = self.setup.network.sizes
        self.boards = [self._board(layer) for layer in range(len(self.sizes))]
        self.layers: list[mesa.agent.AgentSet] = [self._populate(layer, already) for layer in range(len(self.sizes))]
        self._inform()

    def _inform(self) -> None:
        """Tell the neurons who follows which policy, who is silent and who is frozen."""
        self.responses_wanted = _responses_wanted(self.setup)
        self._courier = Courier(self.setup, self.boards, self.dtype) if self.setup.channels else None
        turns: Any = self.setup.turns
        self._rota = None if turns.regular else Rota(self.setup)
        for layer, agents in enumerate(self.layers):
            silent, still = self.setup.is_silent(layer), self.setup.is_still(layer)
            following = {index: group.policy for group in self.setup.groups(layer) for index in group.members} if layer else {}
            for agent in agents:
                agent.silent = bool(silent[agent.index])
                if layer:
                    agent.still = bool(still[agent.index])
                    agent.follow(following[agent.index])

    def _board(self, layer: int) -> Board:
        lengths = axis_lengths(self.sizes, layer) if layer else {"J": self.sizes[0]}
        chance = LayerChance(self.setup.seed, layer, lengths)
        return Board(self.sizes[layer], lengths.get("I", 0), chance, self.dtype)

    def _populate(self, layer: int, already: Mapping[int, Speaker]) -> mesa.agent.AgentSet:
        nodes = self.setup.network.nodes[layer].tolist()
        above = self.boards[layer + 1] if layer + 1 < len(self.sizes) else None
        mask_above = self.setup.network.masks[layer] if above is not None else None
        groups = self.setup.groups(layer) if layer else ()
        policies = {index: group.policy for group in groups for index in group.members}
        agents: list[mesa.Agent] = []
        for index, node in enumerate(nodes):
            listeners = _places(mask_above, column=index) if above is not None else np.zeros(0, dtype=np.int64)
            known = already.get(node)
            if layer == 0:
                if known is None:
                    agents.append(InputNeuron(self, node, (0, index), above, listeners))
                else:
                    known.sit((0, index), above, listeners)
                    agents.append(known)
                continue
            speakers = _places(self.setup.network.masks[layer - 1], row=index)
            activation = activation_named(self.setup.network.activations[layer - 1])
            boards = (self.boards[layer - 1], self.boards[layer], above)
            policy = policies[index]
            seat = ((layer, index), boards, (speakers, listeners), activation, policy)
            if isinstance(known, Neuron):
                known.settle(*seat)
                agents.append(known)
            else:
                agents.append(Neuron(self, node, *seat, self.setup.rule))
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
        if self._feed is None:
            raise NeuroNetError("step needs an environment: make the model with environment=..., or call play")
        samples, batches = self._feed
        batch = samples.at(batches.at(self.round_number))
        self.play(batch.inputs, batch.targets)

    def pace(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        self.learning_rate = self.setup.learning_rate * factor

    def hold(self, samples: Samples) -> Samples:
        """The samples as numpy arrays in the engine's precision."""
        targets = np.asarray(samples.targets)
        targets = targets.astype(self.dtype) if np.issubdtype(targets.dtype, np.floating) else targets
        if samples.scaling is None:
            return Samples(np.asarray(samples.inputs, dtype=self.dtype), targets)
        shift, factor = (np.asarray(part, dtype=self.dtype) for part in (samples.scaling.shift, samples.scaling.factor))
        return Samples(np.asarray(samples.inputs), targets, Scaling(shift, factor))

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round: speak, payoff, feed back, adapt. Gives the loss of each sample before it, (B,)."""
        batch = self.hold(Samples(inputs, targets))
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
        self._said = said.shape
        return said

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began: every neuron feeds back and adapts.

        Args:
            feedback: (B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,), what each sample cost.
        """
        feedback, loss = np.asarray(feedback, dtype=self.dtype), np.asarray(loss, dtype=self.dtype)
        check_wish(feedback.shape, loss.shape, self._said)
        self._said = None
        self.wishes = np.ascontiguousarray(feedback.T)
        self.reward, self.broadcast = -loss, self.boards[-1].demand.T
        answering = 1 if self._courier is None else len(self.layers) - 1
        for layer in range(len(self.layers) - 1, 0, -1):  # the output neurons first: theirs is the broadcast
            if self._courier is not None and layer < len(self.layers) - 1:
                if not self._courier.down(self, layer, -loss, demanded=answering == layer + 1):
                    continue
                answering = layer
            self._all(self.layers[layer], "feed_back")
        if self._rota is not None:
            self._rota.adapt(self.layers, self.round_number, answering)
        for layer in range(1, len(self.layers)) if self._rota is None else ():
            self._all(self.layers[layer], "adapt" if layer >= answering else "wait")
        if self._courier is not None:
            self._courier.traffic.end()
        self._answering = 1 if self._courier is None else answering
        self.round_number += 1
        self.loss = float(loss.mean())

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O)."""
        self._said = None
        return self._speak(inputs, learning=False)

    def _speak(self, inputs: Array, *, learning: bool) -> Floats:
        inputs = np.asarray(inputs, dtype=self.dtype)
        check_inputs(inputs.shape, self.sizes[0])
        self.learning = learning
        self.senses = np.ascontiguousarray(inputs.T)
        for board in self.boards:
            board.open(self.round_number, len(inputs))
        if self._rota is not None:
            self._rota.rouse(self.layers, self.round_number, learning=learning)
        for number, layer in enumerate(self.layers):
            self._all(layer, "speak")
            if self._courier is not None and number < len(self.layers) - 1:
                self._courier.up(number, self.round_number, learning=learning)
        return self.boards[-1].activity.T.copy()

    def _all(self, layer: mesa.agent.AgentSet, verb: str) -> None:
        if self.shuffle:
            layer.shuffle_do(verb)
        else:
            layer.do(verb)

    def state(self) -> State:
        """Where the game stands, collected from every neuron."""
        arrays: dict[str, NDArray[Any]] = {}
        for layer in range(1, len(self.sizes)):
            lengths = axis_lengths(self.sizes, layer)
            for name in ("", *(f"{kept}." for kept in self.setup.rule.keeps)):
                whole = np.zeros((lengths["J"], lengths["S"]), dtype=self.dtype)
                for neuron in self.layers[layer]:
                    row = neuron.kept[name[:-1]] if name else neuron.synapses
                    whole[neuron.index, neuron.picks["S"]] = row
                arrays[f"{layer}.{name}weights"] = whole[:, :-1].copy()
                arrays[f"{layer}.{name}bias"] = whole[:, -1].copy()
            for number, group in enumerate(self.setup.groups(layer)):
                for name, axes in group.policy.keeps.items():
                    arrays[memory_name(layer, number, name)] = self._memory(layer, group, name, axes)
        if self._courier is not None:
            arrays |= {name: np.array(array, order="C") for name, array in self._courier.traffic.state().items()}
        return State(self.round_number, arrays)

    def _memory(self, layer: int, group: Group, name: str, axes: str) -> NDArray[Any]:
        lengths = axis_lengths(self.sizes, layer) | {"J": len(group.members)}
        whole = np.zeros([lengths[letter] for letter in axes], dtype=self.dtype)
        if "J" not in axes:  # all of them keep the same, each for itself
            return next((np.array(neuron.memory[name]) for _, neuron in self._members(layer, group)), whole)
        for place, neuron in self._members(layer, group):
            whole[_open_mesh(whole.shape, axes, neuron.picks | place)] = neuron.memory[name]
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
                neuron.kept = {name: _row(arrays, f"{layer}.{name}.", neuron) for name in self.setup.rule.keeps}
                neuron.post_attention()
            for number, group in enumerate(self.setup.groups(layer)):
                for place, neuron in self._members(layer, group):
                    neuron.memory = {
                        name: pick(arrays[memory_name(layer, number, name)], axes, neuron.picks | place).copy()
                        for name, axes in group.policy.keeps.items()
                    }
        if self._courier is not None:
            self._courier.traffic.restore({name: array for name, array in arrays.items() if is_traffic(name)})
        self.round_number = state.round

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; those who keep theirs keep their memory.

        Args:
            policies: A Population, or what a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_policies(self.setups, policies)
        self.adopt(setups, reassign(self.state(), self.setups, setups))

    def adopt(self, setups: Sequence[Setup], state: State) -> None:
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
            self._inform()
        else:
            known = {agent.node: agent for layer in self.layers for agent in layer}
            self._people(known)
            for agent in known.values():
                if not any(agent in layer for layer in self.layers):
                    agent.remove()
        self._said = None
        self.restore(state)

    def use_channels(self, channels: Any) -> None:
        """Let messages pass other channels from the next round on; what is under way is lost.

        Args:
            channels: What a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_channels(self.setups, channels)
        self.adopt(setups, without_traffic(self.state()))

    def look(self, layer: int) -> Look:
        """A layer, 0 for the inputs, as it is now, and what it did in the last round."""
        board = self.boards[layer]
        activity = board.activity.T if board.activity.size else None
        if layer == 0:
            return Look(activity)
        demand = board.demand.T if activity is not None and layer >= self._answering else None
        return Look(activity, demand, board.attention, np.asarray([neuron.synapses[-1] for neuron in self.layers[layer]]))

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
        self._courier = self._rota = None
        self._feed = None
        ids = getattr(mesa.Agent, "_ids", None)  # gone in later versions of Mesa
        if isinstance(ids, dict):
            ids.pop(self, None)
        for wrapped in ("step", "_user_step"):  # bound methods on the instance are a cycle
            self.__dict__.pop(wrapped, None)


def _responses_wanted(setup: Setup) -> list[bool]:
    """For each layer, whether a speaker below asks to see its response."""
    above = range(2, len(setup.network.sizes))
    return [False, False, *(any("response" in group.policy.needs for group in setup.groups(layer - 1)) for layer in above)]


def _are_classes(targets: NDArray[Any], outputs: int) -> bool:
    return targets.dtype.kind in "iu" and bool(targets.min() >= 0) and bool(targets.max() < outputs)


def _places(mask: Bools | None, row: int | None = None, column: int | None = None) -> Index:
    if mask is None:
        return slice(None)
    return np.flatnonzero(mask[row] if row is not None else mask[:, column])


def _open_mesh(shape: tuple[int, ...], axes: str, picks: Mapping[str, Any]) -> tuple[Any, ...]:
    places = [np.arange(length)[picks.get(letter, slice(None))] for length, letter in zip(shape, axes, strict=True)]
    return np.ix_(*places)


def _row(arrays: Mapping[str, NDArray[Any]], prefix: str, neuron: Neuron) -> NDArray[Any]:
    weights = arrays[f"{prefix}weights"][neuron.index, neuron.speakers]
    return np.append(weights, arrays[f"{prefix}bias"][neuron.index])
