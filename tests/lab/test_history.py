"""What a session remembers."""

from __future__ import annotations

import numpy as np

from neuronet.lab.history import MOST_POINTS, Past

NODES = (np.arange(3), np.arange(3, 5))


def test_it_never_holds_more_than_so_many_points_and_keeps_the_ends():
    past = Past()
    for number in range(5 * MOST_POINTS):
        past.note(number, (1.0, 2.0, 0.5), NODES, [np.ones(3)], [1.0])
        assert len(past.rounds) <= MOST_POINTS
    assert past.rounds[0] == 0
    assert past.rounds[-1] == 5 * MOST_POINTS - 1
    assert past.rounds == sorted(past.rounds)
    assert len(past.test_loss) == len(past.received) == len(past.cosines) == len(past.rounds)


def test_a_neuron_is_known_by_its_node_when_others_come_and_go():
    past = Past()
    past.note(0, (np.nan, 2.0, 0.5), (np.arange(2), np.arange(2, 4)), [np.ones(2)], [0.5])
    grown = (np.arange(2), np.asarray([5, 6, 7]), np.arange(2, 4))
    past.note(1, (1.0, 2.0, 0.5), grown, [np.ones(2), np.asarray([3.0, 4.0, 8.0])], [0.0, -1.0])
    shrunk = (np.asarray([1]), np.asarray([6, 7]), np.arange(2, 4))
    past.note(2, (1.0, 2.0, 0.5), shrunk, [np.asarray([9.0]), np.asarray([5.0, 7.0])], [0.0, -1.0])
    np.testing.assert_array_equal(past.attention_of(6), [[np.nan, 4.0, 5.0], [np.nan, 5.0, 6.0]])
    np.testing.assert_array_equal(past.attention_of(1)[0], [1.0, 1.0, 9.0])
    np.testing.assert_array_equal(past.attention_of(0)[0], [1.0, 1.0, np.nan])
    assert np.isnan(past.attention_of(3)).all()  # an output: nobody listens to it
    np.testing.assert_allclose(past.angles_of(1), [60, 90, 90])
    np.testing.assert_allclose(past.angles_of(2), [np.nan, 180, 180])


def test_a_copy_does_not_grow():
    past = Past()
    past.note(0, (1.0, 2.0, 0.5), NODES, [np.ones(2)], [1.0])
    kept = past.copy()
    past.note(1, (1.0, 2.0, 0.5), NODES, [np.ones(2)], [1.0])
    assert (len(kept.rounds), len(past.rounds)) == (1, 2)
