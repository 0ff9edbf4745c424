"""Game-theoretic analysis of networks whose neurons are self-interested players.

All studies use `play`, which plays games from given initial states, profiles and seeds, and returns the payoffs of each neuron.
`neuronet.games.pettingzoo` is imported separately, because it needs the package pettingzoo.
"""

from neuronet.games.attribution.credit import Credit, CreditStudy, attribute_credit, correlation_interval, credit_of, credit_study
from neuronet.games.attribution.shapley import Bools
from neuronet.games.equilibrium.deviations import Deviations, deviations
from neuronet.games.equilibrium.equilibrium_study import ANY, EquilibriumStudy, study_equilibrium
from neuronet.games.equilibrium.exploitability import Exploitability, estimate_exploitability
from neuronet.games.equilibrium.feedback_scaling import MatchedNormFeedback, ScaledActivity, ScaledFeedback
from neuronet.games.equilibrium.hindsight import OWN, HindsightRegret, hindsight_regret
from neuronet.games.equilibrium.local_best_response import DISTANCES, distances, distances_over_training, mean_distances
from neuronet.games.equilibrium.price_of_anarchy import TOLERANCES, DeviationTest, Welfare, candidate_profiles, welfare
from neuronet.games.equilibrium.response_lengths import length_spread, response_lengths, spread_of_lengths
from neuronet.games.evolution.fixation import Invasion, invade
from neuronet.games.evolution.simulation import EvolutionResult, evolve, single_policy_histories
from neuronet.games.evolution.switchable_policy import SwitchablePolicy
from neuronet.games.evolution.update_rules import UpdateRule
from neuronet.games.mechanisms.comparison import MECHANISMS, MechanismComparison, compare_mechanisms, tried_deviations
from neuronet.games.mechanisms.mechanism import Mechanism, parse_mechanism
from neuronet.games.metagame.analysis import analyse, analyse_layers, ranks_by_payoff
from neuronet.games.metagame.analysis_result import Analysis, EquilibriumEstimate, Interval
from neuronet.games.metagame.certificate import MixCertificate, certify_mix
from neuronet.games.metagame.dynamics import DYNAMICS, Endings, endings, replicator, trajectory
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame, layer_game, meta_game
from neuronet.games.metagame.export import fixation_graphml, graphml, nfg_of_layers, nfg_of_symmetric
from neuronet.games.metagame.learners import LEARNERS, Learning, learn
from neuronet.games.metagame.nash import Equilibrium, symmetric_equilibria
from neuronet.games.metagame.policy_oracle import SPACE, PolicySearch, grow_policy_game
from neuronet.games.metagame.sequential import (
    SequentialConclusion,
    certify_until,
    look_error,
    pure_equilibria_until,
    with_more_seeds,
)
from neuronet.games.metagame.stability import NEUTRAL, NO_EQUILIBRIUM, NOT_STABLE, STABLE, TOLERANCE, Stability, stability
from neuronet.games.metagame.stored_game import load_meta_game
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.reaction.horizon import COSINES, horizon_slopes
from neuronet.games.reaction.potential import antisymmetric_share, potential_table, potential_test
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.network_payoffs import (
    NETWORK_PAYOFFS,
    ContributionPayoff,
    CreditPayoff,
    GamePayoff,
    NetworkPayoff,
    PricedPayoff,
)
from neuronet.games.simulation.outcomes import Outcomes
from neuronet.games.simulation.own_functions import FunctionMeasure, OwnPayoff, parse_payoff_kind, parse_utility
from neuronet.games.simulation.payoffs import KINDS, Floats, check_kind
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import Profile
from neuronet.games.simulation.trained_run import TrainedRun, is_run_folder, load_trained_run
from neuronet.games.simulation.training import payoff_trajectory, train_profile, training_checkpoints
from neuronet.games.solutions.bimatrix import bimatrix_equilibria, has_continuum
from neuronet.games.solutions.correlated import (
    CorrelatedEquilibrium,
    correlated_equilibrium,
    correlation_gap,
    played_distribution,
)
from neuronet.games.solutions.dominance import Undominated, undominated
from neuronet.games.solutions.double_oracle import ResponseGame, best_equilibrium, response_oracles
from neuronet.games.solutions.gambit_file import read_nfg
from neuronet.games.solutions.normal_form import MAX_PROFILES, NormalFormGame, check_game
from neuronet.games.solutions.quantal_response import quantal_responses
from neuronet.games.solutions.role_equilibria import (
    RoleDistribution,
    played_counts,
    pure_role_equilibria,
    role_correlated_equilibrium,
    role_equilibria,
    role_gap,
)
from neuronet.games.solutions.role_game import RoleGame
from neuronet.games.solutions.solve import GameSolutions, Solution, solve_game

__all__ = [
    "ANY",
    "COSINES",
    "DISTANCES",
    "DYNAMICS",
    "KINDS",
    "LEARNERS",
    "MAX_PROFILES",
    "MECHANISMS",
    "NETWORK_PAYOFFS",
    "NEUTRAL",
    "NOT_STABLE",
    "NO_EQUILIBRIUM",
    "OWN",
    "SPACE",
    "STABLE",
    "TOLERANCE",
    "TOLERANCES",
    "Analysis",
    "Bools",
    "ContributionPayoff",
    "CorrelatedEquilibrium",
    "Credit",
    "CreditPayoff",
    "CreditStudy",
    "DeviationTest",
    "Deviations",
    "Endings",
    "Equilibrium",
    "EquilibriumEstimate",
    "EquilibriumStudy",
    "EvolutionResult",
    "Exploitability",
    "Floats",
    "FunctionMeasure",
    "GamePayoff",
    "GameSetup",
    "GameSolutions",
    "HindsightRegret",
    "InitialState",
    "Interval",
    "Invasion",
    "LayerGame",
    "Learning",
    "MatchedNormFeedback",
    "Mechanism",
    "MechanismComparison",
    "MetaGame",
    "MixCertificate",
    "NetworkPayoff",
    "NormalFormGame",
    "Outcomes",
    "OwnPayoff",
    "PolicySearch",
    "PricedPayoff",
    "Profile",
    "ResponseGame",
    "RoleDistribution",
    "RoleGame",
    "ScaledActivity",
    "ScaledFeedback",
    "SequentialConclusion",
    "Solution",
    "Stability",
    "SwitchablePolicy",
    "SymmetricGame",
    "TrainedRun",
    "Undominated",
    "UpdateRule",
    "Welfare",
    "analyse",
    "analyse_layers",
    "antisymmetric_share",
    "attribute_credit",
    "best_equilibrium",
    "bimatrix_equilibria",
    "candidate_profiles",
    "certify_mix",
    "certify_until",
    "check_game",
    "check_kind",
    "compare_mechanisms",
    "correlated_equilibrium",
    "correlation_gap",
    "correlation_interval",
    "credit_of",
    "credit_study",
    "deviations",
    "distances",
    "distances_over_training",
    "endings",
    "estimate_exploitability",
    "evolve",
    "fixation_graphml",
    "graphml",
    "grow_policy_game",
    "has_continuum",
    "hindsight_regret",
    "horizon_slopes",
    "invade",
    "is_run_folder",
    "layer_game",
    "learn",
    "length_spread",
    "load_meta_game",
    "load_trained_run",
    "look_error",
    "mean_distances",
    "meta_game",
    "nfg_of_layers",
    "nfg_of_symmetric",
    "parse_mechanism",
    "parse_payoff_kind",
    "parse_utility",
    "payoff_trajectory",
    "play",
    "played_counts",
    "played_distribution",
    "potential_table",
    "potential_test",
    "pure_equilibria_until",
    "pure_role_equilibria",
    "quantal_responses",
    "ranks_by_payoff",
    "read_nfg",
    "replicator",
    "response_lengths",
    "response_oracles",
    "role_correlated_equilibrium",
    "role_equilibria",
    "role_gap",
    "single_policy_histories",
    "solve_game",
    "spread_of_lengths",
    "stability",
    "study_equilibrium",
    "symmetric_equilibria",
    "train_profile",
    "training_checkpoints",
    "trajectory",
    "tried_deviations",
    "undominated",
    "welfare",
    "with_more_seeds",
]
