"""Keeping-promises beside attention: the ways to project a change, and to remember a batch, that an engine can choose from.

    python -m benchmarks.projection [--blocks 40] [--batch 128] [--samples 1]

One thread, float32, one process, CPU time; the contestants take turns. The first table has whole rounds. The others
have the two parts that the largest layer adds to a round, each computed in several ways.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Annotated

import torch
import typer
from scipy.linalg.blas import ssyrk

from neuronet import AttentionSeeking
from neuronet.benchmarking import machine_name, pinned
from neuronet.benchmarking.contestants import TensorEngineMany, build_case
from neuronet.benchmarking.timing import TimedFunction, Timing, time_interleaved
from neuronet.policies import KeepingPromises

SIZES = (784, 256, 256, 10)
KEPT = 64
"""Rows of the projector's root at the start."""


@dataclass(frozen=True)
class ByHooks(KeepingPromises):
    """Keeping promises whose change is projected by the policy itself."""

    @property
    def projection(self) -> None:
        """None: the engine calls the policy."""
        return


def rounds(batch: int, samples: int) -> dict[str, TimedFunction]:
    """Return whole rounds of 784-256-256-10."""
    case = build_case(SIZES, batch)
    policies = {
        "attention": AttentionSeeking(),
        "keeping-promises": KeepingPromises(samples=samples),
        "keeping-promises, by the policy's hooks": ByHooks(samples=samples),
    }
    return {name: TensorEngineMany(case, policy).play for name, policy in policies.items()}


def ways(batch: int) -> tuple[dict[str, TimedFunction], dict[str, TimedFunction]]:
    """Return ways to compute the projected change of the largest layer, and to add one row to its projector."""
    inputs, neurons = SIZES[0] + 1, SIZES[1]
    random = torch.Generator().manual_seed(0)
    heard, demand = torch.randn(batch, inputs, generator=random), torch.randn(neurons, batch, generator=random)
    root = torch.randn(KEPT, inputs, generator=random) / inputs
    projector = root.T @ root
    change, projected, inner = torch.empty(neurons, inputs), torch.empty(neurons, inputs), torch.empty(batch, inputs)
    row = root[:1].clone()
    triangle = projector.numpy().copy(order="F")

    def of_change() -> None:
        torch.mm(demand, heard, out=change)
        torch.addmm(change, change, projector, alpha=-1, out=projected)

    def of_heard() -> None:
        torch.addmm(heard, heard, projector, alpha=-1, out=inner)
        torch.mm(demand, inner, out=projected)

    changes = {
        "response only, not projected": lambda: torch.mm(demand, heard, out=change),
        "response, then times P": of_change,
        "what is heard times P, then response": of_heard,
    }
    memories = {
        "P + r^T r, a new array": lambda: projector + row.T @ row,
        "P + r^T r, in place": lambda: torch.addmm(projector, row.T, row, beta=1, alpha=1e-6, out=projector),
        "half of P, by ssyrk in place": lambda: ssyrk(1e-6, row.numpy(), 1.0, triangle, trans=1, overwrite_c=1),
    }
    return _repeated(changes), _repeated(memories)


def _repeated(functions: dict[str, Callable[[], object]]) -> dict[str, TimedFunction]:
    def repeat(function: Callable[[], object], times: int) -> None:
        for _ in range(times):
            function()

    return {name: lambda times, function=function: repeat(function, times) for name, function in functions.items()}


def show(title: str, times: dict[str, Timing]) -> None:
    """Print the least and the median time of each, and its ratio to the first."""
    print(f"\n| {title} | least | median | ratio to the first |\n|---|---|---|---|")
    base = next(iter(times.values())).minimum
    for name, timing in times.items():
        print(f"| {name} | {1e3 * timing.minimum:.2f} ms | {1e3 * timing.median:.2f} ms | {timing.minimum / base:.2f} |")


def main(
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of each contestant (>= 1).")] = 40,
    batch: Annotated[int, typer.Option(min=1, help="Samples of a batch (>= 1).")] = 128,
    samples: Annotated[int, typer.Option(min=1, help="Samples of a batch that are remembered (>= 1).")] = 1,
) -> None:
    torch.set_num_threads(1)
    with pinned(1):
        print(f"{machine_name(1)}, 784-256-256-10, batch {batch}")
        show("round", time_interleaved(rounds(batch, samples), blocks=blocks, clock=process_time))
        changes, memories = ways(batch)
        show(f"change of {SIZES[0]} x {SIZES[1]}", time_interleaved(changes, blocks=blocks, clock=process_time))
        show("memory of one row", time_interleaved(memories, blocks=blocks, clock=process_time))


if __name__ == "__main__":
    typer.run(main)
