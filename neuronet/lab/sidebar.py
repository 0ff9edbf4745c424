"""The controls of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from neuronet.core.learning.update_schedule import TURNS
from neuronet.lab.controls import AS_STARTED, Controls
from neuronet.lab.widgets import Button, Choice, Line, Number, Slide
from neuronet.registry.registry import known_policies

RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
ROUNDS = (1, 2, 5, 10, 20, 50, 100)
PARTS = 20
"""Steps of a share from none to all."""


@solara.component  # type: ignore[untyped-decorator]
def Sidebar(  # noqa: N802
    now: Controls,
    first: Controls,
    *,
    playing: bool,
    rounds: int,
    on_play: Callable[[bool], None],
    on_rounds: Callable[[int], None],
    on_step: Callable[[], Any],
    on_reset: Callable[[], Any],
    on_steer: Callable[..., Any],
) -> None:
    """Play, step and reset; and everything that can be set while the model plays.

    Args:
        now: What is set.
        first: What was set at first.
        playing: Whether the model plays by itself.
        rounds: In a step.
        on_play: Called when it is to play, or to stop.
        on_rounds: Called with another number of rounds.
        on_step: Called when a step is to be played.
        on_reset: Called when the model is to begin again.
        on_steer: Called with what is to be set, by name.
    """
    known = sorted({*known_policies(), now.other, *({now.policy} - {AS_STARTED})})
    rates = sorted({*RATES, first.learning_rate})
    with solara.Div(classes=["lab-card", "lab-controls"]):
        with solara.Div(classes=["lab-buttons"]):
            Button("Pause" if playing else "Play", lambda: on_play(not playing), "play", primary=True)
            Button("Step", on_step, "step", disabled=playing)
            Button("Reset", on_reset, "reset")
        Choice("rounds a step", ROUNDS, rounds, lambda value: on_rounds(int(value)), "rounds")
        Line("Who follows which policy", "lab-heading")
        Choice(
            "most neurons",
            [*({first.policy} & {AS_STARTED}), *known],
            now.policy,
            lambda value: on_steer(policy=value),
            "policy",
        )
        Choice("some hidden neurons", known, now.other, lambda value: on_steer(other=value), "other")
        Slide(
            f"share of some: {100 * now.share:.0f} %",
            PARTS,
            round(PARTS * now.share),
            lambda value: on_steer(share=value / PARTS),
            "share",
            disabled=now.policy == AS_STARTED,
        )
        Line("How they learn", "lab-heading")
        Slide(
            f"learning rate: {now.learning_rate:g}",
            len(rates) - 1,
            rates.index(now.learning_rate),
            lambda value: on_steer(learning_rate=rates[value]),
            "rate",
        )
        Slide(
            f"noise on feedback: {100 * now.noise:.0f} %",
            20,
            round(10 * now.noise),
            lambda value: on_steer(noise=value / 10),
            "noise",
        )
        Line("Messages between layers", "lab-heading")
        lost = f"demands lost: {100 * now.lost:.0f} %"
        Slide(lost, 9, round(10 * now.lost), lambda value: on_steer(lost=value / 10), "lost")
        late = f"demands late by: {now.late} round{'' if now.late == 1 else 's'}"
        Slide(late, 5, now.late, lambda value: on_steer(late=value), "late")
        loudest = "heard: all" if now.loudest == 1 else f"heard: the loudest {100 * now.loudest:.0f} %"
        Slide(
            loudest, PARTS - 1, PARTS - round(PARTS * now.loudest), lambda value: on_steer(loudest=1 - value / PARTS), "loudest"
        )
        Line("At the next reset", "lab-heading")
        with solara.Div(classes=["lab-pair"]):
            with solara.Div():
                Number("seed", now.seed, lambda value: on_steer(seed=value), "seed")
            with solara.Div():
                turns = sorted({*TURNS, now.turns, first.turns})
                Choice("who acts when", turns, now.turns, lambda value: on_steer(turns=value), "turns")
