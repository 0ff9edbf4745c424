"""Construction of the agents of a network: boards, arithmetic and neurons, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping

import mesa
import numpy as np

from neuronet.core import LAYER_FIELDS, LayerRandom, Policy, parse_activation
from neuronet.engines.agents.layer_arithmetic import LayerArithmetic, LayerHabits
from neuronet.engines.agents.message_board import Index, MessageBoard, connected
from neuronet.engines.agents.network_model import LayerAgents
from neuronet.engines.agents.neuron import Neuron
from neuronet.engines.agents.speaker import InputNeuron, Speaker
from neuronet.engines.base.setup import Setup, axis_lengths


class LayerBuilder:
    """Builder of the layers of a network for a Mesa model.

    Args:
        model: The model, with which new neurons are registered.
        setup: The game.

    Attributes:
        boards: Message board of each layer, the inputs first.
        arithmetic: Arithmetic of each layer above the inputs, the first at 0.
    """

    def __init__(self, model: mesa.Model, setup: Setup) -> None:
        self._model, self._setup, self._sizes = model, setup, setup.network.sizes
        depth = range(len(self._sizes))
        self.boards = [self._make_board(layer) for layer in depth]
        self.arithmetic = [self._make_arithmetic(layer) for layer in depth[1:]]

    def layers(self, existing: Mapping[int, Speaker]) -> list[LayerAgents]:
        """Return the agents of each layer: existing ones, by node, in their new places, and new ones."""
        depth = range(len(self._sizes))
        return [LayerAgents(self._build_layer(layer, existing), random=self._model.random) for layer in depth]

    def _make_board(self, layer: int) -> MessageBoard:
        lengths = axis_lengths(self._sizes, layer) if layer else {"J": self._sizes[0], "I": 0}
        rng = LayerRandom(self._setup.seed, layer, lengths)
        return MessageBoard(self._sizes[layer], lengths["I"], rng, np.dtype(self._setup.dtype))

    def _make_arithmetic(self, layer: int) -> LayerArithmetic:
        network = self._setup.network
        speakers = [connected(network.masks[layer - 1], row=index) for index in range(self._sizes[layer])]
        below, board, above = self.boards[layer - 1], self.boards[layer], [*self.boards, None][layer + 1]
        activation = parse_activation(network.activations[layer - 1])
        return LayerArithmetic(below, board, above, speakers, activation, self._setup.optimizer)

    def _build_layer(self, layer: int, existing: Mapping[int, Speaker]) -> list[Speaker]:
        network, agents = self._setup.network, list[Speaker]()
        above = self.boards[layer + 1] if layer + 1 < len(self._sizes) else None
        policies = policies_of(self._setup, layer)
        for index, node in enumerate(network.nodes[layer].tolist()):
            listeners: Index = np.zeros(0, dtype=np.int64)
            if above is not None:
                listeners = connected(network.masks[layer], column=index)
            agent, place = existing.get(node), (layer, index)
            if layer == 0:
                agent = agent or InputNeuron(self._model, node, place, above, listeners)
                agent.attach(place, above, listeners)
                agent.board = self.boards[0]
                agents.append(agent)
                continue
            arithmetic = self.arithmetic[layer - 1]
            neighbours = (arithmetic.speakers[index], listeners)
            if isinstance(agent, Neuron):
                agent.connect(place, arithmetic, neighbours, policies[index])
            else:
                agent = Neuron(self._model, node, place, arithmetic, neighbours, policies[index], self._sizes[-1])
            agents.append(agent)
        return agents


def policies_of(setup: Setup, layer: int) -> dict[int, Policy]:
    """Return the policy of each neuron of a layer, by its index; the inputs, layer 0, have none."""
    return {index: group.policy for group in setup.groups(layer) for index in group.members} if layer else {}


def habits_of(setup: Setup, layer: int) -> LayerHabits:
    """Return what the policies of a listening layer, and of the one below, require of its arithmetic."""
    policies, hooks = policies_of(setup, layer), dict[int, frozenset[str]]()
    for index, policy in policies.items():
        hooks[index] = policy.hooks
    fixed = np.flatnonzero(setup.is_fixed(layer))
    needs_below = [group.policy.needs for group in setup.groups(layer - 1)] if layer > 1 else []
    used = frozenset[str]().union(*hooks.values())
    return LayerHabits(
        post_response=any("response" in needs for needs in needs_below),
        post_sizes=any(policy.needs & LAYER_FIELDS for policy in policies.values()),
        scale="scales" in used,
        intend=bool(used & {"scales", "adapt"}),
        remember="remember" in used,
        zeroed=[index for index in fixed.tolist() if "scales" not in hooks[index]],
    )
