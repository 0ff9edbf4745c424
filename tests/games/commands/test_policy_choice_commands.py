"""`neuronet game mechanisms`, `certify` and `regret`, and the options that all commands of games have."""

from __future__ import annotations

import json
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console

from neuronet.cli.commands.game.policy_choice.certify import parse_mix
from neuronet.cli.commands.game.policy_choice.mechanisms import results_tables
from neuronet.core import ConfigurationError
from neuronet.games import MechanismComparison
from neuronet.policies import AttentionSeeking, FreeRider
from tests.helpers.paths import ROOT

QUICK = ("--hidden", "4", "--rounds", "3")


def test_mix_has_a_share_of_each_policy():
    policies = [FreeRider(), AttentionSeeking()]
    assert parse_mix("attention:0.25,free-rider:0.75", policies).tolist() == [0.75, 0.25]
    assert parse_mix("attention", policies).tolist() == [0.0, 1.0]
    with pytest.raises(ConfigurationError, match="greedy"):
        parse_mix("greedy", policies)


@pytest.mark.slow
def test_mechanisms(neuronet, tmp_path):
    named = "attention,budgeted(budget=0.3) + credit,activity:normalize"
    options = ("--seeds", 3, "--deviators", 1, "--training-epochs", 1, "--policies", "free-rider", "--mechanisms", named)
    status, out, err = neuronet("mechanisms", "xor", *QUICK, *options, "--out", "m", "--json")
    assert status == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert [row["mechanism"] for row in summary["mechanisms"]] == named.split(",")
    assert {path.name for path in (tmp_path / "m").iterdir()} == {
        "mechanisms.csv",
        "gains.csv",
        "mechanisms.png",
        "manifest.json",
    }
    assert len(pd.read_csv(tmp_path / "m" / "gains.csv")) == 3 * 7
    status, _, err = neuronet("mechanisms", "xor", *QUICK, "--mechanisms", "greedy")
    assert status != 0
    assert "greedy" in err


def test_tables_of_mechanisms_fit_80_columns():
    records = ROOT / "benchmarks" / "mechanisms" / "digits"
    gains, table = (pd.read_csv(records / f"{name}.csv") for name in ("gains", "mechanisms"))
    console = Console(width=80, file=StringIO())
    console.print(results_tables(MechanismComparison(gains, table, 0.02, 20, 45, 450)))
    text = " ".join(console.file.getvalue().split())
    assert "…" not in text
    assert "best deviation gain (%) honest shirks" in text
    assert "feedback times 8 464 (328 to 599) no -65.5" in text
    assert "accuracy (%) change attention scaled" in text
    assert "hold for all mechanisms and deviations together (95%)" in text


@pytest.mark.slow
def test_certify(neuronet, tmp_path):
    options = ("--policies", "attention,free-rider", "--mix", "free-rider", "--seeds", 3, "--max-seeds", 6)
    status, out, err = neuronet("certify", "xor", *QUICK, *options, "--tolerance", 0, "--out", "c", "--json")
    assert status == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert summary["mix"] == {"attention": 0.0, "free-rider": 1.0}
    assert summary["conclusion"] in ("certain", "refuted", "undecided")
    assert summary["seeds"] in (3, 6)
    assert sum(summary["stability"].values()) == pytest.approx(1)
    assert len(pd.read_csv(tmp_path / "c" / "payoffs.csv")) == summary["seeds"] * 4


@pytest.mark.slow
def test_regret(neuronet, tmp_path):
    options = ("--every", 2, "--networks", 2, "--deviators", 2, "--policies", "greedy,free-rider", "--payoff", "contribution")
    status, out, err = neuronet("regret", "xor", *QUICK, *options, "--out", "r", "--json")
    assert status == 0, err
    last = json.loads(out.splitlines()[-1])["regret"]
    assert {row["payoff"] for row in last} >= {"attention", "scaled", "contribution"}
    assert min(row["regret"] for row in last) >= 0
    assert pd.read_csv(tmp_path / "r" / "best.csv")["best"].sum() == 4


@pytest.mark.slow
def test_games_have_kernels_and_channels(neuronet):
    quick = (*QUICK, "--policies", "attention,free-rider", "--num-players", 2, "--seeds", 2, "--resamples", 2, "--json")
    found = {}
    for name, options in {
        "auto": (),
        "torch": ("--kernels", "torch"),
        "channel": ("--channel", "activity:k-winners(0.5)"),
    }.items():
        status, _, err = neuronet("meta", "xor", *quick, *options, "--out", name)
        assert status == 0, err
        found[name] = pd.read_csv(f"{name}/payoffs.csv")["test_loss"]
    assert found["torch"].to_numpy() == pytest.approx(found["auto"].to_numpy(), rel=1e-9)
    assert (found["channel"] != found["auto"]).any()
    status, _, err = neuronet("meta", "xor", *quick, "--kernels", "fastest")
    assert status != 0
    assert "kernels" in err
    status, _, err = neuronet("distances", "xor", "--hidden", 4, "--at-epochs", 0, "--channel", "activity:k-winners(0.5)")
    assert status != 0
    assert "channels" in err
