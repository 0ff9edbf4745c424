from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.data.batches import Batches
from neuronet.core.errors import NeuroNetError

samples = st.integers(1, 60)
sizes = st.integers(1, 70)
seeds = st.integers(0, 2**63 - 1)
epochs = st.integers(0, 1000)

few = settings(max_examples=60, deadline=None)


@few
@given(samples, sizes, seeds, epochs)
def test_every_epoch_plays_each_sample_once(samples, size, seed, epoch):
    batches = Batches(samples, size, (seed,))
    first = epoch * batches.per_epoch
    played = [batches.indices(number) for number in range(first, first + batches.per_epoch)]
    assert sorted(np.concatenate(played).tolist()) == list(range(samples))
    assert [len(batch) for batch in played[:-1]] == [size] * (batches.per_epoch - 1)
    assert len(played[-1]) == samples - size * (batches.per_epoch - 1)
    assert 1 <= len(played[-1]) <= size


@few
@given(samples, sizes, st.lists(seeds, min_size=2, max_size=4, unique=True), epochs)
def test_each_replica_has_the_order_of_a_single_run(samples, size, seeds, epoch):
    together = Batches(samples, size, tuple(seeds))
    assert together.order(epoch).shape == (len(seeds), samples)
    for replica, seed in enumerate(seeds):
        alone = Batches(samples, size, (seed,))
        np.testing.assert_array_equal(together.order(epoch)[replica], alone.order(epoch))
        for number in range(epoch * together.per_epoch, (epoch + 1) * together.per_epoch):
            np.testing.assert_array_equal(together.indices(number)[replica], alone.indices(number))


@few
@given(samples, sizes, seeds, epochs)
def test_parts_of_an_epoch_are_consecutive(samples, size, seed, epoch):
    batches = Batches(samples, size, (seed,))
    order = batches.order(epoch)
    assert order.shape == (samples,)
    joined = np.concatenate([order[batches.slice_of(step)] for step in range(batches.per_epoch)])
    np.testing.assert_array_equal(joined, order)


def test_orders_are_fixed_by_epoch_and_seed():
    orders = {(seed, epoch): tuple(Batches(30, 8, (seed,)).order(epoch)) for seed in range(5) for epoch in range(5)}
    assert len(set(orders.values())) == 25
    for (seed, epoch), order in orders.items():
        assert tuple(Batches(30, 7, (seed,)).order(epoch)) == order  # the size of a batch does not matter


def test_every_sample_comes_first_equally_often():
    batches = Batches(10, 10, (3,))
    counts = np.bincount([batches.order(epoch)[0] for epoch in range(2000)], minlength=10)
    assert ((counts - 200) ** 2 / 200).sum() < 9 + 5 * np.sqrt(2 * 9)


@pytest.mark.parametrize(("samples", "size"), [(0, 1), (1, 0), (-3, 2), (5, -1)])
def test_empty_batches_are_refused(samples, size):
    with pytest.raises(NeuroNetError, match="sample and a size of 1 or more"):
        Batches(samples, size, (0,))
