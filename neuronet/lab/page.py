"""The page: settings of a session, and its figures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from math import isfinite
from typing import Any

import solara
from matplotlib.figure import Figure

from neuronet.core import NeuroNetError
from neuronet.lab.cards.network_card import NetworkCard
from neuronet.lab.cards.neuron_card import NeuronCard
from neuronet.lab.clickable_figure import ClickableFigure
from neuronet.lab.history import locate_node
from neuronet.lab.launch_config import LaunchConfig
from neuronet.lab.panels import alignment_panel, attention_panel, learning_panel
from neuronet.lab.session import Session
from neuronet.lab.sidebar import Sidebar
from neuronet.lab.snapshot import Snapshot
from neuronet.lab.style import STYLE
from neuronet.lab.widgets import Title
from neuronet.plotting.network import NeuronPosition, PolicyStyles, policy_styles

NETWORK, NEURON, SMALL = (610, 412), (382, 382), (322, 246)
"""Sizes of the figures in pixels; with the sidebar they fill a window of 1280 x 800."""

STEP_PAUSE = 0.05
"""Seconds between two steps while playing, in which the page reacts to its reader."""


def page_of(launch_config: LaunchConfig) -> Any:
    """Return the page of a launch configuration as a component without arguments."""

    @solara.component
    def Page() -> None:  # noqa: N802
        """Page of one session."""
        Lab(launch_config)

    return Page


@solara.component
def Lab(launch_config: LaunchConfig) -> None:  # noqa: N802
    """Page of a new session."""
    session = solara.use_memo(lambda: Session(launch_config), [launch_config])
    snapshot, set_snapshot = solara.use_state(session.snapshot)
    playing, set_playing = solara.use_state(False)
    rounds, set_rounds = solara.use_state(1)
    error_message, set_error_message = solara.use_state("")
    solara.use_effect(lambda: session.close, [session])

    def attempt(action: Callable[[], Snapshot]) -> bool:
        try:
            set_snapshot(action())
        except NeuroNetError as error:
            set_error_message(str(error))
            set_playing(False)
            return False
        set_error_message("")
        return True

    def play() -> Callable[[], None] | None:
        if not playing:
            return None
        halt = threading.Event()

        def step_until_halted() -> None:
            while not halt.is_set() and attempt(lambda: session.step(rounds)):
                halt.wait(STEP_PAUSE)

        threading.Thread(target=step_until_halted, daemon=True).start()
        return halt.set

    solara.use_effect(play, [playing, rounds, session])

    def reset() -> None:
        set_playing(False)
        attempt(session.reset)

    with solara.Div(classes=["lab"]):
        solara.Style(STYLE)
        Sidebar(
            session.controls,
            session.initial_controls,
            playing=playing,
            rounds=rounds,
            on_play=set_playing,
            on_rounds=set_rounds,
            on_step=lambda: attempt(lambda: session.step(rounds)),
            on_reset=reset,
            on_update=lambda **changes: attempt(lambda: session.update_controls(**changes)),
        )
        with solara.Div(classes=["lab-main"]):
            StatusLine(launch_config.config.environment, snapshot, error_message)
            Cards(
                snapshot, session.controls.other, lambda position, action: attempt(lambda: session.intervene(*position, action))
            )


@solara.component
def StatusLine(name: str, snapshot: Snapshot, error_message: str) -> None:  # noqa: N802
    """One line with round, loss and accuracy, and the last error."""
    sizes = "-".join(map(str, snapshot.network.sizes))
    accuracy = snapshot.history.test_accuracy[-1]
    facts = {
        "round": f"round {snapshot.round:,} (epoch {snapshot.round / snapshot.per_epoch:.2f})",
        "loss": f"test loss {snapshot.history.test_loss[-1]:.4g} {snapshot.environment.payoff.unit}",
    }
    if isfinite(accuracy):
        facts["accuracy"] = f"test accuracy {100 * accuracy:.1f} %"
    with solara.Div(classes=["lab-card", "lab-head"]):
        solara.HTML("b", unsafe_innerHTML=escape(f"{name}, {sizes}"))
        for fact, text in facts.items():
            solara.HTML("span", unsafe_innerHTML=escape(text), classes=[f"lab-{fact}"])
        solara.HTML("span", unsafe_innerHTML=escape(error_message), classes=["lab-error"])


@solara.component
def Cards(snapshot: Snapshot, other: str, on_intervene: Callable[[NeuronPosition, str], Any]) -> None:  # noqa: N802
    """Figures of the network and of the selected neuron, which is remembered here."""
    first = (1, 0) if snapshot.outputs > 1 else (0, 0)
    selected_node, set_selected_node = solara.use_state(snapshot.node(first))
    selected_only, set_selected_only = solara.use_state(False)
    styles_ref = solara.use_ref({})
    styles_ref.current = policy_styles([*styles_ref.current, *(name for names in snapshot.policies[:-1] for name in names)])
    styles: PolicyStyles = styles_ref.current
    selected = locate_node(snapshot.network.nodes, selected_node) or (snapshot.outputs, 0)  # it may have been removed

    def select(position: NeuronPosition) -> None:
        set_selected_only(True)
        set_selected_node(snapshot.node(position))

    panels: dict[str, Callable[[], Figure]] = {
        "Learning": lambda: learning_panel(snapshot, *SMALL),
        "Attention by policy": lambda: attention_panel(snapshot, styles, *SMALL),
        "Alignment with backpropagation": lambda: alignment_panel(snapshot, *SMALL),
    }
    with solara.Div(classes=["lab-main"]):
        with solara.Div(classes=["lab-row"]):
            NetworkCard(
                snapshot, styles, selected, NETWORK, selected_only=selected_only, on_only=set_selected_only, on_select=select
            )
            NeuronCard(
                snapshot, selected, NEURON, other, on_select=select, on_intervene=lambda action: on_intervene(selected, action)
            )
        with solara.Div(classes=["lab-row"]):
            for title, draw in panels.items():
                with solara.Div(classes=["lab-card"]):
                    Title(title)
                    ClickableFigure(lambda draw=draw: (draw(), ()), text=title, size=SMALL, dependencies=[snapshot.number])
