"""Store for runs and studies: settings that are compared, files that are complete, and folders that are refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import DataError, StateError, StudyMismatchError
from neuronet.recording import StudyStore, study_kind

TYPES = {"name": "object", "epoch": "int64", "loss": "float64"}


def test_the_same_settings_resume_and_other_ones_are_refused(tmp_path):
    settings = {"version": "1", "hidden": (8, 4), "rate": 0.1}
    StudyStore(tmp_path / "study", "comparison").begin(settings, "parts")
    StudyStore(tmp_path / "study", "comparison").begin(settings)
    assert (tmp_path / "study" / "parts").is_dir()
    assert study_kind(tmp_path / "study") == "comparison"
    for change, first in (({"rate": 0.2, "hidden": [8]}, "hidden"), ({"rate": 0.2}, "rate")):
        with pytest.raises(StudyMismatchError, match=f"a comparison with another {first}"):
            StudyStore(tmp_path / "study", "comparison").begin({**settings, **change})
    with pytest.raises(StudyMismatchError, match="another kind"):
        StudyStore(tmp_path / "study", "continual study").begin(settings)


def test_kind_of_a_folder_without_a_study(tmp_path):
    assert study_kind(tmp_path) is None
    for content in ("{", "{}", "[]", "null", '{"kind": ["comparison"]}', "[" * 5000 + "]" * 5000):
        (tmp_path / "study.json").write_text(content)
        with pytest.raises(DataError, match=r"study\.json"):
            study_kind(tmp_path)


def test_a_store_without_a_folder_keeps_nothing():
    store = StudyStore(None, "sweep")
    store.begin({"version": "1"})
    store.write_json("a.json", 1)
    store.append("b.txt", "line\n")
    store.write_table("c.csv", pd.DataFrame({"epoch": [1]}))
    assert not store.has("a.json")
    assert store.read_json("a.json") is store.load_arrays("d.safetensors") is None
    assert store.read_table("c.csv", TYPES).empty
    assert list(store.finished("parts")) == []


def test_a_read_only_store_writes_nothing(tmp_path):
    (tmp_path / "a.json").write_text("1")
    store = StudyStore(tmp_path, "run", read_only=True)
    store.write_json("a.json", 2)
    store.append("b.txt", "line\n")
    assert store.read_json("a.json") == 1
    assert not store.has("b.txt")


def test_tables_are_read_as_they_were_written(tmp_path):
    store = StudyStore(tmp_path, "run")
    rows = [{"name": "", "epoch": 1, "loss": 0.1 + 0.2}, {"name": "a,b", "epoch": 2, "loss": np.nan}]
    for row in rows:
        store.append_rows("table.csv", [row], TYPES)
    pd.testing.assert_frame_equal(store.read_table("table.csv", TYPES), pd.DataFrame(rows), check_exact=True)
    assert (tmp_path / "table.csv").read_text().splitlines()[0] == "name,epoch,loss"
    (tmp_path / "table.csv").write_text("name,epoch\na,b\n")
    with pytest.raises(DataError, match=r"table\.csv', a part of this run"):
        store.read_table("table.csv", TYPES)


def test_unfinished_results_are_left_out_and_broken_ones_are_named(tmp_path):
    store = StudyStore(tmp_path, "sweep")
    store.make_folder("cells")
    store.write_json("cells/b.json", [2])
    store.write_json("cells/a.json", [1])
    (tmp_path / "cells" / ".c.json.7.partial").write_text("[")
    assert [content for _, content in store.finished("cells")] == [[1], [2]]
    (tmp_path / "cells" / "d.json").write_text("[")
    with pytest.raises(DataError, match=r"d\.json', a part of this sweep"):
        list(store.finished("cells"))


def test_arrays_and_their_metadata(tmp_path):
    store = StudyStore(tmp_path, "run")
    store.save_arrays("a.safetensors", {"x": np.arange(6.0).reshape(2, 3).T}, {"format": "1"})
    metadata, arrays = store.load_arrays("a.safetensors")
    assert metadata == {"format": "1"}
    np.testing.assert_array_equal(arrays["x"], np.arange(6.0).reshape(2, 3).T)
    (tmp_path / "a.safetensors").write_bytes(b"no")
    with pytest.raises(StateError, match=r"a\.safetensors"):
        store.load_arrays("a.safetensors")


def test_a_folder_that_cannot_be_made_or_is_taken(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write to the folder"):
        StudyStore(tmp_path / "file", "sweep").begin({})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({}))
    with pytest.raises(StudyMismatchError, match="holds a run already"):
        StudyStore(tmp_path / "run", "run").reserve("metrics.csv", "config.json")
