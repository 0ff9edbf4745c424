"""Methods that rehearse samples of a reservoir: ER, DER++ and A-GEM; they are not told when a task ends."""

from neuronet.continual.methods.rehearsal.agem import AGEM
from neuronet.continual.methods.rehearsal.der import DER
from neuronet.continual.methods.rehearsal.er import ER

__all__ = ["AGEM", "DER", "ER"]
