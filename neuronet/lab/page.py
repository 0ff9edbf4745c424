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
from neuronet.lab.cards.figure_sizes import Sizes, sizes_for
from neuronet.lab.cards.meanings import ALIGNMENT, ATTENTION, LEARNING
from neuronet.lab.cards.network_card import NetworkCard
from neuronet.lab.cards.neuron_card import NeuronCard
from neuronet.lab.cards.session_code import session_code
from neuronet.lab.cards.window import WindowWidth
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

FIRST_WIDTH = 1280
"""Width of the window in pixels until the browser has told it."""

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
    width, set_width = solara.use_state(FIRST_WIDTH)
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
        WindowWidth(set_width)
        Sidebar(
            session.controls,
            session.initial_controls,
            playing=playing,
            rounds=rounds,
            on_play=set_playing,
            on_rounds=set_rounds,
            on_step=lambda: attempt(lambda: session.step(rounds)),
            on_reset=reset,
            on_undo=lambda: attempt(session.undo),
            last_action=snapshot.last_action,
            on_update=lambda **changes: attempt(lambda: session.update_controls(**changes)),
        )
        with solara.Div(classes=["lab-main"]):
            StatusLine(launch_config.config.environment, snapshot, error_message)
            Cards(
                snapshot,
                session.controls.other,
                sizes_for(width),
                lambda position, action: attempt(lambda: session.intervene(*position, action)),
            )
            code = escape(session_code(launch_config, session.controls, snapshot))
            inner = f"<summary>This session as code</summary><pre>{code}</pre>"
            solara.HTML("details", unsafe_innerHTML=inner, classes=["lab-card", "lab-code"])


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
def Cards(  # noqa: N802
    snapshot: Snapshot, other: str, sizes: Sizes, on_intervene: Callable[[NeuronPosition, str], Any]
) -> None:
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

    panels: dict[str, tuple[str, Callable[[int, int], Figure]]] = {
        "Learning": (LEARNING, lambda width, height: learning_panel(snapshot, width, height)),
        "Attention by policy": (ATTENTION, lambda width, height: attention_panel(snapshot, styles, width, height)),
        "Alignment with backpropagation": (ALIGNMENT, lambda width, height: alignment_panel(snapshot, width, height)),
    }
    with solara.Div(classes=["lab-main"]):
        with solara.Div(classes=["lab-row"]):
            NetworkCard(
                snapshot,
                styles,
                selected,
                sizes.network,
                selected_only=selected_only,
                on_only=set_selected_only,
                on_select=select,
            )
            NeuronCard(
                snapshot,
                selected,
                sizes.neuron,
                other,
                on_select=select,
                on_intervene=lambda action: on_intervene(selected, action),
            )
        with solara.Div(classes=["lab-row"]):
            for (title, (meaning, draw)), size in zip(panels.items(), sizes.small, strict=True):
                with solara.Div(classes=["lab-card"]):
                    Title(title, meaning=meaning)
                    ClickableFigure(
                        lambda draw=draw, size=size: (draw(*size), ()), text=title, size=size, dependencies=[snapshot.number]
                    )
