"""The callbacks that a caller has given: called in the main process, with their errors named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from neuronet.core import NeuroNetError
from neuronet.execution import distributed
from neuronet.training.callbacks.base import Callback, CallbackError, RunProgress

NEVER = 2**62
"""Round that is never played."""

STOPPED_BY_MAIN = "a callback of the main process stopped the run"


class CallbackGroup(Callback):
    """Callbacks of a caller, as one.

    With several processes, the callbacks of the main process alone are called, and all processes stop when one of these stops the
    run. What NeuroNet raises on purpose is passed on; any other exception is raised as a CallbackError that names the callback.

    Args:
        members: The callbacks, equally many and of equal classes in all processes.

    Attributes:
        failed: Whether a callback has raised an exception.
    """

    def __init__(self, members: Sequence[Callback]) -> None:
        self.members = tuple(members)
        self.failed = False
        self._active = self.members if distributed.is_main_process() else ()

    @property
    def wants_rounds(self) -> bool:
        """Whether a callback acts after each round."""
        return any(member.wants_rounds for member in self.members)

    def on_run_begin(self, run: RunProgress) -> None:
        """Begin with all callbacks."""
        self._call("on_run_begin", run)
        self._agree(run)

    def on_round_end(self, run: RunProgress) -> None:
        """Call those that act after each round."""
        self._call("on_round_end", run)
        self._agree(run)

    def on_epoch_end(self, run: RunProgress) -> None:
        """Call all after an epoch."""
        self._call("on_epoch_end", run)
        self._agree(run)

    def on_run_end(self, run: RunProgress) -> None:
        """End with all callbacks, also where one of them fails.

        Raises:
            Exception: The first error.
        """
        first: Exception | None = None
        for member in self._active:
            try:
                self._call_member(member, "on_run_end", run)
            except Exception as error:
                first = first or error
        if first is not None:
            raise first

    def before_rounds(self, run: RunProgress) -> None:
        """Call all between two rounds."""
        self._call("before_rounds", run)

    def next_stop(self, round_number: int) -> int | None:
        """Return the first round for which a callback asks, the same in all processes."""
        if not self.members:
            return None
        stops = [stop for member in self._active if (stop := member.next_stop(round_number)) is not None]
        agreed = -distributed.all_reduce_max((-min(stops, default=NEVER),))[0]
        return None if agreed == NEVER else agreed

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        """Pass on the losses."""
        self._call("after_rounds", run, losses)
        self._agree(run)

    def _call(self, hook: str, run: RunProgress, *more: Any) -> None:
        for member in self._active:
            self._call_member(member, hook, run, *more)

    def _call_member(self, member: Callback, hook: str, run: RunProgress, *more: Any) -> None:
        try:
            getattr(member, hook)(run, *more)
        except NeuroNetError:
            self.failed = True
            raise
        except Exception as error:
            self.failed = True
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise CallbackError(
                f"the callback {type(member).__name__} failed in {hook} after round {run.round:,}, with {what}"
            ) from error

    def _agree(self, run: RunProgress) -> None:
        """Stop in all processes if the main process stops; every process is here at the same round."""
        if self.members and distributed.all_reduce_max((run.stop_reason is not None,))[0]:
            run.stop(STOPPED_BY_MAIN)
