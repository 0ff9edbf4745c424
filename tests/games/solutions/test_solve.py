"""The table of all kinds of equilibria, and the command that prints it."""

from __future__ import annotations

import json
import sys
from itertools import product

import numpy as np
import pytest

from neuronet.cli.main import start
from neuronet.games import solve_game
from neuronet.games.metagame.export import nfg
from neuronet.games.metagame.solutions_table import pure_equilibria
from tests.games.metagame.fixtures import matrix_game
from tests.games.solutions.test_normal_form import normal_form


def test_pure_equilibria_equal_the_definition():
    for seed in range(10):
        game = normal_form((2, 3, 2), seed)
        expected = []
        for profile in product(range(2), range(3), range(2)):
            mixes = [np.eye(size)[played] for size, played in zip((2, 3, 2), profile, strict=True)]
            if game.regret(mixes) <= 1e-12:
                expected.append(profile)
        assert [tuple(int(mix.argmax()) for mix in mixes) for mixes in pure_equilibria(game)] == expected


def test_chicken_has_three_nash_equilibria_and_a_better_correlated_one():
    table, complete = solve_game(matrix_game([[6, 2], [7, 0]]).normal_form())
    assert complete
    totals = table.groupby(["kind", "number"])["total"].first()
    assert sorted(totals["Nash"]) == pytest.approx([9, 9, 28 / 3])
    assert totals["correlated"].iloc[0] == pytest.approx(10.5)
    assert (table.loc[~table["kind"].str.startswith("quantal"), "gap"] < 1e-9).all()


def test_command_reads_a_file_and_a_folder(tmp_path, monkeypatch, capsys):
    game = matrix_game([[6, 2], [7, 0]]).normal_form("chicken")
    (tmp_path / "game.nfg").write_text(nfg(game.title, game.players, game.strategies, game.payoffs))
    for path in (tmp_path, tmp_path / "game.nfg"):
        monkeypatch.setattr(sys, "argv", ["neuronet", "game", "solve", str(path), "--json"])
        assert start() == 0
        found = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert found["complete"]
        assert found["headline"].startswith("3 Nash equilibria, which are all; the best pays 9.333 in sum")


@pytest.mark.parametrize("name", ["nothing.nfg", "."])
def test_command_refuses_what_is_no_game(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", "solve", str(tmp_path / name)])
    assert start() == 2
    assert "Error: " in capsys.readouterr().err
