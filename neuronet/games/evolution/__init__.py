"""Evolutionary dynamics of policies in a network that learns."""

from neuronet.games.evolution.fixation import Invasion, invade
from neuronet.games.evolution.simulation import EvolutionResult, evolve, single_policy_histories
from neuronet.games.evolution.switchable_policy import SwitchablePolicy
from neuronet.games.evolution.update_rules import UPDATE_RULES, UpdateRule

__all__ = [
    "UPDATE_RULES",
    "EvolutionResult",
    "Invasion",
    "SwitchablePolicy",
    "UpdateRule",
    "evolve",
    "invade",
    "single_policy_histories",
]
