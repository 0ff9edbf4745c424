"""Widgets of the page in one style; `name` becomes a CSS class by which a widget can be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import reacton.ipyvuetify as v
import solara

from neuronet.core import ConfigurationError
from neuronet.lab.written_number import read_number


@solara.component
def Title(text: str, note: str = "", *, meaning: str = "") -> None:  # noqa: N802
    """Title of a card, with a note on the right, and what its words mean as a tooltip."""
    inner = f"<span{_tooltip(meaning)}>{escape(text)}</span><span class='lab-note'>{escape(note)}</span>"
    solara.HTML("div", unsafe_innerHTML=inner, classes=["lab-title"])


@solara.component
def TextLine(text: str, kind: str, *, meaning: str = "") -> None:  # noqa: N802
    """Line of text of a CSS class, with what it means as a tooltip."""
    solara.HTML("div", unsafe_innerHTML=f"<span{_tooltip(meaning)}>{escape(text)}</span>", classes=[kind])


def _tooltip(meaning: str) -> str:
    return f' class="lab-term" tabindex="0" title="{escape(meaning)}"' if meaning else ""


@solara.component
def Button(  # noqa: N802
    text: str, on_click: Callable[[], Any], name: str, *, primary: bool = False, disabled: str = "", meaning: str = ""
) -> None:
    """Button with a text; it is disabled if `disabled` says why, which is its tooltip, else `meaning` is."""
    button = v.Btn(
        children=[text],
        small=True,
        depressed=True,
        disabled=bool(disabled),
        color="primary" if primary else "",
        class_=f"lab-{name}",
    )
    v.Html(tag="span", attributes={"title": disabled or meaning}, children=[button])
    v.use_event(button, "click", lambda *_: on_click())


@solara.component
def Select(  # noqa: N802
    label: str, items: Sequence[Any], value: Any, on_value: Callable[[Any], Any], name: str, *, width: int | None = None
) -> None:
    """Menu of values, or of dicts with "text" and "value"."""
    if label:
        TextLine(label, "lab-label")
    v.Select(
        items=list(items),
        v_model=value,
        on_v_model=on_value,
        dense=True,
        hide_details=True,
        class_=f"lab-choice lab-{name}",
        style_="" if width is None else f"max-width: {width}px",
    )


@solara.component
def Slider(  # noqa: N802
    label: str, maximum: int, value: int, on_value: Callable[[int], Any], name: str, *, disabled: str = "", meaning: str = ""
) -> None:
    """Slider from 0 to `maximum`; its label shows the value. It is disabled if `disabled` says why, in a line below."""
    TextLine(label, "lab-label", meaning=meaning)
    v.Slider(
        min=0,
        max=maximum,
        step=1,
        v_model=value,
        on_v_model=lambda moved: on_value(int(moved)),
        dense=True,
        hide_details=True,
        disabled=bool(disabled),
        class_=f"lab-slide lab-{name}",
    )
    if disabled:
        TextLine(disabled, "lab-reason")


@solara.component
def Number(label: str, value: int, on_value: Callable[[int], Any], name: str) -> None:  # noqa: N802
    """Field for an integer (>= 0); anything else is refused in words below it."""
    refused, set_refused = solara.use_state("")
    written, set_written = solara.use_state(str(value))

    def write(text: str) -> None:
        set_written(text)
        try:
            number = read_number(text)
        except ConfigurationError as error:
            set_refused(str(error))
            return
        set_refused("")
        on_value(number)

    TextLine(label, "lab-label")
    v.TextField(
        v_model=written,
        on_v_model=lambda text: write(str(text)),
        dense=True,
        hide_details=not refused,
        error_messages=[refused] if refused else [],
        class_=f"lab-{name}",
    )
