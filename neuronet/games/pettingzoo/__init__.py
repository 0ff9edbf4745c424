"""Games of neurons as PettingZoo environments."""

from neuronet.games.pettingzoo.controlled_policy import FEATURES, ControlledPolicy
from neuronet.games.pettingzoo.parallel_env import NeuronGame

__all__ = ["FEATURES", "ControlledPolicy", "NeuronGame"]
