"""Bridge to Avalanche: the same tasks, networks and batches there, and neurons that follow policies as a strategy.

Lomonaco et al. 2021, "Avalanche: an end-to-end library for continual learning" (CVPR workshops); version 0.6. It is not
installed with NeuroNet; without it, importing this package raises a MissingExtraError with the commands that install it.
"""

from neuronet.continual.avalanche.adapters import MatchedBatches, accuracies, benchmark, to_module
from neuronet.continual.avalanche.imports import load, plugins
from neuronet.continual.avalanche.plugins import SynapticIntelligence
from neuronet.continual.avalanche.strategy import PolicyStrategy

__all__ = [
    "MatchedBatches",
    "PolicyStrategy",
    "SynapticIntelligence",
    "accuracies",
    "benchmark",
    "load",
    "plugins",
    "to_module",
]
