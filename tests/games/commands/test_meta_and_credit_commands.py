from __future__ import annotations

import json
from types import SimpleNamespace

import networkx as nx
import pandas as pd
import pytest

from neuronet.cli.tables.meta_game import headline
from neuronet.games import load_meta_game


def test_meta(neuronet, tmp_path):
    quick = ("--hidden", "7", "--num-players", "3", "--seeds", "3", "--rounds", "3", "--resamples", "5")
    status, out, err = neuronet("meta", "xor", "--policies", "attention,greedy(top=1),free-rider", *quick, "--out", "m", "--json")
    assert status == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert summary["policies"] == ["attention", "greedy", "free-rider"]
    assert (summary["players"], summary["neurons"], summary["population"], summary["out"]) == (3, 7, 7, "m")
    assert sum(row["rank"] for row in summary["alpha_rank"]) == pytest.approx(1)
    tables = {"payoffs", "means", "equilibria", "alpha_rank", "alpha_rank_by_payoff", "fixation"}
    found = {path.name for path in (tmp_path / "m").iterdir()}
    assert found == {f"{name}.csv" for name in tables} | {
        "phase.png",
        "game.nfg",
        "game.json",
        "fixation.graphml",
        "manifest.json",
    }
    assert len(pd.read_csv(tmp_path / "m" / "payoffs.csv")) == 3 * 3 * 6
    assert set(nx.read_graphml(tmp_path / "m" / "fixation.graphml")) == set(summary["policies"])


def test_meta_prints_payoffs_and_whether_both_payoffs_agree(neuronet, tmp_path):
    quick = ("--hidden", "7", "--num-players", "3", "--seeds", "3", "--rounds", "3", "--resamples", "5", "--out", "m")
    status, out, err = neuronet("meta", "xor", "--policies", "attention,free-rider", *quick)
    assert status == 0, err
    assert "Payoff 'attention' of a policy, where all others follow another" in out
    means = pd.read_csv(tmp_path / "m" / "means.csv")
    alone = means[(means["policy"] == "free-rider") & (means["others attention"] == 6)]["mean"].item()
    assert f"{alone:.3g} (" in out
    assert "initial mixes" in " ".join(out.split())
    assert "alpha-rank puts" in " ".join(out.split())
    assert "in which all players use the same mix" in " ".join(out.split())
    assert "neuronet game solve FOLDER" in " ".join(out.split())
    stored = load_meta_game(tmp_path / "m")
    assert (stored.names, stored.players, stored.neurons) == (("attention", "free-rider"), 3, 7)
    assert stored.means("attention")["mean"].to_numpy() == pytest.approx(means["mean"].to_numpy(), rel=1e-12)
    assert json.loads((tmp_path / "m" / "game.json").read_text())["policies"] == list(stored.names)


@pytest.mark.parametrize(
    ("ranks", "sentence"),
    [
        ((0.9, 0.8, 1.0, 0.1, 0.0, 0.2), "By 'attention' and by 'scaled', alpha-rank puts a first."),
        ((0.1, 0.0, 0.2, 0.9, 0.8, 1.0), "By 'attention', alpha-rank puts a first, but by 'scaled' b: the payoffs disagree."),
        (
            (0.6, 0.1, 0.9, 0.4, 0.1, 0.9),
            "By 'attention' and by 'scaled', alpha-rank puts a first. By 'scaled' these seeds do not decide: intervals overlap.",
        ),
    ],
)
def test_headline_compares_raw_and_scaled_attention(ranks, sentence):
    columns = ("rank", "low", "high")
    attention = [("attention", "a", 0.9, 0.8, 1.0), ("attention", "b", 0.1, 0.0, 0.2)]
    scaled = [("scaled", "a", *ranks[:3]), ("scaled", "b", *ranks[3:])]
    table = pd.DataFrame(attention + scaled, columns=["payoff", "policy", *columns])
    assert headline(SimpleNamespace(kind="attention"), table) == sentence


def test_meta_plays_until_policies_are_decided(neuronet, tmp_path):
    arguments = "xor --policies attention,contrarian --hidden 5 --num-players 2 --rounds 3 --resamples 20 --seeds 2 --tolerance 9"
    status, out, _ = neuronet("meta", *arguments.split(), "--until", 0.9, "--max-seeds", 4, "--out", tmp_path / "m", "--json")
    found = json.loads(out.splitlines()[-1])
    assert status == 0
    assert [row["policy"] for row in found["decided"]] == ["attention", "contrarian"]
    assert {row["conclusion"] for row in found["decided"]} <= {"certain", "refuted", "undecided"}
    assert found["seeds"] in (2, 4)
    assert "with 90% confidence in all conclusions together" in found["headline"]
    assert len(pd.read_csv(tmp_path / "m" / "decided.csv")) == 2
    assert json.loads((tmp_path / "m" / "game.json").read_text())["seeds"] == found["seeds"]


def test_meta_between_layers(neuronet, tmp_path):
    quick = ("--hidden", "4,4", "--seeds", "2", "--rounds", "2", "--resamples", "4")
    status, out, err = neuronet("meta", "xor", "--players-are", "layers", "--policies", "attention,greedy", *quick, "--out", "l")
    assert status == 0, err
    assert "Equilibria between two layers, by the payoff 'attention'" in out
    assert "Gain of a layer that alone leaves an equilibrium in pure policies" in out
    assert {path.name for path in (tmp_path / "l").iterdir()} == {
        "manifest.json",
        "payoffs.csv",
        "gains.csv",
        "equilibria.csv",
        "alpha_rank.csv",
        "layers.png",
        "game.nfg",
        "game.json",
    }
    assert load_meta_game(tmp_path / "l").neurons == (4, 4)


def test_credit(neuronet, tmp_path):
    status, out, err = neuronet("credit", "xor", "--hidden", "5", "--seeds", "2", "--rounds", "20", "--out", "c", "--json")
    assert status == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert summary["exact"] is True
    assert [row["seeds"] for row in summary["found"]] == [2] * 5
    table = pd.read_csv(tmp_path / "c" / "credit.csv")
    graph = nx.read_graphml(tmp_path / "c" / "network-1.graphml", node_type=int)
    shapley = [graph.nodes[node]["shapley"] for node in sorted(graph) if graph.nodes[node]["layer"] == 1]
    assert shapley == pytest.approx(table[table["seed"] == 1]["shapley"].tolist())
    assert (tmp_path / "c" / "credit.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("meta", "xor", "--policies", "attention"), "all different, got attention"),
        (("meta", "xor", "--policies", "attention,attention"), "'attention'"),
        (("meta", "xor", "--seeds", "1"), "seeds must be"),
        (("meta", "xor", "--players-are", "people"), "got 'people'"),
        (("meta", "xor", "--payoff", "money", "--seeds", "2"), "'money'"),
        (("meta", "xor", "--num-players", "40", "--seeds", "2"), "from 2 to 31, got 40"),
        (("meta", "xor", "--players-are", "layers", "--hidden", "4"), "two hidden layers, got 1"),
        (("meta", "xor", "--players-are", "layers", "--until", "0.9"), "leave --until out"),
        (("meta", "xor", "--until", "2", "--seeds", "2"), "confidence must be"),
        (("credit", "xor", "--layer", "2"), "layer must be"),
        (("credit", "xor", "--permutations", "5", "--rounds", "1"), "permutations must be"),
    ],
)
def test_invalid_options_are_refused(neuronet, tmp_path, arguments, fragment):
    status, _, err = neuronet(*arguments)
    assert status == 2
    assert fragment in " ".join(err.split())
    assert not any(tmp_path.iterdir())
