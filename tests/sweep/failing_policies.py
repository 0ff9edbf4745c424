"""Policies of a user's own that do not always let the work be done."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from neuronet.core.policy import LinearPolicy


@dataclass(frozen=True)
class FailsAtHighRates(LinearPolicy):
    """Attention-seeking; but it fails at learning rates above `most`."""

    most: float = 0.05

    def feedback_weights(self, obs, memory):
        rates = obs.learning_rate
        if (rates if isinstance(rates, float) else float(rates.max())) > self.most:
            raise RuntimeError("it fainted\nat this learning rate")
        return obs.attention


@dataclass(frozen=True)
class InterruptsAtHighRates(LinearPolicy):
    """Attention-seeking; but at learning rates above 0.05 Ctrl-C is pressed, until the variable NO_INTERRUPT is set."""

    def feedback_weights(self, obs, memory):
        rates = obs.learning_rate
        if "NO_INTERRUPT" not in os.environ and (rates if isinstance(rates, float) else float(rates.max())) > 0.05:
            signal.raise_signal(signal.SIGINT)
        return obs.attention
