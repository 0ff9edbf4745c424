"""Proposition 3: other measures of attention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from neuronet.core import Policy
from neuronet.policies import AttentionSeeking, Greedy
from neuronet.theory.check import Below, Check
from neuronet.theory.comparison import alignment, half_squared_chord, largest_gap
from neuronet.theory.reference import descent, sweep
from neuronet.theory.test_case import ENGINES, GameCase, make_case

SIGN = AttentionSeeking(p=1.0)
LARGE = AttentionSeeking(p=1000.0)
OTHERS = tuple(AttentionSeeking(p=p) for p in (1.0, 1.5, 3.0, 4.0))


def gap_to_sign_symmetry(policy: Policy, engine: str) -> float:
    """Return the relative gap between the changes of a round and a sweep through the signs of the weights."""
    case = make_case([20, 30, 25, 10], "gelu").with_policy(policy)
    return largest_gap(case.intents(engine), sweep(case, lambda weights, response: torch.sign(weights)))


def one_hidden_layer() -> GameCase:
    """Return a case in which each hidden neuron's largest weight is 1 or -1, so that none of its powers vanishes."""
    game = make_case([8, 16, 10], "tanh")
    network = game.setup.network
    attention = network.weights[1] / np.abs(network.weights[1]).max(axis=0)
    return replace(game, setup=replace(game.setup, network=replace(network, weights=(network.weights[0], attention))))


def distance_from_greedy(policy: Policy, engine: str) -> float:
    """Return 1 minus the cosine between the feedback of a policy and that of greedy, of the worst hidden neuron."""
    game = one_hidden_layer()
    own, greedy = (game.with_policy(p).records(engine)[0].feedback for p in (policy, Greedy(top=1)))
    return float(np.max([half_squared_chord(a, b) for a, b in zip(own.T, greedy.T, strict=True)]))


def best_alignment(policy: Policy) -> float:
    """Return the cosine between a policy's changes and error backpropagation, of the hidden layer where it is largest."""
    case = make_case([20, 30, 25, 10], "tanh").with_policy(policy)
    return float(np.max([alignment(a, b) for a, b in zip(case.intents("tensors")[:-1], descent(case)[:-1], strict=True)]))


def checks(sign: Policy = SIGN, large: Policy = LARGE, others: tuple[Policy, ...] = OTHERS) -> Iterator[Check]:
    """Yield checks of p = 1, of p towards infinity, and of other p, which differ from backpropagation."""
    for engine in ENGINES:
        claim = f"p = 1: largest gap to an independent sign-symmetric sweep, {engine}"
        yield Check("3 measures", claim, gap_to_sign_symmetry(sign, engine), Below(1e-12))
    for engine in ENGINES:
        claim = f"p = 1000: 1 - cos(feedback, greedy feedback), worst neuron, {engine}"
        yield Check("3 measures", claim, distance_from_greedy(large, engine), Below(1e-6))
    alignments = [best_alignment(policy) for policy in others]
    listed = ", ".join(f"{cosine:.2f}" for cosine in alignments)
    claim = f"p = 1, 1.5, 3, 4 differ from BP: largest cosine; cosines {listed}"
    yield Check("3 measures", claim, float(np.max(alignments)), Below(0.99))
