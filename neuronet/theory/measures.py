"""Proposition 3: other measures of attention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from neuronet.core.policy import Policy
from neuronet.policies.attention.attention_seeking import AttentionSeeking
from neuronet.policies.attention.greedy import Greedy
from neuronet.theory.check import Below, Check
from neuronet.theory.comparison import alignment, half_squared_chord, largest_gap
from neuronet.theory.reference import descent, sweep
from neuronet.theory.test_case import ENGINES, GameCase, make_case

SIGN = AttentionSeeking(p=1.0)
LARGE = AttentionSeeking(p=1000.0)
OTHERS = tuple(AttentionSeeking(p=p) for p in (1.0, 1.5, 3.0, 4.0))


def gap_to_sign_symmetry(policy: Policy, engine: str) -> float:
    """How far a round's changes are from a sweep through the signs of the weights."""
    here = make_case([20, 30, 25, 10], "gelu").with_policy(policy)
    return largest_gap(here.intents(engine), sweep(here, lambda weights, response: torch.sign(weights)))


def one_hidden_layer() -> GameCase:
    """A game in which each hidden neuron's strongest listener pays it 1 or -1, so that no power of it vanishes."""
    game = make_case([8, 16, 10], "tanh")
    network = game.setup.network
    attention = network.weights[1] / np.abs(network.weights[1]).max(axis=0)
    return replace(game, setup=replace(game.setup, network=replace(network, weights=(network.weights[0], attention))))


def distance_from_greedy(policy: Policy, engine: str) -> float:
    """1 minus the cosine between a hidden neuron's feedback and that of a greedy one; the worst neuron's."""
    game = one_hidden_layer()
    ours, greedy = (game.with_policy(each).records(engine)[0].feedback for each in (policy, Greedy(top=1)))
    return float(np.max([half_squared_chord(a, b) for a, b in zip(ours.T, greedy.T, strict=True)]))


def best_alignment(policy: Policy) -> float:
    """The cosine between a policy's changes and error backpropagation's, in the hidden layer where it is largest."""
    here = make_case([20, 30, 25, 10], "tanh").with_policy(policy)
    return float(np.max([alignment(a, b) for a, b in zip(here.intents("tensors")[:-1], descent(here)[:-1], strict=True)]))


def checks(sign: Policy = SIGN, large: Policy = LARGE, others: tuple[Policy, ...] = OTHERS) -> Iterator[Check]:
    """The measure p = 1, p towards infinity, and what no p but 2 does."""
    for engine in ENGINES:
        claim = f"p = 1: largest gap to a sign-symmetric sweep written apart, {engine}"
        yield Check("3 measures", claim, gap_to_sign_symmetry(sign, engine), Below(1e-12))
    for engine in ENGINES:
        claim = f"p = 1000: 1 - cos(feedback, greedy feedback), worst neuron, {engine}"
        yield Check("3 measures", claim, distance_from_greedy(large, engine), Below(1e-6))
    alignments = [best_alignment(policy) for policy in others]
    listed = ", ".join(f"{cosine:.2f}" for cosine in alignments)
    claim = f"p = 1, 1.5, 3, 4 point elsewhere than BP: largest cosine; they have {listed}"
    yield Check("3 measures", claim, float(np.max(alignments)), Below(0.99))
