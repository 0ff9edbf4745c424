"""Environments that each break the contract in one way, with what the check must complain of."""

from __future__ import annotations

import numpy as np

from neuronet.core.data.columns import Column
from neuronet.core.data.encoding import Encoding, Scaling
from neuronet.core.environment import Environment, Samples
from neuronet.core.payoff import CrossEntropy
from neuronet.core.payoff import SquaredError as Squared


class World(Environment):
    """A world that keeps the contract, from arrays; the faulty ones change one thing about it."""

    def __init__(self, *, train=None, test=None, outputs=2, payoff=None):
        self._train = classes() if train is None else train
        self._test = classes() if test is None else test
        self._outputs = outputs
        self.payoff = payoff or CrossEntropy()

    @property
    def train(self):
        return self._train

    @property
    def test(self):
        return self._test

    @property
    def outputs(self):
        return self._outputs


class Encoded(World):
    """A world with an encoding of its own, made at each call."""

    def __init__(self, make):
        super().__init__()
        self._make = make

    @property
    def encoding(self):
        return self._make()


class EncodesDifferently(World):
    calls = 0

    @property
    def encoding(self):
        self.calls += 1
        return Encoding(3, Scaling(np.full(3, float(self.calls)), np.ones(3)), classes=np.arange(2))


HALF = np.full(3, 0.5, np.float32)


class ScaledOtherwise(World):
    @property
    def encoding(self):
        return Encoding(3, classes=np.arange(2))


def classes(count=12, inputs=3):
    numbers = np.random.default_rng(5).standard_normal((count, inputs))
    return Samples(numbers, np.arange(count) % 2)


def values(count=12, outputs=2):
    numbers = np.random.default_rng(6).standard_normal((count, 3 + outputs))
    return Samples(numbers[:, :3].copy(), numbers[:, 3:].copy())


def far():
    samples = values()
    samples.targets[8:] = 1e200
    return samples


def with_inputs(change):
    samples = classes()
    return Samples(change(samples.inputs), samples.targets)


def with_targets(change):
    samples = classes()
    return Samples(samples.inputs, change(samples.targets))


def with_one(number):
    inputs = classes().inputs
    inputs[1, 2] = number
    return Samples(inputs, classes().targets)


def scaled(shift=None, factor=None, dtype=np.uint8, scaling=None):
    samples = classes()
    numbers = Scaling(np.zeros(3, np.float32) if shift is None else shift, np.ones(3, np.float32) if factor is None else factor)
    return Samples((8 * samples.inputs).astype(dtype), samples.targets, scaling or numbers)


class Shaped(World):
    def __init__(self, shape):
        super().__init__()
        self._shape = shape

    @property
    def shape(self):
        return self._shape


class ScalesDifferently(World):
    """Its scaling changes at every call, in train and test."""

    asked = 0

    @property
    def train(self):
        self.asked += 1
        return scaled(shift=np.full(3, float(self.asked // 8)))

    test = train


class DrawsDifferently(World):
    @property
    def train(self):
        return Samples(np.random.default_rng().standard_normal((12, 3)), np.arange(12) % 2)


class ChangesInTraining(World):
    """Changes when it has been asked a few times, as an environment does that hands out its own arrays to be written into."""

    asked = 0

    @property
    def train(self):
        self.asked += 1
        return self._train if self.asked < 8 else with_inputs(lambda x: x + 1.0)


class WrongSign(Squared):
    def feedback(self, xp, outputs, targets):
        return outputs - targets


class Averaged(Squared):
    def feedback(self, xp, outputs, targets):
        return (targets - outputs) / outputs.shape[-2]


class AveragedLoss(Squared):
    def loss(self, xp, outputs, targets):
        return xp.mean((targets - outputs) ** 2)


class OneForAll(Squared):
    def feedback(self, xp, outputs, targets):
        return xp.sum(targets - outputs, axis=-1)


class FrontAxis(Squared):
    def loss(self, xp, outputs, targets):
        return 0.5 * xp.sum((targets - outputs) ** 2, axis=1)


class NumpyPayoff(Squared):
    def feedback(self, xp, outputs, targets):
        return np.subtract(np.asarray(targets), np.asarray(outputs)) * (1.0 if isinstance(outputs, np.ndarray) else 2.0)


class Logarithmic(Squared):
    def loss(self, xp, outputs, targets):
        return xp.log(0.0 * xp.sum(outputs, axis=-1))


class Shares(Squared):
    def correct(self, xp, outputs, targets):
        return xp.mean((targets - outputs) ** 2)


FAULTY_ENVIRONMENTS = (
    ("digits", "is not an environment"),
    (World(outputs=0), "outputs must be an integer of 1 or more"),
    (World(outputs=2.0), "outputs must be an integer of 1 or more"),
    (World(payoff="cross-entropy"), "payoff must be an instance"),
    (World(train=(1, 2)), r"train must be Samples\(inputs, targets\), got tuple"),
    (World(train=with_inputs(np.ndarray.tolist)), "train.inputs must be a numpy array of numbers, got list"),
    (World(test=with_inputs(lambda x: x.astype(str))), "test.inputs must be a numpy array of numbers, got an array of <U"),
    (World(train=with_inputs(lambda x: (8 * x).astype(np.uint8))), "train.inputs must be floating-point numbers, got uint8"),
    (World(train=with_one(np.nan)), "train.inputs must be finite"),
    (World(test=with_one(np.inf)), "test.inputs must be finite"),
    (World(train=with_inputs(lambda x: x[:, 0])), r"train.inputs must have the shape \(samples, inputs\)"),
    (World(train=Samples(np.zeros((0, 3)), np.zeros(0, dtype=int))), r"train.inputs must have the shape .*, got \(0, 3\)"),
    (World(test=Samples(np.zeros((0, 3)), np.zeros(0, dtype=int))), r"test.inputs must have the shape .*, got \(0, 3\)"),
    (World(test=classes(inputs=4)), "same number of inputs, got 3 and 4"),
    (World(train=with_targets(lambda y: y[:-1])), "train must have a target for each of 12 inputs"),
    (World(train=with_targets(lambda y: y + 1)), "train.targets must be classes from 0 to 1, got 2"),
    (World(test=with_targets(lambda y: y - 1)), "test.targets must be classes from 0 to 1, got -1"),
    (World(train=with_targets(lambda y: y.astype(float))), "train.targets must be one integer class"),
    (World(train=with_targets(lambda y: np.eye(2)[y])), "train.targets must be one integer class"),
    (World(train=values(outputs=3), payoff=Squared()), r"train.targets must have the shape \(samples, 2\)"),
    (World(test=Samples(values().inputs, values().targets[:, 0]), train=values(), payoff=Squared()), "test.targets must have"),
    (World(train=scaled(), test=scaled(shift=np.ones(3))), "train and test must have the same scaling"),
    (World(train=scaled()), "train and test must have the same scaling"),
    (World(train=scaled(scaling=(0, 1))), r"train.scaling must be a Scaling or None, got tuple"),
    (World(train=scaled(dtype=np.int16)), r"train.inputs must be bytes \(uint8\) or floating-point numbers, got int16"),
    (World(test=scaled(factor=np.ones(2))), "test.scaling.factor must be 3 floating-point numbers"),
    (World(test=scaled(shift=np.ones(3, int))), "test.scaling.shift must be 3 floating-point numbers"),
    (World(train=scaled(shift=np.array([0.0, np.nan, 0.0]))), "train.scaling.shift must be finite"),
    (World(train=scaled(factor=[1.0] * 3)), "train.scaling.factor must be a numpy array of numbers, got list"),
    (ScalesDifferently(), "train differs"),
    (Encoded(lambda: None), "encoding must be a neuronet.Encoding, got NoneType"),
    (Encoded(lambda: Encoding(4)), "the encoding must have 3 inputs, got 4"),
    (Encoded(lambda: Encoding(3)), "the encoding must have classes, as the targets of the payoff CrossEntropy"),
    (Encoded(lambda: Encoding(3, classes=np.array(["a", "a"]))), "must have different classes, but one is there twice"),
    (Encoded(lambda: Encoding(3, Scaling(np.zeros(3), np.full(3, np.inf)), classes=np.arange(2))), "must give 3 finite inputs"),
    (Encoded(lambda: Encoding(3, classes=np.arange(2), columns=(Column(), Column(("a",))))), "3 inputs of its columns, got 2"),
    (EncodesDifferently(), "the encoding differs at the next call"),
    (ScaledOtherwise(train=scaled(factor=HALF), test=scaled(factor=HALF)), "the encoding must have the scaling of the samples"),
    (Shaped((2, 2)), r"shape must be a tuple of integers whose product is the 3 inputs, got \(2, 2\)"),
    (Shaped([3]), r"shape must be a tuple of integers .* got \[3\]"),
    (Shaped((1.5, 2)), r"shape must be a tuple of integers .* got \(1.5, 2\)"),
    (DrawsDifferently(), "train differs at the next call"),
    (ChangesInTraining(), "train differs after training"),
    (World(train=values(), test=values(), payoff=WrongSign()), "feedback must be minus its loss's derivative"),
    (World(train=values(), test=values(), payoff=Averaged()), "feedback must be minus its loss's derivative"),
    (World(train=values(), test=values(), payoff=AveragedLoss()), r"loss must have the shape \(6,\), got \(\)"),
    (World(train=values(), test=values(), payoff=OneForAll()), r"feedback must have the shape \(6, 2\), got \(6,\)"),
    (World(train=values(), test=values(), payoff=FrontAxis()), "loss mixes leading axes"),
    (World(train=values(), test=values(), payoff=NumpyPayoff()), "feedback differs on torch"),
    (World(train=values(), test=values(), payoff=Logarithmic()), "loss must be finite"),
    (World(train=values(), test=values(), payoff=Shares()), "correct must be None, or True or False for each sample"),
    (World(train=far(), test=values(), payoff=Squared()), "not finite in round 0 of a short training run"),
)
