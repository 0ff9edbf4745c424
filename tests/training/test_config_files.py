"""A configuration file holds every parameter of its specs, so that it keeps its meaning; interventions keep their text."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from neuronet.channels import CHANNELS
from neuronet.core import ConfigurationError, Momentum, PartialUpdate, Sparse
from neuronet.policies import AttentionSeeking, Greedy
from neuronet.recording import RunDirectory
from neuronet.training.config import MAX_OPTIONS_BYTES, make_config, read_config, read_options

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


def test_file_that_does_not_end_or_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zeros.json").symlink_to("/dev/zero")
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(MAX_OPTIONS_BYTES + 1)
    for name, reason in (("pipe.toml", "regular file"), ("zeros.json", "regular file"), ("large.toml", "larger than 10 MB")):
        with pytest.raises(ConfigurationError, match=rf"^cannot read the configuration '[^']*{name}': it is .*{reason}$"):
            read_options(tmp_path / name)


def test_pipe_of_a_shell_is_read():
    reading, writing = os.pipe()
    os.write(writing, b"epochs = 2\n")
    os.close(writing)
    assert read_options(f"/dev/fd/{reading}") == {"epochs": 2}
    os.close(reading)


@pytest.mark.parametrize("name", ["deep.toml", "deep.json"])
def test_deeply_nested_file_is_refused(tmp_path, name):
    text = "[" * 5000 + "]" * 5000
    (tmp_path / name).write_text(f"hidden = {text}" if name.endswith("toml") else text)
    with pytest.raises(ConfigurationError, match="nested more than 100 deep"):
        read_options(tmp_path / name)


@pytest.mark.parametrize("hidden", [[np.int64(4), 3], (np.int32(4), np.uint8(3)), np.array([4, 3])])
def test_integers_of_numpy_are_integers(hidden):
    assert make_config({"environment": "xor", "hidden": hidden}).hidden == (4, 3)


def test_text_that_cannot_be_recorded_is_refused():
    with pytest.raises(ConfigurationError, match=r"environment must be text that UTF-8 can hold, got 'table:caf\\udce9\.csv'"):
        make_config({"environment": "table:caf\udce9.csv"})
