"""Empirical games whose strategies are policies."""

from neuronet.games.metagame.analysis import analyse, analyse_layers, ranks_by_payoff
from neuronet.games.metagame.analysis_result import Analysis, EquilibriumEstimate, Interval
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame, layer_game, meta_game
from neuronet.games.metagame.export import MAX_PROFILES, fixation_graphml, graphml, nfg_of_layers, nfg_of_symmetric
from neuronet.games.metagame.nash import TOLERANCE, symmetric_equilibria
from neuronet.games.metagame.replicator import replicator
from neuronet.games.metagame.symmetric_game import SymmetricGame

__all__ = [
    "MAX_PROFILES",
    "TOLERANCE",
    "Analysis",
    "EquilibriumEstimate",
    "Interval",
    "LayerGame",
    "MetaGame",
    "SymmetricGame",
    "analyse",
    "analyse_layers",
    "fixation_graphml",
    "graphml",
    "layer_game",
    "meta_game",
    "nfg_of_layers",
    "nfg_of_symmetric",
    "ranks_by_payoff",
    "replicator",
    "symmetric_equilibria",
]
