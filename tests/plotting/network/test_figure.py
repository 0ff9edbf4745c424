"""The layered network on axes: what is drawn, where, and in which colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from neuronet.core.errors import ConfigurationError, DataError
from neuronet.plotting import style
from neuronet.plotting.network.figure import MAX_DOT, MAX_LINES, MIN_DOT, draw_layers
from neuronet.plotting.network.input_layout import lay_out_inputs, pixel_at
from neuronet.plotting.network.model import NetworkView, policy_styles
from neuronet.registry import build_network
from tests.plotting.fixtures import assert_text_is_legible


def drawn(view, width=6.3, height=4.3):
    axes = style.new_figure(width, height).add_axes((0, 0, 1, 1))
    return axes, draw_layers(axes, view)


def lines(axes):
    return [item for item in axes.collections if isinstance(item, LineCollection)]


def with_gid(axes, gid):
    return [item for item in axes.collections if item.get_gid() == gid]


def dots(axes, layer):
    return with_gid(axes, f"layer {layer}")


def one_by_one(first, second):
    return replace(
        build_network([len(first[0]), len(first), len(second)]), weights=(np.asarray(first, float), np.asarray(second, float))
    )


def test_layout_has_every_neuron_and_lines_between_layers():
    axes, drawing = drawn(NetworkView(build_network([2, 4, 3])))
    assert [(node_area.layer, node_area.members) for node_area in drawing.node_areas] == [
        *((0, (i,)) for i in range(2)),
        *((1, (j,)) for j in range(4)),
        *((2, (k,)) for k in range(3)),
    ]
    assert [len(item.get_segments()) for item in lines(axes)] == [8, 12]
    assert drawing.image is None


def test_dot_area_is_attention_relative_to_the_largest_in_the_layer():
    axes, drawing = drawn(NetworkView(one_by_one([[1.0], [1.0], [1.0]], [[2.0, 1.0, 0.5]])))
    areas = np.asarray([node_area.diameter**2 for node_area in drawing.node_areas if node_area.layer == 1])
    np.testing.assert_allclose(areas / areas.max(), [1, 0.25, (MIN_DOT / MAX_DOT) ** 2])  # the last is as small as may be
    np.testing.assert_allclose(dots(axes, 1)[0].get_sizes(), areas)


def test_policies_have_colours_and_markers_and_outputs_are_hollow():
    view = NetworkView(build_network([3, 4, 2]), policies=[["a", "b", "a", "c"], ["a", "a"]])
    axes, _ = drawn(view)
    assert list(view.shown_styles) == ["a", "b", "c"]
    assert [len(item.get_offsets()) for item in dots(axes, 1)] == [2, 1, 1]
    faces = [tuple(item.get_facecolor()[0][:3]) for item in dots(axes, 1)]
    assert faces == [to_rgb(colour) for colour in style.POLICY_COLOURS[:3]]
    shapes = [item.get_paths()[0].vertices.shape for item in dots(axes, 1)]
    assert len(set(shapes)) > 1
    assert tuple(dots(axes, 2)[0].get_facecolor()[0][:3]) == to_rgb(style.PAPER)


def test_given_styles_do_not_depend_on_the_order_of_neurons():
    styles = policy_styles(["a", "b"])
    view = NetworkView(build_network([3, 4, 2]), policies=[["b", "a", "b", "b"], ["a", "a"]], styles=styles)
    assert view.shown_styles == styles
    assert NetworkView(build_network([3, 2, 2]), policies=[["b", "b"], ["a", "a"]], styles=styles).shown_styles == {
        "b": styles["b"]
    }


def test_lines_show_sign_and_size_and_end_in_their_neurons():
    axes, drawing = drawn(NetworkView(one_by_one([[1.0, -0.5]], [[-2.0]])))
    first, second = lines(axes)
    weak, strong = first.get_colors()
    np.testing.assert_allclose(weak[:3], to_rgb(style.ORANGE))
    np.testing.assert_allclose(strong[:3], to_rgb(style.BLUE))
    assert weak[3] < strong[3]
    np.testing.assert_allclose(second.get_colors()[0][:3], to_rgb(style.ORANGE))
    places = {(node_area.layer, node_area.members[0]): (node_area.x, node_area.y) for node_area in drawing.node_areas}
    np.testing.assert_allclose(first.get_segments()[1], [places[0, 0], places[1, 0]])
    np.testing.assert_allclose(second.get_segments()[0], [places[1, 0], places[2, 0]])


def test_only_the_strongest_connections_are_drawn():
    network = build_network([20, 20, 20], seed=3)
    axes, _ = drawn(NetworkView(network))
    for item, weights in zip(lines(axes), network.weights, strict=True):
        assert len(item.get_segments()) == MAX_LINES
        least = np.sort(np.abs(weights), axis=None)[-MAX_LINES]
        listeners = np.unique(np.argwhere(np.abs(weights) >= least)[:, 0]).size
        assert np.unique(np.asarray(item.get_segments())[:, 1], axis=0).shape[0] == listeners


def test_selected_only_draws_the_connections_of_the_selected_neuron():
    axes, _ = drawn(NetworkView(build_network([5, 6, 3]), selected=(1, 2)))
    assert [len(item.get_segments()) for item in lines(axes)] == [5, 3]
    assert len(with_gid(axes, "selected")) == 1
    axes, _ = drawn(NetworkView(build_network([5, 6, 3]), selected=(2, 0)))
    assert [len(item.get_segments()) for item in lines(axes)] == [0, 6]


def test_selected_neuron_is_marked_among_all_connections():
    axes, _ = drawn(NetworkView(build_network([5, 6, 3]), selected=(1, 2), selected_only=False))
    assert [len(item.get_segments()) for item in lines(axes)] == [30, 18]
    assert len(with_gid(axes, "selected")) == 1


def test_silent_neurons_are_crosses():
    axes, drawing = drawn(NetworkView(build_network([5, 6, 3]), silent=[frozenset(), frozenset({1, 4}), frozenset()]))
    crosses = [item for item in with_gid(axes, "silent") if len(item.get_offsets())]
    places = {node_area.members[0]: (node_area.x, node_area.y) for node_area in drawing.node_areas if node_area.layer == 1}
    np.testing.assert_allclose(crosses[0].get_offsets(), [places[1], places[4]])
    assert sum(len(item.get_offsets()) for item in dots(axes, 1)) == 4


def test_image_inputs_are_an_image_and_other_inputs_are_binned():
    axes, drawing = drawn(NetworkView(build_network([784, 64, 10], seed=1), shape=(28, 28)))
    assert drawing.image is not None
    assert not any(node_area.layer == 0 for node_area in drawing.node_areas)
    assert axes.images[0].get_array().shape == (28, 28)
    assert len(drawing.node_areas) == 74
    _, drawing = drawn(NetworkView(build_network([784, 8, 10], seed=1)))
    bins = [node_area.members for node_area in drawing.node_areas if node_area.layer == 0]
    assert len(bins) == 28
    assert sorted(sum(bins, ())) == list(range(784))


@pytest.mark.parametrize(("across", "down", "pixel"), [(0, 0, 0), (0.999, 0.999, 783), (1, 0, 27), (1, 1, 783), (0.3, 0.99, 764)])
def test_pixel_at_a_place_of_the_image(across, down, pixel):
    assert pixel_at((28, 28), across, down) == pixel_at((3, 28, 28), across, down) == pixel


@pytest.mark.parametrize("shape", [None, (28, 28), (1, 28, 28), (4, 14, 14), (2, 392), (49, 16)])
def test_bins_partition_the_inputs_and_preserve_attention(shape):
    inputs = lay_out_inputs(784, shape, 0.2, 0.5, 4.0)
    assert sorted(sum(inputs.bins, ())) == list(range(784))
    weights = np.random.default_rng(0).normal(size=(5, 784))
    gathered = inputs.gather(weights)
    np.testing.assert_allclose((gathered**2).sum(axis=1), (weights**2).sum(axis=1))
    for number in (0, len(inputs.bins) - 1):
        part = weights[:, list(inputs.bins[number])]
        np.testing.assert_array_equal(np.sign(gathered[:, number]), np.sign(part.sum(axis=1)))


def test_image_shows_the_weights_of_the_selected_listener():
    network = build_network([16, 3, 2], seed=2)
    axes, _ = drawn(NetworkView(network, shape=(4, 4), selected=(1, 1)))
    np.testing.assert_allclose(axes.images[0].get_array(), network.weights[0][1].reshape(4, 4))
    axes, _ = drawn(NetworkView(network, shape=(4, 4)))
    np.testing.assert_allclose(axes.images[0].get_array(), (network.weights[0] ** 2).sum(axis=0).reshape(4, 4))


def test_large_layers_show_the_most_attended_and_the_selected_neuron():
    network = build_network([4, 300, 2], seed=4)
    received = NetworkView(network).received(1)
    quietest = int(np.argmin(received))
    _, drawing = drawn(NetworkView(network, max_neurons=40))
    heard = {node_area.members[0] for node_area in drawing.node_areas if node_area.layer == 1}
    assert heard == set(np.argsort(-received)[:40].tolist())
    _, drawing = drawn(NetworkView(network, max_neurons=40, selected=(1, quietest)))
    assert quietest in {node_area.members[0] for node_area in drawing.node_areas if node_area.layer == 1}


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ([784, 64, 10], (28, 28)),
        ([2, 4, 2], None),
        ([30, 16, 16, 16, 2], None),
        ([64, 8, 8, 8, 8, 10], (8, 8)),
        ([3000, 500, 1], None),
    ],
)
def test_no_text_overlaps_another_or_leaves_the_axes(sizes, shape):
    network = build_network(sizes, seed=1)
    names = [["attention" if place % 3 else "greedy(top=3)" for place in range(size)] for size in sizes[1:]]
    axes, _ = drawn(NetworkView(network, names, shape))
    assert "weight > 0" in assert_text_is_legible(axes.figure)


@pytest.mark.parametrize(
    ("options", "error", "fragment"),
    [
        ({"max_neurons": 0}, ConfigurationError, "max_neurons"),
        ({"policies": [["a"]]}, DataError, "policies"),
        ({"shape": (2, 2)}, DataError, r"shape .*\(2, 2\)"),
        ({"selected": (1, 4)}, DataError, "layer 1 has no neuron 4"),
        ({"policies": [["a"] * 4, ["a"] * 2], "styles": {"b": ("red", "o")}}, ConfigurationError, "styles .*'a'"),
    ],
)
def test_mismatched_options_are_refused(options, error, fragment):
    with pytest.raises(error, match=fragment):
        NetworkView(build_network([3, 4, 2]), **options)
