"""Receptive fields: what the neurons of the first listening layer listen to, as images where their inputs are images."""

from __future__ import annotations

from math import ceil, prod, sqrt
from pathlib import Path

import array_api_compat.numpy as xp
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Bools, Floats, Network
from neuronet.core.utility import Power
from neuronet.plotting import style

MAX_NEURONS = 40
"""Fields drawn unless another number is asked for."""

COLOURS = 3
"""Channels of an image that are taken for red, green and blue."""

# In inches.
CELL, GAP, LABEL, EDGE, HEAD, LINE, BAR = 0.84, 0.12, 0.2, 0.15, 0.42, 0.16, 0.95
ROW, ROWS_WIDE = 0.2, 6.4

SHADES = style.SIGNED.with_extremes(bad=style.MISSING)
"""Grey where there is no weight to see."""

BEYOND = 0.995
"""Weights above this quantile of their sizes are drawn as that one, so that a single one does not make all others pale."""


def draw_receptive_fields(
    network: Network,
    path: str | Path,
    *,
    shape: tuple[int, ...] | None = None,
    varying_inputs: Bools | None = None,
    max_neurons: int = MAX_NEURONS,
) -> Path:
    """Draw the receptive fields of the first listening layer into a file.

    Args:
        network: Whose.
        path: A .png, .svg or .pdf file in a folder that exists.
        shape: Of an input: (height, width) or (channels, height, width) of an image; None or (I,) for anything else.
        varying_inputs: (I,), False for inputs that never change, whose weights mean nothing and are left grey; None if all
            change.
        max_neurons: Neurons that are drawn: those that receive most attention.

    Returns:
        The path.

    Raises:
        NeuroNetError: Something does not fit the network, or the file cannot be written.
    """
    return style.save(receptive_fields_figure(network, shape=shape, varying_inputs=varying_inputs, max_neurons=max_neurons), path)


def receptive_fields_figure(
    network: Network, *, shape: tuple[int, ...] | None = None, varying_inputs: Bools | None = None, max_neurons: int = MAX_NEURONS
) -> Figure:
    """The picture that `draw_receptive_fields` writes: the neuron that receives most attention comes first.

    Args:
        network: As for `draw_receptive_fields`.
        shape: As for `draw_receptive_fields`.
        varying_inputs: As for `draw_receptive_fields`.
        max_neurons: As for `draw_receptive_fields`.

    Raises:
        NeuroNetError: Something does not fit the network.
    """
    inputs = network.sizes[0]
    shape = shape or (inputs,)
    if prod(shape) != inputs:
        raise NeuroNetError(f"an input of shape {shape} does not fit a network of {inputs} inputs")
    if isinstance(max_neurons, bool) or not isinstance(max_neurons, (int, np.integer)) or max_neurons < 1:
        raise NeuroNetError(f"max_neurons must be an integer of 1 or more, got {max_neurons!r}")
    received = _received(network)
    selected = np.argsort(-received, kind="stable")[:max_neurons]
    outputs = len(network.sizes) == 2
    if outputs:  # nobody listens to them, so that there is no order but their own
        selected = np.sort(selected)
    weights = _visible_weights(network, varying_inputs)[selected]
    names = [(str(network.nodes[1][j]), "" if outputs else f"{received[j]:.2g}") for j in selected]
    images = len(shape) > 1
    who = f"all {network.sizes[1]}" if len(selected) == network.sizes[1] else f"{len(selected)} of {network.sizes[1]}"
    title = f"What the {'outputs' if outputs else 'neurons of the first hidden layer'} listen to: {who}"
    lines = _caption_lines(
        images, outputs, bool(np.isnan(weights).any()), colours=images and shape[0] == COLOURS and len(shape) == 3
    )
    head = HEAD + LINE * len(lines)
    figure, left = _images_figure(_images(weights, shape), names, head) if images else _rows_figure(weights, names, head)
    _write_head(figure, left, title, lines)
    return figure


def _caption_lines(images: bool, outputs: bool, missing: bool, *, colours: bool) -> list[str]:
    node, and_then = ("Above each: the neuron's node", ", and ") if images else ("Left: the neuron's node", "; right: ")
    lines = [node + ("." if outputs else f"{and_then}the attention that it receives, sum of w² / 2, most first.")]
    if missing:
        lines.append(f"{'White' if colours else 'Grey'}: inputs that never change, and connections that are not there.")
    return lines


def _received(network: Network) -> Floats:
    """The attention that each neuron of the first listening layer receives, (J,); what the outputs pay, where they are it."""
    weights_above = network.weights[1] if len(network.weights) > 1 else network.weights[0].T
    with np.errstate(over="ignore"):  # of a network that diverged
        return np.asarray(np.minimum(Power().utility(xp, weights_above), np.finfo(np.float64).max), dtype=np.float64)


def _visible_weights(network: Network, varying_inputs: Bools | None) -> Floats:
    """The weights, (J, I); nan where there is no connection, and where the input never changes."""
    weights = network.weights[0].astype(np.float64)
    if network.masks[0] is not None:
        weights[~network.masks[0]] = np.nan
    if varying_inputs is not None:
        if np.shape(varying_inputs) != (network.sizes[0],):
            raise NeuroNetError(
                f"varying_inputs must have one entry for each of {network.sizes[0]} inputs, got {np.shape(varying_inputs)}"
            )
        weights[:, ~np.asarray(varying_inputs, dtype=np.bool_)] = np.nan
    return weights


def _images(weights: Floats, shape: tuple[int, ...]) -> Floats:
    """(N, height, width), or (N, height, width, 3) of colour images; other channels stand side by side."""
    images = weights.reshape(len(weights), *shape)
    if len(shape) == 2:
        return images
    if shape[0] == COLOURS:
        return np.moveaxis(images, 1, -1)
    return np.concatenate(list(np.moveaxis(images, 1, 0)), axis=-1)


def _limit(weights: Floats) -> float:
    sizes = np.abs(weights[np.isfinite(weights)])
    largest = float(np.quantile(sizes, BEYOND)) if sizes.size else 0.0
    return largest if largest > 0 else 1.0


def _images_figure(images: Floats, names: list[tuple[str, str]], head: float) -> tuple[Figure, float]:
    count, height, width = images.shape[:3]
    wide, tall = (CELL, CELL * height / width) if width >= height else (CELL * width / height, CELL)
    per_row = min(count, max(ceil(sqrt(1.6 * count * tall / wide)), 4), 12)
    rows = ceil(count / per_row)
    span = max((wide + GAP) * per_row, 4.4)
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
        axes.text(x, y - LABEL + 0.03, name, fontsize=style.SMALL - 1, color=style.INK, weight="bold")
        axes.text(x + wide, y - LABEL + 0.03, value, fontsize=style.SMALL - 1, color=style.MUTED, ha="right")
    axes.set_axis_off()
    axes.set_xlim(0, figure.get_figwidth())
    axes.set_ylim(0, figure.get_figheight())
    axes.set_aspect("auto")
    _draw_scale(figure, limit, top - LABEL, colours=images.ndim == 4)
    return figure, EDGE


def _to_colours(image: Floats, limit: float) -> Floats:
    """Colours as they are drawn: weights of a colour image by how much red, green and blue they ask for; grey is 0."""
    if image.ndim == 2:
        return np.ma.masked_invalid(image)
    shade = np.clip(0.5 + 0.5 * image / limit, 0, 1)
    return np.where(np.isnan(shade), 1.0, shade)


def _rows_figure(weights: Floats, names: list[tuple[str, str]], head: float) -> tuple[Figure, float]:
    """A row for each neuron, a column for each input."""
    count, inputs = weights.shape
    left, below = 0.75, 0.5
    height = max(ROW * count, 1.2)
    figure = style.new_figure(left + ROWS_WIDE + BAR + 0.35, head + height + below)
    whole = (figure.get_figwidth(), figure.get_figheight())
    axes = figure.add_axes((left / whole[0], below / whole[1], ROWS_WIDE / whole[0], height / whole[1]))
    style.format_axes(axes, title="", x="input", y="neuron")
    axes.grid(visible=False)
    limit = _limit(weights)
    axes.imshow(np.ma.masked_invalid(weights), cmap=SHADES, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(count), [name for name, _ in names])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=min(inputs, 12)))
    for row, (_, value) in enumerate(names):
        axes.text(inputs - 0.42, row, f" {value}", fontsize=style.SMALL - 1, color=style.MUTED, va="center")
    _draw_scale(figure, limit, below + height, colours=False)
    return figure, left


def _draw_scale(figure: Figure, limit: float, top: float, *, colours: bool) -> None:
    """The scale of the weights, on the right."""
    width, height = figure.get_figwidth(), figure.get_figheight()
    if colours:
        text = f"each of red,\ngreen, blue:\ngrey is w = 0,\nfull is {limit:.2g},\nnone is -{limit:.2g}"
        figure.text((width - BAR + 0.02) / width, top / height, text, fontsize=style.SMALL, color=style.INK, va="top")
        return
    tall = min(1.6, top - EDGE)
    axes = figure.add_axes(((width - BAR + 0.1) / width, (top - tall) / height, 0.1 / width, tall / height))
    bar = figure.colorbar(ScalarMappable(Normalize(-limit, limit), style.SIGNED), cax=axes, extend="both")
    bar.set_label("weight w", fontsize=style.SMALL, color=style.INK)
    axes.tick_params(labelsize=style.SMALL - 1, labelcolor=style.INK, color=style.MUTED)
    bar.outline.set_linewidth(0.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, symmetric=True))


def _write_head(figure: Figure, left: float, title: str, lines: list[str]) -> None:
    at, x = figure.get_figheight(), left / figure.get_figwidth()
    figure.text(x, (at - 0.12) / at, title, fontsize=style.LARGE, color=style.INK, va="top")
    figure.text(x, (at - 0.36) / at, "\n".join(lines), fontsize=style.SMALL, color=style.MUTED, va="top")
