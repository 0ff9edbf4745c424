from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.games.metagame import external_solvers
from neuronet.games.metagame.analysis import analyse
from neuronet.games.metagame.nash import nash
from tests.games.metagame.test_empirical_game import measured
from tests.games.metagame.test_symmetric_game import random_game


@pytest.fixture
def without(monkeypatch):
    """Hides libraries as if they were not installed."""

    def hide(*names):
        for name in names:
            for known in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
                monkeypatch.delitem(sys.modules, known)
            monkeypatch.setitem(sys.modules, name, None)

    return hide


def test_a_meta_game_is_analysed_by_exact_sums(without):
    """The same numbers come out, and it is said who has computed them."""
    meta = measured([[-1, 2], [0, 1]], noise=0.1)
    full = analyse(meta, resamples=10)
    without("nashpy", "open_spiel", "egttools")
    found = analyse(meta, resamples=10)
    assert found.gaps == {}
    assert found.computed_by["equilibria"] == "own search"
    assert (found.computed_by["alpha-rank"], found.computed_by["fixation"]) == ("exact sums", "exact sums")
    assert found.rank.value == pytest.approx(full.rank.value)
    ours, theirs = (sorted(tuple(each.equilibrium.mixes[0]) for each in one.equilibria) for one in (found, full))
    assert np.array(ours) == pytest.approx(np.array(theirs), abs=1e-9)


def test_it_is_said_what_to_install(without):
    without("nashpy", "open_spiel", "egttools", "pettingzoo")
    with pytest.raises(NeuroNetError, match=r"nashpy: pip install 'neuronet\[games\]'"):
        nash(np.eye(2), np.eye(2))
    with pytest.raises(NeuroNetError, match=r"pip install 'neuronet\[games\]'"):
        external_solvers.alpha_rank_by_open_spiel(random_game(2, 2), 1.0, 10)
    with pytest.raises(NeuroNetError, match=r"pip install 'neuronet\[egttools\]'"):
        external_solvers.fixation_probabilities_by_egttools(random_game(2, 2), 1.0, 10)


def test_players_need_pettingzoo(without, monkeypatch):
    monkeypatch.delitem(sys.modules, "neuronet.games.pettingzoo.parallel_env", raising=False)
    without("pettingzoo")
    with pytest.raises(NeuroNetError, match=r"NeuronGame needs pettingzoo: pip install 'neuronet\[games\]'"):
        importlib.import_module("neuronet.games.pettingzoo.parallel_env")
