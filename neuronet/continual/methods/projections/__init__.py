"""Methods that project weight changes: GPM and OWM."""

from neuronet.continual.methods.projections.gpm import GPM
from neuronet.continual.methods.projections.owm import OWM

__all__ = ["GPM", "OWM"]
