"""The page: a session's controls beside its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from math import isfinite
from typing import Any

import solara
from matplotlib.figure import Figure

from neuronet.core.errors import NeuroNetError
from neuronet.lab.cards.network_card import NetworkCard
from neuronet.lab.cards.neuron_card import NeuronCard, Place
from neuronet.lab.clickable_figure import Picture
from neuronet.lab.history import place_of
from neuronet.lab.launch_config import Start
from neuronet.lab.panels import Looks, alignment_panel, attention_panel, learning_panel
from neuronet.lab.session import Session
from neuronet.lab.sidebar import Sidebar
from neuronet.lab.snapshot import Look
from neuronet.lab.style import STYLE
from neuronet.lab.widgets import Title
from neuronet.plotting.network.model import policy_looks

NETWORK, NEURON, SMALL = (610, 412), (382, 382), (322, 246)
"""Pixels of the pictures; with the controls they fill a window of 1280 x 800."""

BREATH = 0.05
"""Seconds between two steps while playing, in which the page hears what its reader does."""


def page_of(start: Start) -> Any:
    """The page of a start as a component without arguments."""

    @solara.component  # type: ignore[untyped-decorator]
    def Page() -> None:  # noqa: N802
        """A reader's own session."""
        Lab(start)

    return Page


@solara.component  # type: ignore[untyped-decorator]
def Lab(start: Start) -> None:  # noqa: N802
    """A session of one's own, from its first round on."""
    session = solara.use_memo(lambda: Session(start), [start])
    look, set_look = solara.use_state(session.look)
    playing, set_playing = solara.use_state(False)
    rounds, set_rounds = solara.use_state(1)
    complaint, set_complaint = solara.use_state("")
    solara.use_effect(lambda: session.close, [session])

    def attempt(what: Callable[[], Look]) -> bool:
        try:
            set_look(what())
        except NeuroNetError as error:
            set_complaint(str(error))
            set_playing(False)
            return False
        set_complaint("")
        return True

    def play() -> Callable[[], None] | None:
        if not playing:
            return None
        halt = threading.Event()

        def go_on() -> None:
            while not halt.is_set() and attempt(lambda: session.step(rounds)):
                halt.wait(BREATH)

        threading.Thread(target=go_on, daemon=True).start()
        return halt.set

    solara.use_effect(play, [playing, rounds, session])

    def reset() -> None:
        set_playing(False)
        attempt(session.reset)

    with solara.Div(classes=["lab"]):
        solara.Style(STYLE)
        Sidebar(
            session.controls,
            session.first,
            playing=playing,
            rounds=rounds,
            on_play=set_playing,
            on_rounds=set_rounds,
            on_step=lambda: attempt(lambda: session.step(rounds)),
            on_reset=reset,
            on_steer=lambda **changes: attempt(lambda: session.steer(**changes)),
        )
        with solara.Div(classes=["lab-main"]):
            Head(start.config.environment, look, complaint)
            Cards(look, session.controls.other, lambda place, act: attempt(lambda: session.meddle(*place, act)))


@solara.component  # type: ignore[untyped-decorator]
def Head(name: str, look: Look, complaint: str) -> None:  # noqa: N802
    """Where the game stands, in one line, and what could not be done."""
    sizes = "-".join(map(str, look.network.sizes))
    accuracy = look.past.test_accuracy[-1]
    facts = {
        "round": f"round {look.round:,} (epoch {look.round / look.per_epoch:.2f})",
        "loss": f"test loss {look.past.test_loss[-1]:.4g} {look.environment.payoff.unit}",
    }
    if isfinite(accuracy):
        facts["accuracy"] = f"test accuracy {100 * accuracy:.1f} %"
    with solara.Div(classes=["lab-card", "lab-head"]):
        solara.HTML("b", unsafe_innerHTML=escape(f"{name}, {sizes}"))
        for fact, text in facts.items():
            solara.HTML("span", unsafe_innerHTML=escape(text), classes=[f"lab-{fact}"])
        solara.HTML("span", unsafe_innerHTML=escape(complaint), classes=["lab-error"])


@solara.component  # type: ignore[untyped-decorator]
def Cards(look: Look, other: str, on_meddle: Callable[[Place, str], Any]) -> None:  # noqa: N802
    """The pictures; which neuron is looked into is remembered here."""
    first = (1, 0) if look.outputs > 1 else (0, 0)
    chosen, set_chosen = solara.use_state(look.node(first))
    alone, set_alone = solara.use_state(False)
    known = solara.use_ref({})
    known.current = policy_looks([*known.current, *(name for names in look.policies[:-1] for name in names)])
    looks: Looks = known.current
    picked = place_of(look.network.nodes, chosen) or (look.outputs, 0)  # it may have gone

    def choose(place: Place) -> None:
        set_alone(True)
        set_chosen(look.node(place))

    with solara.Div(classes=["lab-row"]):
        NetworkCard(look, looks, picked, NETWORK, alone=alone, on_alone=set_alone, on_choose=choose)
        NeuronCard(look, picked, NEURON, other, on_choose=choose, on_meddle=lambda act: on_meddle(picked, act))
    panels: dict[str, Callable[[], Figure]] = {
        "Learning": lambda: learning_panel(look, *SMALL),
        "Attention by policy": lambda: attention_panel(look, looks, *SMALL),
        "Alignment with backpropagation": lambda: alignment_panel(look, *SMALL),
    }
    with solara.Div(classes=["lab-row"]):
        for title, draw in panels.items():
            with solara.Div(classes=["lab-card"]):
                Title(title)
                Picture(lambda draw=draw: (draw(), ()), text=title, size=SMALL, dependencies=[look.number])
