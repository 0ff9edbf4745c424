"""`neuronet game exploitability`, `evolve` and `welfare`: tables, a picture, a JSON line, clear errors."""

from __future__ import annotations

import json
import sys

import pandas as pd
import pytest

from neuronet.cli.main import start


def run(monkeypatch, capsys, folder, *words):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", *words, "--out", str(folder), "--json"])
    assert start() == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_exploitability(monkeypatch, capsys, tmp_path):
    seeds = ("--networks", "1", "--selection-seeds", "1", "--evaluation-seeds", "2")
    words = (
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
    found = run(monkeypatch, capsys, tmp_path, *words)
    assert {(line["deviations"], line["payoff"], line["round"]) for line in found["found"]} == {
        (words, payoff, number)
        for words in ("any", "matched norm")
        for payoff in ("attention", "share", "scaled")
        for number in (0, 45)
    }
    assert (tmp_path / "exploitability.png").stat().st_size > 10_000
    gains = pd.read_csv(tmp_path / "gains.csv")
    assert len(gains) == 6 * 4 * 2
    assert {"distances.csv", "exploitability.csv", "responses.csv"} <= {path.name for path in tmp_path.iterdir()}


def test_evolve(monkeypatch, capsys, tmp_path):
    length = ("--generations", "4", "--rounds", "2", "--seeds", "2", "--invade", "--trials", "3")
    words = ("evolve", "xor", "--hidden", "4", "--policies", "attention,contrarian", *length)
    found = run(monkeypatch, capsys, tmp_path, *words)
    assert [line["policy"] for line in found["last"]] == ["attention", "contrarian"]
    assert [line["mutant"] for line in found["invasions"]] == ["contrarian", "attention"]
    assert 0 <= found["accuracy"] <= 1
    assert {path.name for path in tmp_path.iterdir()} == {
        "composition.csv",
        "history.csv",
        "evolution.png",
        "invasions.csv",
        "pure.csv",
    }


def test_welfare(monkeypatch, capsys, tmp_path):
    words = ("welfare", "xor", "--hidden", "4", "--policies", "attention,contrarian", "--seeds", "4", "--rounds", "3")
    found = run(monkeypatch, capsys, tmp_path, *words)
    assert {line["profile"] for line in found["profiles"]} == {"attention", "contrarian", "attention:0.5,contrarian:0.5"}
    assert {path.name for path in tmp_path.iterdir()} == {"prices.csv", "profiles.csv", "welfare.png"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("exploitability digits --policy atention", "unknown policy 'atention': did you mean 'attention'"),
        ("exploitability digits --at-epochs soon", "at_epochs must be integers"),
        ("exploitability digits --deviations greedy,greedy", "policy 'greedy' is named twice"),
        ("exploitability digits --hidden none", "needs a hidden layer"),
        ("evolve digits --update-rule copy", "unknown update rule 'copy'"),
        ("welfare digits --payoff money", "unknown payoff 'money'"),
        ("welfare digits --seeds 2", "four seeds or more"),
    ],
)
def test_errors(words, sentence, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "game", *words.split()])
    assert start() == 2
    assert sentence in capsys.readouterr().err
