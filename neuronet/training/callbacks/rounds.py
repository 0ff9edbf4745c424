"""Callbacks of every run that act between two rounds: requests to stop, interventions, traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from neuronet.execution import Interruption, distributed
from neuronet.interventions import InterventionExecutor
from neuronet.recording import TraceRecorder
from neuronet.training.callbacks.base import Callback, RunProgress

INTERRUPT_CHECK_SECONDS = 0.1
"""Seconds of rounds between two checks for a request to stop."""


class StopOnRequest(Callback):
    """Callback that stops a run between two rounds, in all processes after the same one.

    It limits the rounds of a call, so that a request is seen within about INTERRUPT_CHECK_SECONDS.

    Args:
        interruption: Request to stop.
        on_stop: Called once a process has a request; it raises.
    """

    def __init__(self, interruption: Interruption, on_stop: Callable[[], None]) -> None:
        self.interruption, self._on_stop = interruption, on_stop
        self._rounds_per_call = 1
        self._started = time.perf_counter()

    def before_rounds(self, run: RunProgress) -> None:
        """Agree with the other processes on whether to stop, and on the number of rounds until the next check."""
        requested, self._rounds_per_call = distributed.all_reduce_max((self.interruption.requested, self._rounds_per_call))
        if requested:
            self._on_stop()
        self._started = time.perf_counter()

    def next_stop(self, round_number: int) -> int:
        """Return the round of the next check."""
        return round_number + self._rounds_per_call

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        """Adapt the number of rounds to the time that they take."""
        seconds = max(time.perf_counter() - self._started, 1e-6)
        self._rounds_per_call = max(1, int(losses.shape[1] * INTERRUPT_CHECK_SECONDS / seconds))


class ApplyInterventions(Callback):
    """Callback that carries out interventions when they are due."""

    def __init__(self, executor: InterventionExecutor) -> None:
        self._executor = executor

    def before_rounds(self, run: RunProgress) -> None:
        """Apply the interventions that are due."""
        self._executor.apply_due()

    def next_stop(self, round_number: int) -> int | None:
        """Return the round of the next intervention."""
        return self._executor.next_round


class RecordTraces(Callback):
    """Callback that records the traced neurons of the traced rounds."""

    def __init__(self, recorder: TraceRecorder) -> None:
        self._recorder = recorder
        self._traced = False

    def before_rounds(self, run: RunProgress) -> None:
        """Remember the state before a traced round."""
        self._traced = self._recorder.begin_round()

    def next_stop(self, round_number: int) -> int:
        """Return the round before or after the next traced one."""
        return self._recorder.next_stop(round_number)

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        """Record a traced round."""
        if self._traced:
            self._recorder.end_round()
