"""Colours, fonts and formats of every figure, and how a figure is written to a file.

Figures are made and saved without pyplot, so that drawing leaves no state behind and works without a screen, in any thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Sized
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from numpy.typing import ArrayLike

from neuronet.core import DataError, named_path
from neuronet.recording import write_atomically, writing

Dashes = str | tuple[float, tuple[float, ...]]

Events = Sequence[tuple[float, str]]
"""Times of events on a horizontal axis, and their names."""

# Palette of Okabe and Ito (2008) for colour-blind readers; the first two also differ in grey. Without yellow, which is
# invisible on white paper.
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
DASHED: Dashes = (0.0, (4.0, 1.6))
DASHES: tuple[Dashes, ...] = ("solid", (0.0, (5.0, 1.5)), (0.0, (1.5, 1.2)), (0.0, (6.0, 1.4, 1.4, 1.4)))
"""Four dashes and seven hues, each in turn, make 28 distinct lines; neighbours differ in both."""

SIGNED = LinearSegmentedColormap.from_list("signed", [ORANGE, PAPER, BLUE])
"""Colour map of signed numbers, in the colours of weights."""

PALE = LinearSegmentedColormap.from_list("pale", [PAPER, "#8FBBD9"])
"""Colour map of amounts behind numbers in ink."""

MISSING = "#BBBBBB"
"""Colour of missing numbers."""

AMOUNTS = "viridis"
"""Matplotlib's colour map of amounts, ordered also for the colour-blind and in grey."""

POLICY_COLOURS = (INK, GREEN, PINK, AMBER, SKY)
POLICY_MARKERS = ("o", "s", "D", "^", "v", "P")
"""Colours and markers of policies next to blue and orange connections; markers alone also distinguish policies."""

FONT = "DejaVu Sans"
"""Font that comes with matplotlib, so that figures are the same on every machine."""
LARGE, NORMAL, SMALL = 11.0, 9.5, 8.0

TRUE_TYPE = 42
"""Font type in PDF files, as journals require it."""

_RENDERING = Lock()
"""Matplotlib's settings are shared by all threads."""

PADS = (0.04, 0.04)
"""Space in inches around panels, where a figure has no reason for more."""

MAX_ANNOTATIONS, MAX_ANNOTATION_LENGTH = 6, 44

LOG_RANGE = 100.0
"""Ratio of losses above which their axis is logarithmic."""

DPI = 160
MAX_PIXELS = 2**15
"""Longest side of a PNG that most viewers open."""
MAX_LETTERS = 120
"""Length at which a line of text is cut."""

# Metadata that would make two files of the same figure differ are left out.
_FORMATS: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def new_figure(width: float, height: float, *, pads: tuple[float, float] | None = None) -> Figure:
    """Return an empty figure with a canvas that needs no screen.

    Args:
        width: Width in inches.
        height: Height in inches.
        pads: Space in inches around panels, horizontally and vertically, which are moved so that nothing overlaps; None leaves
            everything in its place.
    """
    layout = None if pads is None else ConstrainedLayoutEngine(w_pad=pads[0], h_pad=pads[1])
    figure = Figure(figsize=(width, height), facecolor=PAPER, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def line_style(number: int) -> tuple[str, Dashes]:
    """Return hue and dashes of the line with this number, from 0."""
    return HUES[number % len(HUES)], DASHES[number % len(DASHES)]


def truncate(name: str, max_length: int = 40) -> str:
    """Return a name of at most this length; a longer one ends in dots."""
    return name if len(name) <= max_length else f"{name[: max_length - 3]}..."


def format_axes(axes: Axes, *, title: str = "", x: str = "", y: str = "", title_size: float = LARGE, grid: bool = True) -> None:
    """Set title, labels, frame and grid of a panel."""
    axes.set_title(title, fontsize=title_size, color=INK, loc="left")
    axes.set_xlabel(x, fontsize=NORMAL, color=INK)
    axes.set_ylabel(y, fontsize=NORMAL, color=INK)
    axes.set_facecolor(PAPER)
    format_ticks(axes)
    axes.grid(visible=False)
    if grid:
        axes.grid(visible=True, color=GRID, linewidth=0.8, linestyle="-")
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)


def format_ticks(axes: Axes) -> None:
    """Set colours and sizes of the ticks of a panel or a colour bar."""
    axes.tick_params(which="both", labelsize=SMALL, labelcolor=INK, color=MUTED, width=0.8)


def name_below(figure: Figure, *handles: Any, **options: Any) -> Legend:
    """Add a legend below all panels: of these handles and labels, or of what the panels show, each label once."""
    if not handles:
        shown = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        handles = (list(shown.values()), list(shown))
    options = {"loc": "outside lower center", "handlelength": 2.6, "ncols": min(2, len(handles[1])), **options}
    return add_legend(figure, *handles, **options)


def add_legend(owner: Axes | Figure, *handles: Any, **options: Any) -> Legend:
    """Add a legend without frame in small letters to axes or a figure, and return it.

    Args:
        owner: Axes or figure.
        *handles: Handles and labels, as matplotlib's `legend` takes them.
        **options: Options of matplotlib's `legend`.
    """
    return owner.legend(*handles, **{"fontsize": SMALL, "title_fontsize": SMALL, "labelcolor": INK, "frameon": False, **options})


def mean_with_band(
    axes: Axes,
    x: ArrayLike,
    mean: ArrayLike,
    band: tuple[ArrayLike, ArrayLike] | None,
    *,
    colour: str,
    alpha: float = 0.2,
    **options: Any,
) -> Line2D:
    """Draw a line and the band around it, such as a mean with its interval, and return the line.

    Args:
        axes: Axes to draw on.
        x: (N,), horizontal positions.
        mean: (N,), values of the line.
        band: Lower and upper edge of the band, (N,) each; None for no band.
        colour: Colour of both.
        alpha: Opacity of the band, 0 to 1.
        **options: Options of matplotlib's `plot` for the line.
    """
    if band is not None:
        axes.fill_between(x, *band, color=colour, alpha=alpha, linewidth=0)
    (line,) = axes.plot(x, mean, **{"color": colour, "linewidth": 1.6, **options})
    return line


def annotate_events(axes: Axes, events: Events, *, top: bool = True, named: bool = True) -> None:
    """Draw a dotted line at each event, and the event's name next to it unless there are too many.

    Args:
        axes: Axes whose horizontal axis is time.
        events: Events, in units of that axis.
        top: Whether names stand at the upper edge instead of the lower one.
        named: Whether the names are drawn, which one panel of several suffices for.
    """
    for when, name in events:
        axes.axvline(when, color=MUTED, linewidth=0.9, linestyle="dotted", zorder=1)
        if named and len(events) <= MAX_ANNOTATIONS:
            axes.text(
                when,
                0.98 if top else 0.02,
                truncate(name, MAX_ANNOTATION_LENGTH),
                rotation=90,
                transform=axes.get_xaxis_transform(),
                fontsize=SMALL,
                color=MUTED,
                ha="right",
                va="top" if top else "bottom",
                zorder=1,
            )


def marker(line: Sized, most: int = 25) -> str:
    """Return a dot as the marker of a line with at most this many points, else none."""
    return "o" if len(line) <= most else ""


def fit_losses(axes: Axes) -> None:
    """Let the vertical axis of losses start at 0, or be logarithmic where they span more than two powers of ten."""
    shown = np.concatenate([np.zeros(0), *(np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines)])
    shown = shown[np.isfinite(shown)]
    least, most = shown.min(initial=np.inf), shown.max(initial=-np.inf)
    if least > 0 and most > LOG_RANGE * least:
        axes.set_yscale("log")
    elif least >= 0:
        axes.set_ylim(bottom=0)


def check_columns(what: str, table: Collection[str], columns: Iterable[str]) -> None:
    """Refuse a table that lacks a column.

    Args:
        what: Name of the table, for the message.
        table: Table, or the names of its columns.
        columns: Names of the columns needed.

    Raises:
        DataError: A column is missing.
    """
    needed = list(columns)
    missing = next((name for name in needed if name not in table), None)
    if missing is not None:
        raise DataError(f"the table of {what} has no column '{missing}': it needs {', '.join(needed)}")


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure to a file, completely or not at all, and return the path.

    Args:
        figure: Figure to write.
        path: A .png, .svg or .pdf file in an existing folder.

    Raises:
        DataError: The suffix is another one, or the file cannot be written.
    """
    file = named_path("path", path)
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise DataError(f"cannot draw '{file}': the name must end in .png, .svg or .pdf")
    content = render(figure, suffix, min(DPI, MAX_PIXELS / max(figure.get_size_inches())))
    with writing(file):
        write_atomically(file, content)
    return file


def _drawable(text: str) -> str:
    """Return a text with a question mark for what no font has, such as a control character, and with long lines cut."""
    lines = ["".join(letter if letter.isprintable() else "?" for letter in line) for line in text.split("\n")]
    return "\n".join(truncate(line, MAX_LETTERS) for line in lines)


def _is_formula(text: str) -> bool:
    """Return whether a text can be drawn as a formula, as tick labels are; names in files may have dollar signs, too."""
    if "$" not in text:
        return True
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return False
    return True


def render(figure: Figure, suffix: str, dpi: float, **options: Any) -> bytes:
    """Return a figure as the content of a file; any thread may call this.

    Args:
        figure: Figure to draw.
        suffix: "png", "svg" or "pdf".
        dpi: Pixels per inch.
        **options: Other options of matplotlib's `savefig`.
    """
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontfamily(FONT)
            if (drawable := _drawable(text.get_text())) != text.get_text():
                text.set_text(drawable)
            text.set_parse_math(_is_formula(drawable))
    buffer = BytesIO()
    with _RENDERING, rc_context({"pdf.fonttype": TRUE_TYPE, "svg.hashsalt": "neuronet"}):
        figure.savefig(buffer, format=suffix, dpi=dpi, facecolor=PAPER, metadata=_FORMATS[suffix], **options)
    return buffer.getvalue()
