"""Which fixed features suit exact responses? Closed forms on one tuning seed, without a network.

    python benchmarks/continual/features.py

784 inputs of mnist5k, 714 relus, validation samples. In the two splits one reply serves all tasks. In `permuted(tasks=5)` each
task has its own; "recognised" is how often a sample's nearest mean of features is that of its task. Prints a row for each kind.
"""

from __future__ import annotations

import numpy as np
import typer
from numpy.typing import NDArray

from neuronet.continual import parse_protocol
from neuronet.core import Samples
from neuronet.registry import build_network, parse_environment

Floats = NDArray[np.float64]
Part = tuple[Floats, NDArray[np.int64]]

FEATURES = 714
ROUNDS, BATCH = 40, 64
SEED = 1_000_200
PENALTIES = (1.0, 10.0, 100.0)
KINDS = [
    (connectivity, imprinted)
    for connectivity in (
        "dense",
        "fixed-in-degree(64)",
        "fixed-in-degree(16)",
        "patches(3, 6)",
        "patches(4, 8)",
        "patches(8, 14)",
    )
    for imprinted in (False, True)
]
"""Which inputs each feature hears, and whether its weights are imprinted by the first batch."""


def samples(part: Samples) -> Part:
    """Return scaled inputs and classes."""
    scaled = part.at(np.arange(len(part)))
    return np.asarray(scaled.inputs, dtype=np.float64), np.asarray(scaled.targets)


def feature_weights(first: Floats, connectivity: str, imprinted: bool) -> Floats:
    """Return weights (inputs, features): random ones, or random combinations of the first batch with the length of 2."""
    inputs = first.shape[1]
    network = build_network([inputs, FEATURES], connectivity=connectivity, output_activation="relu", layout="dense")
    if not imprinted:
        return network.weights[0].T
    mask = np.ones((FEATURES, inputs)) if network.masks[0] is None else network.masks[0]
    numbers = np.random.default_rng(1).normal(size=(len(first), FEATURES))
    directions = mask.T * ((first - first.mean(axis=0)).T @ numbers)
    lengths = np.linalg.norm(directions, axis=0)  # 0 where no input varies
    return np.where(lengths > 0, 2 * directions / np.where(lengths > 0, lengths, 1), network.weights[0].T)


def accuracy(train: Part, tests: list[Part], outputs: int, penalty: float) -> float:
    """Return the mean accuracy (%) over tests of the ridge regression on features."""
    features = np.column_stack([train[0], np.ones(len(train[0]))])
    gram = features.T @ features + penalty * np.eye(features.shape[1])
    reply = np.linalg.solve(gram, features.T @ np.eye(outputs)[train[1]])
    found = [((test @ reply[:-1] + reply[-1]).argmax(axis=1) == classes).mean() for test, classes in tests]
    return 100 * float(np.mean(found))


def row(protocol: str, outputs: int, connectivity: str, imprinted: bool) -> tuple[float, float]:
    """Return the accuracy (%) at the best penalty, and how often the nearest mean is that of the sample's task (%)."""
    tasks = parse_protocol(protocol).sequence(parse_environment("mnist5k").validation_split(), SEED)
    train, tests = [samples(task.train) for task in tasks], [samples(task.test) for task in tasks]
    weights = feature_weights(train[0][0][:BATCH], connectivity, imprinted)
    known = [(np.maximum(inputs[: ROUNDS * BATCH] @ weights, 0), classes[: ROUNDS * BATCH]) for inputs, classes in train]
    asked = [(np.maximum(inputs @ weights, 0), classes) for inputs, classes in tests]
    means = np.stack([features.mean(axis=0) for features, _ in known])
    squares = [(features**2).sum(axis=1)[:, None] - 2 * features @ means.T + (means**2).sum(axis=1) for features, _ in asked]
    right = 100 * float(np.mean([(part.argmin(axis=1) == number).mean() for number, part in enumerate(squares)]))
    if protocol.startswith("permuted"):
        pairs = list(zip(known, asked, strict=True))
        by_penalty = [np.mean([accuracy(own, [test], outputs, penalty) for own, test in pairs]) for penalty in PENALTIES]
    else:
        together = np.concatenate([part for part, _ in known]), np.concatenate([part for _, part in known])
        by_penalty = [accuracy(together, asked, outputs, penalty) for penalty in PENALTIES]
    return float(max(by_penalty)), right


def main() -> None:
    """Print the table."""
    print("features", "split-domain", "split-class", "permuted", "recognised", sep=" | ")
    for connectivity, imprinted in KINDS:
        domain, classes, permuted = (
            row(protocol, outputs, connectivity, imprinted)
            for protocol, outputs in (("split-domain", 2), ("split-class", 10), ("permuted(tasks=5)", 10))
        )
        numbers = (domain[0], classes[0], *permuted)
        print(connectivity + ", imprinted" * imprinted, *(f"{number:.1f}" for number in numbers), sep=" | ", flush=True)


if __name__ == "__main__":
    typer.run(main)
