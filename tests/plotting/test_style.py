from __future__ import annotations

import os

import numpy as np
import pytest
from matplotlib.image import imread

from neuronet.core.errors import NeuroNetError
from neuronet.plotting import style


def drawing():
    figure = style.new_figure(2, 1)
    style.format_axes(figure.add_subplot(), title="Title", x="x", y="y")
    return figure


def check_one_sentence(error: NeuroNetError) -> None:
    text = str(error)
    assert text
    assert "\n" not in text
    assert ". " not in text


def test_a_picture_is_as_large_as_it_should_be(tmp_path):
    image = imread(style.save(drawing(), tmp_path / "picture.png"))
    assert image.shape == (style.DPI, 2 * style.DPI, 4)
    assert (image[..., 3] == 1).all()
    assert (image[0, 0] == 1).all()


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    one, two = (style.save(drawing(), tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
    assert one == two


def test_an_older_picture_is_replaced(tmp_path):
    path = tmp_path / "picture.png"
    path.write_text("old")
    style.save(drawing(), path)
    assert imread(path).ndim == 3
    assert list(tmp_path.iterdir()) == [path]


def test_a_very_large_picture_still_opens(tmp_path):
    figure = style.new_figure(2 * style.MAX_PIXELS / style.DPI, 0.5)
    image = imread(style.save(figure, tmp_path / "wide.png"))
    assert image.shape[1] == style.MAX_PIXELS


def test_colours_differ_in_grey_too():
    def grey(colour: str) -> float:
        return float(np.dot([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], [0.299, 0.587, 0.114]))

    assert abs(grey(style.BLUE) - grey(style.ORANGE)) > 0.1


@pytest.mark.parametrize("name", ["picture.jpg", "picture", "picture.png.txt", ".png"])
def test_another_suffix_is_refused(tmp_path, name):
    with pytest.raises(NeuroNetError, match=r"must end in \.png, \.svg or \.pdf") as caught:
        style.save(drawing(), tmp_path / name)
    check_one_sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(NeuroNetError, match="cannot write the picture") as caught:
        style.save(drawing(), tmp_path / "nowhere" / "picture.png")
    check_one_sentence(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_one_sentence(tmp_path):
    (tmp_path / "picture.png").mkdir()
    with pytest.raises(NeuroNetError, match="cannot write the picture") as caught:
        style.save(drawing(), tmp_path / "picture.png")
    check_one_sentence(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NeuroNetError, match="cannot write the picture"):
        style.save(drawing(), tmp_path / "file" / "picture.png")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs folders that are closed to the user")
def test_a_folder_that_is_closed_is_one_sentence(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(NeuroNetError, match="cannot write the picture") as caught:
        style.save(drawing(), closed / "picture.png")
    check_one_sentence(caught.value)


def test_a_half_written_picture_is_never_seen(tmp_path, monkeypatch):
    path = style.save(drawing(), tmp_path / "picture.png")
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NeuroNetError, match="No space left on device"):
        style.save(drawing(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_twenty_one_lines_can_be_told_apart():
    looks = [style.line_style(number) for number in range(21)]
    assert len(set(looks)) == 21
    assert style.line_style(21) == looks[0]


def test_the_letters_of_a_pdf_are_true_type(tmp_path):
    assert b"CIDFontType2" in style.save(drawing(), tmp_path / "picture.pdf").read_bytes()


def test_what_happened_is_marked_and_named_where_there_is_room():
    axes = style.new_figure(4, 3).add_subplot()
    style.annotate_events(axes, [(3.0, "lesion(layer=1)"), (7.5, "revive()")])
    assert [line.get_xdata()[0] for line in axes.lines] == [3.0, 7.5]
    assert [text.get_text() for text in axes.texts] == ["lesion(layer=1)", "revive()"]
    crowded = style.new_figure(4, 3).add_subplot()
    style.annotate_events(crowded, [(number, "noise()") for number in range(style.MAX_ANNOTATIONS + 1)])
    assert len(crowded.lines) == style.MAX_ANNOTATIONS + 1
    assert not crowded.texts


def test_a_long_name_ends_in_dots():
    assert style.truncate("greedy(top=3)") == "greedy(top=3)"
    assert style.truncate("greedy(top=3)", 9) == "greedy..."
