"""What a session remembers."""

from __future__ import annotations

import numpy as np

from neuronet.lab.past import MOST_POINTS, Past


def test_it_never_holds_more_than_so_many_points_and_keeps_the_ends():
    past = Past()
    for number in range(5 * MOST_POINTS):
        past.note(number, (1.0, 2.0, 0.5), [np.ones(3)], [1.0])
        assert len(past.rounds) <= MOST_POINTS
    assert past.rounds[0] == 0
    assert past.rounds[-1] == 5 * MOST_POINTS - 1
    assert past.rounds == sorted(past.rounds)
    assert len(past.test_loss) == len(past.received) == len(past.cosines) == len(past.rounds)


def test_neurons_that_were_not_there_have_no_attention():
    past = Past()
    past.note(0, (np.nan, 2.0, 0.5), [np.ones(2)], [0.5])
    past.note(1, (1.0, 2.0, 0.5), [np.ones(2), np.full(3, 4.0)], [0.0, -1.0])
    np.testing.assert_array_equal(past.attention_of(1, 2), [np.nan, 4.0])
    np.testing.assert_allclose(past.angles_of(1), [60, 90])
    np.testing.assert_allclose(past.angles_of(2), [np.nan, 180])


def test_a_copy_does_not_grow():
    past = Past()
    past.note(0, (1.0, 2.0, 0.5), [np.ones(2)], [1.0])
    kept = past.copy()
    past.note(1, (1.0, 2.0, 0.5), [np.ones(2)], [1.0])
    assert (len(kept.rounds), len(past.rounds)) == (1, 2)
