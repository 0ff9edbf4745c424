"""Rounds on a fake device: fake tensors know their shape and their device, and hold no numbers.

`python fake_device.py few` plays a few policies and every other way to play, `some` every policy, and `all` every case. It prints
the errors as JSON, and needs a process of its own, since torch cannot forget a device.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.data.encoding import Scaling
from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import OPTIMIZERS, Adam, Momentum
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.core.policy import Policy
from neuronet.core.structure.population import Group
from neuronet.engines.tensors import TensorEngine
from neuronet.engines.tensors.kernels import device
from neuronet.policies import POLICIES, AttentionSeeking, DirectFeedback, Greedy, Noisy
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, SIZES, game

NAME = "fakegpu"

ASKS_FOR_A_VALUE = {"_local_scalar_dense", "is_nonzero", "equal", "item", "nonzero", "masked_select", "_unique2"}
"""Operations whose answer, or its shape, the host must have before it can go on."""

WAITS = {"_linalg_svd", "_linalg_eigh", "linalg_eig", "linalg_lstsq"}
"""Operations that wait on CUDA, as their documentation says, whatever is done with the answer."""

ALLOWED = {"best-response": {"_linalg_svd"}}
"""Policies that cannot do without one."""


class HostSync(Exception):
    """A round made the host wait for the device."""


class NoSync(TorchDispatchMode):
    """Refuses whatever would make the host wait: fake tensors let copies from device to host pass.

    Args:
        allowed: Operations that may wait.
    """

    def __init__(self, allowed=frozenset()):
        super().__init__()
        self.refused = (ASKS_FOR_A_VALUE | WAITS) - allowed

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation.overloadpacket.__name__
        tensors = [leaf for leaf in tree_leaves((args, kwargs or {})) if isinstance(leaf, torch.Tensor)]
        kinds = {tensor.device.type for tensor in tensors}
        if NAME in kinds and name in self.refused:
            raise HostSync(f"{name} makes the host wait")
        if name in ("_to_copy", "copy_", "to"):
            _check_copy(name, args, kwargs or {})
        if name.startswith("index") and any(tensor.dtype == torch.bool for tensor in tensors[1:]) and tensors[-1].numel() != 1:
            # CUDA fills the places of a mask with a single number without counting them
            raise HostSync(f"{name} with a mask makes the host wait for the number of places")
        return operation(*args, **(kwargs or {}))


def _check_copy(name, args, options):
    if name == "copy_":
        to, source = args[0].device.type, args[1].device.type
        waits = not (options.get("non_blocking") or (len(args) > 2 and args[2]))
    else:
        source = args[0].device.type
        to = torch.device(options.get("device") or args[0].device).type
        waits = not options.get("non_blocking")
    if (source, to) == (NAME, "cpu"):
        raise HostSync(f"{name} takes numbers from the device to the host")
    if (source, to) == ("cpu", NAME) and waits:
        raise HostSync(f"{name} waits until the device has the host's numbers")


def register_fake_device():
    """Tell torch and the engine of the device."""
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    _setup_privateuseone_for_python_backend(NAME)
    device.DEVICE_COUNTS[NAME] = lambda: 1


class Fake(FakeTensorMode):
    """Fake tensors without exception: torch would keep the numbers of those that have but one, or none."""

    def may_turn_const(self, t):
        return False


def play(setups, samples=SAMPLES, allowed=frozenset()):
    """Play rounds in every way: two in one call, the second of them shorter, one alone, outputs alone, and in two halves."""
    with Fake(allow_non_fake_inputs=True):
        engine = TensorEngine(setups, device=NAME)
        held = engine.prepare(samples)
        first, order = held.at(slice(0, BATCH)), np.arange(BATCH + 2)
        output_feedback = torch.zeros(*engine.lead, BATCH, SIZES[-1], dtype=engine.dtype, device=NAME)
        with NoSync(allowed):
            losses = engine.play_rounds(held, order, BATCH)
            engine.set_lr_factor(0.5)
            engine.play(first.inputs, first.targets)
            said = engine.outputs(first.inputs)
            engine.speak(first.inputs)
            engine.learn(output_feedback, torch.zeros(*engine.lead, BATCH, dtype=engine.dtype, device=NAME))
        for tensor in (losses, said, *(flat for _, flat in engine.parameters.buffers())):
            assert tensor.device.type == NAME, f"something is on {tensor.device}"
        for layer in engine.layers:
            for group in layer.policy_groups:
                assert all(array.device.type == NAME for array in group.memory.values()), group.policy


def named(text):
    return POLICIES[text]()


def mixed_groups(*policies):
    """Two replicas in which two policies share out each layer, each in another way."""
    setups = []
    for seed in (3, 8):
        rng = np.random.default_rng(seed)
        layers = []
        for size in SIZES[1:]:
            first = tuple(sorted(rng.choice(size, size // 2, replace=False).tolist()))
            rest = tuple(sorted({*range(size)} - {*first}))
            layers.append([Group(policies[0], first), Group(policies[1], rest)])
        setups.append(game(layers, connectivity="sparse(0.5)", seed=seed, learning_rate=0.01 * seed))
    return setups


@dataclass(frozen=True)
class LeftOnTheHost(toys.Backprop):
    """Weighs by numbers that it makes on the host."""

    def feedback_weights(self, obs, memory):
        return obs.attention * torch.ones(obs.attention.shape, dtype=obs.attention.dtype)


@dataclass(frozen=True)
class AsksForItem(toys.Backprop):
    """Reads a number."""

    def feedback_weights(self, obs, memory):
        return obs.attention * obs.attention.sum().item()


@dataclass(frozen=True)
class BranchesOnAValue(toys.Backprop):
    """Decides in Python."""

    def feedback_weights(self, obs, memory):
        return obs.attention if obs.xp.any(obs.attention > 0) else -obs.attention


@dataclass(frozen=True)
class GoesToTheHost(toys.Backprop):
    """Weighs on the host, there and back."""

    def feedback_weights(self, obs, memory):
        return obs.attention.cpu().to(obs.attention.device)


@dataclass(frozen=True)
class WritesOnTheHost(toys.Backprop):
    """Copies what it sees into numbers of its own."""

    def feedback_weights(self, obs, memory):
        torch.empty(obs.attention.shape, dtype=obs.attention.dtype).copy_(obs.attention)
        return obs.attention


@dataclass(frozen=True)
class PicksByMask(toys.Backprop):
    """Looks for the places where it is paid."""

    def feedback_weights(self, obs, memory):
        feedback_weights = obs.attention + 0.0
        feedback_weights[obs.attention < 0] = obs.attention[obs.attention < 0]
        return feedback_weights


@dataclass(frozen=True)
class WaitsForTheCopy(toys.Backprop):
    """Takes numbers from the host in every round."""

    def feedback_weights(self, obs, memory):
        return obs.attention * torch.as_tensor(np.ones(1)).to(obs.attention.device)


FAULTS: dict[str, type[Policy]] = {
    "a tensor left on the cpu": LeftOnTheHost,
    "an item()": AsksForItem,
    "a branch on a value": BranchesOnAValue,
    "a copy to the host": GoesToTheHost,
    "a copy into the host's memory": WritesOnTheHost,
    "a choice by a mask": PicksByMask,
    "a copy that waits": WaitsForTheCopy,
}
"""What a round on a device must not do."""

BYTES = Samples(
    np.random.default_rng(2).integers(0, 256, (20, 6), dtype=np.uint8),
    SAMPLES.targets,
    Scaling(np.full(6, 128.0, dtype=np.float32), np.full(6, 0.01, dtype=np.float32)),
)
VALUES = Samples(SAMPLES.inputs, np.random.default_rng(3).standard_normal((20, 3)))


CHANNELS = (
    "activity:dropout(0.3)",
    "demand:noise",
    "activity:quantize",
    "activity:k-winners(0.5)",
    "demand:delay(1)",
    "demand:delay(1, aligned=false)",
)


FEW = ("attention", "noisy", "income-protecting")
"""Policies of the shortest run: between them they use draws, memory, and the response."""


def cases(extent):
    """Return every round that must pass, by name.

    Args:
        extent: "few" for a few policies, "some" for every policy, "all" for all toys and all pairs of policies, too.
    """
    found = {}
    for name in FEW if extent == "few" else POLICIES:
        found[f"policy {name}"] = partial(_policy, name)
    few = (toys.Explorer(), toys.Critic(), toys.Jealous(), toys.Tiring(toys.Saver()))
    for toy in {"few": few[1:2], "some": few}.get(extent, toys.TOYS[1:]):
        found[f"toy {toy!r}"] = partial(_single, toy, connectivity="sparse(0.5)")
    names = [name for name in POLICIES if name not in ALLOWED]  # one by itself is enough of what takes long
    pairs = list(zip(names[::2], [*names[1::2], names[0]], strict=False))
    for one, other in {"few": pairs[:1], "some": pairs[:2]}.get(extent, pairs):
        found[f"groups and replicas {one} {other}"] = partial(_populations, one, other)
    kinds = list(zip(ACTIVATIONS, [*OPTIMIZERS, *OPTIMIZERS], strict=True))
    for activation, optimizer in kinds[:2] if extent == "few" else kinds:
        found[f"{activation} {optimizer}"] = partial(
            _single, AttentionSeeking(p=3), activation=activation, optimizer=OPTIMIZERS[optimizer]()
        )
    for optimizer in (Momentum(),) if extent == "few" else (Momentum(), Adam()):
        found[f"replicas {optimizer}"] = partial(_replicas, optimizer)
    found["a policy for each layer"] = partial(_single, (Greedy(), Noisy(), DirectFeedback()), connectivity="sparse(0.5)")
    found["bytes"] = partial(_single, AttentionSeeking(), samples=BYTES, dtype="float32", payoff=CrossEntropy())
    found["values"] = partial(_single, AttentionSeeking(), samples=VALUES, payoff=SquaredError())
    out_of_order = {"silent": frozenset({1, SIZES[0], SIZES[0] + 1}), "frozen": frozenset({SIZES[0] + 2})}
    found["the silent and the frozen"] = partial(_single, Noisy(), optimizer=Adam(), **out_of_order)
    found["the quick round"] = partial(_single, AttentionSeeking(), activation="relu", optimizer=Momentum())
    for channels in CHANNELS:
        found[f"channels {channels}"] = partial(_single, toys.Tiring(toys.Saver()), channels=channels, optimizer=Momentum())
    for update_schedule in ("partial(0.5)", "inactive(0.4)"):
        found[f"update schedule {update_schedule}"] = partial(
            _single, toys.Tiring(toys.Saver()), update_schedule=update_schedule, optimizer=Momentum()
        )
    return found


def _policy(name):
    play(game(named(name), connectivity="sparse(0.5)"), allowed=ALLOWED.get(name, frozenset()))


def _single(policy, samples=SAMPLES, **options):
    play(game(policy, **options), samples)


def _populations(one, other):
    play(mixed_groups(named(one), named(other)))


def _replicas(optimizer):
    play([game(Noisy(), seed=seed, optimizer=optimizer, learning_rate=seed / 100) for seed in (1, 2, 3)])


def error_of(case):
    """What was wrong; nothing if all went well."""
    try:
        case()
    except Exception as error:  # whatever it is, it is what the test wants to know
        place = next(
            (frame for frame in reversed(traceback.extract_tb(error.__traceback__)) if "neuronet" in frame.filename), None
        )
        where = "" if place is None else f" ({place.filename.rpartition('/')[2]}:{place.lineno})"
        return f"{type(error).__name__}: {str(error).splitlines()[0]}{where}"
    return ""


def main():
    register_fake_device()
    found = {name: error_of(case) for name, case in cases(sys.argv[1]).items()}
    faults = {name: error_of(partial(play, game(policy()))) for name, policy in FAULTS.items()}
    json.dump({"cases": found, "faults": faults}, sys.stdout)


if __name__ == "__main__":
    main()
