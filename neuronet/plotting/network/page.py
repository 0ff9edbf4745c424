"""The figure of a network as a page of its own, with a title and all that a reader needs to read it."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from neuronet.core import Network
from neuronet.plotting import style
from neuronet.plotting.network.figure import BOTTOM, LEFT, TOP, draw_layers
from neuronet.plotting.network.input_layout import MAX_DOTS, MAX_IMAGE_SIDE, MAX_ROW, is_image
from neuronet.plotting.network.legend import legend_height
from neuronet.plotting.network.model import NetworkView

# In inches.
LAYER_WIDTH, MIN_LAYER_WIDTH, MIN_WIDTH, MAX_WIDTH = 2.4, 0.9, 6.4, 14.0
MIN_BODY, MAX_BODY, TITLE, CAPTION = 2.0, 3.6, 0.4, 0.2

MAX_SIZES_IN_TITLE = 8


def network_figure(network: Network, **options: Any) -> Figure:
    """Return the figure of a network's attention.

    Dots of layer l have the gid "layer l", the lines to it "attention l".

    Args:
        network: The network.
        **options: Other fields of NetworkView: policies, shape, silent, max_neurons, ...

    Raises:
        DataError: An option does not fit the network.
        ConfigurationError: `max_neurons` is out of range.
    """
    view = NetworkView(network, **options)
    sizes = network.sizes
    width = max(min(LAYER_WIDTH * len(sizes), MAX_WIDTH), MIN_LAYER_WIDTH * len(sizes), MIN_WIDTH)
    height = TITLE + TOP + _body(view) + BOTTOM + legend_height(width) + CAPTION
    figure = style.new_figure(width, height)
    axes = figure.add_axes((0.0, CAPTION / height, 1.0, 1.0 - (TITLE + CAPTION) / height))
    draw_layers(axes, view)
    layers = "-".join(map(str, sizes)) if len(sizes) <= MAX_SIZES_IN_TITLE else f"of {len(sizes)} layers"
    title = f"Network {layers}: attention between neurons"
    figure.text(LEFT / width, 1.0 - 0.12 / height, title, fontsize=style.LARGE, color=style.INK, va="top")
    words = "Attention received: sum of w² / 2. Lines: the strongest connections, how many of all, and their largest |w|."
    figure.text(0.5, 0.08 / height, words, fontsize=style.SMALL, color=style.MUTED, ha="center", va="bottom")
    return figure


def _body(view: NetworkView) -> float:
    """Return the height of the columns in inches: enough for the largest layer, within limits."""
    inputs, *listening = view.network.sizes
    rows = max(min(inputs, MAX_DOTS), *(min(size, view.max_neurons) for size in listening))
    least = MAX_IMAGE_SIDE if is_image(view.shape) else MIN_BODY
    return min(max(MAX_ROW * rows, least), MAX_BODY)
