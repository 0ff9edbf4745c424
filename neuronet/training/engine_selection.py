"""Which engine and which precision suit the size of the work."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.errors import NeuroNetError
from neuronet.execution import distributed
from neuronet.registry import format_option
from neuronet.training.config import RunConfig

SECONDS_PER_NEURON = 20e-6
"""What a listening neuron costs the agent engine in a round, about: benchmarks/agents.py measures it."""

SECONDS_PER_CONNECTION = 3e-10
"""What a connection costs it in a round, for each sample."""

MAX_AGENT_SECONDS = 20.0
"""Seconds of the agent engine from which on the tensor engine takes over."""

MAX_FLOAT64_CONNECTIONS = 100_000
"""Connections up to which double precision costs nothing that is felt."""


@dataclass(frozen=True)
class EngineChoice:
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


def select_engine(config: RunConfig, neurons: int, connections: int, rounds: int) -> EngineChoice:
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
    is_layerwise, schedule = config.update_schedule.is_layerwise, format_option(config.update_schedule)
    if engine == "auto":
        engine, reason = _auto_engine(config, seconds) if is_layerwise else ("agents", f"update schedule {schedule}")
    if engine == "tensors" and not is_layerwise:
        raise NeuroNetError(f"the tensor engine lets whole layers act at once: update schedule {schedule} needs engine agents")
    if engine == "agents":
        if config.device not in ("auto", "cpu"):
            raise NeuroNetError(f"the agent engine computes on the cpu, not on '{config.device}': use engine tensors")
        if config.replicas > 1:
            raise NeuroNetError(f"the agent engine plays one replica, not {config.replicas}: use engine tensors")
        if distributed.world_size() > 1:
            raise NeuroNetError(f"the agent engine plays in one process, not in {distributed.world_size()}: use engine tensors")
        if config.matmul != "highest":
            raise NeuroNetError(f"the agent engine multiplies no matrices: matmul '{config.matmul}' needs engine tensors")
        device = "cpu"
    else:
        from neuronet.engines.tensors import resolve_device

        device = resolve_device(config.device)
    if config.batch_size < distributed.world_size():
        raise NeuroNetError(f"batch_size must be at least the {distributed.world_size()} processes, got {config.batch_size}")
    return EngineChoice(engine, device, _select_dtype(config, connections, device), reason, config.matmul)


def _select_dtype(config: RunConfig, connections: int, device: str) -> str:
    if config.matmul != "highest" and config.dtype == "float64":
        raise NeuroNetError(f"matmul '{config.matmul}' is about single precision: leave it out, or use dtype float32")
    if config.dtype != "auto":
        return config.dtype
    small = connections <= MAX_FLOAT64_CONNECTIONS and config.matmul == "highest" and not device.startswith("mps")
    return "float64" if small else "float32"


def _auto_engine(config: RunConfig, seconds: float) -> tuple[str, str]:
    if config.replicas > 1:
        return "tensors", f"{config.replicas} replicas"
    if config.device not in ("auto", "cpu"):
        return "tensors", f"device {config.device}"
    if distributed.world_size() > 1:
        return "tensors", f"{distributed.world_size()} processes"
    if config.matmul != "highest":
        return "tensors", f"matmul {config.matmul}"
    if seconds > MAX_AGENT_SECONDS:
        return "tensors", f"an agent for each neuron would take about {seconds:.0f} s"
    return "agents", "small enough for an agent for each neuron"
