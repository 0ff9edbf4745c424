"""Deviations of single neurons: exploitability, local best responses, and the price of anarchy."""

from neuronet.games.equilibrium.deviations import Deviations, deviations
from neuronet.games.equilibrium.equilibrium_study import EquilibriumStudy, study_equilibrium
from neuronet.games.equilibrium.exploitability import Exploitability, estimate_exploitability
from neuronet.games.equilibrium.feedback_scaling import MatchedNormFeedback, ScaledFeedback
from neuronet.games.equilibrium.local_best_response import distances, distances_over_training, mean_distances
from neuronet.games.equilibrium.price_of_anarchy import DeviationTest, Welfare, candidate_profiles, welfare

__all__ = [
    "DeviationTest",
    "Deviations",
    "EquilibriumStudy",
    "Exploitability",
    "MatchedNormFeedback",
    "ScaledFeedback",
    "Welfare",
    "candidate_profiles",
    "deviations",
    "distances",
    "distances_over_training",
    "estimate_exploitability",
    "mean_distances",
    "study_equilibrium",
    "welfare",
]
