"""Numbers that a reader writes, sizes of the figures, and a session as code."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet import NeuroNetError
from neuronet.lab.cards.figure_sizes import sizes_for
from neuronet.lab.cards.session_code import session_code
from neuronet.lab.launch_config import make_launch_config
from neuronet.lab.session import Session
from neuronet.lab.written_number import read_number


@pytest.mark.parametrize("text", ["-7", "1.5", "abc", "1e3", "²"])
def test_what_is_no_whole_number_is_refused_in_words(text):
    with pytest.raises(NeuroNetError, match="whole number") as refused:
        read_number(text)
    assert text in str(refused.value)
    assert read_number(" 12 ") == 12


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1440, 1920, 2400])
def test_figures_fit_their_window_and_fill_most_of_it(width):
    sizes = sizes_for(width)
    settings = 216 + 8 if width > 700 else 0
    rows = [[sizes.network, sizes.neuron], list(sizes.small)] if width >= 1280 else [[sizes.network], [sizes.neuron]]
    for row in rows:
        used = settings + sum(size[0] + 18 for size in row) + 8 * (len(row) + 1)
        assert 0.88 * width <= used <= width


def test_session_as_code_plays_the_same_rounds():
    session = Session(make_launch_config("xor", hidden=8, policy="attention:0.5,greedy:0.5"))
    session.update_controls(noise=0.2, learning_rate=0.05)
    session.reset()
    snapshot = session.step(3)
    code = session_code(session.launch_config, session.controls, snapshot)
    names: dict[str, object] = {}
    exec(code, names)
    for ours, theirs in zip(names["snapshot"].network.weights, snapshot.network.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
