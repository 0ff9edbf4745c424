"""One game on several processes: each plays its share of every batch, and all of them change as a single one would.

The products, which are most of the work, are made for the share alone. What neurons intend is averaged over the processes before
the optimizer sees it. A policy is shown the whole batch: what it looks at is gathered from all processes, and nothing else.
So every policy plays as in a single process, also one that counts in units of the batch's standard deviation, remembers a mean,
or draws random numbers; only the order of sums differs, and with it the rounding.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch import distributed as torch_distributed

from neuronet.core.array_types import Array
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.engines.base.engine import (
    LayerSnapshot,
    Setup,
    State,
    check_inputs,
    check_output_feedback,
    check_replicas,
    check_targets,
)
from neuronet.engines.base.state_transfer import transfer_state, with_channels, with_policies, without_in_flight
from neuronet.engines.tensors.data_parallel.shard import BatchShard, wrap_policies
from neuronet.engines.tensors.device import resolve_device
from neuronet.engines.tensors.engine import TensorEngine
from neuronet.execution import distributed


class DataParallelEngine:
    """Plays a game together with the same engine in other processes, and looks like a tensor engine that plays it alone.

    Every process is given the same games, samples and orders, and calls the same methods.

    Args:
        setup: The game, or R games as for the tensor engine.
        device: "cpu", or "cuda" for the GPU that has this process's number on its machine; "auto" for the best there is.
        matmul: As for TensorEngine.

    Raises:
        NeuroNetError: The device is not there, or the games differ in too much.
    """

    name = "tensors"

    def __init__(self, setup: Setup | Sequence[Setup], *, device: str = "auto", matmul: str = "highest") -> None:
        self.setups = [setup] if isinstance(setup, Setup) else list(setup)
        check_replicas(self.setups)
        _check_supported(self.setups)
        self.device = local_device(device)
        ensure_process_group(self.device)
        self._shard = BatchShard(torch_distributed.get_rank(), torch_distributed.get_world_size())
        self._matmul = matmul
        self._engine = self._make_engine(self.setups)
        self._output_shape: tuple[int, ...] | None = None

    def _make_engine(self, setups: Sequence[Setup]) -> TensorEngine:
        _check_supported(setups)
        return TensorEngine(
            [wrap_policies(each, self._shard) for each in setups], device=self.device, matmul=self._matmul, shard=self._shard
        )

    @property
    def round_number(self) -> int:
        """How many rounds have been played."""
        return self._engine.round_number

    def set_lr_factor(self, factor: float) -> None:
        """Play from now on with this part of the learning rate."""
        self._engine.set_lr_factor(factor)

    def prepare(self, samples: Samples) -> Samples:
        """The samples as tensors on this process's device: all of them, since every batch may have any."""
        return self._engine.prepare(samples)

    def play(self, inputs: Array, targets: Array) -> Array:
        """Play one round: speak, payoff, feed back, adapt. Gives the loss of each sample before it, (B,) or (R, B)."""
        batch, payoff = self._engine.prepare(Samples(inputs, targets)), self.setups[0].payoff
        self._check(batch.inputs)
        check_targets(tuple(batch.inputs.shape), tuple(batch.targets.shape), self.setups[0].network.sizes[-1], payoff)
        with self._shard.for_batch(batch.inputs.shape[-2]):
            targets = self._shard.local(batch.targets, -1 if payoff.classes else -2)
            return self._shard.gather(self._engine.play(self._shard.local(batch.inputs, -2), targets), -1)

    def _check(self, inputs: Array) -> None:
        check_inputs(tuple(inputs.shape), self.setups[0].network.sizes[0], len(self.setups))

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play many rounds in one call.

        Args:
            samples: What `prepare` gave.
            order: (N,) or (R, N), which samples are played, in this order, by all processes together.
            batch_size: Samples a round, of all processes together; the last may have fewer.

        Returns:
            (rounds,) or (R, rounds), the sum of the samples' losses in each round.
        """
        count = order.shape[-1]
        full = count - count % batch_size
        parts = [(order[..., :full], batch_size), (order[..., full:], count - full)]
        losses = torch.cat([self._local_rounds(samples, part, size) for part, size in parts if part.shape[-1]], dim=-1)
        self._shard.all_reduce_sum(losses)
        return losses

    def _local_rounds(self, samples: Samples, order: Array, size: int) -> Tensor:
        """This process's part of the losses in rounds that are all of one size."""
        with self._shard.for_batch(size):
            mine = order.reshape(*order.shape[:-1], -1, size)[..., self._shard.indices]
            losses = self._engine.play_rounds(samples, mine.reshape(*order.shape[:-1], -1), mine.shape[-1])
            return losses if self._shard.weight else torch.zeros_like(losses)

    def outputs(self, inputs: Array) -> Array:
        """What the output neurons say to these inputs, (B, O) or (R, B, O); every process judges all of them."""
        self._output_shape = None
        self._shard.end()
        return self._engine.outputs(inputs)

    def speak(self, inputs: Array) -> Array:
        """Begin a round: what the output neurons say to these inputs, (B, O) or (R, B, O); `learn` ends it."""
        self._check(inputs)
        self._shard.begin(inputs.shape[-2])
        said = self._shard.gather(self._engine.speak(self._shard.local(inputs, -2)), -2)
        self._output_shape = tuple(said.shape)
        return said

    def learn(self, feedback: Array, loss: Array) -> None:
        """End the round that `speak` began.

        Args:
            feedback: (B, O) or (R, B, O), how the output neurons should want their activity to move; not divided by B.
            loss: (B,) or (R, B), what each sample cost.
        """
        check_output_feedback(tuple(feedback.shape), tuple(loss.shape), self._output_shape)
        self._output_shape = None
        self._engine.learn(self._shard.local(feedback, -2), self._shard.local(loss, -1))
        self._shard.end()

    def state(self) -> State:
        """Where the game stands, as numpy copies; the same in every process."""
        return self._engine.state()

    def restore(self, state: State) -> None:
        """Take over a state, the same in every process."""
        self._output_shape = None
        self._shard.end()
        self._engine.restore(state)

    def network(self, replica: int = 0) -> Network:
        """The network as it is now; of one replica, if there are several."""
        return self._engine.network(replica)

    def assign(self, policies: Any) -> None:
        """Let neurons follow other policies from the next round on; those who keep theirs keep their memory.

        Args:
            policies: A Population, or what a Setup takes.

        Raises:
            NeuroNetError: They do not fit the network.
        """
        setups = with_policies(self.setups, policies)
        self.replace_game(setups, transfer_state(self.state(), self.setups, setups))

    def replace_game(self, setups: Sequence[Setup], state: State) -> None:
        """Go on as another game, between two rounds, the same in every process; the learning rate stays at its pace."""
        rate = self._engine.learning_rate
        engine = self._make_engine(setups)
        engine.restore(state)
        self.setups, self._engine = list(setups), engine
        self._engine.learning_rate = rate
        self._output_shape = None
        self._shard.end()

    def use_channels(self, channels: Any) -> None:
        """Refuse channels, unless there are none.

        Raises:
            NeuroNetError: There are some.
        """
        setups = with_channels(self.setups, channels)
        self.replace_game(setups, without_in_flight(self.state()))

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """Refuse to: each process has its own part of the batch.

        Raises:
            NeuroNetError: Always.
        """
        raise NeuroNetError("several processes share out what neurons say: look at them in one process")

    def close(self) -> None:
        """Let go of every tensor."""
        self._engine.close()


def _check_supported(setups: Sequence[Setup]) -> None:
    """Refuse what only a single process can play."""
    if setups[0].channels:
        raise NeuroNetError("channels carry the messages of whole batches, which several processes share out: use one process")
    update_schedule: Any = setups[0].update_schedule
    if not update_schedule.is_synchronous:
        raise NeuroNetError(
            f"several processes play the synchronous update schedule alone, not {update_schedule!r}: use one process"
        )


def local_device(device: str) -> str:
    """The device of this process, of those that are meant.

    Raises:
        NeuroNetError: It is not there, or one GPU is meant for all.
    """
    chosen = resolve_device(device)
    if not chosen.startswith("cuda"):
        return chosen
    if chosen != "cuda":
        raise NeuroNetError(f"with several processes each has a GPU of its own: use device cuda, not '{device}'")
    return resolve_device(f"cuda:{distributed.local_rank()}")


def ensure_process_group(device: str) -> None:
    """Meet the other processes, where that has not happened yet; they part when this one ends."""
    if torch_distributed.is_initialized():
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    torch_distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    atexit.register(_destroy_process_group)


def _destroy_process_group() -> None:
    if torch_distributed.is_initialized():
        torch_distributed.destroy_process_group()
