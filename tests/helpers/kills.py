"""A run that ends as by SIGKILL: nothing is saved."""

from __future__ import annotations

from neuronet.training import Callback


class Killed(BaseException):
    """End of a killed run."""


class KillAfter(Callback):
    """Callback that kills the run once it has played a number of rounds."""

    def __init__(self, rounds):
        self.rounds = rounds

    def after_rounds(self, run, losses):
        if run.round >= self.rounds:
            raise Killed
