"""Meta-games read from their folders, and games of one form taken as another."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from neuronet.core import ConfigurationError, DataError
from neuronet.games import (
    LayerGame,
    NormalFormGame,
    SymmetricGame,
    correlated_equilibrium,
    endings,
    load_meta_game,
    quantal_responses,
    solve_game,
    stability,
    symmetric_equilibria,
)
from neuronet.games.simulation.payoffs import KINDS
from tests.games.metagame.fixtures import matrix_game, meta_game_of, random_game


def write(game, folder, **about):
    game.table().to_csv(folder / "payoffs.csv", index=False)
    (folder / "game.json").write_text(json.dumps(about))


def test_stored_game_of_neurons_is_the_measured_one(tmp_path):
    meta = meta_game_of([[0, -1, 2.0], [2, 0, -1], [-1, 2, 0]], noise=0.05)
    write(meta, tmp_path)
    again = load_meta_game(tmp_path)
    assert (again.names, again.players, again.neurons, again.seeds) == (meta.names, meta.players, meta.neurons, meta.seeds)
    assert (again.others == meta.others).all()
    for kind in set(KINDS) - {"loss"}:
        assert (again.payoffs_by_seed[kind] == meta.payoffs_by_seed[kind]).all()
    assert (again.payoffs_by_seed["loss"] == -meta.loss).all()


def test_stored_game_between_layers_is_the_measured_one(tmp_path):
    paid = np.random.default_rng(0).normal(size=(5, 2, 2, 2))
    meta = LayerGame(("a", "b"), (4, 6), dict.fromkeys(KINDS, paid), paid[:, 0], paid[:, 1], tuple(range(5)))
    write(meta, tmp_path, neurons=[4, 6])
    again = load_meta_game(tmp_path)
    assert isinstance(again, LayerGame)
    assert again.neurons == (4, 6)
    assert (again.payoffs_by_seed["share"] == paid).all()
    assert (again.loss == meta.loss).all()


def test_folder_without_a_whole_game_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"payoffs\.csv"):
        load_meta_game(tmp_path)
    meta_game_of([[-1, 2], [0, 1]]).table().iloc[:-1].to_csv(tmp_path / "payoffs.csv", index=False)
    with pytest.raises(DataError, match="all seeds and profiles"):
        load_meta_game(tmp_path)


@pytest.mark.parametrize(
    "table", ["", "\xff", "a,b\n", "seed,policy\n0,a\n", "seed,policy,neurons a\n0,a,2\n0,a,2\n", "first,second\na,b\n"]
)
def test_broken_folder_is_refused(tmp_path, table):
    (tmp_path / "payoffs.csv").write_bytes(table.encode("latin-1"))
    (tmp_path / "game.json").write_text('{"neurons": [4]}')
    with pytest.raises(DataError, match=r"payoffs\.csv|game\.json"):
        load_meta_game(tmp_path)


def test_pipe_in_a_folder_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "payoffs.csv")
    with pytest.raises(DataError, match="not a regular file"):
        load_meta_game(tmp_path)


@pytest.mark.parametrize(("players", "policies"), [(2, 3), (3, 2), (4, 3)])
def test_symmetric_game_comes_back_from_its_normal_form(players, policies):
    game = random_game(players, policies)
    again = SymmetricGame.from_normal_form(game.normal_form())
    assert again.names == game.names
    assert (again.payoffs == game.payoffs).all()


def test_game_that_is_not_symmetric_is_refused():
    payoffs = random_game(2, 2).normal_form().payoffs.copy()
    payoffs[1, 0, 1] += 0.1
    with pytest.raises(ConfigurationError, match="not symmetric"):
        SymmetricGame.from_normal_form(NormalFormGame((("a", "b"),) * 2, payoffs))
    assert not SymmetricGame.is_symmetric(NormalFormGame((("a", "b"), ("x",)), np.zeros((2, 2, 1))))


@pytest.mark.parametrize("analysis", [solve_game, correlated_equilibrium, lambda game: quantal_responses(game, [1.0])])
def test_normal_form_is_asked_for_by_name(analysis):
    with pytest.raises(ConfigurationError, match=r"must be a NormalFormGame, got SymmetricGame: take game.normal_form\(\)"):
        analysis(matrix_game([[-1, 2], [0, 1]]))


@pytest.mark.parametrize(
    "analysis", [symmetric_equilibria, lambda game: stability(game, [0.5, 0.5]), lambda game: endings(game, np.array([0.5, 0.5]))]
)
def test_symmetric_game_is_asked_for_by_name(analysis):
    with pytest.raises(
        ConfigurationError, match=r"must be a SymmetricGame, got NormalFormGame: take SymmetricGame.from_normal_form"
    ):
        analysis(matrix_game([[-1, 2], [0, 1]]).normal_form())
