"""Observations for stochastic policies: many samples, and known random numbers."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np

from neuronet.core.observation import Observation
from neuronet.core.random_streams import LayerRandom, RandomStream
from neuronet.policies import AttentionSeeking

SAMPLES, NEURONS = 4000, 5


def look(seed=0, number=0, layer=1):
    """Return equal observations with different random numbers."""
    fields = np.random.default_rng(3)
    rng = LayerRandom(seed, layer, {"J": NEURONS, "K": 3})
    rng.open(number, SAMPLES)
    return Observation(
        xp=xp,
        demand=fields.standard_normal((SAMPLES, 3)),
        attention=fields.standard_normal((3, NEURONS)) * np.arange(1, NEURONS + 1),  # so that neurons differ in size
        draws=RandomStream(rng.draw),
    )


def rms(array):
    return np.sqrt(np.mean(array**2, axis=0))


REFERENCE_FEEDBACK = AttentionSeeking().feedback(look(), {})
