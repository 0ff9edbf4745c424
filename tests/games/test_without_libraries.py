"""Analyses need no optional library; the PettingZoo environment names the extra that is missing."""

from __future__ import annotations

import importlib
import sys

import pytest

from neuronet.core.errors import MissingExtraError
from neuronet.games import solve_game
from neuronet.games.metagame.analysis import analyse
from tests.games.metagame.fixtures import meta_game_of, random_game


@pytest.fixture
def hide(monkeypatch):
    """Function that hides libraries as if they were not installed."""

    def hide_libraries(*names):
        for name in names:
            for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
                monkeypatch.delitem(sys.modules, module)
            monkeypatch.setitem(sys.modules, name, None)

    return hide_libraries


def test_analysis_does_not_depend_on_installed_libraries(hide):
    meta = meta_game_of([[-1, 2], [0, 1]], noise=0.1)
    full = analyse(meta, resamples=10)
    hide("nashpy", "open_spiel", "egttools")
    assert analyse(meta, resamples=10).equilibria_table().equals(full.equilibria_table())


def test_equilibria_do_not_depend_on_installed_libraries(hide):
    game = random_game(2, 4, seed=3).normal_form()
    full = solve_game(game)
    hide("nashpy", "open_spiel", "pyspiel", "pygambit", "egttools")
    again = solve_game(game)
    assert again.table().equals(full.table())
    assert again.complete == full.complete


def test_missing_pettingzoo_is_named(hide, monkeypatch):
    for module in ("neuronet.games.pettingzoo", "neuronet.games.pettingzoo.parallel_env"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    hide("pettingzoo")
    with pytest.raises(MissingExtraError, match=r"pettingzoo.*'neuronet\[games\]'"):
        importlib.import_module("neuronet.games.pettingzoo")
