"""Cost of a round on a GPU: the tensor engine and plain torch with autograd, launched normally and replayed as a CUDA graph.

A CUDA graph is a recording of the kernels of one round that the GPU repeats without the host, so that the difference is the cost
of Python. The engine's round can be recorded for a linear policy without memory and for sgd or momentum, where buffers keep their
addresses; the recorded rounds are checked against normal ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from neuronet.benchmarking.contestants import (
    Autograd,
    BenchmarkCase,
    MatrixProducts,
    TensorEngineMany,
    TensorEngineSingle,
)
from neuronet.benchmarking.timing import TimedFunction
from neuronet.core.errors import StateError
from neuronet.policies import AttentionSeeking, Noisy

WARM_UP = 5
"""Rounds before a recording, so that libraries have selected their kernels."""

UPDATE_TOLERANCE = 1e-4
"""Largest difference between recorded and normal rounds, in float32."""


def recorded(step: Callable[[], object]) -> TimedFunction:
    """Return a function that replays a recording of one step."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()

    def play(rounds: int) -> None:
        for _ in range(rounds):
            graph.replay()

    return play


def recorded_engine(case: BenchmarkCase) -> TimedFunction:
    """Return a function that replays a recording of the engine's round.

    Raises:
        StateError: The recorded rounds differ from normal ones.
    """
    recording, reference = (TensorEngineSingle(case, AttentionSeeking(), device="cuda") for _ in range(2))
    inputs, targets = recording.samples.inputs, recording.samples.targets

    def step() -> None:
        with torch.inference_mode():
            recording.engine._play_round(inputs, targets)  # `play` without its checks and the copy of the losses

    play = recorded(step)
    play(10)
    reference.play(WARM_UP + 10)  # recording a step does not play it
    gap = max(float(np.abs(a - b).max()) for a, b in zip(recording.parameters(), reference.parameters(), strict=True))
    if not gap <= UPDATE_TOLERANCE:
        raise StateError(f"the recorded rounds of {case.name} differ from normal rounds by {gap:.1e}")
    return play


def contestants(case: BenchmarkCase, device: str) -> dict[str, TimedFunction]:
    """Return the contestants of a case by name."""
    autograd = Autograd(case, device=device, **({"fused": True} if device != "cpu" else {}))
    found: dict[str, TimedFunction] = {
        "attention": TensorEngineSingle(case, AttentionSeeking(), device=device).play,
        "attention, many rounds in one call": TensorEngineMany(case, AttentionSeeking(), device=device).play,
        "noisy (drawn on the host)": TensorEngineMany(case, Noisy(), device=device).play,
        "autograd": autograd.play,
        "the products alone": MatrixProducts(case, device=device).play,
    }
    if device != "cpu":
        other = Autograd(case, device=device, fused=True)
        found["autograd, as a CUDA graph"] = recorded(lambda: other.step(other.inputs, other.targets))
        found["attention, as a CUDA graph"] = recorded_engine(case)
    return {name: _to_the_end(play, device) for name, play in found.items()}


def _to_the_end(play: TimedFunction, device: str) -> TimedFunction:
    def waiting(rounds: int) -> None:
        play(rounds)
        if device != "cpu":
            torch.cuda.synchronize()

    return waiting
