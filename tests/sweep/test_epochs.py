"""Cells that are measured after every epoch, and whose neurons are traced: as runs of their own, whatever group they are in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet.core.errors import ConfigurationError, DataError, StudyMismatchError
from neuronet.plotting.sources import kinds_of, plot
from neuronet.sweep import read_curves, read_traces, sweep

SMALL = {"environment": "xor", "hidden": [8], "epochs": 3, "inequality": True, "policy": "attention:75%,free-rider:25%"}
LESION = ["1: lesion(layer=1, share=0.4)"]
TRACE = ["hidden:3 every epoch", "node 2 every 7 of attention"]
MEASURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A sweep of four cells in two groups, and its folder."""
    folder = tmp_path_factory.mktemp("sweep")
    design = {**SMALL, "curves": True, "trace": TRACE, "seeds": [3, 8], "grid": {"interventions": [[], LESION]}}
    return folder, sweep(design, out=folder)


def run_alone(row):
    interventions = [] if row["interventions"] == "none" else [row["interventions"]]
    return neuronet.train(**SMALL, engine="tensors", trace=TRACE, seed=row["seed"], interventions=interventions)


def test_curves_and_traces_equal_those_of_runs(played):
    folder, table = played
    curves, traced = read_curves(folder), read_traces(folder)
    assert curves["epoch"].tolist() == [1, 2, 3] * 4
    assert set(table["group_size"]) == {2}
    for row in table.to_dict("records"):
        run, curve = run_alone(row), curves[curves["cell"] == row["cell"]]
        for name in MEASURES:
            np.testing.assert_allclose(curve[name], run.metrics[name], rtol=1e-11, err_msg=name)
        whole = run.inequality[(run.inequality["layer"] == 0) & (run.inequality["group"] == "all")]
        np.testing.assert_allclose(curve["gini"], whole["gini"], rtol=1e-9)
        assert curve.iloc[-1]["test_loss"] == row["test_loss"]
        assert (curve["seed"] == row["seed"]).all() and (curve["interventions"] == row["interventions"]).all()
        of_cell = traced[traced["cell"] == row["cell"]].reset_index(drop=True)
        alone = run.traces().drop(columns="replica")
        pd.testing.assert_frame_equal(of_cell[alone.columns], alone, rtol=1e-9)
        assert (of_cell["seed"] == row["seed"]).all()
    pd.testing.assert_frame_equal(pd.read_csv(folder / "curves.csv"), curves, rtol=1e-14)


def test_measuring_does_not_change_the_results(played):
    plain = sweep({**SMALL, "seeds": [3, 8], "grid": {"interventions": [[], LESION]}})
    pd.testing.assert_frame_equal(plain.drop(columns="seconds"), played[1].drop(columns="seconds"), check_exact=True)


def test_swept_policy_does_not_hide_the_policies_of_neurons(tmp_path):
    design = {
        "environment": "xor",
        "hidden": [4],
        "epochs": 1,
        "trace": "hidden:2 every epoch",
        "grid": {"policy": ["greedy", "attention"]},
    }
    sweep(design, out=tmp_path)
    traced = read_traces(tmp_path)
    assert (traced["cell_policy"] == traced["policy"]).all()
    assert set(traced["policy"]) == {"greedy", "attention"}
    assert kinds_of(tmp_path) == ["attention"]


def test_failed_cell_has_neither_curve_nor_traces(tmp_path):
    design = {"environment": "xor", "hidden": [4], "epochs": 2, "curves": True, "trace": "hidden:2 every epoch"}
    table = sweep({**design, "optimizer": "sgd", "activation": "identity", "grid": {"learning_rate": [0.1, 1e200]}}, out=tmp_path)
    assert table["error"].notna().tolist() == [False, True]
    assert set(read_curves(tmp_path)["cell"]) == set(read_traces(tmp_path)["cell"]) == {1}


def test_resumed_sweep_has_the_curves_of_all_cells(tmp_path):
    design = {"environment": "xor", "hidden": [4], "epochs": 2, "curves": True, "grid": {"learning_rate": [0.1, 0.2]}}
    sweep({**design, "seeds": 1}, out=tmp_path)
    sweep({**design, "seeds": 2}, out=tmp_path)
    assert sorted(set(read_curves(tmp_path)["cell"])) == [1, 2, 3, 4]


def test_curves_cannot_be_added_to_a_sweep_without(tmp_path):
    design = {"environment": "xor", "hidden": [4], "epochs": 1}
    sweep(design, out=tmp_path)
    with pytest.raises(StudyMismatchError, match="without curves"):
        sweep({**design, "curves": True}, out=tmp_path)
    with pytest.raises(DataError, match=r"no curves in .*: write curves = true"):
        read_curves(tmp_path)
    with pytest.raises(DataError, match=r"no traces in .*: write trace"):
        read_traces(tmp_path)
    with pytest.raises(DataError, match="holds no sweep"):
        read_curves(tmp_path / "cells")
    assert kinds_of(tmp_path) == []


@pytest.mark.parametrize(("name", "value"), [("curves", True), ("trace", "hidden:2")])
def test_without_a_folder_they_are_refused(name, value):
    with pytest.raises(ConfigurationError, match=f"{name} of a sweep needs a folder"):
        sweep({"environment": "xor", "epochs": 1, name: value})
    with pytest.raises(ConfigurationError, match="curves must be true or false, got 'yes'"):
        sweep({"environment": "xor", "curves": "yes"})


def test_traces_of_a_sweep_are_not_those_of_a_run(played):
    with pytest.raises(DataError, match=r"are of a sweep: neuronet\.sweep\.read_traces"):
        neuronet.traces(played[0])


def test_figures_have_a_line_and_a_band_for_each_setting(played, tmp_path):
    folder = played[0]
    assert kinds_of(folder) == ["curves", "inequality", "attention"]
    words = {"curves": "Training loss", "inequality": "Gini", "attention": "free-rider"}
    for kind, word in words.items():
        text = plot(folder, kind, tmp_path / f"{kind}.svg").read_text()
        assert word in text and "95% intervals" in text and "lesion" in text
