"""Figure of alignment: lines and labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import DataError
from neuronet.plotting.alignment import alignment_figure
from neuronet.recording import draw


def table_of():
    bands = [(1, "all", ""), (1, "0", "attention"), (1, "1", "free-rider"), (2, "all", "attention"), (0, "all", "")]
    rows = [
        (epoch, replica, layer, group, policy, np.nan if policy == "free-rider" else 10.0 * epoch + replica, 0.5 * layer)
        for layer, group, policy in bands
        for epoch in (1, 2, 3)
        for replica in (0, 1)
    ]
    return pd.DataFrame(rows, columns=["epoch", "replica", "layer", "group", "policy", "angle", "norm_ratio"])


def test_each_layer_and_group_has_a_line(tmp_path):
    figure = alignment_figure(table_of())
    angle, length = figure.axes
    labels = [
        "layer 1: attention (group 0)",
        "layer 1: free-rider (group 1)",
        "layer 2: attention, outputs (paid by the environment)",
    ]
    for axes in (angle, length):
        assert [line.get_label() for line in axes.lines if line.get_label().startswith("layer")] == labels
    np.testing.assert_allclose(angle.lines[0].get_ydata(), [10.5, 20.5, 30.5])
    assert np.isnan(angle.lines[1].get_ydata()).all()
    np.testing.assert_allclose(length.lines[2].get_ydata(), 1.0)
    assert angle.get_ylim()[1] > 90
    assert draw("alignment", table_of(), tmp_path / "alignment.svg").exists()


def test_empty_or_incomplete_table_is_refused():
    with pytest.raises(DataError, match="alignment=True"):
        alignment_figure(table_of().iloc[:0])
    with pytest.raises(DataError, match="'angle'"):
        alignment_figure(table_of().drop(columns="angle"))
