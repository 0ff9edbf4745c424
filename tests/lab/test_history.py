"""Measurements of a session over time."""

from __future__ import annotations

import numpy as np

from neuronet.lab.history import MAX_POINTS, History

NODES = (np.arange(3), np.arange(3, 5))


def test_history_is_thinned_and_keeps_both_ends():
    history = History()
    for number in range(5 * MAX_POINTS):
        history.append(number, (1.0, 2.0, 0.5), NODES, [np.ones(3)], [1.0])
        assert len(history.rounds) <= MAX_POINTS
    assert history.rounds[0] == 0
    assert history.rounds[-1] == 5 * MAX_POINTS - 1
    assert history.rounds == sorted(history.rounds)
    assert len(history.test_loss) == len(history.received) == len(history.cosines) == len(history.rounds)


def test_neuron_is_followed_by_its_node_when_others_change():
    history = History()
    history.append(0, (np.nan, 2.0, 0.5), (np.arange(2), np.arange(2, 4)), [np.ones(2)], [0.5])
    grown = (np.arange(2), np.asarray([5, 6, 7]), np.arange(2, 4))
    history.append(1, (1.0, 2.0, 0.5), grown, [np.ones(2), np.asarray([3.0, 4.0, 8.0])], [0.0, -1.0])
    shrunk = (np.asarray([1]), np.asarray([6, 7]), np.arange(2, 4))
    history.append(2, (1.0, 2.0, 0.5), shrunk, [np.asarray([9.0]), np.asarray([5.0, 7.0])], [0.0, -1.0])
    np.testing.assert_array_equal(history.attention_of(6), [[np.nan, 4.0, 5.0], [np.nan, 5.0, 6.0]])
    np.testing.assert_array_equal(history.attention_of(1)[0], [1.0, 1.0, 9.0])
    np.testing.assert_array_equal(history.attention_of(0)[0], [1.0, 1.0, np.nan])
    assert np.isnan(history.attention_of(3)).all()  # outputs receive no attention
    np.testing.assert_allclose(history.angles_of(1), [60, 90, 90])
    np.testing.assert_allclose(history.angles_of(2), [np.nan, 180, 180])


def test_copy_does_not_grow():
    history = History()
    history.append(0, (1.0, 2.0, 0.5), NODES, [np.ones(2)], [1.0])
    kept = history.copy()
    history.append(1, (1.0, 2.0, 0.5), NODES, [np.ones(2)], [1.0])
    assert (len(kept.rounds), len(history.rounds)) == (1, 2)
