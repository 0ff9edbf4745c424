"""Where inputs are drawn: each by itself, in bins, or as the pixels of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from neuronet.core.structure.network import Floats, Network
from neuronet.plotting import style

MOST_INPUTS = 28
"""Inputs drawn one by one; more of them are drawn in as many bins at most."""

BINS_ON_A_SIDE = 8
"""Bins along the height or the width of an image, from which lines go out."""

LARGEST_IMAGE = 2.1
"""Inches on a side."""

RECEIVED = LinearSegmentedColormap.from_list("attention", [style.PAPER, style.INK])


@dataclass(frozen=True)
class ImageBox:
    """Where the inputs stand as an image.

    Attributes:
        left: In inches from the left of the axes.
        bottom: In inches from their bottom.
        width: In inches.
        height: In inches.
        shape: (channels, height, width) in pixels.
    """

    left: float
    bottom: float
    width: float
    height: float
    shape: tuple[int, int, int]

    def pixel(self, across: float, down: float) -> int:
        """The place in the layer of the first channel's pixel at these parts, 0 to 1, of the image's width and height."""
        _, rows, columns = self.shape
        row, column = (min(int(part * count), count - 1) for part, count in ((down, rows), (across, columns)))
        return row * columns + column


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs in bins.

    Attributes:
        bins: The places in the layer of each bin's inputs.
        x: (D,), where each stands, in inches.
        y: (D,), likewise.
        row: The distance to the next, in inches.
        width: What all of them take, in inches.
        image: Where they stand if they are an image, else None.
    """

    bins: tuple[tuple[int, ...], ...]
    x: Floats
    y: Floats
    row: float
    width: float
    image: ImageBox | None

    def gather(self, weights: Floats) -> Floats:
        """The weights to each bin, (K, I) to (K, D): as large as their root sum of squares, with the sign of their sum."""
        if all(len(each) == 1 for each in self.bins):
            return weights[:, [each[0] for each in self.bins]]
        numbers = np.empty(weights.shape[1], dtype=np.int64)
        for number, members in enumerate(self.bins):
            numbers[list(members)] = number
        order = np.argsort(numbers, kind="stable")
        starts = np.searchsorted(numbers[order], np.arange(len(self.bins)))
        ordered = weights[:, order]
        with np.errstate(over="ignore"):
            size = np.sqrt(np.add.reduceat(ordered * ordered, starts, axis=1))
        return np.asarray(np.copysign(size, np.add.reduceat(ordered, starts, axis=1)))

    def caption(self, focus: tuple[int, int] | None) -> str:
        """What a reader should know of them, if one neuron is looked at alone."""
        if self.image is not None:
            return "dark: much attention" if focus is None or focus[0] != 1 else "what the chosen listens to"
        largest = max(map(len, self.bins))
        return f"in bins of {largest}" if largest > 1 else ""


def bin_inputs(count: int, shape: tuple[int, ...] | None, left: float, bottom: float, top: float) -> Inputs:
    """Where the inputs stand between two heights.

    Args:
        count: How many there are.
        shape: Of one input, (height, width) or (channels, height, width) if it is an image.
        left: Where they begin, in inches.
        bottom: In inches.
        top: In inches.
    """
    if shape is not None and len(shape) in (2, 3) and min(shape[-2:]) > 1:
        return _as_image(shape, left, bottom, top)
    size = -(-count // MOST_INPUTS)
    bins = tuple(tuple(range(start, min(start + size, count))) for start in range(0, count, size))
    row = min((top - bottom) / len(bins), 0.42)
    y = (bottom + top) / 2 + row * ((len(bins) - 1) / 2 - np.arange(len(bins), dtype=np.float64))
    return Inputs(bins, np.full(len(bins), left + 0.15), y, row, 0.15, None)


def _as_image(shape: tuple[int, ...], left: float, bottom: float, top: float) -> Inputs:
    channels, rows, columns = (1, *shape)[-3:]
    side = min(LARGEST_IMAGE, top - bottom) / max(rows, columns)
    width, height = side * columns, side * rows
    box = ImageBox(left, (bottom + top - height) / 2, width, height, (channels, rows, columns))
    block = -(-max(rows, columns) // BINS_ON_A_SIDE)
    down, across = np.arange(rows) // block, np.arange(columns) // block
    wide = int(across.max()) + 1
    numbers = np.tile((down[:, None] * wide + across).ravel(), channels)
    count = (int(down.max()) + 1) * wide
    order = np.argsort(numbers, kind="stable")
    bins = tuple(tuple(each.tolist()) for each in np.split(order, np.searchsorted(numbers[order], np.arange(1, count))))
    x, y = (np.bincount(each) for each in (across, down))  # pixels in each column and row of bins
    middle_x = box.left + side * (np.cumsum(x) - x / 2)
    middle_y = box.bottom + box.height - side * (np.cumsum(y) - y / 2)
    return Inputs(bins, np.tile(middle_x, len(y)), np.repeat(middle_y, wide), side * block, width, box)


def draw_image(axes: Axes, box: ImageBox, network: Network, selected: tuple[int, int] | None, *, selected_only: bool) -> None:
    """Draw the attention that each pixel receives, channels summed, or the weights of a neuron that is looked at alone."""
    weights = network.weights[0]
    if selected_only and selected is not None and selected[0] == 1:
        shown, colours = weights[selected[1]].reshape(box.shape).sum(axis=0), style.SIGNED
        vmax = float(np.abs(shown).max()) or 1.0
        vmin = -vmax
    else:
        with np.errstate(over="ignore"):
            shown, colours = (weights * weights).sum(axis=0).reshape(box.shape).sum(axis=0), RECEIVED
        vmin, vmax = 0.0, float(min(shown.max(), np.finfo(np.float64).max)) or 1.0
    extent = (box.left, box.left + box.width, box.bottom, box.bottom + box.height)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(shown, cmap=colours, vmin=vmin, vmax=vmax, extent=extent, aspect="auto", interpolation="nearest", zorder=1)
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])
    frame = Rectangle((box.left, box.bottom), box.width, box.height, fill=False, edgecolor=style.MUTED, linewidth=0.8, zorder=1)
    axes.add_patch(frame)
    if selected is not None and selected[0] == 0:
        _, rows, columns = box.shape
        row, column = divmod(selected[1] % (rows * columns), columns)
        side = box.width / columns
        corner = (box.left + column * side, box.bottom + box.height - (row + 1) * side)
        axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=style.ORANGE, linewidth=1.6, zorder=4, gid="selected"))
