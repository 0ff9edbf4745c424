"""Agreement of the engines: what holds for one of them holds for both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from neuronet.core import Batches, Environment, Momentum, Policy
from neuronet.engines.base import Setup, State
from neuronet.environments import Digits
from neuronet.policies import POLICIES
from neuronet.registry import build_network
from neuronet.theory.check import Below, Check
from neuronet.theory.test_case import ENGINES, synapses

POLICY_INSTANCES: dict[str, Policy] = {name: policy() for name, policy in POLICIES.items()}
ROUNDS = 50


def trained(engine: str, policy: Policy, environment: Environment) -> State:
    """Return the state of a network with 32 hidden neurons after 50 rounds, with momentum and batches of 32."""
    network = build_network([environment.inputs, 32, environment.outputs], seed=0)
    setup = Setup(network, policy, optimizer=Momentum(), learning_rate=0.005, payoff=environment.payoff, seed=0)
    batches = Batches(len(environment.train), 32, (setup.seed,))
    with closing(ENGINES[engine](setup)) as game:
        for number in range(ROUNDS):
            batch = environment.train.at(batches.indices(number))
            game.play(batch.inputs, batch.targets)
        state: State = game.state()
        return state


def largest_difference(on_tensors: Policy, on_agents: Policy, environment: Environment) -> float:
    """Return the largest difference between the engines' weights and biases after 50 rounds."""
    ends = synapses(trained("tensors", on_tensors, environment)), synapses(trained("agents", on_agents, environment))
    return float(np.max([np.max(np.abs(a - b)) for a, b in zip(*ends, strict=True)]))


def checks() -> Iterator[Check]:
    """Yield a check for each policy, on handwritten digits."""
    digits = Digits()
    for name, policy in POLICY_INSTANCES.items():
        claim = f"{name}: largest difference of weights after {ROUNDS} rounds of digits, tensors to agents"
        yield Check("engines agree", claim, largest_difference(policy, policy, digits), Below(1e-9))
