"""Program of each process in test_data_parallel.py: games of both, and of the first alone.

`python shard_process.py cpu FOLDER few|some|all` prints the differences as JSON, and leaves in the folder a run that was
resumed once. It becomes two processes after its imports, unless a launcher such as torchrun has started two.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import zlib
from itertools import pairwise

import numpy as np
import torch

import neuronet
from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import Adam, Momentum
from neuronet.core.payoff import SquaredError
from neuronet.core.structure.population import Group
from neuronet.engines.tensors import DataParallelEngine, TensorEngine
from neuronet.execution import distributed
from neuronet.policies import POLICIES, AttentionSeeking, Budgeted, Noisy
from tests.helpers import toys
from tests.helpers.engine_fixtures import SAMPLES, SIZES, game, max_difference

DEVICE = sys.argv[1]
ORDER = np.random.default_rng(4).permutation(len(SAMPLES))
BATCH = 7
"""Of 20 samples: shares of 4 and 3, and in the last round of 3 and 3."""

SHORT = ORDER[:16]
"""With batches of 3 there is one sample left in the last round: the second process has none."""

RUN = {"environment": "digits", "hidden": 24, "policy": "noisy", "batch_size": 100, "engine": "tensors", "device": DEVICE}
"""1,437 samples: the last batch has 37, which two processes share as 19 and 18."""

VALUES = Samples(SAMPLES.inputs, np.random.default_rng(3).standard_normal((20, 3)))


def play(engine, samples=SAMPLES, orders=(ORDER, SHORT)):
    """Rounds in every way there is; gives all losses and outputs."""
    held = engine.prepare(samples)
    said = [engine.play_rounds(held, orders[0], BATCH), engine.play_rounds(held, orders[1], 3)]
    engine.set_lr_factor(0.5)
    said.append(engine.play(samples.inputs[:5], samples.targets[:5]))
    said.append(engine.outputs(samples.inputs))
    said.append(engine.speak(samples.inputs[:5]))
    output_feedback, loss = (np.random.default_rng(5).standard_normal(said[-1].shape), np.ones(said[-1].shape[:-1]))
    engine.learn(output_feedback, loss)
    said.append(engine.outputs(samples.inputs))
    engine.assign(toys.Critic())
    said.append(engine.play_rounds(held, orders[0], BATCH))
    return [torch.as_tensor(each).to("cpu", torch.float64).numpy() for each in said]


def difference(setups, *arguments):
    """The largest one, of everything that was said and of the state in the end; the first process alone knows it."""
    together = DataParallelEngine(setups, device=DEVICE)
    said = play(together, *arguments)
    state = together.state()
    mark = zlib.crc32(b"".join(array.tobytes() for array in state.to_arrays().values()))
    assert distributed.all_reduce_max([mark, -mark]) == [mark, -mark], "the processes have come to different states"
    if not distributed.is_main_process():
        return None
    alone = TensorEngine(setups, device=together.device)
    expected = play(alone, *arguments)
    assert [each.shape for each in said] == [each.shape for each in expected]
    gaps = [float(np.abs(one - other).max()) for one, other in zip(said, expected, strict=True)]
    first = TensorEngine(setups, device="cpu").state()
    assert np.abs(state.to_arrays()["1.weights"] - first.to_arrays()["1.weights"]).max() > 1e-4, "no neuron has changed"
    return max(*gaps, max_difference(state, alone.state()))


def groups(*policies):
    return [[Group(policies[0], (0,)), Group(policies[1], tuple(range(1, size)))] for size in SIZES[1:]]


FEW = ("attention", "noisy", "hebbian", "reinforce", "income-protecting", "direct-feedback", "keeping-promises")
"""Policies of the shortest run: between them they use draws, every optional field, and memory of every kind."""


def cases(extent):
    """Return every game, by name, in double precision, and some in single precision.

    Args:
        extent: "few" for a few policies, "some" for every policy, "all" for all toys, too.
    """
    names = FEW if extent == "few" else POLICIES
    found = {f"policy {name}": (game(POLICIES[name](), connectivity="sparse(0.5)"),) for name in names}
    toy_policies = toys.TOYS[1:14] if extent == "all" else (toys.Explorer(), toys.Critic())  # the others are wrappers of these
    found |= {f"toy {toy!r}": (game(toy),) for toy in toy_policies}
    found["lengths over the whole batch"] = (game(Budgeted(), optimizer=Momentum(), learning_rate=0.01),)
    found["layer fields"] = (game(Budgeted(relative=True), learning_rate=0.01),)
    found["scaled"] = (game(AttentionSeeking(scaled=True)),)
    found["adam"] = (game(Noisy(), optimizer=Adam(epsilon=1e-3), learning_rate=0.01),)
    found["momentum"] = (game(AttentionSeeking(p=3), optimizer=Momentum()),)
    found["values"] = (game(AttentionSeeking(), payoff=SquaredError()), VALUES)
    for one, other in pairwise([toys.Saver(), Noisy(), toys.Explorer(), toys.Hopeful()]):
        found[f"groups {one} {other}"] = (game(groups(one, other), connectivity="sparse(0.5)"),)
    seeds, orders = (3, 8, 9), (np.stack([ORDER, ORDER[::-1], ORDER]), np.stack([SHORT] * 3))
    found["replicas"] = ([game(toys.Saver(), seed=seed, learning_rate=seed / 100) for seed in seeds], SAMPLES, orders)
    found["replicas that differ"] = ([game(Noisy(sigma=seed / 9), seed=seed) for seed in seeds], SAMPLES, orders)
    single = {f"single {name}": (game(POLICIES[name](), dtype="float32"),) for name in ("attention", "noisy", "hebbian")}
    return found | single


def main():
    answers = {name: difference(*case) for name, case in cases(sys.argv[3] if len(sys.argv) > 3 else "some").items()}
    neuronet.train(**RUN, epochs=1, out=sys.argv[2])
    result = neuronet.resume(sys.argv[2], epochs=2)
    assert len(result.metrics) == 2, "every process has all metrics"
    if distributed.is_main_process():
        print(json.dumps(answers))


def become_two():
    """Fork, and set the variables that torchrun would set; return the other process, or None in that one.

    Torch has computed nothing so far, and so it has no threads that a fork would lose.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    other = os.fork()
    rank = "1" if other == 0 else "0"
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "RANK": rank, "LOCAL_RANK": rank}
    return other or None


if __name__ == "__main__":
    if "WORLD_SIZE" in os.environ:
        main()
    else:
        forked = become_two()
        main()
        if forked:
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]))
