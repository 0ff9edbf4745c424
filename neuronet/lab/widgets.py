"""Widgets of the page in one style; `name` becomes a CSS class by which a widget can be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import reacton.ipyvuetify as v
import solara


@solara.component
def Title(text: str, note: str = "") -> None:  # noqa: N802
    """Title of a card, with a note on the right."""
    inner = f"<span>{escape(text)}</span><span class='lab-note'>{escape(note)}</span>"
    solara.HTML("div", unsafe_innerHTML=inner, classes=["lab-title"])


@solara.component
def TextLine(text: str, kind: str) -> None:  # noqa: N802
    """Line of text of a CSS class."""
    solara.HTML("div", unsafe_innerHTML=escape(text), classes=[kind])


@solara.component
def Button(  # noqa: N802
    text: str, on_click: Callable[[], Any], name: str, *, primary: bool = False, disabled: bool = False
) -> None:
    """Button with a text."""
    button = v.Btn(
        children=[text],
        small=True,
        depressed=True,
        disabled=disabled,
        color="primary" if primary else "",
        class_=f"lab-{name}",
    )
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
    label: str, maximum: int, value: int, on_value: Callable[[int], Any], name: str, *, disabled: bool = False
) -> None:
    """Slider from 0 to `maximum`; its label shows the value."""
    TextLine(label, "lab-label")
    v.Slider(
        min=0,
        max=maximum,
        step=1,
        v_model=value,
        on_v_model=lambda moved: on_value(int(moved)),
        dense=True,
        hide_details=True,
        disabled=disabled,
        class_=f"lab-slide lab-{name}",
    )


@solara.component
def Number(label: str, value: int, on_value: Callable[[int], Any], name: str) -> None:  # noqa: N802
    """Field for an integer (>= 0)."""
    TextLine(label, "lab-label")
    v.TextField(
        type="number",
        min=0,
        v_model=str(value),
        on_v_model=lambda text: on_value(int(text)) if str(text).isdigit() else None,
        dense=True,
        hide_details=True,
        class_=f"lab-{name}",
    )
