"""How every picture looks, and how it comes into a file.

Figures are made and saved without pyplot, so that drawing leaves nothing behind and works without a screen, in any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from threading import Lock

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.text import Text

from neuronet.core.errors import NeuroNetError
from neuronet.recording.atomic_write import write_atomically

Dashes = str | tuple[float, tuple[float, ...]]

# Okabe and Ito's palette (2008), which people with any common colour blindness tell apart, the first two also in greys;
# without yellow, which white paper swallows.
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#56B4E9"
AMBER = "#E69F00"
INK = "#222222"
MUTED = "#666666"
GRID = "#E4E4E4"
PAPER = "white"

HUES = (BLUE, ORANGE, GREEN, PINK, SKY, AMBER, INK)
DASHES: tuple[Dashes, ...] = ("solid", (0.0, (5.0, 1.5)), (0.0, (1.5, 1.2)))
"""With three dashes to seven hues, 21 lines can be told apart."""

SIGNED = LinearSegmentedColormap.from_list("signed", [ORANGE, PAPER, BLUE])
"""Of numbers below and above 0, as the network's picture has it for weights."""

PALE = LinearSegmentedColormap.from_list("pale", [PAPER, "#8FBBD9"])
"""Of amounts, beneath numbers in ink."""

MISSING = "#BBBBBB"
"""Where there is no number to colour."""

AMOUNTS = "viridis"
"""Matplotlib's map of numbers from little to much, which keeps its order for the colour-blind and in greys."""

POLICY_COLOURS = (INK, GREEN, PINK, AMBER, SKY)
POLICY_MARKERS = ("o", "s", "D", "^", "v", "P")
"""A policy's colour and shape beside connections in blue and orange; the shape alone tells policies apart, too."""

FONT = "DejaVu Sans"
"""Comes with matplotlib, so that pictures look the same on every machine."""
LARGE, NORMAL, SMALL = 11.0, 9.5, 8.0

TRUE_TYPE = 42
"""How letters stand in a PDF: as journals ask for, and as drawing programs can change them."""

_SAVING = Lock()
"""Matplotlib's settings are one for all threads."""

MAX_ANNOTATIONS, MAX_ANNOTATION_LENGTH = 6, 44

DPI = 160
MAX_PIXELS = 2**15
"""A side of a PNG that most viewers still open."""

# What would tell one drawing of the same picture from the next is left out of the file.
_FORMATS: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def new_figure(width: float, height: float, *, layout: LayoutEngine | None = None) -> Figure:
    """An empty figure with a canvas that needs no screen.

    Args:
        width: In inches.
        height: In inches.
        layout: What moves panels and labels out of each other's way; None leaves everything where it is put.
    """
    figure = Figure(figsize=(width, height), facecolor=PAPER, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def line_style(number: int) -> tuple[str, Dashes]:
    """The hue and the dashes of a picture's line of this number, from 0: the dashes change when the hues are used up."""
    return HUES[number % len(HUES)], DASHES[number // len(HUES) % len(DASHES)]


def truncate(name: str, max_length: int = 40) -> str:
    """A name that is not longer than this; one that is ends in dots."""
    return name if len(name) <= max_length else f"{name[: max_length - 3]}..."


def format_axes(axes: Axes, *, title: str, x: str, y: str) -> None:
    """Give a panel its title, labels, and a quiet frame and grid."""
    axes.set_title(title, fontsize=LARGE, color=INK, loc="left")
    axes.set_xlabel(x, fontsize=NORMAL, color=INK)
    axes.set_ylabel(y, fontsize=NORMAL, color=INK)
    axes.set_facecolor(PAPER)
    axes.tick_params(which="both", labelsize=SMALL, labelcolor=INK, color=MUTED, width=0.8)
    axes.grid(visible=True, color=GRID, linewidth=0.8, linestyle="-")
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)


def annotate_events(axes: Axes, events: Sequence[tuple[float, str]], *, top: bool = True) -> None:
    """Draw a dotted line where something happened, and beside it what; where too much did, the lines alone.

    Args:
        axes: Whose horizontal axis is time.
        events: When, in units of that axis, and what.
        top: Whether the words stand at the top of the panel; if not, at its bottom.
    """
    for when, what in events:
        axes.axvline(when, color=MUTED, linewidth=0.9, linestyle="dotted", zorder=1)
        if len(events) <= MAX_ANNOTATIONS:
            axes.text(
                when,
                0.98 if top else 0.02,
                truncate(what, MAX_ANNOTATION_LENGTH),
                rotation=90,
                transform=axes.get_xaxis_transform(),
                fontsize=SMALL - 1,
                color=MUTED,
                ha="right",
                va="top" if top else "bottom",
                zorder=1,
            )


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure to a file, whole or not at all.

    Args:
        figure: What to write.
        path: A .png, .svg or .pdf file in a folder that exists.

    Returns:
        The path.

    Raises:
        NeuroNetError: The suffix is another one, or the file cannot be written.
    """
    file = Path(path)
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise NeuroNetError(f"cannot draw '{file}': the name must end in .png, .svg or .pdf")
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontfamily(FONT)
    drawn = BytesIO()
    dpi = min(DPI, MAX_PIXELS / max(figure.get_size_inches()))
    with _SAVING, rc_context({"pdf.fonttype": TRUE_TYPE, "svg.hashsalt": "neuronet"}):
        figure.savefig(drawn, format=suffix, dpi=dpi, facecolor=PAPER, metadata=_FORMATS[suffix])
    try:
        write_atomically(file, drawn.getvalue())
    except OSError as error:
        raise NeuroNetError(f"cannot write the picture '{file}': {error.strerror}") from None
    return file
