"""A small environment and launch configurations for tests of the lab."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuronet import CrossEntropy, Environment
from neuronet.core.environment import Samples
from neuronet.core.payoff import SquaredError
from neuronet.lab.launch_config import make_launch_config


@dataclass(frozen=True)
class Bars(Environment):
    """Noisy images with one bright row, whose number is the target."""

    side: int = 4
    values: bool = False

    @property
    def payoff(self):
        return SquaredError() if self.values else CrossEntropy()

    def samples(self, count, seed):
        rng = np.random.default_rng(seed)
        targets = rng.integers(self.side, size=count)
        images = 0.3 * rng.normal(size=(count, self.side, self.side))
        images[np.arange(count), targets] += 1
        flat = images.reshape(count, -1)
        return Samples(flat, targets[:, None] / self.side) if self.values else Samples(flat, targets)

    @property
    def train(self):
        return self.samples(40, 1)

    @property
    def test(self):
        return self.samples(20, 2)

    @property
    def outputs(self):
        return 1 if self.values else self.side

    @property
    def shape(self):
        return (self.side, self.side)


def start(**options):
    environment = options.pop("environment", Bars())
    return make_launch_config(environment, **{"hidden": (10,), "batch_size": 8, **options})
