"""Small environments of classes that are quick to learn."""

from functools import cached_property

import numpy as np

from neuronet.core.data.encoding import Scaling
from neuronet.core.environment import Environment, Samples
from neuronet.core.payoff import SquaredError


class Glyphs(Environment):
    """Noisy images of a few prototypes, as bytes; classes differ in their number of samples, as those of MNIST do."""

    def __init__(self, classes=6, side=5, train=20, test=8):
        self._classes, self._side, self._counts = classes, side, (train, test)

    @cached_property
    def _parts(self):
        rng = np.random.default_rng(5)
        prototypes = rng.integers(0, 256, (self._classes, self._side**2))
        parts = []
        for count in self._counts:
            targets = np.repeat(np.arange(self._classes), count + np.arange(self._classes) % 3)
            noisy = prototypes[targets] + rng.normal(0, 40, (len(targets), self._side**2))
            parts.append((np.clip(noisy, 0, 255).astype(np.uint8), targets))
        scaling = Scaling.standardising(parts[0][0])
        return [Samples(inputs, targets, scaling) for inputs, targets in parts]

    @property
    def train(self):
        return self._parts[0]

    @property
    def test(self):
        return self._parts[1]

    @property
    def outputs(self):
        return self._classes

    @property
    def shape(self):
        return (self._side, self._side)


class Values(Glyphs):
    payoff = SquaredError()
