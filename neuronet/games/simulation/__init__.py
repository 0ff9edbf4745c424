"""Replicated games and what they pay each neuron."""

from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.outcomes import Outcomes
from neuronet.games.simulation.payoffs import INSTANT_KINDS, KINDS, Floats, attention_payoff, check_kind, share_payoff
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import Profile
from neuronet.games.simulation.training import payoff_trajectory, train_profile, training_checkpoints

__all__ = [
    "INSTANT_KINDS",
    "KINDS",
    "Floats",
    "GameSetup",
    "InitialState",
    "Outcomes",
    "Profile",
    "attention_payoff",
    "check_kind",
    "payoff_trajectory",
    "play",
    "share_payoff",
    "train_profile",
    "training_checkpoints",
]
