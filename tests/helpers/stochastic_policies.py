"""What policies with an unsteady hand are shown in tests: many samples, and chance that is known."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np

from neuronet.core.observation import Observation
from neuronet.core.random_streams import Draws, LayerChance
from neuronet.policies import AttentionSeeking

SAMPLES, NEURONS = 4000, 5


def look(seed=0, number=0, layer=1):
    """The same sights each time; only the chance is another one."""
    sights = np.random.default_rng(3)
    chance = LayerChance(seed, layer, {"J": NEURONS, "K": 3})
    chance.open(number, SAMPLES)
    return Observation(
        xp=xp,
        demand=sights.standard_normal((SAMPLES, 3)),
        attention=sights.standard_normal((3, NEURONS)) * np.arange(1, NEURONS + 1),  # so that neurons differ in size
        draws=Draws(chance.draw),
    )


def rms(array):
    return np.sqrt(np.mean(array**2, axis=0))


STEADY = AttentionSeeking().feedback(look(), {})
