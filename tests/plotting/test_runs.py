"""Learning curves of several runs: one line each, replicas as a band."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import DataError
from neuronet.plotting import style
from neuronet.plotting.learning_curves import runs_figure


def metrics_of(level, replicas=1, accuracy=True):
    rows = [
        (epoch, r, 1.0, level / epoch + r, 0.5, 0.9 - level / 10 if accuracy else np.nan)
        for epoch in (1, 2)
        for r in range(replicas)
    ]
    return pd.DataFrame(rows, columns=["epoch", "replica", "train_loss", "test_loss", "train_accuracy", "test_accuracy"])


def test_each_run_has_a_line_and_replicas_a_band(tmp_path):
    runs = {"one": metrics_of(1.0), "two": metrics_of(2.0, replicas=3)}
    loss, accuracy = runs_figure(runs).axes
    np.testing.assert_allclose([line.get_ydata() for line in loss.lines], [[1, 0.5], [3, 2]])
    np.testing.assert_allclose([line.get_ydata() for line in accuracy.lines], [[80, 80], [70, 70]])
    assert len(loss.collections) == 1
    assert [line.get_label() for line in accuracy.lines] == ["one: 80.0 %", "two: 70.0 %"]
    assert style.save(runs_figure(runs), tmp_path / "runs.svg").exists()


def test_regression_has_one_panel():
    without = metrics_of(1.0, accuracy=False).assign(train_accuracy=np.nan)
    (loss,) = runs_figure({"a": without}, loss_unit="squared error").axes
    assert loss.get_ylabel() == "loss (squared error)"


def test_diverged_run_ends_its_line():
    diverged = metrics_of(1.0)
    diverged.loc[1, "test_loss"] = np.inf
    assert len(runs_figure({"a": diverged}).axes[0].lines[0].get_ydata()) == 1


def test_no_run_is_refused():
    with pytest.raises(DataError, match="at least one run"):
        runs_figure({})
