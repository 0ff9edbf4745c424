"""A configuration file holds every parameter of its specs, so that it keeps its meaning; interventions keep their text."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuronet.channels import CHANNELS
from neuronet.core import ConfigurationError, Momentum, PartialUpdate, Sparse
from neuronet.policies import AttentionSeeking, Greedy
from neuronet.recording import RunDirectory
from neuronet.training.config import make_config, read_config

OPTIONS = {
    "environment": "xor",
    "policy": ["attention:0.5,noisy(trembling-hand):0.5", "greedy"],
    "hidden": [6],
    "optimizer": "momentum",
    "connectivity": "sparse",
    "channels": ["activity@1:quantize"],
    "update_schedule": "partial",
    "interventions": ["1: noise(layer=1)", "round 3: revive()"],
    "trace": ["hidden", "node 3 of bias"],
}


@pytest.fixture
def written(tmp_path):
    """Return a configuration and the file that it was written to."""
    config = make_config(OPTIONS)
    return config, RunDirectory.create(tmp_path / "run", config).folder / "config.json"


def test_configuration_read_back_is_equal(written):
    config, path = written
    assert read_config(path) == config
    assert make_config(json.loads(path.read_text())) == config


@pytest.mark.parametrize("cls", [AttentionSeeking, Greedy, Momentum, Sparse, PartialUpdate, CHANNELS["quantize"]])
def test_changed_default_does_not_change_an_old_file(cls, written, monkeypatch):
    config, path = written
    changed = tuple(value / 2 if isinstance(value, float) else value for value in cls.__init__.__defaults__)
    changed = changed if changed != cls.__init__.__defaults__ else (changed[0] + 1, *changed[1:])
    monkeypatch.setattr(cls.__init__, "__defaults__", changed)
    assert make_config(OPTIONS) != config
    assert read_config(path) == config


@pytest.mark.parametrize(("name", "text"), [("mine.toml", 'environment = "xor"\n'), ("mine.json", '{"environment": "xor"}')])
def test_byte_order_mark_is_skipped(tmp_path, name, text):
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_config(tmp_path / name) == make_config({"environment": "xor"})


@pytest.mark.parametrize("hidden", [[np.int64(4), 3], (np.int32(4), np.uint8(3)), np.array([4, 3])])
def test_integers_of_numpy_are_integers(hidden):
    assert make_config({"environment": "xor", "hidden": hidden}).hidden == (4, 3)


def test_text_that_cannot_be_recorded_is_refused():
    with pytest.raises(ConfigurationError, match=r"environment must be text that UTF-8 can hold, got 'table:caf\\udce9\.csv'"):
        make_config({"environment": "table:caf\udce9.csv"})
