"""Empirical games whose strategies are policies."""

from neuronet.games.metagame.alpha_rank import alpha_rank, fixation_probabilities
from neuronet.games.metagame.analysis import Analysis, EquilibriumEstimate, Interval, analyse, analyse_layers, ranks_by_payoff
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame, layer_game, meta_game
from neuronet.games.metagame.export import MAX_PROFILES, fixation_graphml, graphml, nfg, nfg_of_layers, nfg_of_symmetric
from neuronet.games.metagame.nash import TOLERANCE, Equilibrium, bimatrix_equilibria, symmetric_equilibria
from neuronet.games.metagame.replicator import replicator
from neuronet.games.metagame.symmetric_game import SymmetricGame

__all__ = [
    "MAX_PROFILES",
    "TOLERANCE",
    "Analysis",
    "Equilibrium",
    "EquilibriumEstimate",
    "Interval",
    "LayerGame",
    "MetaGame",
    "SymmetricGame",
    "alpha_rank",
    "analyse",
    "analyse_layers",
    "bimatrix_equilibria",
    "fixation_graphml",
    "fixation_probabilities",
    "graphml",
    "layer_game",
    "meta_game",
    "nfg",
    "nfg_of_layers",
    "nfg_of_symmetric",
    "ranks_by_payoff",
    "replicator",
    "symmetric_equilibria",
]
