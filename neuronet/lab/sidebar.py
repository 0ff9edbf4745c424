"""Settings and buttons of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from neuronet.core import UPDATE_SCHEDULES
from neuronet.lab.cards.meanings import DEMAND, FEEDBACK
from neuronet.lab.controls import AS_STARTED, Controls
from neuronet.lab.widgets import Button, Number, Select, Slider, TextLine
from neuronet.registry import known_policies

RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
ROUNDS = (1, 2, 5, 10, 20, 50, 100)
NOTHING_TO_UNDO = "no neuron was silenced, frozen or switched since the last reset"
SHARE_STEPS = 20
"""Steps of a slider of a share, from 0 to 1."""


@solara.component
def Sidebar(  # noqa: N802
    current: Controls,
    first: Controls,
    *,
    playing: bool,
    rounds: int,
    on_play: Callable[[bool], None],
    on_rounds: Callable[[int], None],
    on_step: Callable[[], Any],
    on_reset: Callable[[], Any],
    on_undo: Callable[[], Any],
    last_action: str,
    on_update: Callable[..., Any],
) -> None:
    """Buttons to play, step and reset, and all settings that can be changed while the model plays.

    Args:
        current: Settings now.
        first: Initial settings.
        playing: Whether the model plays continuously.
        rounds: Rounds per step.
        on_play: Called with whether to play.
        on_rounds: Called with a number of rounds.
        on_step: Called to play one step.
        on_reset: Called to restart the model.
        on_undo: Called to take the last intervention back.
        last_action: Last intervention; "" for none.
        on_update: Called with changed settings, by name.
    """
    known = sorted({*known_policies(), current.other, *({current.policy} - {AS_STARTED})})
    rates = sorted({*RATES, first.learning_rate})
    with solara.Div(classes=["lab-card", "lab-controls"]):
        with solara.Div(classes=["lab-buttons"]):
            Button("Pause" if playing else "Play", lambda: on_play(not playing), "play", primary=True)
            Button("Step", on_step, "step", disabled="pause it first" if playing else "")
            Button("Reset", on_reset, "reset", meaning="restart the training with these settings")
            Button("Undo", on_undo, "undo", disabled="" if last_action else NOTHING_TO_UNDO, meaning=f"take back: {last_action}")
        Select("rounds per step", ROUNDS, rounds, lambda value: on_rounds(int(value)), "rounds")
        TextLine("Policies", "lab-heading")
        Select(
            "most neurons",
            [*({first.policy} & {AS_STARTED}), *known],
            current.policy,
            lambda value: on_update(policy=value),
            "policy",
        )
        Select("some hidden neurons", known, current.other, lambda value: on_update(other=value), "other")
        Slider(
            f"share of some: {100 * current.share:.0f} %",
            SHARE_STEPS,
            round(SHARE_STEPS * current.share),
            lambda value: on_update(share=value / SHARE_STEPS),
            "share",
            disabled="choose a policy for most neurons first" if current.policy == AS_STARTED else "",
        )
        TextLine("Learning", "lab-heading")
        Slider(
            f"learning rate: {current.learning_rate:g}",
            len(rates) - 1,
            rates.index(current.learning_rate),
            lambda value: on_update(learning_rate=rates[value]),
            "rate",
        )
        Slider(
            f"noise on feedback: {100 * current.noise:.0f} %",
            20,
            round(10 * current.noise),
            lambda value: on_update(noise=value / 10),
            "noise",
            meaning=FEEDBACK,
        )
        TextLine("Messages between layers", "lab-heading")
        dropout = f"demands lost: {100 * current.dropout:.0f} %"
        Slider(dropout, 9, round(10 * current.dropout), lambda value: on_update(dropout=value / 10), "dropout", meaning=DEMAND)
        delay = f"demands delayed by: {current.delay} round{'' if current.delay == 1 else 's'}"
        Slider(delay, 5, current.delay, lambda value: on_update(delay=value), "delay")
        winner_fraction = (
            "heard: all" if current.winner_fraction == 1 else f"heard: the strongest {100 * current.winner_fraction:.0f} %"
        )
        Slider(
            winner_fraction,
            SHARE_STEPS - 1,
            SHARE_STEPS - round(SHARE_STEPS * current.winner_fraction),
            lambda value: on_update(winner_fraction=1 - value / SHARE_STEPS),
            "winner_fraction",
        )
        TextLine("At the next reset", "lab-heading")
        with solara.Div(classes=["lab-pair"]):
            with solara.Div():
                Number("seed", current.seed, lambda value: on_update(seed=value), "seed")
            with solara.Div():
                update_schedule = sorted({*UPDATE_SCHEDULES, current.update_schedule, first.update_schedule})
                Select(
                    "update schedule",
                    update_schedule,
                    current.update_schedule,
                    lambda value: on_update(update_schedule=value),
                    "update_schedule",
                )
