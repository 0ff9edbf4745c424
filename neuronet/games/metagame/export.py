"""Export of games and networks for other tools: Gambit's .nfg format, and GraphML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import networkx as nx
import numpy as np

from neuronet.core import ConfigurationError, Network, StateError, to_graph
from neuronet.games.metagame.analysis_result import Analysis
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.nfg_format import nfg

NOT_IN_XML = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def nfg_of_symmetric(game: SymmetricGame, title: str = "a layer of neurons") -> str:
    """Return a symmetric game in Gambit's .nfg format.

    Raises:
        ConfigurationError: The game has more than MAX_PROFILES profiles.
    """
    form = game.normal_form(title)
    return nfg(title, form.players, form.strategies, form.payoffs)


def nfg_of_layers(names: Sequence[str], payoffs: Floats, title: str = "two layers of neurons") -> str:
    """Return a game between two layers in Gambit's .nfg format, given payoffs (2, P, P)."""
    return nfg(title, ["first layer", "second layer"], [names, names], payoffs)


def fixation_graphml(analysis: Analysis) -> str:
    """Return the fixation graph as GraphML: policies with their alpha-rank, and an edge from residents to each mutant.

    Edges have the mutant's `fixation_probability`, and `favoured`, which tells whether it is above the neutral probability.

    Raises:
        ConfigurationError: The game is one between layers.
    """
    if analysis.fixation_probabilities is None:
        raise ConfigurationError("fixation probabilities are not defined for a game between layers")
    graph, probabilities = nx.DiGraph(neutral=1 / analysis.size, payoff=analysis.kind), analysis.fixation_probabilities.value
    for name, rank in zip(analysis.names, analysis.rank.value.tolist(), strict=True):
        graph.add_node(name, alpha_rank=rank)
    for (row, residents), (column, mutant) in product(enumerate(analysis.names), repeat=2):
        if row != column:
            probability = float(probabilities[row, column])
            graph.add_edge(residents, mutant, fixation_probability=probability, favoured=probability > 1 / analysis.size)
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def graphml(network: Network, neurons: Mapping[str, Mapping[int, float | str | bool]] | None = None) -> str:
    """Return a network as GraphML: nodes with `layer`, `bias` and `activation`, edges with `weight`.

    Args:
        network: Network.
        neurons: Further node attributes by name and node id, such as `{"attention": {64: 0.3}}`.

    Raises:
        StateError: A node id is not in the network.
        ConfigurationError: An attribute is neither a number nor a text that XML can hold.
    """
    graph = to_graph(network)
    for name, values in (neurons or {}).items():
        missing = next((node for node in values if node not in graph), None)
        if missing is not None:
            raise StateError(f"unknown node {missing} in the attribute '{name}'")
        nx.set_node_attributes(graph, {node: _attribute(name, value) for node, value in values.items()}, name)
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def _attribute(name: str, value: Any) -> bool | int | float | str:
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, (bool, int, float, str)):
        raise ConfigurationError(f"attribute '{name}' must be a number, a text or true or false, got {type(value).__name__}")
    if isinstance(plain, str) and NOT_IN_XML.search(plain):
        raise ConfigurationError(f"attribute '{name}' must be a text without control characters, got {plain[:60]!r}")
    return plain
