"""Selection of the engine, device and precision for the size of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core import ConfigurationError
from neuronet.engines.base import Engine, Setup
from neuronet.execution import distributed
from neuronet.registry import format_option
from neuronet.training.config import RunConfig

SECONDS_PER_NEURON = 20e-6
"""Approximate cost of a listening neuron in a round of the agent engine; benchmarks/agents.py measures it."""

SECONDS_PER_CONNECTION = 3e-10
"""Approximate cost of a connection in a round of the agent engine, for each sample."""

MAX_AGENT_SECONDS = 20.0
"""Longest estimated run of the agent engine that "auto" accepts."""

MAX_FLOAT64_CONNECTIONS = 100_000
"""Connections up to which "auto" selects double precision, since its cost is negligible there."""


@dataclass(frozen=True)
class EngineChoice:
    """Engine, device and precision of a run.

    Attributes:
        engine: "agents" or "tensors".
        device: Device of the tensor engine; "cpu" for agents.
        dtype: "float64" or "float32".
        reason: Reason for the engine, in a few words; empty if the configuration names it.
        matmul: Precision of matrix products in float32: "highest", "high" or "medium".
        kernels: "auto", "compiled" or "torch".
        rounds: Rounds of each network in the whole run.
    """

    engine: str
    device: str
    dtype: str
    reason: str
    matmul: str
    kernels: str = "auto"
    rounds: int = 0

    def resolve(self, config: RunConfig, engine: Engine) -> RunConfig:
        """Return the configuration with this engine, its device, precision and kernels in place of "auto"."""
        kernels = "compiled" if engine.is_compiled else engine.products
        return config.model_copy(update={"engine": self.engine, "device": self.device, "dtype": self.dtype, "kernels": kernels})

    def build(self, setups: Sequence[Setup], batch_size: int, networks: int | None = None) -> Engine:
        """Return the engine, with the given setup of each replica.

        Args:
            setups: Initial setup of each replica.
            batch_size: Samples in a round.
            networks: Networks that are trained in all, by which kernels are chosen; None for these replicas alone.
        """
        if self.engine == "agents":
            from neuronet.engines.agents import NeuronModel

            return NeuronModel(setups[0])
        from neuronet.engines.tensors import DataParallelEngine, tensor_engine

        if distributed.world_size() > 1:
            return DataParallelEngine(setups, device=self.device, matmul=self.matmul)
        rounds = self.rounds * (len(setups) if networks is None else networks)
        return tensor_engine(setups, batch_size, device=self.device, matmul=self.matmul, kernels=self.kernels, rounds=rounds)


def select_engine(config: RunConfig, neurons: int, connections: int, rounds: int) -> EngineChoice:
    """Resolve "auto" in the engine, device and precision of a configuration.

    Args:
        config: Configuration of the run.
        neurons: Number of listening neurons.
        connections: Number of connections between neurons.
        rounds: Number of rounds of the whole run.

    Raises:
        ConfigurationError: The engine does not support another option.
    """
    engine: str = config.engine
    reason = ""
    seconds = rounds * (neurons * SECONDS_PER_NEURON + connections * config.batch_size * SECONDS_PER_CONNECTION)
    is_layerwise, schedule = config.update_schedule.is_layerwise, format_option(config.update_schedule)
    beyond_agents = _beyond_agents(config)
    if engine == "auto":
        engine, reason = _auto_engine(beyond_agents, seconds) if is_layerwise else ("agents", f"update schedule {schedule}")
    if engine == "tensors" and not is_layerwise:
        raise ConfigurationError(f"the tensor engine updates whole layers: update schedule {schedule} needs engine agents")
    if engine == "agents" and beyond_agents is not None:
        needed, given = beyond_agents
        raise ConfigurationError(f"the agent engine needs {needed}, got {given}: use engine tensors")
    if config.batch_size < distributed.world_size():
        raise ConfigurationError(
            f"batch_size must be at least the number of processes, {distributed.world_size()}, got {config.batch_size}"
        )
    device = "cpu"
    if engine == "tensors":
        from neuronet.engines.tensors import resolve_device

        device = resolve_device(config.device)
    dtype = _select_dtype(config, connections, device)
    return EngineChoice(engine, device, dtype, reason, config.matmul, config.kernels, rounds)


def _beyond_agents(config: RunConfig) -> tuple[str, str] | None:
    """Return what the agent engine needs, and what the configuration has instead; None if the agent engine supports it."""
    processes = distributed.world_size()
    options = (
        (config.replicas > 1, "1 replica", f"{config.replicas} replicas"),
        (config.device not in ("auto", "cpu"), "device cpu", f"device {config.device}"),
        (processes > 1, "1 process", f"{processes} processes"),
        (config.matmul != "highest", "matmul highest", f"matmul {config.matmul}"),
    )
    return next(((needed, given) for is_beyond, needed, given in options if is_beyond), None)


def _auto_engine(beyond_agents: tuple[str, str] | None, seconds: float) -> tuple[str, str]:
    if beyond_agents is not None:
        return "tensors", beyond_agents[1]
    if seconds > MAX_AGENT_SECONDS:
        return "tensors", f"an agent for each neuron would take about {seconds:.0f} s"
    return "agents", "small enough for an agent for each neuron"


def _select_dtype(config: RunConfig, connections: int, device: str) -> str:
    if config.matmul != "highest" and config.dtype == "float64":
        raise ConfigurationError(f"matmul '{config.matmul}' needs dtype float32, got float64: leave one of them out")
    if config.dtype != "auto":
        return config.dtype
    small = connections <= MAX_FLOAT64_CONNECTIONS and config.matmul == "highest" and not device.startswith("mps")
    return "float64" if small else "float32"
