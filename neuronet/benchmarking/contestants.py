"""Contestants of the speed benchmark: the tensor engine, plain torch with autograd, and the matrix products alone.

`Autograd` is plain torch as a user would write it, apart from `baselines.backprop` on purpose: its speed is the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuronet.core import ConfigurationError, CrossEntropy, Group, Momentum, Network, Policy, Samples, StateError
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import build_network

LEARNING_RATE = 0.002  # small enough that nothing is memorised while it is timed
MOMENTUM = 0.9

UPDATE_TOLERANCE = 1e-4
"""Largest relative difference of two updates that counts as rounding."""

MAX_CASES = 3
"""Cases, at most, that are played before two updates count as different."""

Floats = NDArray[np.float32]
Policies = Policy | Sequence[Policy | Sequence[Group]]


@dataclass(frozen=True, eq=False)
class BenchmarkCase:
    """Batch and initial network of a benchmark: relu, softmax cross-entropy, momentum, float32.

    Attributes:
        network: Initial network.
        inputs: (B, I), standard normal.
        targets: (B,), classes.
    """

    network: Network
    inputs: Floats
    targets: NDArray[np.int64]

    @property
    def name(self) -> str:
        """Name of the case, such as "64-32-10, batch 32"."""
        return f"{'-'.join(map(str, self.network.sizes))}, batch {len(self.inputs)}"


def build_case(sizes: Sequence[int], batch: int, seed: int = 0) -> BenchmarkCase:
    """Return a case with a random network and batch.

    Args:
        sizes: Number of neurons in each layer, the inputs first (two layers or more).
        batch: Batch size (>= 1).
        seed: Random seed.

    Raises:
        ConfigurationError: There are fewer than two layers, or a number is below 1.
    """
    if len(sizes) < 2 or min(sizes) < 1 or batch < 1:
        raise ConfigurationError(
            f"sizes need two or more layers, and sizes and batch must be >= 1, got sizes {sizes}, batch {batch}"
        )
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    return BenchmarkCase(build_network(sizes, seed=seed), inputs, rng.integers(0, sizes[-1], batch))


class Contestant(Protocol):
    """Protocol for contestants: they play rounds of a case."""

    def play(self, rounds: int) -> object:
        """Play rounds on the batch of the case."""

    def parameters(self) -> list[NDArray[Any]]:
        """Return the weights (J, I) of each layer, then the bias (J,) of each."""


class TensorEngineSingle:
    """Tensor engine with one call for each round.

    Args:
        case: Benchmark case.
        policies: Policies as for a Setup.
        device: Device to compute on.
    """

    kernels = "auto"

    def __init__(self, case: BenchmarkCase, policies: Policies, *, device: str = "cpu") -> None:
        setup = Setup(case.network, policies, Momentum(MOMENTUM), LEARNING_RATE, CrossEntropy(), dtype="float32")
        self.engine = TensorEngine(setup, device=device, kernels=self.kernels)
        self.samples = self.engine.prepare(Samples(case.inputs, case.targets))

    def play(self, rounds: int) -> None:
        """Call `play` once for each round."""
        play, inputs, targets = self.engine.play, self.samples.inputs, self.samples.targets
        for _ in range(rounds):
            play(inputs, targets)

    def parameters(self) -> list[NDArray[Any]]:
        """Return the current weights and biases."""
        network = self.engine.network()
        return [*network.weights, *network.biases]


class TensorEngineMany(TensorEngineSingle):
    """Tensor engine with one call for all rounds, which gathers each batch from prepared samples."""

    def play(self, rounds: int) -> None:
        """Call `play_rounds` once."""
        batch = len(self.samples)
        self.engine.play_rounds(self.samples, np.tile(np.arange(batch), rounds), batch)


class TensorEngineCompiled(TensorEngineMany):
    """Tensor engine with one call for all rounds, which numba compiles."""

    kernels = "compiled"


class Autograd:
    """Plain torch: nn.Sequential, autograd and torch.optim.SGD with momentum.

    Args:
        case: Benchmark case.
        compiled: Whether to compile the forward pass and the loss with torch.compile.
        device: Device to compute on.
        **options: Further options of torch.optim.SGD, such as fused=True.
    """

    def __init__(self, case: BenchmarkCase, *, compiled: bool = False, device: str = "cpu", **options: Any) -> None:
        self.layers = linear_layers(case.network)
        model = sequential(self.layers).to(device)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, **options)
        self.inputs = torch.as_tensor(case.inputs).to(device)
        self.targets = torch.as_tensor(case.targets).to(device)

        def cost(inputs: Tensor, targets: Tensor) -> Tensor:
            return nn.functional.cross_entropy(model(inputs), targets)

        if compiled:
            torch.compiler.reset()  # otherwise torch silently stops compiling after a few sizes
        self.cost: Callable[[Tensor, Tensor], Tensor] = torch.compile(cost, dynamic=False) if compiled else cost

    def play(self, rounds: int) -> None:
        """Play rounds of zero_grad, forward, backward, step."""
        for _ in range(rounds):
            self.step(self.inputs, self.targets)

    def step(self, inputs: Tensor, targets: Tensor) -> None:
        """Play one round on a batch."""
        self.optimizer.zero_grad()
        self.cost(inputs, targets).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    def parameters(self) -> list[NDArray[Any]]:
        """Return the current weights and biases."""
        return parameters_of(self.layers)


def linear_layers(network: Network) -> list[nn.Linear]:
    """Return the layers of a dense network as nn.Linear modules in float32.

    Raises:
        ConfigurationError: The network is not dense.
    """
    if any(mask is not None for mask in network.masks):
        raise ConfigurationError("plain torch layers need a dense network, but connections are missing")
    layers = [nn.Linear(speakers, listeners) for speakers, listeners in pairwise(network.sizes)]
    with torch.no_grad():
        for layer, weights, bias in zip(layers, network.weights, network.biases, strict=True):
            layer.weight.copy_(torch.as_tensor(weights))
            layer.bias.copy_(torch.as_tensor(bias))
    return layers


def sequential(layers: Sequence[nn.Module]) -> nn.Sequential:
    """Return the layers in sequence with relu in between."""
    model = nn.Sequential(layers[0])
    for layer in layers[1:]:
        model.append(nn.ReLU())
        model.append(layer)
    return model


def parameters_of(layers: Sequence[Any]) -> list[NDArray[Any]]:
    """Return copies of the weights, then of the biases, of nn.Linear modules."""
    return [
        array.detach().cpu().numpy().copy() for name in ("weight", "bias") for array in (getattr(layer, name) for layer in layers)
    ]


class MatrixProducts:
    """Matrix products of a round and nothing else, into buffers: forward, feedback, and intended change of each layer."""

    def __init__(self, case: BenchmarkCase, *, device: str = "cpu") -> None:
        sizes, batch = case.network.sizes, len(case.inputs)
        self.weights = [torch.as_tensor(w).to(device, torch.float32) for w in case.network.weights]
        self.activity = [torch.as_tensor(case.inputs).to(device)]
        self.activity += [torch.randn(batch, size, device=device) for size in sizes[1:]]
        self.outputs = [torch.empty(batch, size, device=device) for size in sizes]
        self.intents = [torch.empty_like(w) for w in self.weights]

    def play(self, rounds: int) -> None:
        """Compute the products of rounds, with constant factors, since values do not affect the time."""
        with torch.inference_mode():
            for _ in range(rounds):
                self._round()

    def _round(self) -> None:
        for number, weights in enumerate(self.weights):
            torch.mm(self.activity[number], weights.t(), out=self.outputs[number + 1])
        for number in range(len(self.weights) - 1, -1, -1):
            if number:
                torch.mm(self.activity[number + 1], self.weights[number], out=self.outputs[number])
            torch.mm(self.activity[number + 1].t(), self.activity[number], out=self.intents[number])


ContestantFactory = Callable[[BenchmarkCase], Contestant]


def relative_difference(
    contestant: ContestantFactory, reference: ContestantFactory, case: BenchmarkCase, rounds: int = 5
) -> float:
    """Return the norm of the difference of two contestants' updates, relative to the update of the second.

    Rounding can move a potential across the kink of relu, which changes a few weights, but only in some cases. Contestants that
    differ by more than rounding therefore play other cases, and the smallest difference counts.

    Args:
        contestant: Makes a new contestant for a case.
        reference: Makes a new reference for a case.
        case: First case.
        rounds: Rounds of each.
    """
    least = np.inf
    for seed in range(MAX_CASES):
        variant = case if seed == 0 else build_case(case.network.sizes, len(case.inputs), seed)
        least = min(least, _distance(contestant(variant), reference(variant), variant.network, rounds))
        if least <= UPDATE_TOLERANCE:
            break
    return least


def _distance(contestant: Contestant, reference: Contestant, start: Network, rounds: int) -> float:
    contestant.play(rounds)
    reference.play(rounds)
    before = _joined([*start.weights, *start.biases])
    after, expected = _joined(contestant.parameters()), _joined(reference.parameters())
    return float(np.linalg.norm(after - expected) / np.linalg.norm(expected - before))


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    return np.concatenate([array.ravel() for array in arrays]).astype(np.float64)


def check_same_update(
    contestant: ContestantFactory, reference: ContestantFactory, case: BenchmarkCase, names: tuple[str, str]
) -> None:
    """Check that two contestants compute the same update.

    Raises:
        StateError: Their updates differ by more than rounding.
    """
    gap = relative_difference(contestant, reference, case)
    if not gap <= UPDATE_TOLERANCE:
        raise StateError(f"{names[0]} and {names[1]} cannot be compared: their updates differ by {gap:.1%}")
