"""Plays rounds in torch, a whole layer at a time, without autograd.

R games that differ in seed, network, learning rate and policies are played at once, as replicas on a leading axis.

A plain dense round can be followed through six files:

1. plain_round.py: the order of a round.
2. layer_round.py, `forward` and `backward`: a layer's activity, demand and response, in buffers of one batch size.
3. layer_record.py: what a layer heard and said in this round, what its policies observe, and their hooks.
4. kernels/matmul.py: the matrix products.
5. kernels/loss.py: loss and feedback of the outputs.
6. parameters.py: the optimizer's step, and the change of weights and biases.

`DirectRouter`, `Scheduler` and `Reducer` leave such a round unchanged: without channels messages arrive as they are, in a
synchronous game all neurons act, and a single process has the whole batch. `FusedRound` plays the commonest game with other
forward and backward passes of the same layers; the choice is made when the engine is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor

from neuronet.core import SGD, Array, ConfigurationError, Samples, plug_in_errors
from neuronet.engines.base.checks import check_classes, check_replicas
from neuronet.engines.base.engine import LayerSnapshot
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import State
from neuronet.engines.tensors.assembly.layer_factory import make_layers, synapses_of
from neuronet.engines.tensors.assembly.layer_state import collect_state, restore_state
from neuronet.engines.tensors.assembly.round_cache import RoundCache
from neuronet.engines.tensors.batch_loader import BatchLoader, RoundBlock, prepare_samples
from neuronet.engines.tensors.compiled.choice import check_kernels, select_compiled
from neuronet.engines.tensors.compiled.rounds import CompiledRounds
from neuronet.engines.tensors.copying import CopiedByState
from neuronet.engines.tensors.data_parallel.reducer import SINGLE_PROCESS, Reducer
from neuronet.engines.tensors.fused_round import supports
from neuronet.engines.tensors.kernels.device import as_numpy, as_tensor, copy_to_numpy, resolve_device, to_device
from neuronet.engines.tensors.kernels.loss import SoftmaxCrossEntropy, loss_function_for
from neuronet.engines.tensors.kernels.matmul import PRODUCTS, products_of_machine
from neuronet.engines.tensors.kernels.precision import MatmulPrecision
from neuronet.engines.tensors.kernels.threads import limited_threads
from neuronet.engines.tensors.parameters import VelocityParameters, make_parameters
from neuronet.engines.tensors.plain_round import BegunRound, PlainRound


class TensorEngine(CopiedByState):
    """Engine that plays whole layers in torch, on a CPU or a GPU.

    Args:
        setup: The game, or R games that differ only in seed, network, learning rate and policies.
        device: "cpu", "cuda", "cuda:1" or "mps"; "auto" for the fastest one available.
        matmul: Precision of float32 matrix products, where the device has faster ones: "highest", "high" (TF32) or "medium"
            (bfloat16).
        kernels: "compiled" for compiled rounds where numba is installed and every policy declares a form; "torch" for torch's
            rounds with its own matrix products, "onednn" for those with oneDNN's where they are large; "auto" for what is faster.
        rounds: Rounds of all networks in the study that this engine is a part of, by which "auto" decides; 0 if not known.
        reducer: Combines the results of processes that play one batch together; None for a single process.

    Attributes:
        learning_rate: eta: a number, or (R, 1, 1) where replicas differ.
        is_fused: Whether `play_rounds` uses fused rounds.
        is_compiled: Whether `play_rounds` uses compiled rounds.
        products: "torch" or "onednn", the library for large single-precision products on a CPU.

    Raises:
        ConfigurationError: The device is not available, or the games differ in more.
    """

    name = "tensors"
    round_number = 0

    def __init__(
        self,
        setup: Setup | Sequence[Setup],
        *,
        device: str = "auto",
        matmul: str = "highest",
        kernels: str = "auto",
        rounds: int = 0,
        reducer: Reducer | None = None,
    ) -> None:
        self.setups = list(setup) if isinstance(setup, Sequence) else [setup]
        check_replicas(self.setups)
        self._reducer = reducer or SINGLE_PROCESS
        self._matmul = MatmulPrecision(matmul)
        self.kernels, self._study_rounds = check_kernels(kernels), rounds
        self.products = kernels if kernels in PRODUCTS else products_of_machine()
        self.device = resolve_device(device)
        self.dtype: torch.dtype = getattr(torch, self.setup.dtype)
        if self.device.startswith("mps") and self.setup.dtype == "float64":
            raise ConfigurationError("device mps computes only in float32: use dtype float32 or device cpu")
        self.lead = () if len(self.setups) == 1 else (len(self.setups),)
        with torch.inference_mode(), plug_in_errors():
            self._build()

    def _build(self) -> None:
        network, like = self.setup.network, torch.empty(0, dtype=self.dtype, device=self.device)
        synapses = synapses_of(network, like)
        self._largest_layer = len(self.setups) * max(prod(form.weights_shape) + form.neurons for form in synapses)
        self.parameters = make_parameters(self.setup.optimizer, synapses, self.lead, like)
        self.learning_rate = self._compute_learning_rate()
        self.layers = make_layers(self.setups, self.parameters, like, self.products, write_velocities=self._takes_responses)
        self._loss_function = loss_function_for(self.setup.payoff, network.sizes[-1], like)
        self._rounds = RoundCache(self.layers, self._loss_function, self.parameters)
        parts = self.layers, self.parameters, self._loss_function, self._rounds, self._reducer
        self._plain = PlainRound(self.setups, *parts)
        self.is_fused = self._can_fuse()
        self.is_compiled = self._selects_compiled()
        self._compiled: CompiledRounds | None = None
        self._pending: BegunRound | None = None
        self._activities: list[Tensor] = []
        self._demands: list[Tensor | None] = []

    def _can_fuse(self) -> bool:
        plain = self._takes_responses and self._plain.can_fuse and not self.setup.network.is_sparse
        return plain and isinstance(self._loss_function, SoftmaxCrossEntropy) and supports(self.layers)

    def _selects_compiled(self) -> bool:
        return (
            self._takes_responses
            and self._matmul.precision == "highest"
            and select_compiled(self.setups, 1, self.device, self.kernels, self._study_rounds)
        )

    @property
    def _takes_responses(self) -> bool:
        """Whether responses are complete, and can be added to velocities, as soon as a layer has computed them."""
        synchronous = self.setup.update_schedule.is_synchronous
        return self.parameters.takes_responses and synchronous and not self._reducer.is_distributed

    def _compute_learning_rate(self) -> float | Tensor:
        rates = [float(setup.learning_rate) for setup in self.setups]
        if len(set(rates)) == 1:
            return rates[0]
        return to_device(torch.tensor(rates, dtype=self.dtype), self.device)[:, None, None]

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the learning rates by a factor from the next round on."""
        with torch.inference_mode():
            self.learning_rate = self._compute_learning_rate() * factor

    def prepare(self, samples: Samples) -> Samples:
        """Return the samples as tensors on the engine's device; inputs with a scaling are scaled when they are played."""
        return prepare_samples(samples, self.dtype, self.device)

    def _as_array(self, array: Array) -> Tensor:
        return as_tensor(array).to(dtype=self.dtype, device=self.device)

    def _play(self, batch: Samples) -> Tensor:
        if self.setup.payoff.classes and self.device == "cpu":  # a GPU would wait
            check_classes(as_numpy(batch.targets), self.setup.network.sizes[-1])
        with self._computing(batch.inputs.shape[-2]):
            inputs = self._with_replicas(batch.inputs)
            self._play_round(inputs, batch.targets.expand(inputs.shape[:-1]) if self.setup.payoff.classes else batch.targets)
            loss = self._loss_function.losses()
        return loss.clone()  # an ordinary tensor, which autograd can use

    def _with_replicas(self, inputs: Tensor) -> Tensor:
        return inputs.expand(*self.lead, *inputs.shape[-2:])

    def _play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Tensor:
        if self.is_compiled and (played := self._play_compiled(samples, order, batch_size)) is not None:
            return played
        with self._computing(batch_size):
            play_block = self._play_fused if self.is_fused else self._play_block
            losses = [play_block(block) for block in BatchLoader(samples, order, batch_size, self.lead)]
            all_losses = torch.cat(losses).movedim(0, -1)
        return all_losses.to(torch.float64 if not self.device.startswith("mps") else all_losses.dtype)

    def _play_compiled(self, samples: Samples, order: Array, batch_size: int) -> Tensor | None:
        """Return the losses of the rounds, or None for samples that compiled rounds do not take."""
        with torch.inference_mode():  # not in `_computing`, whose one thread is for torch: replicas are spread over all
            if self._compiled is None:
                assert isinstance(self.parameters, VelocityParameters)
                self._compiled = CompiledRounds(self.layers, self.parameters)
            losses = self._compiled.play(samples, order, batch_size, self.learning_rate, self.round_number)
        if losses is not None:
            self._activities, self._demands = self._compiled.activities, self._compiled.demands
            self.round_number += losses.shape[-1]
        return losses

    def _play_fused(self, block: RoundBlock) -> Tensor:
        """Return the sum of the samples' losses in each round, (rounds, ...)."""
        fused = self._rounds.fused_round(block.size)
        losses = fused.play(block, self.learning_rate, self.round_number)
        self._activities, self._demands = fused.activities, fused.demands
        self.round_number += len(block.targets)
        return losses

    def _play_block(self, block: RoundBlock) -> Tensor:
        """Return the sum of the samples' losses in each round, (rounds, ...)."""
        losses = []
        for inputs, targets in zip(block.inputs, block.targets.unbind(0), strict=True):
            self._play_round(inputs, targets)
            losses.append(self._loss_function.total())
        return torch.stack(losses)

    def _play_round(self, inputs: Tensor, targets: Tensor) -> None:
        self._plain.play(inputs, targets, self.round_number, self.learning_rate)
        self._activities, self._demands = self._plain.activities, self._plain.demands
        self.round_number += 1

    def _outputs(self, inputs: Tensor, *, learning: bool) -> Tensor:
        with self._computing(inputs.shape[-2]):
            begun = self._plain.forward(self._with_replicas(inputs), self.round_number, self.learning_rate, learning=learning)
            outputs = begun.outputs.clone()
        self._activities, self._pending = self._plain.activities, begun if learning else None
        if not learning:
            begun.close()
        return outputs

    def _learn(self, output_feedback: Tensor, loss: Tensor) -> None:
        assert self._pending is not None
        begun, self._pending = self._pending, None
        with self._computing(output_feedback.shape[-2]):
            self._plain.learn(begun, output_feedback, loss)
        self._demands = self._plain.demands
        self.round_number += 1

    @contextmanager
    def _computing(self, batch: int) -> Iterator[None]:
        """Compute without gradients, in the precision of products and with the number of threads that suit the batch."""
        with torch.inference_mode(), limited_threads(self._largest_layer * batch, self.device), self._matmul:
            yield

    def state(self) -> State:
        """Return everything that the next round depends on, as numpy copies."""
        layers = tuple(collect_state(layer, self.parameters, len(self.setup.groups(layer.number))) for layer in self.layers)
        return State(self.round_number, layers, {key: copy_to_numpy(array) for key, array in self._plain.router.state().items()})

    def _restore(self, state: State) -> None:
        self._pending = None
        with torch.inference_mode():
            for layer, before in zip(self.layers, state.layers, strict=True):
                restore_state(layer, self.parameters, before, self._as_array)
            self._plain.router.restore({key: self._as_array(array.copy()) for key, array in state.messages.items()})
        self.round_number = state.round

    def _replace_game(self, setups: list[Setup], state: State) -> None:
        self.setups, learning_rate = setups, self.learning_rate
        with torch.inference_mode():
            self._build()
        self.learning_rate = learning_rate
        self._restore(state)

    def layer_snapshot(self, layer: int) -> LayerSnapshot:
        """Return a layer as it is now, and what it did in the last round."""
        activity = as_numpy(self._activities[layer]) if self._activities else None
        if layer == 0:
            return LayerSnapshot(activity)
        here, demand = self.layers[layer - 1], self._demands[layer - 1] if self._demands else None
        return LayerSnapshot(activity, None if demand is None else as_numpy(demand), here.weight_matrix(), as_numpy(here.bias))

    def close(self) -> None:
        """Release all tensors."""
        self.layers = []
        self.parameters = make_parameters(SGD(), [], (), torch.zeros(0))
        self._rounds, self._compiled = RoundCache([], self._loss_function, self.parameters), None
        self._pending = None
        vars(self).pop("_plain", None)
        self._activities, self._demands = [], []
