"""Figures of game-theoretic analyses."""

from neuronet.plotting.games.bimatrix import layers_figure
from neuronet.plotting.games.credit import credit_figure
from neuronet.plotting.games.equilibrium import evolution_figure, exploitability_figure, welfare_figure
from neuronet.plotting.games.lengths import lengths_figure
from neuronet.plotting.games.mechanisms import mechanisms_figure
from neuronet.plotting.games.regret import regret_figure
from neuronet.plotting.games.simplex import phase_figure

__all__ = [
    "credit_figure",
    "evolution_figure",
    "exploitability_figure",
    "layers_figure",
    "lengths_figure",
    "mechanisms_figure",
    "phase_figure",
    "regret_figure",
    "welfare_figure",
]
