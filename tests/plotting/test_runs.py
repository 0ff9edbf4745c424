"""Learning curves of several runs: one line each, replicas as a band."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.plotting.runs import draw_runs, runs_figure


def metrics_of(level, replicas=1, accuracy=True):
    rows = [
        (epoch, r, 1.0, level / epoch + r, 0.5, 0.9 - level / 10 if accuracy else np.nan)
        for epoch in (1, 2)
        for r in range(replicas)
    ]
    return pd.DataFrame(rows, columns=["epoch", "replica", "train_loss", "test_loss", "train_accuracy", "test_accuracy"])


def test_a_line_for_each_run_and_a_band_for_replicas(tmp_path):
    runs = {"one": metrics_of(1.0), "two": metrics_of(2.0, replicas=3)}
    loss, accuracy = runs_figure(runs).axes
    np.testing.assert_allclose([line.get_ydata() for line in loss.lines], [[1, 0.5], [3, 2]])
    np.testing.assert_allclose([line.get_ydata() for line in accuracy.lines], [[80, 80], [70, 70]])
    assert len(loss.collections) == 1
    assert [line.get_label() for line in accuracy.lines] == ["one: 80.0 %", "two: 70.0 %"]
    assert draw_runs(runs, tmp_path / "runs.svg").exists()


def test_values_have_no_accuracy():
    without = metrics_of(1.0, accuracy=False).assign(train_accuracy=np.nan)
    (loss,) = runs_figure({"a": without}, loss_unit="squared error").axes
    assert loss.get_ylabel() == "loss (squared error)"


def test_a_ruin_ends_its_line_and_no_run_is_refused():
    ruined = metrics_of(1.0)
    ruined.loc[1, "test_loss"] = np.inf
    assert len(runs_figure({"a": ruined}).axes[0].lines[0].get_ydata()) == 1
    with pytest.raises(NeuroNetError, match="learning curves need a run"):
        runs_figure({})
