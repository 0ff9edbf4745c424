"""Tiny networks, and many of them: compiled rounds beside torch's, autograd and JAX's loop, on the same processors.

    python -m benchmarks.tiny [--blocks 40] [--seconds 0.03] [--replicas 16] [--rounds 64] [--cpu-time]

The first table has one processor for all contestants. The second has replicas of 64-32-10 on two, and the time is that of one
network's round. With `--cpu-time` that is the time of both processors together.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

from functools import partial
from time import perf_counter, process_time
from typing import Annotated

import numpy as np
import torch
import typer

from neuronet import AttentionSeeking, Momentum, Samples, Setup
from neuronet.benchmarking import machine_name, pinned
from neuronet.benchmarking.contestants import (
    LEARNING_RATE,
    MOMENTUM,
    Autograd,
    BenchmarkCase,
    TensorEngineCompiled,
    TensorEngineMany,
    build_case,
    check_same_update,
)
from neuronet.benchmarking.timing import TimedFunction, Timing, time_interleaved
from neuronet.engines.base import Engine
from neuronet.engines.tensors import tensor_engine

SIZES, BATCH = (64, 32, 10), 32


def contestants(batch: int) -> dict[str, TimedFunction]:
    case = build_case(SIZES, batch)
    found: dict[str, TimedFunction] = {"torch autograd": Autograd(case).play}
    for name, cls in {"torch's rounds": TensorEngineMany, "compiled rounds": TensorEngineCompiled}.items():
        check_same_update(partial(cls, policies=AttentionSeeking()), Autograd, case, (name, "torch autograd"))
        found[name] = cls(case, AttentionSeeking()).play
    try:
        from benchmarks.rounds.jax_peer import Scan
    except ImportError as error:
        print(f"JAX: left out, {error}")
        return found
    return {**found, "JAX, one jit for many steps": Scan(case).play}


def replicas(count: int, dtype: str, length: int) -> dict[str, TimedFunction]:
    cases = [build_case(SIZES, BATCH, seed) for seed in range(count)]
    setups = [
        Setup(case.network, AttentionSeeking(), Momentum(MOMENTUM), LEARNING_RATE, seed=seed, dtype=dtype)
        for seed, case in enumerate(cases)
    ]
    order = np.stack([np.arange(BATCH * length) % BATCH] * count)
    found: dict[str, TimedFunction] = {
        "torch, a call a round": _single_calls(tensor_engine(setups, BATCH, kernels="torch"), cases[0], length)
    }
    for name, kernels in {"torch's rounds": "torch", "compiled rounds": "compiled"}.items():
        engine = tensor_engine(setups, BATCH, device="cpu", kernels=kernels)
        samples = engine.prepare(Samples(cases[0].inputs, cases[0].targets))

        def play(rounds, engine=engine, samples=samples):
            for _ in range(rounds):
                engine.play_rounds(samples, order, BATCH)

        found[name] = play
    return found


def _single_calls(engine: Engine, case: BenchmarkCase, length: int) -> TimedFunction:
    shape = (len(engine.setups), *case.inputs.shape)
    samples = engine.prepare(Samples(np.broadcast_to(case.inputs, shape).copy(), np.stack([case.targets] * shape[0])))

    def play(rounds: int) -> None:
        for _ in range(rounds * length):
            engine.play(samples.inputs, samples.targets)

    return play


def show(title: str, times: dict[str, Timing], rounds: int = 1) -> None:
    print(f"\n{title}")
    base = next(iter(times.values())).minimum
    for name, timing in times.items():
        least, middle = 1e6 * timing.minimum / rounds, 1e6 * timing.median / rounds
        print(f"  {name:28} {least:8.1f} us least, {middle:8.1f} median, {timing.minimum / base:.3f} of the first")


def main(
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of each contestant (>= 1).")] = 40,
    seconds: Annotated[float, typer.Option(help="Seconds of a block (> 0).")] = 0.03,
    count: Annotated[int, typer.Option("--replicas", min=2, help="Replicas (>= 2).")] = 16,
    length: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each replica in a call (>= 1).")] = 64,
    cpu_time: Annotated[bool, typer.Option("--cpu-time", help="Count processor time, for machines that are not quiet.")] = False,
) -> None:
    clock = process_time if cpu_time else perf_counter
    torch.set_num_threads(1)
    with pinned(1) as processors:
        print(f"{machine_name(1)}, on processor {processors}")
        for batch in (32, 128, 1024):
            show(f"64-32-10, batch {batch}", time_interleaved(contestants(batch), blocks=blocks, seconds=seconds, clock=clock))
    torch.set_num_threads(2)
    with pinned(2):
        for dtype in ("float32", "float64"):
            times = time_interleaved(replicas(count, dtype, length), blocks=blocks, seconds=seconds, clock=clock)
            show(f"{count} replicas of 64-32-10, batch {BATCH}, {dtype}, two processors", times, length * count)


if __name__ == "__main__":
    typer.run(main)
