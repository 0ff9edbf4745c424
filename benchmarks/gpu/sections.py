"""Sections of the GPU's page: each yields the rows of a table, the most important rows first."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn

import neuronet
from benchmarks.gpu.rounds import contestants
from neuronet.benchmarking.contestants import build_case
from neuronet.benchmarking.timing import time_interleaved
from neuronet.conversion import lenet
from neuronet.core import Momentum, Samples
from neuronet.engines import compare
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.policies import POLICIES, AttentionSeeking, RandomFeedback, SignSymmetric
from neuronet.registry import build_network

Row = dict[str, str]


@dataclass(frozen=True)
class Scale:
    """How large everything is.

    Attributes:
        device: Where the tensor engine computes.
        blocks: Blocks of each contestant that are timed.
        rounds: Rounds of a comparison of engines.
        shapes: Sizes of the networks whose rounds are timed, with each of the batches.
        batches: Batch sizes.
        replicas: Numbers of replicas.
        neurons: Neurons of each hidden layer of a sparse network.
        images: Images of a LeNet's batch.
        study: Environment and options of the study.
        published: What docs/results.md has for the study.
    """

    device: str
    blocks: int
    rounds: int
    shapes: tuple[tuple[int, ...], ...]
    batches: tuple[int, ...]
    replicas: tuple[int, ...]
    neurons: tuple[int, ...]
    images: int
    study: tuple[str, dict[str, object]]
    published: str


def full(device: str) -> Scale:
    """Return the scale of the page."""
    shapes = ((784, 512, 512, 10), (64, 64, 10), (3072, 2048, 2048, 100))
    study = ("mnist5k", {"hidden": (256, 256), "replicas": 5})
    sizes = {
        "shapes": shapes,
        "batches": (256, 32, 2048),
        "replicas": (1, 4, 16, 64, 256, 1024),
        "neurons": (1000, 10_000, 100_000),
    }
    return Scale(device, 20, 50, **sizes, images=256, study=study, published="0.9412")


def tiny(device: str) -> Scale:
    """Return a scale that takes seconds, to test the script."""
    study = ("digits", {"hidden": (8,), "replicas": 2, "epochs": 1})
    sizes = {"shapes": ((8, 6, 4),), "batches": (4,), "replicas": (1, 2), "neurons": (30,)}
    return Scale(device, 1, 2, **sizes, images=2, study=study, published="-")


def wait(device: str) -> None:
    """Wait until the device has done all that it was asked for."""
    if device != "cpu":
        torch.cuda.synchronize()


def milliseconds(step: Callable[[], object], scale: Scale) -> float:
    """Return the median time of a call, in milliseconds (on a CPU, of CPU time); the first two are not counted."""
    times, clock = [], time.process_time if scale.device == "cpu" else time.perf_counter
    for _ in range(scale.blocks + 2):
        wait(scale.device)
        start = clock()
        step()
        wait(scale.device)
        times.append(1e3 * (clock() - start))
    return float(np.median(times[2:]))


def memory(device: str) -> str:
    """Return the device's peak memory since the last call, in MB; on a CPU, the peak of the process until now."""
    if device == "cpu":
        return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}"
    peak = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return f"{peak:,.0f}"


def parity(scale: Scale) -> Iterator[Row]:
    """Yield how far the agent engine and the device are apart after some rounds, for every policy."""
    digits = Digits().train
    for name, policy in POLICIES.items():
        setup = Setup(build_network((64, 12, 8, 10), activation="tanh", seed=13), policy(), learning_rate=0.1, seed=13)
        gap = compare(setup, digits, rounds=scale.rounds, device=scale.device).largest
        yield {"policy": name, "rounds": str(scale.rounds), "largest difference": f"{gap:.0e}", "<= 1e-9": _yes(gap <= 1e-9)}


def tests(scale: Scale) -> Iterator[Row]:
    """Yield what `pytest -m gpu` says of tests/gpu, where it has the time."""
    root = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-m", "gpu", "-p", "no:cacheprovider", f"--junitxml={report}", "tests/gpu"]
        subprocess.run([sys.executable, "-m", "pytest", *options], cwd=root, timeout=90, capture_output=True, check=False)
        counts = ET.parse(report).getroot().find("testsuite").attrib
    failed = int(counts["failures"]) + int(counts["errors"])
    numbers = {name: counts[name] for name in ("tests", "skipped")}
    yield {"folder": "tests/gpu", **numbers, "failed": str(failed), "none failed": _yes(failed == 0)}


def rounds(scale: Scale) -> Iterator[Row]:
    """Yield the time of a round of the engine, of autograd and of their CUDA graphs."""
    for sizes, batch in product(scale.shapes, scale.batches):
        case = build_case(sizes, batch)
        timed = time_interleaved(contestants(case, scale.device), blocks=scale.blocks, seconds=0.02)
        for name, times in timed.items():
            yield {"case": case.name, "contestant": name, "us, least": _us(times.minimum), "us, median": _us(times.median)}
        wait(scale.device)


def replicas(scale: Scale) -> Iterator[Row]:
    """Yield the time of a round of more and more replicas of a small network."""
    rng = np.random.default_rng(0)
    samples = Samples(rng.standard_normal((320, 64)).astype(np.float32), rng.integers(0, 10, 320))
    for count in scale.replicas:
        setups = [
            Setup(build_network((64, 32, 10), seed=seed), AttentionSeeking(), Momentum(), 0.01, dtype="float32", seed=seed)
            for seed in range(count)
        ]
        engine = TensorEngine(setups, device=scale.device)
        held, order = engine.prepare(samples), np.tile(np.arange(320), (count, 1))
        spent = milliseconds(lambda: engine.play_rounds(held, order if count > 1 else order[0], 32), scale) / 10  # noqa: B023
        engine.close()
        yield {
            "replicas": f"{count:,}",
            "ms a round": f"{spent:.3f}",
            "us a replica": f"{1e3 * spent / count:.2f}",
            "MB": memory(scale.device),
        }


def sparse(scale: Scale) -> Iterator[Row]:
    """Yield the time of a round of sparse networks of more and more neurons."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((32, 784)).astype(np.float32), rng.integers(0, 10, 32)
    for neurons in scale.neurons:
        network = build_network((784, neurons, neurons, 10), connectivity=f"fixed-in-degree({min(50, neurons)})", layout="sparse")
        engine = TensorEngine(Setup(network, AttentionSeeking(), Momentum(), 0.01, dtype="float32"), device=scale.device)
        held = engine.prepare(Samples(inputs, targets))
        spent = milliseconds(lambda: engine.play(held.inputs, held.targets), scale)  # noqa: B023
        engine.close()
        name = "-".join(map(str, network.sizes))
        each = 1e6 * spent / network.connections
        yield {
            "network": name,
            "connections": f"{network.connections:,}",
            "ms a round": f"{spent:.2f}",
            "ns each": f"{each:.1f}",
            "MB": memory(scale.device),
        }


def converted(scale: Scale) -> Iterator[Row]:
    """Yield the time of a forward and backward pass of a LeNet, plain and converted, and how far gradients are apart."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.standard_normal((scale.images, 1, 32, 32)).astype(np.float32)).to(scale.device)
    labels = torch.from_numpy(rng.integers(0, 10, scale.images)).to(scale.device)
    plain = lenet(10, 32, 0).to(scale.device)
    policies = {"attention": AttentionSeeking(), "sign-symmetric": SignSymmetric(), "random-feedback": RandomFeedback()}
    modules = {"torch": plain} | {
        name: neuronet.convert(lenet(10, 32, 0).to(scale.device), policy) for name, policy in policies.items()
    }
    for name, module in modules.items():
        spent = milliseconds(lambda: _gradients(module, images, labels), scale)  # noqa: B023
        pairs = zip(_gradients(plain, images, labels), _gradients(module, images, labels), strict=True)
        gap = max(float((a - b).abs().max()) for a, b in pairs)
        yield {"backward signal": name, "batch": str(scale.images), "ms": f"{spent:.2f}", "gradients differ by": f"{gap:.0e}"}


def _gradients(module: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
    module.zero_grad()
    nn.functional.cross_entropy(module(images), labels).backward()
    return [parameter.grad.clone() for parameter in module.parameters()]


def study(scale: Scale) -> Iterator[Row]:
    """Yield what a study of docs/results.md gives at its full size on the device."""
    environment, options = scale.study
    start = time.perf_counter()
    result = neuronet.train(environment, engine="tensors", device=scale.device, **options)
    seconds = f"{time.perf_counter() - start:.1f}"
    yield {"study": environment, "accuracy": f"{result.accuracy:.4f}", "docs/results.md": scale.published, "seconds": seconds}


SECTIONS: dict[str, tuple[Callable[[Scale], Iterator[Row]], float]] = {
    "parity": (parity, 60),
    "tests": (tests, 60),
    "rounds": (rounds, 90),
    "replicas": (replicas, 60),
    "sparse": (sparse, 60),
    "convert": (converted, 30),
    "study": (study, 60),
}
"""Sections by name, with their budgets in seconds: seven minutes in all."""


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "NO"


def _us(seconds: float) -> str:
    return f"{1e6 * seconds:,.1f}"
