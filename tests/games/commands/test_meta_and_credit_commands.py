from __future__ import annotations

import json
import sys

import networkx as nx
import pandas as pd
import pytest

from neuronet.cli.main import start


@pytest.fixture
def neuronet(monkeypatch, capsys, tmp_path):
    """Runs the command line in an empty folder: gives status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["neuronet", "game", *map(str, arguments)])
        capsys.readouterr()
        status = start()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_meta(neuronet, tmp_path):
    quick = ("--hidden", "7", "--num-players", "3", "--seeds", "3", "--rounds", "3", "--resamples", "5")
    status, out, err = neuronet("meta", "xor", "--policies", "attention,greedy(top=1),free-rider", *quick, "--out", "m", "--json")
    assert status == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert summary["policies"] == ["attention", "greedy", "free-rider"]
    assert (summary["players"], summary["neurons"], summary["population"], summary["out"]) == (3, 7, 7, "m")
    assert sum(line["rank"] for line in summary["alpha_rank"]) == pytest.approx(1)
    tables = {"payoffs", "means", "equilibria", "alpha_rank", "alpha_rank_by_payoff", "fixation"}
    found = {path.name for path in (tmp_path / "m").iterdir()}
    assert found == {f"{name}.csv" for name in tables} | {"phase.png", "game.nfg", "fixation.graphml"}
    assert len(pd.read_csv(tmp_path / "m" / "payoffs.csv")) == 3 * 3 * 6
    assert set(nx.read_graphml(tmp_path / "m" / "fixation.graphml")) == set(summary["policies"])


def test_meta_between_layers(neuronet, tmp_path):
    quick = ("--hidden", "4,4", "--seeds", "2", "--rounds", "2", "--resamples", "4")
    status, out, err = neuronet("meta", "xor", "--players-are", "layers", "--policies", "attention,greedy", *quick, "--out", "l")
    assert status == 0, err
    assert "Equilibria between two layers, by the payoff 'attention'" in out
    assert {path.name for path in (tmp_path / "l").iterdir()} == {
        "payoffs.csv",
        "equilibria.csv",
        "alpha_rank.csv",
        "layers.png",
        "game.nfg",
    }


def test_credit(neuronet, tmp_path):
    status, out, err = neuronet("credit", "xor", "--hidden", "5", "--seeds", "2", "--rounds", "20", "--out", "c", "--json")
    assert status == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert summary["exact"] is True
    assert [line["seeds"] for line in summary["found"]] == [2] * 5
    table = pd.read_csv(tmp_path / "c" / "credit.csv")
    graph = nx.read_graphml(tmp_path / "c" / "network-1.graphml", node_type=int)
    told = [graph.nodes[node]["shapley"] for node in sorted(graph) if graph.nodes[node]["layer"] == 1]
    assert told == pytest.approx(table[table["seed"] == 1]["shapley"].tolist())
    assert (tmp_path / "c" / "credit.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("meta", "xor", "--policies", "attention"), "a meta-game needs two different policies or more, got attention"),
        (("meta", "xor", "--policies", "attention,attention"), "policy 'attention' is named twice"),
        (("meta", "xor", "--seeds", "1"), "seeds must be an integer of 2 or more, got 1"),
        (("meta", "xor", "--players-are", "people"), "players_are must be neurons or layers, got 'people'"),
        (("meta", "xor", "--payoff", "money", "--seeds", "2"), "unknown payoff 'money'"),
        (("meta", "xor", "--num-players", "40", "--seeds", "2"), "players must be an integer from 2 to 31, got 40"),
        (("meta", "xor", "--players-are", "layers", "--hidden", "4"), "needs two hidden layers, got 1"),
        (("credit", "xor", "--layer", "2"), "layer must be an integer from 1 to 1, got 2"),
        (("credit", "xor", "--permutations", "5", "--rounds", "1"), "permutations must be an even number"),
    ],
)
def test_what_makes_no_sense_is_refused(neuronet, tmp_path, arguments, sentence):
    status, _, err = neuronet(*arguments)
    assert status == 2
    assert sentence in " ".join(err.split())
    assert not any(tmp_path.iterdir())
