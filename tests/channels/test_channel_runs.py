"""Channels on the command line, in configurations and in runs that are resumed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

import neuronet
from neuronet.channels import CHANNELS, ChannelAt, Dropout
from neuronet.cli.main import start
from neuronet.core.errors import NeuroNetError
from neuronet.engines.tensors import DataParallelEngine
from neuronet.registry import parse_channel
from tests.helpers.paths import ROOT

CHANNELS_PAGE = ROOT / "docs" / "channels.md"
LATE = ("demand:delay(3)", "activity:dropout(0.2)")
SMALL = {"hidden": (6, 5), "epochs": 2, "batch_size": 48, "lr_schedule": "constant"}


def command(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["neuronet", *words])
    return start()


def test_channels_of_the_command_line_are_saved(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = [
        "--channel",
        "demand:dropout(0.5)",
        "--channel",
        "activity@1:quantize",
        "--epochs",
        "1",
        "--hidden",
        "5",
        "--out",
        "here",
    ]
    assert command(monkeypatch, "run", "xor", *words) == 0
    saved = json.loads(Path("here/config.json").read_text())["channels"]
    assert saved == ["demand:dropout(share=0.5, scaled=true, masks_feedback=true)", "activity@1:quantize(levels=4)"]
    again = neuronet.train("xor", channels=saved, epochs=1, hidden=5)
    assert again.metrics["test_loss"].tolist() == neuronet.resume("here").metrics["test_loss"].tolist()
    assert again.loss != neuronet.train("xor", epochs=1, hidden=5).loss


@pytest.mark.parametrize("engine", ["agents", "tensors"])
def test_resumed_run_restores_delayed_messages(engine, tmp_path):
    unbroken = neuronet.train("xor", channels=LATE, engine=engine, **{**SMALL, "epochs": 3})
    neuronet.train("xor", channels=LATE, engine=engine, out=tmp_path / "run", **SMALL)
    resumed = neuronet.resume(tmp_path / "run", epochs=3)
    for ours, theirs in zip(resumed.network.weights, unbroken.network.weights, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_channel_objects_are_accepted_and_alignment_ignores_delays():
    place = ChannelAt("demand", Dropout(0.25), layer=1)
    result = neuronet.train("xor", channels=place, alignment=True, **SMALL)
    assert result.config.channels == (ChannelAt("demand", Dropout(0.25), 1),)
    last = result.alignment[(result.alignment["epoch"] == 2) & (result.alignment["group"] == "all")].set_index("layer")["cosine"]
    assert 0.3 < last[1] < 0.999
    assert last[2] == pytest.approx(1.0)
    late = neuronet.train("xor", channels="demand:delay(2)", alignment=True, **SMALL).alignment
    assert late["cosine"].dropna().min() == pytest.approx(1.0)


def test_comparison_applies_channels_to_policies_only(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = ["compare", "xor", "--policies", "attention", "--seeds", "2", "--epochs", "1", "--hidden", "6", "--out", "here"]
    assert command(monkeypatch, *words, "--channel", "demand:noise(3)", "--update-schedule", "partial(0.5)") == 0
    curves = pd.read_csv("here/curves.csv").set_index("policy")["test_loss"]
    undisturbed = neuronet.train("xor", epochs=1, hidden=6, replicas=2).metrics["test_loss"].tolist()
    assert curves["backprop"].tolist() == pytest.approx(undisturbed, rel=1e-9)
    assert curves["attention"].tolist() != pytest.approx(undisturbed, rel=1e-3)


def test_bad_channels_are_refused_in_one_sentence(monkeypatch, capsys):
    assert command(monkeypatch, "run", "xor", "--channel", "demand@2:dropout", "--hidden", "5") == 2
    assert "layer must be at most 1" in capsys.readouterr().err
    with pytest.raises(NeuroNetError, match="channels must be texts"):
        neuronet.train("xor", channels=0.3)


def test_channels_are_refused_with_several_processes():
    setup = neuronet.Setup(neuronet.build_network((2, 3, 2)), neuronet.Greedy(), channels=[parse_channel("demand:dropout")])
    with pytest.raises(NeuroNetError, match="channels are not supported with several processes"):
        DataParallelEngine(setup)


def test_all_channels_are_listed_and_documented(monkeypatch, capsys):
    assert command(monkeypatch, "channels") == 0
    listed, page = capsys.readouterr().out, CHANNELS_PAGE.read_text(encoding="utf-8")
    for name, cls in CHANNELS.items():
        assert re.search(rf"^ +{name} ", listed, re.MULTILINE)
        assert f"\n## {name}\n" in page
        assert f"`{cls.__name__}(" in page
        assert all(field in page for field in cls.__dataclass_fields__)
