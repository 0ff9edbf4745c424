"""The table of all kinds of equilibria, and the command that prints it."""

from __future__ import annotations

import json
import sys
from itertools import product

import numpy as np
import pytest

from neuronet.cli.main import start
from neuronet.games import NormalFormGame, solve_game
from neuronet.games.metagame.export import nfg
from neuronet.games.solutions.solve import pure_equilibria
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
    found = solve_game(matrix_game([[6, 2], [7, 0]]).normal_form())
    assert found.complete
    assert sorted(solution.payoffs.sum() for solution in found.of_kind("Nash")) == pytest.approx([9, 9, 28 / 3])
    (correlated,) = found.of_kind("correlated")
    assert correlated.payoffs.sum() == pytest.approx(10.5)
    assert correlated.distribution == pytest.approx(np.array([[0.5, 0.25], [0.25, 0.0]]))
    table = found.table()
    assert (table.loc[~table["kind"].str.startswith("quantal"), "gap"] < 1e-9).all()
    assert table.groupby(["kind", "number", "player"])["share"].sum().to_numpy() == pytest.approx(1)


def test_degenerate_game_is_not_called_complete():
    """The second row against any mix of the last two columns is an equilibrium, and the number of those listed is odd."""
    payoffs = np.array([[[1, 0, 0], [1, 1, 1]], [[1, 1, 0], [0, 1, 1]]])
    found = solve_game(NormalFormGame((("a", "b"), ("x", "y", "z")), payoffs))
    assert found.degenerate
    assert not found.complete
    assert len(found.of_kind("Nash")) == 3


def test_profiles_of_a_correlated_equilibrium_are_its_joint_distribution():
    """The marginals of the mediator's draws say nothing about which profiles occur together."""
    payoffs = np.array([[[2.0, 0], [0, 1]], [[1.0, 0], [0, 2]]])
    found = solve_game(NormalFormGame((("opera", "boxing"),) * 2, payoffs, ("she", "he")))
    record = next(line for line in found.records() if line["kind"] == "correlated")
    chances = {tuple(line["strategies"]): line["probability"] for line in record["profiles"]}
    assert sum(chances.values()) == pytest.approx(1)
    assert set(chances) <= {("opera", "opera"), ("boxing", "boxing")}
    profiles = found.profiles().query("kind == 'correlated'")
    assert profiles[["she", "he"]].to_records(index=False).tolist() == list(chances)
    assert record["shares"]["she"]["opera"] == pytest.approx(chances.get(("opera", "opera"), 0.0))


def test_shares_are_keyed_by_distinct_names():
    payoffs = np.array([[[1.0, 0], [0, 0]], [[1.0, 0], [0, 0]]])
    record = solve_game(NormalFormGame((("same", "same"),) * 2, payoffs)).records()[0]
    assert set(record["shares"]["player 1"]) == {"same", "same (2)"}


def test_command_reads_a_file_and_a_folder(tmp_path, monkeypatch, capsys):
    game = matrix_game([[6, 2], [7, 0]]).normal_form("chicken")
    (tmp_path / "game.nfg").write_text(nfg(game.title, game.players, game.strategies, game.payoffs))
    for path in (tmp_path, tmp_path / "game.nfg"):
        monkeypatch.setattr(sys, "argv", ["neuronet", "game", "solve", str(path), "--json"])
        assert start() == 0
        found = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert found["complete"]
        assert found["headline"].startswith("3 Nash equilibria, which are all; the best pays 9.333 in sum")
        mixed = found["solutions"][2]
        assert mixed["shares"]["neuron 1"] == pytest.approx({"a": 2 / 3, "b": 1 / 3}, abs=1e-12)
        assert len(found["solutions"][3]["profiles"]) == 3


def test_command_lists_equilibria_of_symmetric_games_once(tmp_path, monkeypatch, capsys):
    game = matrix_game([[6, 2], [7, 0]]).normal_form("chicken")
    (tmp_path / "game.nfg").write_text(nfg(game.title, game.players, game.strategies, game.payoffs))
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", "solve", str(tmp_path)])
    assert start() == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert sum(line.startswith("Nash") for line in lines) == 2
    assert any(line.startswith("Nash 1 (x 2) neuron 1") for line in lines)
    assert any(line.startswith("Nash 3 each a 0.667, b 0.333") for line in lines)
    assert "correlated a a 0.5000" in lines


@pytest.mark.parametrize("name", ["nothing.nfg", "."])
def test_command_refuses_what_is_no_game(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", "solve", str(tmp_path / name)])
    assert start() == 2
    assert "Error: " in capsys.readouterr().err
