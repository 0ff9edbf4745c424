"""Both engines play random games to equal numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.data.batches import Batches
from neuronet.core.environment import Samples
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.core.random_streams import MAX_SEED
from neuronet.core.structure.population import Group
from neuronet.core.structure.wiring import Dense, SmallWorld, Sparse
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import feasible_wiring, play

ROUNDS = 5

WIRINGS = st.one_of(
    st.just(Dense()),
    st.builds(Sparse, st.floats(0.05, 1.0)),
    st.builds(SmallWorld, st.integers(1, 8), st.floats(0.0, 1.0)),
)
POLICIES = st.sampled_from([*toys.SHIPPED, *toys.TOYS])
# Adam multiplies the rounding of an intent that is nearly nothing by its learning rate over epsilon. With the usual 1e-8 that
# is a millionfold a round, which says how such a game is conditioned and nothing about the engines.
OPTIMIZERS = st.sampled_from([SGD(), Momentum(), Adam(epsilon=1e-4)])


def mixed_groups(size):
    """A policy for a layer of this size, or two that share it out."""
    if size == 1:
        return POLICIES
    members = st.integers(0, 2**size - 1).map(lambda bits: [place for place in range(size) if bits >> place & 1])
    shared = st.builds(shared_out, st.just(size), members.filter(lambda some: 0 < len(some) < size), POLICIES, POLICIES)
    return st.one_of(POLICIES, shared)


def shared_out(size, some, first, second):
    return [Group(first, tuple(some)), Group(second, tuple(sorted(set(range(size)) - set(some))))]


@st.composite
def games(draw):
    """A game, and samples that fit it."""
    sizes = draw(st.lists(st.integers(1, 7), min_size=2, max_size=5))
    policies = [draw(mixed_groups(size)) for size in sizes[1:]]
    network = build_network(
        sizes,
        connectivity=feasible_wiring(draw(WIRINGS), policies),
        activation=draw(st.sampled_from(list(ACTIVATIONS))),
        output_activation=draw(st.sampled_from(["identity", "tanh"])),
        seed=draw(st.integers(0, MAX_SEED)),
    )
    classes = draw(st.booleans())
    setup = Setup(
        network,
        policies,
        optimizer=draw(OPTIMIZERS),
        learning_rate=draw(st.sampled_from([0.01, 0.05])),
        payoff=CrossEntropy() if classes else SquaredError(),
        seed=draw(st.integers(0, MAX_SEED)),
    )
    count = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs = rng.standard_normal((count, sizes[0]))
    targets = rng.integers(0, sizes[-1], count) if classes else rng.standard_normal((count, sizes[-1]))
    return setup, Samples(inputs, targets)


def remains_bounded(setup, samples, batch_size):
    """Whether the game does not run away: rounding is in proportion to the numbers."""
    batches = Batches(len(samples), batch_size, (setup.seed,))
    engine = play(TensorEngine(setup, device="cpu"), ROUNDS, samples, batches)
    return all(np.abs(array).max(initial=0.0) < 10.0 for array in engine.state().to_arrays().values())


@settings(max_examples=max(60, settings().max_examples))
@given(games(), st.integers(1, 15), st.booleans())
def test_engines_agree(game, batch_size, resync):
    setup, samples = game
    assume(remains_bounded(setup, samples, batch_size))
    parity = compare(setup, samples, batch_size=batch_size, rounds=ROUNDS, resync=resync)
    assert parity.largest <= 1e-9
