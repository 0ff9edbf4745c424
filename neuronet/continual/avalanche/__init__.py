"""A bridge to Avalanche: the same tasks, networks and batches there, and neurons that follow policies as one of its strategies.

Lomonaco et al. 2021, "Avalanche: an end-to-end library for continual learning" (CVPR workshops); version 0.6. It is not
installed with NeuroNet; where it is missing, importing this raises a NeuroNetError that says how to get it.
"""

from neuronet.continual.avalanche.adapters import MatchedBatches, accuracies, benchmark, to_module
from neuronet.continual.avalanche.plugins import SynapticIntelligence
from neuronet.continual.avalanche.strategy import PolicyStrategy

__all__ = ["MatchedBatches", "PolicyStrategy", "SynapticIntelligence", "accuracies", "benchmark", "to_module"]
