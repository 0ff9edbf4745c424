"""One game played by several processes, each with a part of every batch.

Each process computes the products, which are most of the work, for its own part. Responses are averaged over the processes
before the optimizer's step. Policies see the whole batch: fields that they read are gathered from all processes. Every policy,
also one that uses the batch's standard deviation or draws random numbers, therefore plays as in a single process. Only the order
of sums differs, and with it the rounding.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence

import torch
from torch import Tensor
from torch import distributed as torch_distributed

from neuronet.core import Array, ConfigurationError, Samples
from neuronet.engines.base.checks import check_replicas
from neuronet.engines.base.engine import Engine, LayerSnapshot
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import State
from neuronet.engines.tensors.data_parallel.shard import BatchShard, wrap_policies
from neuronet.engines.tensors.engine import TensorEngine
from neuronet.engines.tensors.kernels.device import resolve_device
from neuronet.execution import distributed


class DataParallelEngine(Engine):
    """Engine that plays a game together with the same engine in other processes, to the results of a single tensor engine.

    Every process is given the same games, samples and orders, and calls the same methods.

    Args:
        setup: The game, or R games as for TensorEngine.
        device: "cpu", or "cuda" for the GPU with this process's local rank; "auto" for the fastest one available.
        matmul: As for TensorEngine.

    Raises:
        ConfigurationError: The device is not available, the games differ in too much, or they have channels or a schedule.
    """

    name = "tensors"

    def __init__(self, setup: Setup | Sequence[Setup], *, device: str = "auto", matmul: str = "highest") -> None:
        self.setups = [setup] if isinstance(setup, Setup) else list(setup)
        check_replicas(self.setups)
        _check_supported(self.setups)
        self.device = local_device(device)
        ensure_process_group(self.device)
        self._shard = BatchShard(torch_distributed.get_rank(), torch_distributed.get_world_size())
        wrapped = [wrap_policies(setup, self._shard) for setup in self.setups]
        self._engine = TensorEngine(wrapped, device=self.device, matmul=matmul, reducer=self._shard)

    @property
    def round_number(self) -> int:
        """Number of rounds played."""
        return self._engine.round_number

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the learning rates by a factor from the next round on."""
        self._engine.set_lr_factor(factor)

    def prepare(self, samples: Samples) -> Samples:
        """Return all samples as tensors on this process's device, since every batch may have any of them."""
        return self._engine.prepare(samples)

    def _as_array(self, array: Array) -> Tensor:
        return self._engine._as_array(array)

    def _play(self, batch: Samples) -> Tensor:
        with self._shard.for_batch(batch.inputs.shape[-2]):
            targets = self._shard.local(batch.targets, -1 if self.setup.payoff.classes else -2)
            losses: Tensor = self._engine.play(self._shard.local(batch.inputs, -2), targets)
            return self._shard.gather(losses, -1)

    def _play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Tensor:
        count = order.shape[-1]
        full = count - count % batch_size
        parts = [(order[..., :full], batch_size), (order[..., full:], count - full)]
        losses = torch.cat([self._local_rounds(samples, part, size) for part, size in parts if part.shape[-1]], dim=-1)
        self._shard.all_reduce_sum(losses)
        return losses

    def _local_rounds(self, samples: Samples, order: Array, size: int) -> Tensor:
        """Return this process's part of the losses, in rounds of equal size."""
        with self._shard.for_batch(size):
            local = order.reshape(*order.shape[:-1], -1, size)[..., self._shard.indices]
            losses = self._engine.play_rounds(samples, local.reshape(*order.shape[:-1], -1), local.shape[-1])
            return losses if self._shard.weight else torch.zeros_like(losses)

    def _outputs(self, inputs: Tensor, *, learning: bool) -> Tensor:
        if not learning:  # every process computes all outputs
            self._shard.end()
            outputs: Tensor = self._engine.outputs(inputs)
            return outputs
        self._shard.begin(inputs.shape[-2])
        return self._shard.gather(self._engine.speak(self._shard.local(inputs, -2)), -2)

    def _learn(self, output_feedback: Tensor, loss: Tensor) -> None:
        self._engine.learn(self._shard.local(output_feedback, -2), self._shard.local(loss, -1))
        self._shard.end()

    def state(self) -> State:
        """Return everything that the next round depends on, as numpy copies; they are equal in all processes."""
        return self._engine.state()

    def _restore(self, state: State) -> None:
        self._shard.end()
        self._engine.restore(state)

    def _replace_game(self, setups: list[Setup], state: State) -> None:
        _check_supported(setups)
        self.setups = setups
        self._shard.end()
        self._engine.replace_game([wrap_policies(setup, self._shard) for setup in setups], state)

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """Refuse to return a layer: each process has only its part of the batch.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError("layers cannot be inspected with several processes, each of which has a part of the batch")

    def close(self) -> None:
        """Release all tensors."""
        self._engine.close()


def _check_supported(setups: Sequence[Setup]) -> None:
    """Refuse channels and update schedules, which only a single process supports."""
    if setups[0].channels:
        raise ConfigurationError("channels are not supported with several processes: use one process")
    if not setups[0].update_schedule.is_synchronous:
        schedule = setups[0].update_schedule
        raise ConfigurationError(f"several processes need the synchronous update schedule, got {schedule!r}: use one process")


def local_device(device: str) -> str:
    """Return the device of this process.

    Raises:
        ConfigurationError: It is not available, or one GPU is named for all processes.
    """
    chosen = resolve_device(device)
    if not chosen.startswith("cuda"):
        return chosen
    if chosen != "cuda":
        raise ConfigurationError(f"with several processes each uses its own GPU: use device cuda, not '{device}'")
    return resolve_device(f"cuda:{distributed.local_rank()}")


def ensure_process_group(device: str) -> None:
    """Join the other processes in a process group, unless this has happened; it ends with the process."""
    if torch_distributed.is_initialized():
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    torch_distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    atexit.register(_destroy_process_group)


def _destroy_process_group() -> None:
    if torch_distributed.is_initialized():
        torch_distributed.destroy_process_group()
