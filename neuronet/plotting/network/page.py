"""The layered network as a page of its own, with all that a reader needs beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neuronet.core.structure.network import Network
from neuronet.plotting import style
from neuronet.plotting.network.figure import draw_layers
from neuronet.plotting.network.model import NetworkView

# In inches.
LAYER_WIDTH, WIDEST, TALL, CAPTION = 2.4, 14.0, 4.8, 0.2

EXPLAINED = "Attention received: sum of w² / 2. Drawn are the strongest connections between two layers."

CROSSES = " A cross is a silent neuron."

MAX_NEURONS = 96
"""Neurons drawn of a layer unless another number is asked for."""


def draw_network(
    network: Network,
    path: str | Path,
    *,
    policies: Sequence[Sequence[str]] = (),
    shape: tuple[int, ...] | None = None,
    silent: Sequence[frozenset[int]] = (),
    max_neurons: int | None = None,
) -> Path:
    """Draw a layered network into a file.

    Args:
        network: Who listens to whom.
        path: A .png, .svg or .pdf file in a folder that exists.
        policies: For each listening layer the name of each neuron's policy; empty for neurons that are all alike.
        shape: Of one input, where it is an image.
        silent: For each layer, the inputs first, the places of neurons that say nothing; empty for none.
        max_neurons: Neurons drawn of a layer: those that receive most attention; None for the usual number.

    Returns:
        The path.

    Raises:
        NeuroNetError: Something does not fit the network, or the file cannot be written.
    """
    view = NetworkView(network, policies, shape, silent=silent, max_neurons=MAX_NEURONS if max_neurons is None else max_neurons)
    figure = style.new_figure(min(LAYER_WIDTH * len(network.sizes), WIDEST), TALL + CAPTION)
    share = CAPTION / (TALL + CAPTION)
    draw_layers(figure.add_axes((0.0, share, 1.0, 1.0 - share)), view)
    words = EXPLAINED + CROSSES * any(silent)
    figure.text(0.5, 0.02, words, fontsize=style.SMALL, color=style.MUTED, ha="center", va="bottom")
    return style.save(figure, path)
