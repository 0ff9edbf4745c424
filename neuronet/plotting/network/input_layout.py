"""Places of a network's inputs: one by one, in bins, or as the pixels of an image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from neuronet.core import Floats, Network
from neuronet.plotting import style

MAX_DOTS = 28
"""Inputs drawn one by one; more of them are drawn in at most as many bins."""

BINS_PER_SIDE = 8
"""Bins along the longer side of an image."""

MAX_IMAGE_SIDE = 2.1
MAX_ROW = 0.42
"""Largest side of an image and largest distance between two dots, in inches."""

RECEIVED = LinearSegmentedColormap.from_list("attention", [style.PAPER, style.INK])


@dataclass(frozen=True)
class ImageBox:
    """Place of inputs that are drawn as an image.

    Attributes:
        left: Distance from the left edge of the axes in inches.
        bottom: Distance from the lower edge in inches.
        width: Width in inches.
        height: Height in inches.
        shape: (channels, height, width) in pixels.
    """

    left: float
    bottom: float
    width: float
    height: float
    shape: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class InputLayout:
    """Inputs in bins, and the places of the bins.

    Attributes:
        bins: Positions in the layer of each bin's inputs.
        x: (D,), distance of each bin from the left edge in inches.
        y: (D,), distance from the lower edge in inches.
        row: Distance between neighbouring bins in inches.
        width: Width of all bins in inches.
        image: Place of the image if the inputs are drawn as one, else None.
    """

    bins: tuple[tuple[int, ...], ...]
    x: Floats
    y: Floats
    row: float
    width: float
    image: ImageBox | None

    @cached_property
    def is_binned(self) -> bool:
        """Whether a bin has several inputs."""
        return max(map(len, self.bins)) > 1

    def gather(self, weights: Floats) -> Floats:
        """Return the weights to each bin, (K, I) to (K, D): root sum of squares, with the sign of the sum."""
        if not self.is_binned:
            return weights[:, [members[0] for members in self.bins]]
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
        """Return what a reader must know to read the inputs, with this neuron in focus."""
        if self.image is not None:
            return "dark: high attention" if focus is None or focus[0] != 1 else "weights of the selected neuron"
        return f"in bins of {max(map(len, self.bins))}" if self.is_binned else ""


def pixel_at(shape: tuple[int, ...], across: float, down: float) -> int:
    """Return the input of the first channel at these fractions, 0 to 1, of an image's width and height.

    Args:
        shape: (height, width) or (channels, height, width) of the image.
        across: Fraction of the width, from the left.
        down: Fraction of the height, from the top.
    """
    rows, columns = shape[-2:]
    row, column = (min(int(part * count), count - 1) for part, count in ((down, rows), (across, columns)))
    return row * columns + column


def is_image(shape: tuple[int, ...] | None) -> bool:
    """Return whether inputs of this shape are drawn as an image."""
    return shape is not None and len(shape) in (2, 3) and min(shape[-2:]) > 1


def lay_out_inputs(
    count: int, shape: tuple[int, ...] | None, left: float, bottom: float, top: float, widest: float = MAX_IMAGE_SIDE
) -> InputLayout:
    """Place the inputs between two heights.

    Args:
        count: Number of inputs.
        shape: Shape of one input; (height, width) or (channels, height, width) of an image.
        left: Left edge in inches.
        bottom: Lower edge in inches.
        top: Upper edge in inches.
        widest: Largest side of an image in inches.
    """
    if shape is not None and is_image(shape):
        return _lay_out_image(shape, left, bottom, top, widest)
    size = -(-count // MAX_DOTS)
    bins = tuple(tuple(range(start, min(start + size, count))) for start in range(0, count, size))
    row = min((top - bottom) / len(bins), MAX_ROW)
    y = (bottom + top) / 2 + row * ((len(bins) - 1) / 2 - np.arange(len(bins), dtype=np.float64))
    return InputLayout(bins, np.full(len(bins), left + 0.15), y, row, 0.15, None)


def _lay_out_image(shape: tuple[int, ...], left: float, bottom: float, top: float, widest: float) -> InputLayout:
    channels, rows, columns = (1, *shape)[-3:]
    side = min(MAX_IMAGE_SIDE, widest, top - bottom) / max(rows, columns)
    width, height = side * columns, side * rows
    box = ImageBox(left, (bottom + top - height) / 2, width, height, (channels, rows, columns))
    block = -(-max(rows, columns) // BINS_PER_SIDE)
    down, across = np.arange(rows) // block, np.arange(columns) // block
    wide = int(across.max()) + 1
    numbers = np.tile((down[:, None] * wide + across).ravel(), channels)
    count = (int(down.max()) + 1) * wide
    order = np.argsort(numbers, kind="stable")
    parts = np.split(order, np.searchsorted(numbers[order], np.arange(1, count)))
    x, y = (np.bincount(blocks) for blocks in (across, down))  # pixels in each column and row of bins
    middle_x = box.left + side * (np.cumsum(x) - x / 2)
    middle_y = box.bottom + box.height - side * (np.cumsum(y) - y / 2)
    bins = tuple(tuple(part.tolist()) for part in parts)
    return InputLayout(bins, np.tile(middle_x, len(y)), np.repeat(middle_y, wide), side * block, width, box)


def draw_image(
    axes: Axes, box: ImageBox, network: Network, received: Floats, selected: tuple[int, int] | None, *, selected_only: bool
) -> None:
    """Draw the attention that each pixel receives, summed over channels, or the weights of a neuron in focus.

    Args:
        axes: Axes in inches.
        box: Place of the image.
        network: The network.
        received: Attention `sum_k w_kj^2 / 2` that each input receives.
        selected: Layer and position of the selected neuron; a selected pixel is framed.
        selected_only: Whether a selected neuron of the first listening layer shows its weights.
    """
    if selected_only and selected is not None and selected[0] == 1:
        weights, _ = network.layer_part(1, [selected[1]])
        shown, colours = weights.reshape(box.shape).sum(axis=0), style.SIGNED
        vmax = float(np.abs(shown).max()) or 1.0
        vmin = -vmax
    else:
        with np.errstate(over="ignore"):
            shown, colours = 2 * received.reshape(box.shape).sum(axis=0), RECEIVED
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
