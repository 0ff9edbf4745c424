"""The network's figure as a page: files, sizes, text, and the same figure for a result and for its folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.image import imread

import neuronet
from neuronet.core.errors import ConfigurationError, DataError
from neuronet.plotting.network.figure import MAX_DOT, MAX_LINES
from neuronet.plotting.network.model import MAX_NEURONS
from neuronet.plotting.network.page import MAX_WIDTH, network_figure
from neuronet.plotting.sources import plot
from neuronet.plotting.style import MAX_PIXELS
from neuronet.recording import draw
from neuronet.registry import build_network
from tests.plotting.fixtures import POPULATION, assert_text_is_legible, record_run


def page(network, **options):
    return network_figure(network, **options)


def lines(figure):
    return [item for item in figure.axes[0].collections if isinstance(item, LineCollection)]


def dots(figure):
    items = [item for item in figure.axes[0].collections if isinstance(item, PathCollection)]
    return [item for item in items if str(item.get_gid()).startswith("layer")]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize(("suffix", "head"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_file_has_the_format_of_its_suffix(tmp_path, suffix, head):
    path = draw("network", build_network([4, 3, 2]), tmp_path / f"network{suffix}")
    assert path.read_bytes().startswith(head)
    assert list(tmp_path.iterdir()) == [path]


def test_result_and_its_folder_have_the_same_figure(tmp_path):
    result = record_run(tmp_path / "run", policy=POPULATION, interventions=("1: lesion(layer=1, neurons=3)",))
    drawn = result.plot_network(tmp_path / "result.svg").read_bytes()
    assert drawn == plot(tmp_path / "run", "network", tmp_path / "folder.svg").read_bytes()
    assert b"free-rider" in drawn
    assert b"silent neuron" in drawn


def test_images_of_a_result_are_drawn_as_images(tmp_path):
    svg = neuronet.train("digits", hidden=[3], epochs=1).plot_network(tmp_path / "network.svg").read_text(encoding="utf-8")
    assert "<!-- dark: high attention" in svg


def test_small_network_is_drawn_whole():
    figure = page(build_network([2, 4, 2], seed=1))
    assert [len(item.get_offsets()) for item in dots(figure)] == [2, 4, 2]
    assert [item.get_gid() for item in dots(figure)] == ["layer 0", "layer 1", "layer 2"]
    assert [len(item.get_segments()) for item in lines(figure)] == [8, 8]
    assert [item.get_gid() for item in lines(figure)] == ["attention 1", "attention 2"]
    assert [text.partition("\n")[0] for text in texts(figure) if "|w|" in text] == ["8 of 8", "8 of 8"]
    assert figure.texts[0].get_text() == "Network 2-4-2: attention between neurons"


def test_captions_count_connections_and_give_the_largest_weight():
    network = build_network([20, 300, 10], connectivity="sparse(0.5)", seed=3)
    total = [int(mask.sum()) for mask in network.masks]
    largest = [float(np.abs(weights).max()) for weights in network.weights]
    expected = [f"{MAX_LINES} of {count:,}\n|w| ≤ {weight:.2g}" for count, weight in zip(total, largest, strict=True)]
    assert [text for text in texts(page(network, max_neurons=300)) if "|w|" in text] == expected


def test_outputs_that_pay_most_are_shown():
    network = replace(build_network([1, 1, 4]), weights=(np.ones((1, 1)), np.array([[1.0], [5.0], [-4.0], [0.5]])))
    figure = page(network, max_neurons=2)
    assert "2 of 4" in texts(figure)
    assert [text.get_text() for text in figure.axes[0].texts if text.get_ha() == "left"] == ["1", "2"]


def test_missing_connections_are_not_drawn():
    network = build_network([12, 9, 4], connectivity="sparse(0.3)", seed=4)
    assert [len(item.get_segments()) for item in lines(page(network))] == [int(mask.sum()) for mask in network.masks]


def test_network_of_zeros_has_no_lines():
    figure = page(build_network([3, 5, 2], init="zeros"))
    assert [len(item.get_segments()) for item in lines(figure)] == [0, 0]
    assert [len(item.get_offsets()) for item in dots(figure)] == [3, 5, 2]
    assert "0 of 15" in texts(figure)


def test_network_without_hidden_layer():
    assert {"inputs", "outputs"} == {text for text in texts(page(build_network([3, 2]))) if text.isalpha()}


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_weights_of_any_size_are_drawn(tmp_path, factor):
    network = build_network([5, 4, 2], seed=5)
    extreme = replace(network, weights=tuple(factor * weights for weights in network.weights))
    assert [len(item.get_segments()) for item in lines(page(extreme))] == [20, 8]
    assert imread(draw("network", extreme, tmp_path / "network.png")).ndim == 3


def test_huge_layers_are_drawn_in_part():
    figure = page(build_network([3000, 1500, 1000], seed=6))
    assert [len(item.get_offsets()) for item in dots(figure)] == [28, MAX_NEURONS, MAX_NEURONS]
    assert all(len(item.get_segments()) <= MAX_LINES for item in lines(figure))
    assert any(text.startswith(f"{MAX_LINES} of 1.5 M\n") for text in texts(figure))
    assert figure.get_figwidth() <= MAX_WIDTH


@pytest.mark.parametrize(
    ("sizes", "connectivity", "max_neurons"),
    [
        ([64, 32, 10], "dense", 24),
        ([2, 4, 2], "dense", 24),
        ([784, 128, 64, 10], "sparse(0.1)", 24),
        ([1, 1], "dense", 24),
        ([50, 40, 30], "dense", 3),
        ([1000, 100, 1000], "dense", 60),
        ([64, *[40] * 24, 10], "dense", 24),
        ([5000, 3000, 10], "sparse(0.01)", 24),
    ],
)
def test_no_text_overlaps_another_or_leaves_the_page(sizes, connectivity, max_neurons):
    found = assert_text_is_legible(page(build_network(sizes, connectivity=connectivity), max_neurons=max_neurons))
    assert {"inputs", "outputs", "weight > 0", "weight < 0"} <= set(found)


def test_network_of_40_layers_is_drawn_legibly(tmp_path):
    network = build_network([4, *[3] * 38, 2], seed=7)
    found = assert_text_is_legible(page(network))
    assert {"inputs", "outputs", "Network of 40 layers: attention between neurons", *map(str, range(1, 39))} <= set(found)
    image = imread(draw("network", network, tmp_path / "deep.png"))
    assert max(image.shape) <= MAX_PIXELS
    assert (image[..., :3] < 0.9).any(axis=(0, 2)).mean() > 0.5  # dots and lines from the left edge to the right one


@pytest.mark.parametrize("policies", [1, 3, 6, 12])
def test_legend_of_many_policies_stays_on_the_page(policies):
    names = [f"policy-with-a-long-name-{number % policies}" for number in range(24)]
    silent = (frozenset(), frozenset({1}), frozenset())
    found = assert_text_is_legible(page(build_network([4, 24, 2]), policies=[names, names[:2]], silent=silent))
    assert "silent neuron" in found


@pytest.mark.parametrize("sizes", [[64, 32, 10], [24, 24, 24], [500, 100, 300]])
@pytest.mark.parametrize("max_neurons", [24, 90])
def test_dots_of_a_layer_do_not_touch(sizes, max_neurons):
    for item in dots(page(build_network(sizes, seed=8), max_neurons=max_neurons)):
        places = 72 * np.asarray(item.get_offsets())  # the axes count in inches
        diameters = np.sqrt(np.broadcast_to(item.get_sizes(), len(places)))
        assert diameters.max() <= MAX_DOT
        distance = np.linalg.norm(places[:, None] - places[None, :], axis=-1) + np.diag(np.full(len(places), np.inf))
        assert (distance > (diameters[:, None] + diameters[None, :]) / 2).all()


@pytest.mark.parametrize("max_neurons", [0, -1, 2.5, True, "all"])
def test_max_neurons_must_be_a_positive_integer(tmp_path, max_neurons):
    with pytest.raises(ConfigurationError, match="max_neurons"):
        draw("network", build_network([2, 2]), tmp_path / "network.png", max_neurons=max_neurons)


def test_unwritable_path_is_refused(tmp_path):
    with pytest.raises(DataError, match="missing"):
        draw("network", build_network([2, 2]), tmp_path / "missing" / "network.png")


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=5),
    max_neurons=st.integers(1, 40),
    probability=st.floats(0.05, 1.0),
    zeros=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_any_network_is_drawn(sizes, max_neurons, probability, zeros, seed):
    network = build_network(sizes, connectivity=f"sparse({probability})", init="zeros" if zeros else "auto", seed=seed)
    figure = page(network, max_neurons=max_neurons)
    figure.draw_without_rendering()
    shown = [min(sizes[0], 28), *(min(size, max_neurons) for size in sizes[1:])]
    assert [len(item.get_offsets()) for item in dots(figure)][1:] == shown[1:]
    for number, (item, mask) in enumerate(zip(lines(figure), network.masks, strict=True)):
        most = min(MAX_LINES, int(mask.sum())) if number else MAX_LINES
        assert len(item.get_segments()) <= most
