"""Pictures of runs and of networks."""

from neuronet.plotting.learning_curves import SPLITS

__all__ = ["SPLITS"]
