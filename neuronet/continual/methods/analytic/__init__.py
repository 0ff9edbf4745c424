"""Methods with a closed form: sums over all samples so far, from which the output weights follow."""

from neuronet.continual.methods.analytic.ranpac import RanPAC
from neuronet.continual.methods.analytic.ridge import Ridge
from neuronet.continual.methods.analytic.slda import SLDA

__all__ = ["SLDA", "RanPAC", "Ridge"]
