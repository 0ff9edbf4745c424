"""Learning curves of one run: lines, legends and axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from neuronet.core.errors import DataError
from neuronet.plotting import style
from neuronet.plotting.learning_curves import curves_figure
from neuronet.recording import draw


def metrics(epochs: int = 6, replicas: int | None = None) -> pd.DataFrame:
    """Return curves that fall and rise like those of a run."""
    rows = [
        {
            "epoch": epoch,
            "round": 45 * epoch,
            "train_loss": 2.0 / epoch + 0.1 * replica,
            "test_loss": 2.2 / epoch + 0.2 * replica,
            "train_accuracy": 1.0 - 0.5 / epoch,
            "test_accuracy": 0.9 - 0.4 / epoch - 0.01 * replica,
            "seconds": 0.5 * epoch,
            "replica": replica,
        }
        for epoch in range(1, epochs + 1)
        for replica in range(replicas or 1)
    ]
    table = pd.DataFrame(rows)
    return table if replicas else table.drop(columns="replica")


def legend_of(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".svg", ".pdf"])
def test_file_has_the_format_of_its_suffix(tmp_path, suffix):
    path = draw("learning-curves", metrics(), tmp_path / f"curves{suffix}")
    assert path == tmp_path / f"curves{suffix}"
    beginning = path.read_bytes()[:400]
    if suffix.lower() == ".png":
        assert imread(path, format="png").shape[:2] == (round(3.6 * style.DPI), round(9.6 * style.DPI))
    else:
        assert (b"<svg" if suffix == ".svg" else b"%PDF") in beginning
    assert list(tmp_path.iterdir()) == [path]


def test_panels_show_the_given_numbers():
    table = metrics()
    loss, accuracy = curves_figure(table).axes
    for axes, name, scale in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
        training, test = axes.lines
        for line, part in ((training, "train"), (test, "test")):
            np.testing.assert_array_equal(line.get_xdata(), table["epoch"])
            np.testing.assert_allclose(line.get_ydata(), scale * table[f"{part}_{name}"], rtol=1e-15)
        assert axes.get_xlabel() == "epoch"
    assert to_hex(loss.lines[0].get_color()) == to_hex(accuracy.lines[0].get_color()) != to_hex(loss.lines[1].get_color())
    assert loss.lines[0].get_linestyle() != loss.lines[1].get_linestyle()
    assert loss.get_ylabel() == "loss (nats)"
    assert "%" in accuracy.get_ylabel()


def test_legend_gives_the_last_values():
    loss, accuracy = curves_figure(metrics(epochs=5)).axes
    assert legend_of(loss) == ["training, last 0.4", "test, last 0.44"]
    assert legend_of(accuracy) == ["training, last 90.0 %", "test, last 82.0 %"]


def test_loss_axis_names_its_unit():
    assert curves_figure(metrics(), loss_unit="squared error").axes[0].get_ylabel() == "loss (squared error)"


@pytest.mark.parametrize("missing", [np.nan, None])
def test_regression_has_one_panel(missing, tmp_path):
    table = metrics().assign(train_accuracy=missing, test_accuracy=missing)
    figure = curves_figure(table)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Loss"]
    assert len(figure.axes[0].lines) == 2
    assert imread(draw("learning-curves", table, tmp_path / "curves.png")).ndim == 3


def test_replicas_are_thin_and_their_mean_is_bold():
    table = metrics(replicas=3)
    for axes, name, scale in zip(curves_figure(table).axes, ("loss", "accuracy"), (1, 100), strict=True):
        assert len(axes.lines) == 2 * (3 + 1)
        bold = [line for line in axes.lines if line.get_linewidth() > 2]
        thin = [line for line in axes.lines if line.get_linewidth() < 1]
        assert (len(bold), len(thin)) == (2, 6)
        for line, part in zip(bold, ("train", "test"), strict=True):
            mean = table.groupby("epoch")[f"{part}_{name}"].mean()
            np.testing.assert_allclose(line.get_ydata(), scale * mean, rtol=1e-14)
        assert all("mean of 3" in text for text in legend_of(axes))


def test_single_replica_is_drawn_like_a_run_without_replicas():
    for one, none in zip(curves_figure(metrics(replicas=1)).axes, curves_figure(metrics()).axes, strict=True):
        assert len(one.lines) == len(none.lines) == 2
        assert legend_of(one) == legend_of(none)


def test_rows_are_sorted_by_epoch():
    shuffled = metrics(replicas=2).sample(frac=1.0, random_state=3)
    for line in curves_figure(shuffled).axes[0].lines:
        assert list(line.get_xdata()) == [1, 2, 3, 4, 5, 6]


def test_single_epoch_is_visible(tmp_path):
    for axes in curves_figure(metrics(epochs=1)).axes:
        assert all(line.get_marker() == "o" for line in axes.lines)
        low, high = axes.get_xlim()
        assert low < 1 < high
    assert imread(draw("learning-curves", metrics(epochs=1), tmp_path / "curves.png")).ndim == 3


def test_many_epochs_have_no_markers():
    assert {line.get_marker() for axes in curves_figure(metrics(epochs=200)).axes for line in axes.lines} == {""}


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_left_out_and_the_legend_names_the_last_epoch(gap):
    table = metrics()
    table.loc[[2, 5], "test_loss"] = gap
    training, test = curves_figure(table).axes[0].lines
    assert list(training.get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert list(test.get_xdata()) == [1, 2, 4, 5]
    assert [("epoch 5" in text) for text in legend_of(curves_figure(table).axes[0])] == [False, True]


def test_mean_ends_where_a_replica_has_no_value():
    table = metrics(replicas=2)
    table.loc[(table["replica"] == 1) & (table["epoch"] > 4), "test_loss"] = np.nan
    bold = [line for line in curves_figure(table).axes[0].lines if line.get_linewidth() > 2]
    assert [list(line.get_xdata()) for line in bold] == [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4]]


def test_run_without_an_epoch_is_refused(tmp_path):
    figure = curves_figure(metrics()[:0])
    assert [text.get_text() for text in figure.axes[0].texts] == ["no finished epoch yet"]
    assert imread(draw("learning-curves", metrics()[:0], tmp_path / "curves.png")).ndim == 3


def test_losses_of_wide_range_have_a_logarithmic_axis():
    table = metrics()
    assert curves_figure(table).axes[0].get_yscale() == "linear"
    assert curves_figure(table).axes[0].get_ylim()[0] == 0
    table.loc[5, "train_loss"] = table["test_loss"].max() / (2 * style.LOG_RANGE)
    assert curves_figure(table).axes[0].get_yscale() == "log"
    table.loc[5, "train_loss"] = 0.0
    assert curves_figure(table).axes[0].get_yscale() == "linear"


def test_accuracy_axis_stays_in_range():
    low, high = curves_figure(metrics().assign(train_accuracy=1.0, test_accuracy=0.0)).axes[1].get_ylim()
    assert -2 <= low < 0
    assert 100 < high <= 101


def test_missing_column_is_refused():
    with pytest.raises(DataError, match="'test_loss'"):
        curves_figure(metrics().drop(columns="test_loss"))


@pytest.mark.slow
def test_drawing_does_not_import_pyplot(tmp_path):
    import subprocess
    import sys

    metrics().to_csv(tmp_path / "metrics.csv")
    code = (
        "import sys, pandas\n"
        "from neuronet.recording import draw\n"
        "from neuronet import build_network\n"
        "draw('learning-curves', pandas.read_csv('metrics.csv'), 'curves.png')\n"
        "draw('network', build_network([2, 3, 2]), 'network.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "network.png").is_file()
