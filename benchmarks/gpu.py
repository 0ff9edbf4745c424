"""What a round costs on a GPU: the tensor engine and plain torch with autograd, as usual and replayed as a CUDA graph.

python benchmarks/gpu.py [--device cuda] [--matmul high] [--json FILE]

A CUDA graph is a recording of one round's kernels that the GPU repeats by itself; what it leaves out is the host's work, so that
the difference is what Python costs. The engine's own recording is of a round of a linear policy without memory and with a plain
or momentum rule, whose buffers stay where they are; it is checked against the rounds that it stands for.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from neuronet.benchmarking.contestants import (
    Autograd,
    BenchmarkCase,
    MatrixProducts,
    TensorEngineMany,
    TensorEngineSingle,
    build_case,
)
from neuronet.benchmarking.timing import TimedFunction, time_interleaved
from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, Noisy

SIZES = ((64, 64, 10), (784, 512, 512, 10), (3072, 2048, 2048, 100))
BATCHES = (32, 256, 2048)
WARM_UP = 5
"""Rounds before a recording, so that every library has made its choices."""

UPDATE_TOLERANCE = 1e-4
"""How far a recording may be from the rounds that it stands for, in float32."""


def recorded(step: Callable[[], object]) -> TimedFunction:
    """A player that repeats a recording of one step."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()

    def play(rounds: int) -> None:
        for _ in range(rounds):
            graph.replay()

    return play


def our_recording(case: BenchmarkCase) -> TimedFunction:
    """A recording of the engine's round.

    Raises:
        NeuroNetError: It does not do what the engine does.
    """
    ours, default_stream = (
        TensorEngineSingle(case, AttentionSeeking(), device="cuda"),
        TensorEngineSingle(case, AttentionSeeking(), device="cuda"),
    )
    inputs, targets = ours.samples.inputs, ours.samples.targets

    def step() -> None:
        with torch.inference_mode():
            ours.engine._play(inputs, targets)  # what `play` does, less its checks and the copy of the losses

    play = recorded(step)
    play(10)
    default_stream.play(WARM_UP + 10)  # the recording itself plays nothing
    gap = max(float(np.abs(a - b).max()) for a, b in zip(ours.parameters(), default_stream.parameters(), strict=True))
    if not gap <= UPDATE_TOLERANCE:
        raise NeuroNetError(f"the recorded rounds of {case.name} are {gap:.1e} from those that they stand for")
    return play


def contestants(case: BenchmarkCase, device: str) -> dict[str, TimedFunction]:
    """Everybody who plays this work, by name."""
    theirs = Autograd(case, device=device, **({"fused": True} if device != "cpu" else {}))
    found: dict[str, TimedFunction] = {
        "attention": TensorEngineSingle(case, AttentionSeeking(), device=device).play,
        "attention, many rounds in one call": TensorEngineMany(case, AttentionSeeking(), device=device).play,
        "noisy (drawn on the host)": TensorEngineMany(case, Noisy(), device=device).play,
        "autograd": theirs.play,
        "the products alone": MatrixProducts(case, device=device).play,
    }
    if device != "cpu":
        other = Autograd(case, device=device, fused=True)
        found["autograd, as a CUDA graph"] = recorded(lambda: other.step(other.inputs, other.targets))
        found["attention, as a CUDA graph"] = our_recording(case)
    return {name: _to_the_end(play, device) for name, play in found.items()}


def _to_the_end(play: TimedFunction, device: str) -> TimedFunction:
    def waiting(rounds: int) -> None:
        play(rounds)
        if device != "cpu":
            torch.cuda.synchronize()

    return waiting


def report(rows: list[Mapping[str, object]], machine: str) -> Table:
    table = Table(title=f"microseconds a round on {machine}", title_justify="left", box=None)
    for heading in ("work", "contestant", "quickest", "median"):
        table.add_column(heading, justify="left" if heading in ("work", "contestant") else "right")
    for row in rows:
        table.add_row(str(row["work"]), str(row["contestant"]), f"{row['minimum']:,.1f}", f"{row['median']:,.1f}")
    return table


def main(
    device: Annotated[str, typer.Option(help="cuda, or cpu to see that the script works.")] = "cuda",
    matmul: Annotated[str, typer.Option(help="For everybody: highest, high or medium.")] = "highest",
    blocks: Annotated[int, typer.Option(min=1, help="How often each plays.")] = 20,
    smallest: Annotated[bool, typer.Option("--smallest", help="Only the smallest work.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here, too.")] = None,
) -> None:
    torch.set_float32_matmul_precision(matmul)
    rows: list[Mapping[str, object]] = []
    for sizes, batch in [(SIZES[0], BATCHES[0])] if smallest else product(SIZES, BATCHES):
        case = build_case(sizes, batch)
        for name, times in time_interleaved(contestants(case, device), blocks=blocks, seconds=0.02).items():
            micro = {"minimum": 1e6 * times.minimum, "median": 1e6 * times.median}
            rows.append({"work": case.name, "contestant": name, **micro})
    machine = torch.cuda.get_device_name() if device != "cpu" else platform.processor() or platform.machine()
    Console(width=120).print(report(rows, f"{machine}, torch {torch.__version__}, matmul {matmul}"))
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine, "torch": torch.__version__, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
