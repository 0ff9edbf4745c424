"""Peers that play the same round: relu, softmax cross-entropy, momentum, float32, same batch and initial network.

A peer is made from a `BenchmarkCase`; it has `play(rounds)` and `parameters()`, as `neuronet.benchmarking.contestants.Contestant`
says. Peers that need another package have modules of their own and are left out where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import numpy as np

from neuronet.benchmarking.contestants import LEARNING_RATE, MOMENTUM, Autograd, BenchmarkCase, Contestant


@dataclass(frozen=True)
class Peer:
    """Peer to compare with.

    Attributes:
        name: Name in tables and figures.
        make: Constructor for a benchmark case.
        many_rounds: Whether it plays many rounds in one call, as `play_rounds` does.
    """

    name: str
    make: Callable[[BenchmarkCase], Contestant]
    many_rounds: bool = False


class LayerwiseNumpy:
    """Peer in numpy: a matrix product for each layer, with buffers for the parameters only."""

    def __init__(self, case: BenchmarkCase) -> None:
        self.inputs, self.targets = case.inputs, case.targets
        self.weights = [w.astype(np.float32) for w in case.network.weights]
        self.biases = [b.astype(np.float32) for b in case.network.biases]
        self.velocities = [(np.zeros_like(w), np.zeros_like(b)) for w, b in zip(self.weights, self.biases, strict=True)]

    def play(self, rounds):
        for _ in range(rounds):
            self._round()

    def _round(self):
        activity = [self.inputs]
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = activity[-1] @ w.T
            z += b
            activity.append(np.maximum(z, 0.0, out=z) if layer < len(self.weights) - 1 else z)
        exps = np.exp(activity[-1] - activity[-1].max(axis=1, keepdims=True))
        demand = -exps / exps.sum(axis=1, keepdims=True)
        demand[np.arange(len(self.targets)), self.targets] += 1.0
        demand /= np.float32(len(self.targets))
        for layer in range(len(self.weights) - 1, -1, -1):
            w, b, (vw, vb) = self.weights[layer], self.biases[layer], self.velocities[layer]
            below = (demand @ w) * (activity[layer] > 0) if layer else None
            vw *= np.float32(MOMENTUM)
            vw += demand.T @ activity[layer]
            vb *= np.float32(MOMENTUM)
            vb += demand.sum(axis=0)
            w += np.float32(LEARNING_RATE) * vw
            b += np.float32(LEARNING_RATE) * vb
            demand = below

    def parameters(self):
        return [array.copy() for array in (*self.weights, *self.biases)]


AUTOGRAD = Peer("torch autograd", Autograd)

_ALWAYS = (
    AUTOGRAD,
    Peer("torch autograd, fused SGD", partial(Autograd, fused=True)),
    Peer("torch autograd, foreach SGD", partial(Autograd, foreach=True)),
    Peer("numpy", LayerwiseNumpy),
)

_OPTIONAL = {
    "jax": ("jax_peer", (("JAX, jit a step", "Step", False), ("JAX, one jit for many steps", "Scan", True))),
    "sklearn": ("sklearn_peer", (("scikit-learn, partial_fit", "Classifier", True),)),
}


def peers(*, compiled: bool = True) -> tuple[list[Peer], list[str]]:
    """Return the installed peers, and a note for each that is left out.

    Args:
        compiled: Whether to include torch.compile, which takes half a minute and needs a C++ compiler.
    """
    found, missing = list(_ALWAYS), []
    if not compiled:
        missing.append("torch.compile: left out, since it takes long to compile")
    elif reason := _cannot_compile():
        missing.append(f"torch.compile: left out, {reason}")
    else:
        found.append(Peer("torch.compile, autograd", partial(Autograd, compiled=True)))
    for package, (module, kinds) in _OPTIONAL.items():
        try:
            peer_module = import_module(f"benchmarks.rounds.{module}")
        except ImportError as error:
            missing.append(f"{package}: left out, {error}")
            continue
        found += [Peer(name, getattr(peer_module, cls), many_rounds) for name, cls, many_rounds in kinds]
    return found, missing


def _cannot_compile() -> str:
    """Return why torch.compile does not work; an empty text if it does."""
    import torch

    try:
        torch.compile(lambda x: x * 2 + 1)(torch.ones(8))
    except Exception as error:  # of any kind that the compiler raises
        return str(error).strip().splitlines()[0][:120]
    return ""
