"""Receptive fields: the weights of the first listening layer, as images where its inputs are images."""

from __future__ import annotations

from math import ceil, prod, sqrt

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from neuronet.core import Bools, DataError, Floats, Ints, Network, check_number
from neuronet.plotting import style
from neuronet.plotting.network.model import received_attention

MAX_NEURONS = 40
"""Neurons drawn by default."""

COLOURS = 3
"""Channels of an image that are drawn as red, green and blue."""

# In inches.
CELL, GAP, LABEL, EDGE, HEAD, LINE, BAR = 0.84, 0.12, 0.2, 0.15, 0.42, 0.16, 0.95
ROW, ROWS_WIDTH, MIN_SPAN = 0.2, 6.4, 5.6

SHADES = style.SIGNED.with_extremes(bad=style.MISSING)
"""Colour map of weights; missing ones are grey."""

CLIP_QUANTILE = 0.995
"""Quantile of |w| at which the colour scale ends, so that a single weight does not make all others pale."""


def receptive_fields_figure(
    network: Network, *, shape: tuple[int, ...] | None = None, varying_inputs: Bools | None = None, max_neurons: int = MAX_NEURONS
) -> Figure:
    """Return the figure of the receptive fields of the first listening layer, the neuron that receives most attention first.

    Args:
        network: The network.
        shape: Shape of one input: (height, width) or (channels, height, width) of an image; None or (I,) for anything else.
        varying_inputs: (I,), False for constant inputs: their weights have no meaning and are drawn grey; None if all vary.
        max_neurons: Neurons drawn (>= 1): those that receive most attention.

    Raises:
        DataError: An argument does not fit the network.
        ConfigurationError: `max_neurons` is out of range.
    """
    inputs, size = network.sizes[:2]
    shape = shape or (inputs,)
    if prod(shape) != inputs:
        raise DataError(f"an input of shape {shape} does not fit a network of {inputs} inputs")
    check_number("max_neurons", max_neurons, 1, whole=True)
    received = received_attention(network, 1)
    selected = np.argsort(-received, kind="stable")[:max_neurons]
    is_output = len(network.sizes) == 2
    if is_output:  # outputs receive no attention and keep their own order
        selected = np.sort(selected)
    weights = _visible_weights(network, selected, varying_inputs)
    names = [(str(network.nodes[1][j]), "" if is_output else f"{received[j]:.2g}") for j in selected]
    is_image = len(shape) > 1
    count = f"all {size}" if len(selected) == size else f"{len(selected)} of {size}"
    title = f"Receptive fields of the {'outputs' if is_output else 'first hidden layer'}: {count}"
    colours = is_image and shape[0] == COLOURS and len(shape) == 3
    lines = _caption(is_image=is_image, is_output=is_output, missing="White" if colours else "Grey")
    lines = lines if bool(np.isnan(weights).any()) else lines[:1]
    head = HEAD + LINE * len(lines)
    figure, left = _images_figure(_images(weights, shape), names, head) if is_image else _rows_figure(weights, names, head)
    _write_head(figure, left, title, lines)
    return figure


def _caption(*, is_image: bool, is_output: bool, missing: str) -> list[str]:
    node, then = ("Above each image: the neuron's node", ", and ") if is_image else ("Left: the neuron's node", "; right: ")
    attention = "" if is_output else f"{then}the attention that it receives, sum of w² / 2, largest first"
    return [f"{node}{attention}.", f"{missing}: constant inputs, and missing connections."]


def _visible_weights(network: Network, selected: Ints, varying_inputs: Bools | None) -> Floats:
    """Return the weights of selected neurons, (N, I); nan where there is no connection or the input is constant."""
    weights, connected = network.layer_part(1, selected)
    weights = np.where(connected, weights, np.nan)
    if varying_inputs is not None:
        if np.shape(varying_inputs) != (network.sizes[0],):
            raise DataError(
                f"varying_inputs must have one entry for each of {network.sizes[0]} inputs, got {np.shape(varying_inputs)}"
            )
        weights[:, ~np.asarray(varying_inputs, dtype=np.bool_)] = np.nan
    return weights


def _images(weights: Floats, shape: tuple[int, ...]) -> Floats:
    """Return (N, height, width), or (N, height, width, 3) of colour images; other channels stand side by side."""
    images = weights.reshape(len(weights), *shape)
    if len(shape) == 2:
        return images
    if shape[0] == COLOURS:
        return np.moveaxis(images, 1, -1)
    return np.concatenate(list(np.moveaxis(images, 1, 0)), axis=-1)


def _limit(weights: Floats) -> float:
    sizes = np.abs(weights[np.isfinite(weights)])
    largest = float(np.quantile(sizes, CLIP_QUANTILE)) if sizes.size else 0.0
    return largest if largest > 0 else 1.0


def _images_figure(images: Floats, names: list[tuple[str, str]], head: float) -> tuple[Figure, float]:
    count, height, width = images.shape[:3]
    wide, tall = (CELL, CELL * height / width) if width >= height else (CELL * width / height, CELL)
    per_row = min(count, max(ceil(sqrt(1.6 * count * tall / wide)), 4), 12)
    rows = ceil(count / per_row)
    span = max((wide + GAP) * per_row, MIN_SPAN)
    figure = style.new_figure(EDGE + span + BAR, head + rows * (tall + LABEL) + EDGE)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    limit = _limit(images)
    top = figure.get_figheight() - head
    for number, (image, (name, value)) in enumerate(zip(images, names, strict=True)):
        x, y = EDGE + (number % per_row) * (wide + GAP), top - (number // per_row) * (tall + LABEL)
        box = (x, x + wide, y - LABEL - tall, y - LABEL)
        axes.imshow(_to_colours(image, limit), cmap=SHADES, vmin=-limit, vmax=limit, extent=box, interpolation="nearest")
        frame = Rectangle((x, box[2]), wide, tall, fill=False, edgecolor=style.MUTED, linewidth=0.5)
        axes.add_patch(frame)
        axes.text(x, y - LABEL + 0.03, name, fontsize=style.SMALL, color=style.INK, weight="bold")
        axes.text(x + wide, y - LABEL + 0.03, value, fontsize=style.SMALL, color=style.MUTED, ha="right")
    axes.set_axis_off()
    axes.set_xlim(0, figure.get_figwidth())
    axes.set_ylim(0, figure.get_figheight())
    axes.set_aspect("auto")
    _draw_scale(figure, limit, top - LABEL, colours=images.ndim == 4)
    return figure, EDGE


def _to_colours(image: Floats, limit: float) -> Floats:
    """Return what is drawn of an image: weights of colour images as shares of red, green and blue; 0 is grey."""
    if image.ndim == 2:
        return np.ma.masked_invalid(image)
    shade = np.clip(0.5 + 0.5 * image / limit, 0, 1)
    return np.where(np.isnan(shade), 1.0, shade)


def _rows_figure(weights: Floats, names: list[tuple[str, str]], head: float) -> tuple[Figure, float]:
    """Draw a row per neuron, a column per input."""
    count, inputs = weights.shape
    left, below = 0.75, 0.5
    height = max(ROW * count, 1.2)
    figure = style.new_figure(left + ROWS_WIDTH + BAR + 0.35, head + height + below)
    whole = (figure.get_figwidth(), figure.get_figheight())
    axes = figure.add_axes((left / whole[0], below / whole[1], ROWS_WIDTH / whole[0], height / whole[1]))
    style.format_axes(axes, x="input", y="neuron", grid=False)
    limit = _limit(weights)
    axes.imshow(np.ma.masked_invalid(weights), cmap=SHADES, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(count), [name for name, _ in names])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=min(inputs, 12)))
    for row, (_, value) in enumerate(names):
        axes.text(inputs - 0.42, row, f" {value}", fontsize=style.SMALL, color=style.MUTED, va="center")
    _draw_scale(figure, limit, below + height, colours=False)
    return figure, left


def _draw_scale(figure: Figure, limit: float, top: float, *, colours: bool) -> None:
    """Draw the scale of the weights on the right."""
    width, height = figure.get_figwidth(), figure.get_figheight()
    if colours:
        text = f"red, green\nand blue:\nw = 0 is grey,\n{limit:.2g} is full,\n-{limit:.2g} is none"
        figure.text((width - BAR + 0.02) / width, top / height, text, fontsize=style.SMALL, color=style.INK, va="top")
        return
    tall = min(1.6, top - EDGE)
    axes = figure.add_axes(((width - BAR + 0.1) / width, (top - tall) / height, 0.1 / width, tall / height))
    bar = figure.colorbar(ScalarMappable(Normalize(-limit, limit), style.SIGNED), cax=axes, extend="both")
    bar.set_label("weight w", fontsize=style.SMALL, color=style.INK)
    style.format_ticks(axes)
    bar.outline.set_linewidth(0.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, symmetric=True))


def _write_head(figure: Figure, left: float, title: str, lines: list[str]) -> None:
    at, x = figure.get_figheight(), left / figure.get_figwidth()
    figure.text(x, (at - 0.12) / at, title, fontsize=style.LARGE, color=style.INK, va="top")
    figure.text(x, (at - 0.36) / at, "\n".join(lines), fontsize=style.SMALL, color=style.MUTED, va="top")
