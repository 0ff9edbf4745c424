"""Interventions that select by size: ties are decided by index, not by the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet.interventions import apply_to_setups, parse_intervention
from neuronet.interventions.ranking import extreme_indices
from tests.interventions.fixtures import engines, game

SIZES = np.array([0.7, 0.2, 0.7, 0.9, 0.2, 0.7])
LAST_BITS = [np.zeros(6), np.array([0, 1, 1, 0, 0, -1]), np.array([1, 0, -1, 1, -1, 0])]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bits", LAST_BITS, ids=str)
def test_ties_up_to_rounding_are_decided_by_index(bits, dtype):
    sizes = (SIZES.astype(dtype) * (1 + bits.astype(dtype) * np.finfo(dtype).eps)).astype(dtype)
    largest = [extreme_indices(sizes, count, largest=True, dtype=dtype).tolist() for count in range(7)]
    smallest = [extreme_indices(sizes, count, largest=False, dtype=dtype).tolist() for count in range(7)]
    assert largest == [[], [3], [0, 3], [0, 2, 3], [0, 2, 3, 5], [0, 1, 2, 3, 5], [0, 1, 2, 3, 4, 5]]
    assert smallest == [[], [1], [1, 4], [0, 1, 4], [0, 1, 2, 4], [0, 1, 2, 4, 5], [0, 1, 2, 3, 4, 5]]


def test_sizes_that_differ_by_more_than_rounding_decide():
    assert extreme_indices(np.array([0.7, 0.7 * (1 + 1e-9)]), 1, largest=True, dtype="float64").tolist() == [1]
    assert extreme_indices(np.array([0.0, 1e-30, 0.0]), 1, largest=True, dtype="float64").tolist() == [1]


@pytest.mark.parametrize("spec", ['lesion(layer=2, share=0.4, select="most")', 'rewire(layer=2, fraction=0.5, which="weakest")'])
@pytest.mark.parametrize("place", [0, 1], ids=["agents", "tensors"])
def test_last_bits_of_weights_do_not_select(spec, place):
    """All weights have the same size, but for the last bit."""
    connectivity = "sparse(0.6)" if spec.startswith("rewire") else "dense"
    setup = game(policies=game().policies[0][0].policy, connectivity=connectivity)
    results = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        weights = [
            np.where(weight != 0, 0.3 * np.sign(weight) * (1 + rng.integers(-1, 2, weight.shape) * np.finfo(float).eps), 0)
            for weight in setup.network.weights
        ]
        engine = engines(replace(setup, network=replace(setup.network, weights=tuple(weights))))[place]
        changed, _, nodes = apply_to_setups(engine.setups, engine.state(), parse_intervention(spec))
        masks = [mask.tolist() if mask is not None else None for mask in changed[0].network.masks]
        results.append((nodes, sorted(changed[0].silent), masks))
    assert all(result == results[0] for result in results)
