"""The same round, played by others: plain torch with autograd, and the matrix products alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.payoff import CrossEntropy
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Group
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import build_network

LEARNING_RATE = 0.002  # so small that nothing is learned by heart while it is timed
MOMENTUM = 0.9

UPDATE_TOLERANCE = 1e-4
"""How far apart two updates may be and still be the same but for rounding."""

MAX_CASES = 3
"""Played, at most, before two updates are called different."""

Floats = NDArray[np.float32]
Policies = Policy | Sequence[Policy | Sequence[Group]]


@dataclass(frozen=True, eq=False)
class BenchmarkCase:
    """One batch, and the network that is to learn it: relu, softmax cross-entropy, momentum, float32.

    Attributes:
        network: Before the first round.
        inputs: (B, I), normal.
        targets: (B,), classes.
    """

    network: Network
    inputs: Floats
    targets: NDArray[np.int64]

    @property
    def name(self) -> str:
        """Such as "64-32-10, batch 32"."""
        return f"{'-'.join(map(str, self.network.sizes))}, batch {len(self.inputs)}"


def build_case(sizes: Sequence[int], batch: int, seed: int = 0) -> BenchmarkCase:
    """A batch and a network of these sizes, the inputs first.

    Raises:
        NeuroNetError: There are fewer than two layers, or a number is below 1.
    """
    if len(sizes) < 2 or min(sizes) < 1 or batch < 1:
        raise NeuroNetError(f"sizes must be two or more numbers of 1 or more, and so must the batch, got {sizes}, {batch}")
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    return BenchmarkCase(build_network(sizes, seed=seed), inputs, rng.integers(0, sizes[-1], batch))


class Contestant(Protocol):
    """Whoever plays the rounds of a work."""

    def play(self, rounds: int) -> object:
        """Play so many rounds on the work's batch."""

    def parameters(self) -> list[NDArray[Any]]:
        """The weights (J, I) of each layer, then the biases (J,) of each."""


class TensorEngineSingle:
    """The tensor engine.

    Args:
        case: What is played.
        policies: As for a Setup.
        device: Where.
    """

    def __init__(self, case: BenchmarkCase, policies: Policies, *, device: str = "cpu") -> None:
        setup = Setup(case.network, policies, Momentum(MOMENTUM), LEARNING_RATE, CrossEntropy(), dtype="float32")
        self.engine = TensorEngine(setup, device=device)
        self.held = self.engine.prepare(Samples(case.inputs, case.targets))

    def play(self, rounds: int) -> None:
        """One call of `play` a round."""
        play, inputs, targets = self.engine.play, self.held.inputs, self.held.targets
        for _ in range(rounds):
            play(inputs, targets)

    def parameters(self) -> list[NDArray[Any]]:
        """As they are now."""
        network = self.engine.network()
        return [*network.weights, *network.biases]


class TensorEngineMany(TensorEngineSingle):
    """The tensor engine with one call for all rounds; it gathers each batch from the samples that it holds."""

    def play(self, rounds: int) -> None:
        """One call of `play_rounds`."""
        batch = len(self.held)
        self.engine.play_rounds(self.held, np.tile(np.arange(batch), rounds), batch)


class Autograd:
    """Plain torch: nn.Sequential, autograd and torch.optim.SGD with momentum.

    Args:
        case: What is played.
        compiled: Whether torch.compile makes the forward pass and the loss one function.
        device: Where.
        **options: For torch.optim.SGD, such as fused=True; without, its defaults.
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
            torch.compiler.reset()  # or, after a few sizes, torch would give up compiling without a word
        self.cost: Callable[[Tensor, Tensor], Tensor] = torch.compile(cost, dynamic=False) if compiled else cost

    def play(self, rounds: int) -> None:
        """zero_grad, forward, backward, step."""
        for _ in range(rounds):
            self.step(self.inputs, self.targets)

    def step(self, inputs: Tensor, targets: Tensor) -> None:
        """One round on a batch."""
        self.optimizer.zero_grad()
        self.cost(inputs, targets).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    def parameters(self) -> list[NDArray[Any]]:
        """As they are now."""
        return parameters_of(self.layers)


def linear_layers(network: Network) -> list[nn.Linear]:
    """The network's layers as torch's, in float32.

    Raises:
        NeuroNetError: It has missing connections.
    """
    if any(mask is not None for mask in network.masks):
        raise NeuroNetError("plain torch layers are dense: give a network where everybody listens to everybody")
    layers = [nn.Linear(here, there) for here, there in pairwise(network.sizes)]
    with torch.no_grad():
        for layer, weights, bias in zip(layers, network.weights, network.biases, strict=True):
            layer.weight.copy_(torch.as_tensor(weights))
            layer.bias.copy_(torch.as_tensor(bias))
    return layers


def sequential(layers: Sequence[nn.Module]) -> nn.Sequential:
    """The layers with relu in between."""
    model = nn.Sequential(layers[0])
    for layer in layers[1:]:
        model.append(nn.ReLU())
        model.append(layer)
    return model


def parameters_of(layers: Sequence[Any]) -> list[NDArray[Any]]:
    """Weights and biases of torch's linear layers, copied."""
    return [array.detach().cpu().numpy().copy() for name in ("weight", "bias") for array in (getattr(x, name) for x in layers)]


class MatrixProducts:
    """The matrix products of a round and nothing else, into buffers: forward, feedback, and each layer's intended change."""

    def __init__(self, case: BenchmarkCase, *, device: str = "cpu") -> None:
        sizes, batch = case.network.sizes, len(case.inputs)
        self.weights = [torch.as_tensor(w).to(device, torch.float32) for w in case.network.weights]
        self.activity = [torch.as_tensor(case.inputs).to(device)]
        self.activity += [torch.randn(batch, size, device=device) for size in sizes[1:]]
        self.outputs = [torch.empty(batch, size, device=device) for size in sizes]
        self.intents = [torch.empty_like(w) for w in self.weights]

    def play(self, rounds: int) -> None:
        """Products whose factors are always the same, as their values make no difference to the time."""
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


def relative_difference(one: ContestantFactory, other: ContestantFactory, case: BenchmarkCase, rounds: int = 5) -> float:
    """How far apart the updates of two contestants are, as a share of the way that the other went.

    Rounding can bring a potential to the other side of relu's corner, which moves a few weights. It does not in every game: if
    the two differ by more than rounding, they play again with other samples and another network, and the least distance counts.

    Args:
        one: Makes a contestant that has not played yet.
        other: Likewise.
        case: What they play first.
        rounds: Played by each.
    """
    least = np.inf
    for seed in range(MAX_CASES):
        game = case if seed == 0 else build_case(case.network.sizes, len(case.inputs), seed)
        least = min(least, _distance(one(game), other(game), game.network, rounds))
        if least <= UPDATE_TOLERANCE:
            break
    return least


def _distance(one: Contestant, other: Contestant, start: Network, rounds: int) -> float:
    one.play(rounds)
    other.play(rounds)
    before, ours, theirs = (_joined(each) for each in ([*start.weights, *start.biases], one.parameters(), other.parameters()))
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs - before))


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    return np.concatenate([array.ravel() for array in arrays]).astype(np.float64)


def check_same_update(one: ContestantFactory, other: ContestantFactory, case: BenchmarkCase, names: tuple[str, str]) -> None:
    """Refuse to compare contestants that do not do the same work.

    Raises:
        NeuroNetError: Their updates differ by more than rounding.
    """
    gap = relative_difference(one, other, case)
    if not gap <= UPDATE_TOLERANCE:
        raise NeuroNetError(f"{names[0]} and {names[1]} cannot be compared: their updates differ by {gap:.1%}")
