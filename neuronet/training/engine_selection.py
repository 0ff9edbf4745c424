"""Which engine and which precision suit the size of the work."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.update_schedule import turns_named
from neuronet.execution import distributed
from neuronet.training.config import RunConfig

SECONDS_PER_NEURON = 20e-6
"""What a listening neuron costs the agent engine in a round, about: benchmarks/agents.py measures it."""

SECONDS_PER_CONNECTION = 3e-10
"""What a connection costs it in a round, for each sample."""

PATIENCE = 20.0
"""Seconds of the agent engine from which on the tensor engine takes over."""

SMALL = 100_000
"""Connections up to which double precision costs nothing that is felt."""


@dataclass(frozen=True)
class Choice:
    """The engine, device and precision of a run.

    Attributes:
        engine: "agents" or "tensors".
        device: Where the tensor engine computes; "cpu" for agents.
        dtype: "float64" or "float32".
        reason: Why this engine, in a few words; empty if it was asked for.
        matmul: How exactly matrices of single precision are multiplied.
    """

    engine: str
    device: str
    dtype: str
    reason: str
    matmul: str = "highest"


def choose(config: RunConfig, neurons: int, connections: int, rounds: int) -> Choice:
    """What "auto" stands for.

    Args:
        config: What was asked for.
        neurons: Neurons that listen.
        connections: Connections between neurons.
        rounds: Rounds of the whole run.

    Raises:
        NeuroNetError: The engine cannot do what is asked.
    """
    engine: str = config.engine
    reason = ""
    seconds = rounds * (neurons * SECONDS_PER_NEURON + connections * config.batch_size * SECONDS_PER_CONNECTION)
    together = turns_named(config.turns).together
    if engine == "auto":
        engine, reason = _suitable(config, seconds) if together else ("agents", f"turns {config.turns}")
    if engine == "tensors" and not together:
        raise NeuroNetError(f"the tensor engine lets whole layers act at once: turns {config.turns} need engine agents")
    if engine == "agents":
        if config.device not in ("auto", "cpu"):
            raise NeuroNetError(f"the agent engine computes on the cpu, not on '{config.device}': use engine tensors")
        if config.replicas > 1:
            raise NeuroNetError(f"the agent engine plays one replica, not {config.replicas}: use engine tensors")
        if distributed.count() > 1:
            raise NeuroNetError(f"the agent engine plays in one process, not in {distributed.count()}: use engine tensors")
        if config.matmul != "highest":
            raise NeuroNetError(f"the agent engine multiplies no matrices: matmul '{config.matmul}' needs engine tensors")
        device = "cpu"
    else:
        from neuronet.engines.tensors import best_device

        device = best_device(config.device)
    if config.batch_size < distributed.count():
        raise NeuroNetError(f"batch_size must be at least the {distributed.count()} processes, got {config.batch_size}")
    return Choice(engine, device, _precision(config, connections, device), reason, config.matmul)


def _precision(config: RunConfig, connections: int, device: str) -> str:
    if config.matmul != "highest" and config.dtype == "float64":
        raise NeuroNetError(f"matmul '{config.matmul}' is about single precision: leave it out, or use dtype float32")
    if config.dtype != "auto":
        return config.dtype
    small = connections <= SMALL and config.matmul == "highest" and not device.startswith("mps")
    return "float64" if small else "float32"


def _suitable(config: RunConfig, seconds: float) -> tuple[str, str]:
    if config.replicas > 1:
        return "tensors", f"{config.replicas} replicas"
    if config.device not in ("auto", "cpu"):
        return "tensors", f"device {config.device}"
    if distributed.count() > 1:
        return "tensors", f"{distributed.count()} processes"
    if config.matmul != "highest":
        return "tensors", f"matmul {config.matmul}"
    if seconds > PATIENCE:
        return "tensors", f"an agent for each neuron would take about {seconds:.0f} s"
    return "agents", "small enough for an agent for each neuron"
