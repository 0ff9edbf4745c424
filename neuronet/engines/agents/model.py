"""The agent engine: a Mesa model whose agents are neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    Array,
    Batches,
    ConfigurationError,
    Environment,
    Network,
    Samples,
    Scaling,
    as_array,
    plug_in_errors,
)
from neuronet.engines.agents.channel_router import ChannelRouter
from neuronet.engines.agents.layer_builder import LayerBuilder, habits_of, policies_of
from neuronet.engines.agents.layer_state import collect_state, restore_state
from neuronet.engines.agents.network_model import LayerAgents, NetworkModel
from neuronet.engines.agents.neuron import Neuron
from neuronet.engines.agents.round_context import RoundContext
from neuronet.engines.agents.scheduler import make_scheduler
from neuronet.engines.agents.speaker import InputNeuron, Speaker
from neuronet.engines.base.answers import check_payoff_answer
from neuronet.engines.base.checks import check_classes, check_replicas
from neuronet.engines.base.engine import Engine, LayerSnapshot
from neuronet.engines.base.ragged import to_dense_state, to_sparse_state
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import State

Floats = NDArray[np.floating[Any]]


class NeuronModel(NetworkModel, Engine):
    """Network in which every neuron, the inputs too, is a Mesa agent.

    `play` plays a round on given samples. With an environment, `step` plays its next batch, so that Mesa's tools (DataCollector,
    AgentSet, SolaraViz) work as with any model.

    Args:
        setup: The game.
        environment: Where `step` takes its batches from.
        batch_size: Samples in a step.
        shuffle: Whether the neurons of a layer act in random order; a synchronous round does not depend on it.

    Attributes:
        layers: Agents of each layer, the inputs first, each an AgentSet.
        boards: Message board of each layer.
        arithmetic: Arithmetic of each layer above the inputs, the first at 0; it holds the synapses.
        context: The round that is played, or that was played last.
        round_number: Number of rounds played.
        loss: Mean loss of the last round, before it was learnt from; nan before the first.

    Raises:
        ConfigurationError: The environment does not fit the network.
    """

    name = "agents"
    device = "cpu"
    round_number = 0

    def __init__(
        self, setup: Setup, *, environment: Environment | None = None, batch_size: int = 32, shuffle: bool = False
    ) -> None:
        check_replicas([setup])
        sizes = setup.network.sizes
        if environment is not None and not isinstance(environment, Environment):
            raise ConfigurationError(f"environment must be an Environment, got {type(environment).__name__}")
        if environment is not None and (environment.inputs, environment.outputs) != (sizes[0], sizes[-1]):
            raise ConfigurationError(
                f"the environment has {environment.inputs} inputs and {environment.outputs} outputs, "
                f"the network {sizes[0]} and {sizes[-1]}"
            )
        super().__init__(setup.seed)
        self.setups = [setup]
        self.shuffle = shuffle
        self.loss = float("nan")
        self.learning_rate = setup.learning_rate
        self.dtype = np.dtype(setup.dtype)
        self.context = RoundContext(0, False, self.learning_rate)
        self._lowest_with_demand = 1  # lowest layer at which demands arrived in the last round
        with plug_in_errors():
            self._build_layers({})
        self._set_synapses(setup.network)
        self._batch_source: tuple[Samples, Batches] | None = None
        if environment is not None:
            samples = self.prepare(environment.train)
            self._batch_source = (samples, Batches(len(samples), batch_size, (setup.seed,)))

    def __repr__(self) -> str:
        sizes = "-".join(str(len(layer)) for layer in self.layers) or "closed"
        names = dict.fromkeys(neuron.policy_name for layer in self.layers[1:] for neuron in layer)
        return f"{type(self).__name__}({', '.join([sizes, *names])}, round {self.round_number})"

    def _build_layers(self, existing: Mapping[int, Speaker]) -> None:
        """Build the layers of existing neurons, by node, and of new ones."""
        self.sizes = self.setup.network.sizes
        builder = LayerBuilder(self, self.setup)
        self.boards, self.arithmetic = builder.boards, builder.arithmetic
        self.layers: list[LayerAgents] = builder.layers(existing)
        self._apply_setup()

    def _apply_setup(self) -> None:
        """Tell the neurons their policies, and which of them are silent or frozen."""
        self._router = ChannelRouter(self.setup, self.boards, self.arithmetic, self.dtype)
        self._scheduler = make_scheduler(self.setup)
        for layer, agents in enumerate(self.layers):
            silent, fixed = self.setup.is_silent(layer), self.setup.is_fixed(layer)
            policies = policies_of(self.setup, layer)
            if layer:
                self.arithmetic[layer - 1].habits = habits_of(self.setup, layer)
            for agent in agents:
                agent.silent = bool(silent[agent.index])
                if layer:
                    agent.fixed = bool(fixed[agent.index])
                    agent.set_policy(policies[agent.index])

    def _set_synapses(self, network: Network) -> None:
        for layer in range(1, len(self.sizes)):
            for neuron in self.layers[layer]:
                neuron.synapses[:-1] = network.weights[layer - 1][neuron.index, neuron.speakers]
                neuron.synapses[-1] = network.biases[layer - 1][neuron.index]
            self.arithmetic[layer - 1].post_attention()

    def neuron(self, node: int) -> Neuron | InputNeuron:
        """Return the agent at a node of the graph.

        Raises:
            ConfigurationError: There is no such node.
        """
        found: Neuron | InputNeuron | None = next((agent for layer in self.layers for agent in layer if agent.node == node), None)
        if found is None:
            raise ConfigurationError(f"the network has no node {node}")
        return found

    def step(self) -> None:
        """Play the next batch of the environment.

        Raises:
            ConfigurationError: The model was made without an environment.
        """
        if self._batch_source is None:
            raise ConfigurationError("step needs an environment: make the model with environment=..., or call play")
        samples, batches = self._batch_source
        batch = samples.at(batches.indices(self.round_number))
        self.play(batch.inputs, batch.targets)

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the setup's learning rate by a factor from the next round on."""
        self.learning_rate = self.setup.learning_rate * factor

    def prepare(self, samples: Samples) -> Samples:
        """Return the samples as numpy arrays in the engine's precision."""
        targets = as_array(samples.targets, "targets")
        targets = targets.astype(self.dtype) if np.issubdtype(targets.dtype, np.floating) else targets
        if samples.scaling is None:
            return Samples(self._as_array(samples.inputs), targets)
        scaling = Scaling(self._as_array(samples.scaling.shift), self._as_array(samples.scaling.factor))
        return Samples(np.asarray(samples.inputs), targets, scaling)

    def _as_array(self, array: Array) -> Floats:
        return as_array(array, "an array").astype(self.dtype, copy=False)

    def _play(self, batch: Samples) -> Floats:
        payoff = self.setup.payoff
        if payoff.classes:
            check_classes(batch.targets, self.sizes[-1])
        outputs = self._outputs(batch.inputs, learning=True)
        loss: Floats = payoff.loss(xp, outputs, batch.targets)
        check_payoff_answer(payoff, "loss", loss, "B", outputs.shape[:-1])
        feedback: Floats = payoff.feedback(xp, outputs, batch.targets)
        check_payoff_answer(payoff, "feedback", feedback, "BO", outputs.shape)
        self._learn(feedback, loss)
        return loss

    def _play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Floats:
        losses = []
        for start in range(0, len(order), batch_size):
            batch = samples.at(order[start : start + batch_size])
            losses.append(self.play(batch.inputs, batch.targets).sum(dtype=np.float64))
        return np.asarray(losses)

    def _outputs(self, inputs: Floats, *, learning: bool) -> Floats:
        active = self._scheduler.active(self.round_number, learning=learning)
        context = RoundContext(self.round_number, learning, self.learning_rate, np.ascontiguousarray(inputs.T), active)
        self.context = context
        for board in self.boards:
            board.open(self.round_number, len(inputs))
        self._call_all(self.layers[0], "speak", context)
        for below, (arithmetic, layer) in enumerate(zip(self.arithmetic, self.layers[1:], strict=True)):
            self._router.forward(below, context)
            arithmetic.listen()
            self._call_all(layer, "say", context)
        return self.boards[-1].activity.T.copy()

    def _learn(self, output_feedback: Floats, loss: Floats) -> None:
        context = self.context
        context.output_feedback, context.reward = np.ascontiguousarray(output_feedback.T), -loss
        context.broadcast = self.boards[-1].demand.T  # a view, which the output neurons fill now
        lowest = len(self.layers) - 1
        self._feed_back(lowest, context)
        for layer in range(lowest - 1, 0, -1):
            then = self._router.backward(layer, self.layers[layer], context, has_demand=lowest == layer + 1)
            if then is not None:
                self._feed_back(layer, then)
                lowest = layer
        self._scheduler.adapt(self.layers, self.arithmetic, context, lowest, self._call_all)
        self._router.messages.end()
        self._lowest_with_demand = lowest
        self.round_number += 1
        self.loss = float(loss.mean())

    def _feed_back(self, layer: int, context: RoundContext) -> None:
        agents, arithmetic = self.layers[layer], self.arithmetic[layer - 1]
        self._call_all(agents, "demand", context)
        arithmetic.respond()
        if arithmetic.habits.scale:
            self._call_all(agents, "settle", context)

    def _call_all(self, agents: mesa.agent.AgentSet, method: str, context: RoundContext) -> None:
        (agents.shuffle_do if self.shuffle else agents.do)(method, context)

    def state(self) -> State:
        """Return everything that the next round depends on, collected from all neurons."""
        layers = tuple(collect_state(list(self.layers[n]), n, self.setup) for n in range(1, len(self.sizes)))
        messages = {key: np.array(array, order="C") for key, array in self._router.messages.state().items()}
        return to_sparse_state(State(self.round_number, layers, messages), self.setup)

    def _restore(self, state: State) -> None:
        state = to_dense_state(state, self.setup).map(lambda array: array.astype(self.dtype))
        for layer, before in enumerate(state.layers, start=1):
            restore_state(list(self.layers[layer]), before, self.setup.groups(layer))
            self.arithmetic[layer - 1].post_attention()
        self._router.messages.restore(state.messages)
        self.round_number = state.round

    def _replace_game(self, setups: list[Setup], state: State) -> None:
        """Continue with another game; neurons that are also in it remain the same agents."""
        before, self.setups = self.setup, setups
        if before.network is self.setup.network:
            self._apply_setup()
        else:
            known = {agent.node: agent for layer in self.layers for agent in layer}
            self._build_layers(known)
            for agent in known.values():
                if not any(agent in layer for layer in self.layers):
                    agent.remove()
        self._restore(state)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs; the router is made again from the messages in flight.

        Raises:
            StateError: A round has begun and not ended.
        """
        self.check_is_between_rounds()
        return {**super().__getstate__(), "_router": self._router.messages.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Continue as a copy, which shares nothing with the model that it was made of."""
        super().__setstate__(state)
        messages, self._router = state["_router"], ChannelRouter(self.setup, self.boards, self.arithmetic, self.dtype)
        self._router.messages.restore(messages)

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """Return a layer as it is now, and what it did in the last round."""
        board = self.boards[layer]
        activity = board.activity.T if board.activity.size else None
        if layer == 0:
            return LayerSnapshot(activity)
        demand = board.demand.T if activity is not None and layer >= self._lowest_with_demand else None
        return LayerSnapshot(activity, demand, board.attention, np.asarray([neuron.bias for neuron in self.layers[layer]]))

    def close(self) -> None:
        """Release all agents, so that the model can be freed.

        Mesa 3.3 counts agent ids in a table with the models themselves as keys, which keeps every model alive.
        """
        self.layers = []
        self.remove_all_agents()
        self.boards, self.arithmetic = [], []
        self._router.messages.restore({})
        self._batch_source = None
        ids = getattr(mesa.Agent, "_ids", None)  # gone in later versions of Mesa
        if isinstance(ids, dict):
            ids.pop(self, None)
        for wrapped in ("step", "_user_step"):  # bound methods on the instance are a cycle
            self.__dict__.pop(wrapped, None)
