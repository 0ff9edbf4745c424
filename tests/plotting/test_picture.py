from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.plotting import style
from neuronet.plotting.picture import LARGEST_DOT, MOST_LINES, draw_network, network_figure
from neuronet.registry import build_network


def dots(figure: Figure) -> list[PathCollection]:
    return [each for each in figure.axes[0].collections if isinstance(each, PathCollection)]


def lines(figure: Figure) -> list[LineCollection]:
    return [each for each in figure.axes[0].collections if isinstance(each, LineCollection)]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def one_hidden(hidden: np.ndarray, output: np.ndarray) -> Network:
    """A network with these weights, (J, I) and (K, J)."""
    inputs, outputs = hidden.shape[1], output.shape[0]
    base = build_network([inputs, hidden.shape[0], outputs])
    return replace(base, weights=(hidden.astype(float), output.astype(float)))


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_file_has_the_format_of_its_suffix(tmp_path, suffix):
    path = draw_network(build_network([4, 3, 2]), tmp_path / f"network{suffix}")
    assert path == tmp_path / f"network{suffix}"
    if suffix == ".png":
        assert imread(path).ndim == 3
    else:
        assert (b"<svg" if suffix == ".svg" else b"%PDF") in path.read_bytes()[:400]
    assert list(tmp_path.iterdir()) == [path]


def test_a_small_network_is_drawn_whole():
    figure = network_figure(build_network([2, 4, 2], seed=1))
    assert [len(each.get_offsets()) for each in dots(figure)] == [2, 4, 2]
    assert [len(each.get_segments()) for each in lines(figure)] == [8, 8]
    assert [each.get_gid() for each in dots(figure)] == ["layer 0", "layer 1", "layer 2"]
    assert [each.get_gid() for each in lines(figure)] == ["attention 1", "attention 2"]
    assert {"inputs", "hidden 1", "outputs", "all 2", "all 4"} <= set(texts(figure))


def test_large_layers_show_those_who_receive_most():
    network = build_network([64, 32, 10], seed=2)
    figure = network_figure(network, max_neurons=24)
    assert [len(each.get_offsets()) for each in dots(figure)] == [24, 24, 10]
    assert {"24 of 64", "24 of 32", "all 10"} <= set(texts(figure))
    received = 0.5 * (network.weights[0] ** 2).sum(axis=0)
    best = sorted(sorted(range(64), key=lambda i: -received[i])[:24])
    numbers = [text for text in figure.axes[0].texts if text.get_ha() == "right"]
    assert [int(text.get_text()) for text in sorted(numbers, key=lambda text: -text.get_position()[1])] == best


def test_of_many_outputs_those_are_shown_that_pay_most():
    paid = np.array([[1.0], [5.0], [-4.0], [0.5]])
    figure = network_figure(one_hidden(np.ones((1, 1)), paid), max_neurons=2)
    assert "2 of 4" in texts(figure)
    assert [text.get_text() for text in figure.axes[0].texts if text.get_ha() == "left" and text.get_text().isdigit()] == [
        "1",
        "2",
    ]


def test_the_area_of_a_dot_is_the_attention_received():
    figure = network_figure(one_hidden(np.array([[3.0, 4.0], [0.0, 3.0]]), np.array([[2.0, 1.0]])))
    inputs, hidden, outputs = (each.get_sizes() for each in dots(figure))
    received = np.array([4.5, 12.5, 2.0, 0.5])
    np.testing.assert_allclose(np.concatenate((inputs, hidden)), LARGEST_DOT**2 * received / 12.5, rtol=1e-12)
    assert len(set(outputs)) == 1


def test_colours_and_widths_tell_sign_and_strength():
    figure = network_figure(one_hidden(np.array([[1.0, -0.5]]), np.array([[-2.0]])))
    first, second = lines(figure)
    weak, strong = first.get_colors()  # the strongest last, on top
    np.testing.assert_allclose(weak[:3], to_rgb(style.ORANGE))
    np.testing.assert_allclose(strong[:3], to_rgb(style.BLUE))
    assert weak[3] < strong[3]
    assert first.get_linewidths()[0] < first.get_linewidths()[1]
    np.testing.assert_allclose(second.get_colors()[0][:3], to_rgb(style.ORANGE))
    np.testing.assert_allclose(second.get_linewidths()[0], first.get_linewidths()[1])


def test_lines_end_in_the_dots_they_connect():
    weights = np.zeros((3, 2))
    weights[2, 0] = 1.0
    figure = network_figure(one_hidden(weights, np.ones((1, 3))))
    inputs, hidden, _ = (np.asarray(each.get_offsets()) for each in dots(figure))
    (segment,) = lines(figure)[0].get_segments()
    np.testing.assert_allclose(segment, [inputs[0], hidden[2]])
    assert inputs[0, 1] > inputs[1, 1]
    assert inputs[0, 0] < hidden[0, 0]


def test_only_the_strongest_connections_are_drawn():
    network = build_network([20, 20, 20], seed=3)
    figure = network_figure(network)
    for drawn, weights in zip(lines(figure), network.weights, strict=True):
        assert len(drawn.get_segments()) == MOST_LINES < weights.size
        _, inputs = np.unravel_index(np.argsort(-np.abs(weights), axis=None)[:MOST_LINES], weights.shape)
        heights = np.unique(np.asarray(drawn.get_segments())[:, 0, 1], return_counts=True)[1][::-1]
        assert list(heights) == list(np.unique(inputs, return_counts=True)[1])
    assert any(text.startswith(f"{MOST_LINES} of 400\n") for text in texts(figure))


def test_connections_that_are_not_there_are_not_drawn():
    network = build_network([12, 9, 4], connectivity="sparse(0.3)", seed=4)
    assert [len(each.get_segments()) for each in lines(network_figure(network))] == [int(mask.sum()) for mask in network.masks]


def test_a_network_that_nobody_listens_in_has_dots_alone(tmp_path):
    network = build_network([3, 5, 2], init="zeros")
    figure = network_figure(network)
    assert [len(each.get_segments()) for each in lines(figure)] == [0, 0]
    assert [len(each.get_offsets()) for each in dots(figure)] == [3, 5, 2]
    assert imread(draw_network(network, tmp_path / "network.png")).ndim == 3


def test_a_network_without_hidden_layer():
    figure = network_figure(build_network([3, 2]))
    assert {"inputs", "outputs"} <= set(texts(figure))
    assert not any(text.startswith("hidden") for text in texts(figure))


def test_weights_of_any_size_are_drawn(tmp_path):
    for factor in (1e200, 1e-200):
        network = build_network([5, 4, 2], seed=5)
        extreme = replace(network, weights=tuple(factor * weights for weights in network.weights))
        assert [len(each.get_segments()) for each in lines(network_figure(extreme))] == [20, 8]
        assert imread(draw_network(extreme, tmp_path / "network.png")).ndim == 3


def test_huge_layers(tmp_path):
    network = build_network([3000, 1500, 1000], seed=6)
    figure = network_figure(network)
    assert [len(each.get_offsets()) for each in dots(figure)] == [24, 24, 24]
    assert all(len(each.get_segments()) <= MOST_LINES for each in lines(figure))
    assert any(text.startswith("120 of 4.5 M\n") for text in texts(figure))
    image = imread(draw_network(network, tmp_path / "network.png"))
    assert max(image.shape) < 4000


def test_deep_networks(tmp_path):
    network = build_network([6] * 80, seed=7)
    figure = network_figure(network)
    assert len(dots(figure)) == 80
    image = imread(draw_network(network, tmp_path / "network.png"))
    assert max(image.shape) <= style.MOST_PIXELS


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    # the axes are switched off, and with them their ticks
    ticks = {text for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis) for text in axis.findobj(Text)}
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in ticks]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in found]


@pytest.mark.parametrize(
    ("sizes", "connectivity", "most"),
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
def test_no_text_overlaps_another_or_leaves_the_picture(sizes, connectivity, most):
    figure = network_figure(build_network(sizes, connectivity=connectivity), max_neurons=most)
    found = boxes(figure)
    assert {"inputs", "outputs", "w > 0", "w < 0", "Attention paid: weight w"} <= {text for text, _ in found}
    whole = figure.bbox
    for text, box in found:
        assert whole.x0 <= box.x0, text
        assert box.x1 <= whole.x1, text
        assert whole.y0 <= box.y0, text
        assert box.y1 <= whole.y1, text
    for (one, first), (other, second) in combinations(found, 2):
        apart = first.x1 <= second.x0 or second.x1 <= first.x0 or first.y1 <= second.y0 or second.y1 <= first.y0
        assert apart, (one, other)


@pytest.mark.parametrize("sizes", [[64, 32, 10], [24, 24, 24], [500, 100, 300]])
@pytest.mark.parametrize("most", [24, 90])
def test_dots_of_a_layer_do_not_touch(sizes, most):
    figure = network_figure(build_network(sizes, seed=8), max_neurons=most)
    for each in dots(figure):
        gaps = 72 * -np.diff(np.asarray(each.get_offsets())[:, 1])  # the axes count in inches
        diameters = np.sqrt(np.broadcast_to(each.get_sizes(), len(each.get_offsets())))
        assert (gaps > (diameters[1:] + diameters[:-1]) / 2).all()


@pytest.mark.parametrize("most", [0, -1, 2.5, True, "all", None])
def test_how_many_to_draw_must_be_a_whole_number(most):
    with pytest.raises(NeuroNetError, match="max_neurons must be an integer of 1 or more"):
        network_figure(build_network([2, 2]), max_neurons=most)


def test_an_unwritable_path_is_one_sentence(tmp_path):
    with pytest.raises(NeuroNetError, match="cannot write the picture") as caught:
        draw_network(build_network([2, 2]), tmp_path / "nowhere" / "network.png")
    assert "\n" not in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=5),
    max_neurons=st.integers(1, 40),
    probability=st.floats(0.05, 1.0),
    seed=st.integers(0, 1000),
)
def test_any_network_is_drawn(sizes, most, probability, seed):
    network = build_network(sizes, connectivity=f"sparse({probability})", seed=seed)
    figure = network_figure(network, max_neurons=most)
    figure.draw_without_rendering()
    assert [len(each.get_offsets()) for each in dots(figure)] == [min(size, most) for size in sizes]
    for drawn, mask in zip(lines(figure), network.masks, strict=True):
        assert len(drawn.get_segments()) <= min(MOST_LINES, int(mask.sum()))
