"""Games and networks as files that other tools read: Gambit's .nfg, and GraphML.

The format of .nfg is that of Gambit's documentation: the payoffs of all players for every profile, the first player's strategy
running fastest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import networkx as nx
import numpy as np

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.graph import to_graph
from neuronet.core.structure.network import Network
from neuronet.games.metagame.analysis import Analysis
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats

MAX_PROFILES = 100_000
"""Of a game that is written profile by profile."""


def nfg(title: str, players: Sequence[str], strategies: Sequence[Sequence[str]], payoffs: Floats) -> str:
    """A game in normal form, as Gambit reads it.

    Args:
        title: What it is called.
        players: n names.
        strategies: For each player its strategies' names.
        payoffs: (n, strategies of the first, ..., of the last).

    Raises:
        NeuroNetError: The numbers do not fit.
    """
    shape = tuple(len(names) for names in strategies)
    if payoffs.shape != (len(players), *shape) or not np.isfinite(payoffs).all():
        raise NeuroNetError(f"the payoffs of this game must be finite and of shape {(len(players), *shape)}, got {payoffs.shape}")
    by_player = "\n".join(f"{{ {_listed(names)} }}" for names in strategies)
    head = f'NFG 1 R {_quoted(title)} {{ {_listed(players)} }}\n\n{{ {by_player}\n}}\n""\n\n'
    lines = payoffs.reshape(len(players), -1, order="F").T.tolist()
    return head + "\n".join(" ".join(map(repr, line)) for line in lines) + "\n"


def nfg_of_symmetric(game: SymmetricGame, title: str = "a layer of neurons") -> str:
    """The game of n alike players, profile by profile.

    Raises:
        NeuroNetError: There are too many profiles.
    """
    count, n = len(game.names), game.players
    if count**n > MAX_PROFILES:
        raise NeuroNetError(f"{count}^{n} profiles are too many to write one by one, {MAX_PROFILES:,} at most")
    payoffs = np.empty((n, *([count] * n)))
    for profile in product(range(count), repeat=n):
        followers = np.bincount(profile, minlength=count)
        for player, policy in enumerate(profile):
            others = followers - np.eye(count, dtype=np.int64)[policy]
            payoffs[(player, *profile)] = game.payoffs[policy, game.index[tuple(others.tolist())]]
    return nfg(title, [f"neuron {number}" for number in range(1, n + 1)], [game.names] * n, payoffs)


def nfg_of_layers(names: Sequence[str], payoffs: Floats, title: str = "two layers of neurons") -> str:
    """The game between two layers, whose payoffs are (2, P, P)."""
    return nfg(title, ["first layer", "second layer"], [names, names], payoffs)


def _listed(names: Sequence[str]) -> str:
    return " ".join(_quoted(name) for name in names)


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def fixation_graphml(analysis: Analysis) -> str:
    """Who takes over from whom, as GraphML: policies with their alpha-rank, and an edge from residents to each mutant.

    Edges have the mutant's `fixation_probability` to take over, and `favoured`, whether that is above the neutral one. Between
    layers there is none.

    Raises:
        NeuroNetError: The game is one between layers.
    """
    if analysis.fixation_probabilities is None:
        raise NeuroNetError("between layers there are no invasions: their policies are chosen by whole layers")
    graph, probabilities = nx.DiGraph(neutral=1 / analysis.size, payoff=analysis.kind), analysis.fixation_probabilities.value
    for name, rank in zip(analysis.names, analysis.rank.value.tolist(), strict=True):
        graph.add_node(name, alpha_rank=rank)
    for (s, residents), (r, mutant) in product(enumerate(analysis.names), repeat=2):
        if s != r:
            probability = float(probabilities[s, r])
            graph.add_edge(residents, mutant, fixation_probability=probability, favoured=probability > 1 / analysis.size)
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def graphml(network: Network, neurons: Mapping[str, Mapping[int, float | str | bool]] | None = None) -> str:
    """A network as GraphML: nodes with `layer`, `bias` and `activation`, edges with `weight`.

    Args:
        network: Its neurons.
        neurons: More about nodes, by name and node id, such as `{"attention": {64: 0.3}}`.

    Raises:
        NeuroNetError: A node is not there.
    """
    graph = to_graph(network)
    for name, values in (neurons or {}).items():
        missing = next((node for node in values if node not in graph), None)
        if missing is not None:
            raise NeuroNetError(f"there is no node {missing}, to which '{name}' is given")
        nx.set_node_attributes(graph, dict(values), name)
    return "\n".join(nx.generate_graphml(graph)) + "\n"
