"""`neuronet game exploitability`, `evolve` and `welfare` write tables, figures and JSON, and refuse invalid options."""

from __future__ import annotations

import json
import sys

import pandas as pd
import pytest

from neuronet.cli.main import start


def run(monkeypatch, capsys, folder, *arguments):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", *arguments, "--out", str(folder), "--json"])
    assert start() == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.slow
def test_exploitability(monkeypatch, capsys, tmp_path):
    seeds = ("--networks", "1", "--selection-seeds", "1", "--evaluation-seeds", "2")
    arguments = (
        "exploitability",
        "digits",
        "--hidden",
        "4",
        "--deviations",
        "greedy,noisy",
        "--rounds",
        "3",
        "--at-epochs",
        "0,1",
        *seeds,
    )
    found = run(monkeypatch, capsys, tmp_path, *arguments)
    assert {(row["deviations"], row["payoff"], row["round"]) for row in found["found"]} == {
        (deviations, payoff, number)
        for deviations in ("any", "matched norm")
        for payoff in ("attention", "share", "scaled")
        for number in (0, 45)
    }
    assert (tmp_path / "exploitability.png").stat().st_size > 10_000
    gains = pd.read_csv(tmp_path / "gains.csv")
    assert len(gains) == 6 * 4 * 2
    assert {"distances.csv", "exploitability.csv", "responses.csv"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.slow
def test_distances(monkeypatch, capsys, tmp_path):
    arguments = (
        "distances",
        "digits",
        "--hidden",
        "4,3",
        "--policies",
        "attention,greedy",
        "--at-epochs",
        "0,1",
        "--networks",
        "2",
    )
    found = run(monkeypatch, capsys, tmp_path, *arguments)
    assert len(found["medians"]) == 2 * 2 * 2
    assert len(pd.read_csv(tmp_path / "distances.csv")) == 2 * 2 * 2 * 7
    seeking = next(row for row in found["medians"] if (row["policy"], row["round"], row["layer"]) == ("attention", 45, 2))
    assert seeking["missed_gain"] < 0.01 < seeking["real_missed_gain"]
    assert seeking["neurons"] == 6


def test_distances_among_other_listeners_are_printed(monkeypatch, capsys, tmp_path):
    arguments = "game distances xor --hidden 3 --policies budgeted --listeners attention --at-epochs 0 --out"
    monkeypatch.setattr(sys, "argv", ["neuronet", *arguments.split(), str(tmp_path)])
    assert start() == 0
    assert "lone neurons among attention" in capsys.readouterr().out


def test_horizon(monkeypatch, capsys, tmp_path):
    arguments = ("horizon", "digits", "--hidden", "4", "--horizons", "3,1", "--at-epochs", "0,1", "--networks", "2")
    found = run(monkeypatch, capsys, tmp_path, *arguments)
    assert [(row["round"], row["horizon"]) for row in found["medians"]] == [(0, 1), (0, 3), (45, 1), (45, 3)]
    assert found["medians"][0]["real"] == pytest.approx(1.0)
    assert len(pd.read_csv(tmp_path / "slopes.csv")) == 2 * 2 * 2 * 4


def test_lengths(monkeypatch, capsys, tmp_path):
    found = run(monkeypatch, capsys, tmp_path, "lengths", "digits", "--hidden", "4", "--at-epochs", "0,1", "--networks", "2")
    rows = [(row["trained_by"], row["round"], row["layer"]) for row in found["means"]]
    assert rows == [(name, number, layer) for name in ("budgeted", "attention") for number in (0, 45) for layer in (1, 2)]
    assert (tmp_path / "lengths.png").stat().st_size > 10_000
    assert len(pd.read_csv(tmp_path / "lengths.csv")) == 2 * 2 * 2 * 2


def test_evolve(monkeypatch, capsys, tmp_path):
    length = ("--generations", "4", "--rounds", "2", "--seeds", "2", "--invade", "--trials", "3")
    arguments = ("evolve", "xor", "--hidden", "4", "--policies", "attention,contrarian", *length)
    found = run(monkeypatch, capsys, tmp_path, *arguments)
    assert [row["policy"] for row in found["last"]] == ["attention", "contrarian"]
    assert [row["mutant"] for row in found["invasions"]] == ["contrarian", "attention"]
    assert 0 <= found["accuracy"] <= 1
    assert {path.name for path in tmp_path.iterdir()} == {
        "manifest.json",
        "composition.csv",
        "history.csv",
        "evolution.png",
        "invasions.csv",
        "pure.csv",
    }


def test_welfare(monkeypatch, capsys, tmp_path):
    arguments = ("welfare", "xor", "--hidden", "4", "--policies", "attention,contrarian", "--seeds", "4", "--rounds", "3")
    found = run(monkeypatch, capsys, tmp_path, *arguments)
    assert {row["profile"] for row in found["profiles"]} == {"attention", "contrarian", "attention:0.5,contrarian:0.5"}
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "prices.csv", "profiles.csv", "welfare.png"}


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("exploitability digits --policy atention", "'atention': did you mean 'attention'"),
        ("exploitability digits --at-epochs soon", "at_epochs must be integers of 0 or more"),
        ("exploitability digits --deviations greedy,greedy", "'greedy'"),
        ("exploitability digits --hidden none", "hidden must name"),
        ("distances digits --at-epochs soon", "at_epochs must be integers of 0 or more"),
        ("distances digits --radius 0", "relative_radius"),
        ("horizon digits --horizons 0,5", "horizons must be integers of 1 or more"),
        ("horizon digits --policy noisy", "without memory and randomness"),
        ("evolve digits --update-rule copy", "'copy'"),
        ("welfare digits --payoff money", "'money'"),
        ("welfare digits --seeds 2", "four seeds or more"),
    ],
)
def test_invalid_options_are_refused(arguments, fragment, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", *arguments.split()])
    assert start() == 2
    assert fragment in capsys.readouterr().err


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from neuronet import train

    folder = tmp_path_factory.mktemp("runs") / "trained"
    train("xor", policy="greedy", hidden=(4,), epochs=1, replicas=2, out=folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "key", "count"),
    [
        ("distances", "medians", 1),
        ("horizon --horizons 1,2", "medians", 2),
        ("lengths", "means", 2),
        ("credit", "found", 5),
        ("potential --policies attention", "means", 1),
        ("exploitability --deviations attention --selection-seeds 1 --evaluation-seeds 2 --rounds 2", "found", 6),
        ("meta --policies attention,greedy --num-players 2 --seeds 2 --rounds 2 --resamples 5", "alpha_rank", 2),
    ],
)
def test_commands_analyse_a_trained_run(arguments, key, count, trained, monkeypatch, capsys, tmp_path):
    command, *options = arguments.split()
    found = run(monkeypatch, capsys, tmp_path, command, str(trained), *options)
    assert len(found[key]) == count
    assert found["headline"].endswith(".")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("distances RUN --at-epochs 1", "at_epochs is for networks"),
        ("exploitability RUN --networks 2", "networks is for networks"),
        ("credit RUN --hidden 3", "hidden is that of the run"),
        ("evolve RUN", "from fresh networks"),
        ("welfare RUN", "from fresh networks"),
        ("meta RUN --players-are layers", "from fresh networks"),
    ],
)
def test_options_that_a_run_has_already_are_refused(arguments, fragment, trained, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", *arguments.replace("RUN", str(trained)).split()])
    assert start() == 2
    assert fragment in capsys.readouterr().err
