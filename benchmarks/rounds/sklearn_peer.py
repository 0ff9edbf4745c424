"""scikit-learn's MLPClassifier: `partial_fit` on several batches in a call, so that its input checks cost little."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier

from neuronet.benchmarking.contestants import LEARNING_RATE, MOMENTUM, BenchmarkCase

ROUNDS_A_CALL = 16


class Classifier:
    def __init__(self, case: BenchmarkCase) -> None:
        sizes = case.network.sizes
        self.model = MLPClassifier(
            sizes[1:-1],
            solver="sgd",
            alpha=0.0,
            batch_size=len(case.inputs),
            learning_rate_init=LEARNING_RATE,
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            shuffle=False,
        )
        self.inputs, self.targets = np.tile(case.inputs, (ROUNDS_A_CALL, 1)), np.tile(case.targets, ROUNDS_A_CALL)
        self.batch = len(case.inputs)
        self.model.partial_fit(case.inputs, case.targets, classes=np.arange(sizes[-1]))  # makes the arrays that are filled here
        for array, weights in zip(self.model.coefs_, case.network.weights, strict=True):
            array[...] = weights.T
        for array, bias in zip(self.model.intercepts_, case.network.biases, strict=True):
            array[...] = bias
        for velocity in self.model._optimizer.velocities:
            velocity[...] = 0.0

    def play(self, rounds):
        for start in range(0, rounds, ROUNDS_A_CALL):
            samples = self.batch * min(ROUNDS_A_CALL, rounds - start)
            self.model.partial_fit(self.inputs[:samples], self.targets[:samples])

    def parameters(self):
        return [w.T.copy() for w in self.model.coefs_] + [b.copy() for b in self.model.intercepts_]
