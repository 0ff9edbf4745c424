"""Attention over time: lines of neurons and policies, and rounds that were not recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import DataError
from neuronet.plotting import style
from neuronet.plotting.attention import COLUMNS, MAX_DRAWN_NEURONS, UNRECORDED_DASHES, attention_figure
from neuronet.plotting.policy_styles import POLICY_HUES


def table_of(rounds, neurons, policy=lambda node: "attention", layers=(1,)):
    rows = [
        (number, layer, 100 * layer + node, policy(node), 1.0 + node * number)
        for number in rounds
        for layer in layers
        for node in neurons
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def labels(axes):
    return [line.get_label() for line in axes.lines if not line.get_label().startswith("_")]


def test_few_neurons_of_one_policy_have_names():
    (axes,) = attention_figure(table_of(range(5), (0, 2))).axes
    assert labels(axes) == ["100", "102"]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [1, 3, 5, 7, 9])


def test_policies_have_medians_in_the_colours_of_the_network_figure():
    figure = attention_figure(table_of(range(4), range(9), lambda node: "greedy" if node > 5 else "attention", layers=(1, 2)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Hidden layer 1", "Hidden layer 2"]
    for axes in figure.axes:
        assert len(axes.lines) == 9 + 2
        medians = {line.get_label(): line for line in axes.lines if line.get_label() in ("attention", "greedy")}
        np.testing.assert_array_equal(medians["greedy"].get_ydata(), [1, 8, 15, 22])
        assert [medians[name].get_color() for name in ("attention", "greedy")] == [
            POLICY_HUES["attention"],
            POLICY_HUES["greedy"],
        ]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["attention", "greedy"]


def test_unrecorded_rounds_are_dotted():
    figure = attention_figure(table_of((0, 90), range(9)))
    assert all(line._unscaled_dash_pattern == UNRECORDED_DASHES for line in figure.axes[0].lines)
    assert "dotted: not recorded" in figure.legends[0].get_title().get_text()
    assert list(figure.axes[0].get_xticks()) == [0, 90]


def test_of_many_neurons_some_are_drawn_with_the_median_of_all():
    count = 10 * MAX_DRAWN_NEURONS
    figure = attention_figure(table_of((0, 1), range(count)))
    *thin, median = figure.axes[0].lines
    last = sorted(line.get_ydata()[1] for line in thin)
    assert len(last) == MAX_DRAWN_NEURONS
    assert (last[0], last[-1]) == (1, count)  # the least and the most attended
    np.testing.assert_array_equal(median.get_ydata(), [1, 1 + (count - 1) / 2])
    assert f"at most {MAX_DRAWN_NEURONS} of a policy in a layer" in figure.legends[0].get_title().get_text()


def test_empty_or_incomplete_table_is_refused(tmp_path):
    with pytest.raises(DataError, match="no row"):
        attention_figure(table_of((), ()))
    with pytest.raises(DataError, match="'node'"):
        attention_figure(table_of((1,), (1,)).drop(columns="node"))
    assert style.save(attention_figure(table_of((1,), (1,))), tmp_path / "attention.pdf").exists()
