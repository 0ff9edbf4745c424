"""Learning curves of a comparison: panels, order and baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import DataError
from neuronet.plotting.comparison import MIN_ERROR, comparison_figure
from neuronet.recording import draw


def curves_of(policies, accuracy=0.9):
    rows = [
        (policy, seed, epoch, accuracy + 0.01 * seed + 0.001 * number * epoch, 0.5 / epoch)
        for number, policy in enumerate(policies)
        for seed in range(3)
        for epoch in range(1, 5)
    ]
    return pd.DataFrame(rows, columns=["policy", "seed", "epoch", "test_accuracy", "test_loss"])


def test_each_policy_has_a_panel_with_the_baseline_best_first():
    names = ["backprop", *(f"policy-{n}" for n in range(7))]
    figure = comparison_figure(curves_of(names))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [f"policy-{n}" for n in reversed(range(7))]
    baseline, policy = figure.axes[0].lines
    assert baseline.get_label() == "backprop"
    np.testing.assert_allclose(policy.get_ydata(), [100 - 91 - 0.7 * epoch for epoch in range(1, 5)])
    assert figure.axes[0].get_yscale() == "log"
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_error_of_zero_is_drawn(tmp_path):
    figure = comparison_figure(curves_of(["backprop", "a"], accuracy=1.0).assign(test_accuracy=1.0))
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), MIN_ERROR)
    path = draw("comparison", curves_of(["backprop", "a"]), tmp_path / "curves.png", measure="loss")
    assert path.stat().st_size > 5000


def test_diverged_losses_are_drawn_up_to_their_end():
    curves = curves_of(["backprop", "a"])
    curves.loc[(curves["policy"] == "a") & (curves["epoch"] > 2), "test_loss"] = np.nan
    figure = comparison_figure(curves, measure="loss")
    assert np.isnan(figure.axes[0].lines[1].get_ydata()[-1])


@pytest.mark.parametrize("policies", [["a"], ["backprop", "a"]])
def test_losses_that_are_all_missing_are_drawn(policies):
    curves = curves_of(policies)
    curves.loc[curves["policy"] == "a", "test_loss"] = np.nan
    figure = comparison_figure(curves, measure="loss")
    assert np.isnan(figure.axes[0].lines[-1].get_ydata()).all()
    assert figure.axes[0].get_yscale() == ("log" if "backprop" in policies else "linear")


def test_missing_column_is_refused():
    with pytest.raises(DataError, match=r"curves .*'test_loss'"):
        comparison_figure(curves_of(["a"]).drop(columns="test_loss"), measure="loss")


def test_result_figure_has_the_means_and_intervals_of_the_table():
    from neuronet.plotting.comparison_result import comparison_result_figure

    columns = ("policy", "mean", "low", "high", "difference", "difference_low", "difference_high")
    table = pd.DataFrame([("backprop", 0.9, 0.8, 1.0, *[np.nan] * 3), ("a", 0.7, 0.6, 0.75, -0.2, -0.3, -0.1)], columns=columns)
    left, right = comparison_result_figure(table).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["backprop", "a"]
    (bars,) = left.collections
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], [[80, 100], [60, 75]])
    np.testing.assert_allclose(right.collections[0].get_segments()[-1][:, 0], [-30, -10])
    with pytest.raises(DataError, match="difference"):
        comparison_result_figure(table.drop(columns="difference"))
