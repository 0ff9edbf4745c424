"""Files, sizes and styles of figures."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.image import imread

from neuronet.core.errors import DataError
from neuronet.plotting import style


def drawing():
    figure = style.new_figure(2, 1)
    style.format_axes(figure.add_subplot(), title="Title", x="x", y="y")
    return figure


def assert_one_sentence(error: DataError) -> None:
    text = str(error)
    assert text
    assert "\n" not in text
    assert ". " not in text


def test_png_has_the_given_size(tmp_path):
    image = imread(style.save(drawing(), tmp_path / "picture.png"))
    assert image.shape == (style.DPI, 2 * style.DPI, 4)
    assert (image[..., 3] == 1).all()
    assert (image[0, 0] == 1).all()


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_same_figure_gives_the_same_file(tmp_path, suffix):
    one, two = (style.save(drawing(), tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
    assert one == two


def test_existing_file_is_replaced(tmp_path):
    path = tmp_path / "picture.png"
    path.write_text("old")
    style.save(drawing(), path)
    assert imread(path).ndim == 3
    assert list(tmp_path.iterdir()) == [path]


def test_very_wide_figure_is_scaled_down(tmp_path):
    figure = style.new_figure(2 * style.MAX_PIXELS / style.DPI, 0.5)
    image = imread(style.save(figure, tmp_path / "wide.png"))
    assert image.shape[1] == style.MAX_PIXELS


def test_first_hues_differ_in_grey():
    def grey(colour: str) -> float:
        return float(np.dot([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], [0.299, 0.587, 0.114]))

    assert abs(grey(style.BLUE) - grey(style.ORANGE)) > 0.1


@pytest.mark.parametrize("name", ["picture.jpg", "picture", "picture.png.txt", ".png"])
def test_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"must end in \.png, \.svg or \.pdf") as caught:
        style.save(drawing(), tmp_path / name)
    assert_one_sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot write") as caught:
        style.save(drawing(), tmp_path / "missing" / "picture.png")
    assert_one_sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_folder_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "picture.png").mkdir()
    with pytest.raises(DataError, match="cannot write") as caught:
        style.save(drawing(), tmp_path / "picture.png")
    assert_one_sentence(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        style.save(drawing(), tmp_path / "file" / "picture.png")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs folders that are closed to the user")
def test_unwritable_folder_is_refused(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(DataError, match="cannot write") as caught:
        style.save(drawing(), closed / "picture.png")
    assert_one_sentence(caught.value)


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = style.save(drawing(), tmp_path / "picture.png")
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="No space left on device"):
        style.save(drawing(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_28_line_styles_are_distinct_and_neighbours_differ_in_hue_and_dashes():
    styles = [style.line_style(number) for number in range(28)]
    assert len(set(styles)) == 28
    assert style.line_style(28) == styles[0]
    assert all(one[0] != other[0] and one[1] != other[1] for one, other in pairwise(styles))


def test_pdf_fonts_are_true_type(tmp_path):
    assert b"CIDFontType2" in style.save(drawing(), tmp_path / "picture.pdf").read_bytes()


def test_events_are_marked_and_named_if_there_are_few():
    axes = style.new_figure(4, 3).add_subplot()
    style.annotate_events(axes, [(3.0, "lesion(layer=1)"), (7.5, "revive()")])
    assert [line.get_xdata()[0] for line in axes.lines] == [3.0, 7.5]
    assert [text.get_text() for text in axes.texts] == ["lesion(layer=1)", "revive()"]
    crowded = style.new_figure(4, 3).add_subplot()
    style.annotate_events(crowded, [(number, "noise()") for number in range(style.MAX_ANNOTATIONS + 1)])
    assert len(crowded.lines) == style.MAX_ANNOTATIONS + 1
    assert not crowded.texts


def test_long_name_is_truncated():
    assert style.truncate("greedy(top=3)") == "greedy(top=3)"
    assert style.truncate("greedy(top=3)", 9) == "greedy..."


def test_mean_with_band_draws_a_line_and_an_area():
    axes = style.new_figure(2, 2).add_subplot()
    line = style.mean_with_band(axes, [0, 1], [2, 3], ([1, 2], [3, 4]), colour=style.BLUE, label="mean")
    assert line.get_label() == "mean"
    (area,) = axes.collections
    assert area.get_datalim(axes.transData).bounds == (0, 1, 1, 3)
    style.mean_with_band(axes, [0, 1], [2, 3], None, colour=style.BLUE)
    assert (len(axes.lines), len(axes.collections)) == (2, 1)


def test_names_that_no_font_has_are_drawn_in_part():
    """Matplotlib would warn of letters that it cannot draw, and of lines without end; names may come from files."""
    figure = style.new_figure(4, 3, pads=style.PADS)
    axes = figure.add_subplot()
    axes.set_title("a\x00b\x07\nsecond line")
    axes.set_xlabel("x" * 5000)
    assert style.render(figure, "png", 50)
    assert axes.get_title() == "a?b?\nsecond line"
    assert axes.get_xlabel() == "x" * 117 + "..."
