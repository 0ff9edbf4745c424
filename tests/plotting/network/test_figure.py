"""The layered network on axes: what is drawn, where, and in which looks."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from neuronet import NeuroNetError
from neuronet.plotting import style
from neuronet.plotting.network.figure import LARGEST_DOT, MOST_LINES, SMALLEST_DOT, draw_layers
from neuronet.plotting.network.input_layout import bin_inputs
from neuronet.plotting.network.model import NetworkView, policy_styles
from neuronet.registry import build_network


def drawn(view, width=6.3, height=4.3):
    axes = style.new_figure(width, height).add_axes((0, 0, 1, 1))
    return axes, draw_layers(axes, view)


def lines(axes):
    return [each for each in axes.collections if isinstance(each, LineCollection)]


def dots(axes, layer):
    return [each for each in axes.collections if each.get_gid() == f"layer {layer}"]


def one_by_one(first, second):
    return replace(
        build_network([len(first[0]), len(first), len(second)]), weights=(np.asarray(first, float), np.asarray(second, float))
    )


def test_every_neuron_has_a_spot_and_every_boundary_its_lines():
    axes, drawing = drawn(NetworkView(build_network([2, 4, 3])))
    assert [(node_area.layer, node_area.members) for node_area in drawing.node_areas] == [
        *((0, (i,)) for i in range(2)),
        *((1, (j,)) for j in range(4)),
        *((2, (k,)) for k in range(3)),
    ]
    assert [len(each.get_segments()) for each in lines(axes)] == [8, 12]
    assert drawing.image is None


def test_area_is_attention_beside_the_most_of_the_layer():
    axes, drawing = drawn(NetworkView(one_by_one([[1.0], [1.0], [1.0]], [[2.0, 1.0, 0.5]])))
    areas = np.asarray([node_area.diameter**2 for node_area in drawing.node_areas if node_area.layer == 1])
    np.testing.assert_allclose(
        areas / areas.max(), [1, 0.25, (SMALLEST_DOT / LARGEST_DOT) ** 2]
    )  # the last is as small as may be
    np.testing.assert_allclose(dots(axes, 1)[0].get_sizes(), areas)


def test_colour_and_shape_tell_policies_and_outputs_are_hollow():
    view = NetworkView(build_network([3, 4, 2]), policies=[["a", "b", "a", "c"], ["a", "a"]])
    axes, _ = drawn(view)
    assert list(view.styles) == ["a", "b", "c"]
    assert [len(each.get_offsets()) for each in dots(axes, 1)] == [2, 1, 1]
    faces = [tuple(each.get_facecolor()[0][:3]) for each in dots(axes, 1)]
    assert faces == [to_rgb(colour) for colour in style.POLICY_COLOURS[:3]]
    shapes = [each.get_paths()[0].vertices.shape for each in dots(axes, 1)]
    assert len(set(shapes)) > 1
    assert tuple(dots(axes, 2)[0].get_facecolor()[0][:3]) == to_rgb(style.PAPER)


def test_looks_that_are_given_stay_whoever_is_first():
    styles = policy_styles(["a", "b"])
    view = NetworkView(build_network([3, 4, 2]), policies=[["b", "a", "b", "b"], ["a", "a"]], styles=styles)
    assert view.styles == styles
    assert NetworkView(build_network([3, 2, 2]), policies=[["b", "b"], ["a", "a"]], styles=styles).styles == {"b": styles["b"]}


def test_sign_strength_and_ends_of_lines():
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


def test_of_many_connections_the_strongest_are_drawn():
    network = build_network([20, 20, 20], seed=3)
    axes, _ = drawn(NetworkView(network))
    for each, weights in zip(lines(axes), network.weights, strict=True):
        assert len(each.get_segments()) == MOST_LINES
        least = np.sort(np.abs(weights), axis=None)[-MOST_LINES]
        listeners = np.unique(np.argwhere(np.abs(weights) >= least)[:, 0]).size
        assert np.unique(np.asarray(each.get_segments())[:, 1], axis=0).shape[0] == listeners


def test_of_a_chosen_neuron_all_connections_and_no_others():
    axes, _ = drawn(NetworkView(build_network([5, 6, 3]), selected=(1, 2)))
    assert [len(each.get_segments()) for each in lines(axes)] == [5, 3]
    assert len([each for each in axes.collections if each.get_gid() == "selected"]) == 1
    axes, _ = drawn(NetworkView(build_network([5, 6, 3]), selected=(2, 0)))
    assert [len(each.get_segments()) for each in lines(axes)] == [0, 6]


def test_a_neuron_is_marked_while_all_connections_are_drawn():
    axes, _ = drawn(NetworkView(build_network([5, 6, 3]), selected=(1, 2), selected_only=False))
    assert [len(each.get_segments()) for each in lines(axes)] == [30, 18]
    assert len([each for each in axes.collections if each.get_gid() == "selected"]) == 1


def test_the_silent_are_crosses():
    axes, drawing = drawn(NetworkView(build_network([5, 6, 3]), silent=[frozenset(), frozenset({1, 4}), frozenset()]))
    crosses = [each for each in axes.collections if each.get_gid() == "silent" and len(each.get_offsets())]
    places = {node_area.members[0]: (node_area.x, node_area.y) for node_area in drawing.node_areas if node_area.layer == 1}
    np.testing.assert_allclose(crosses[0].get_offsets(), [places[1], places[4]])
    assert sum(len(each.get_offsets()) for each in dots(axes, 1)) == 4


def test_images_stand_as_images_and_many_other_inputs_in_bins():
    axes, drawing = drawn(NetworkView(build_network([784, 64, 10], seed=1), shape=(28, 28)))
    assert drawing.image is not None
    assert drawing.image.pixel(0.0, 0.0) == 0
    assert drawing.image.pixel(0.999, 0.999) == 783
    assert drawing.image.pixel(1.0, 0.0) == 27
    assert not any(node_area.layer == 0 for node_area in drawing.node_areas)
    assert axes.images[0].get_array().shape == (28, 28)
    assert len(drawing.node_areas) == 74
    _, drawing = drawn(NetworkView(build_network([784, 8, 10], seed=1)))
    bins = [node_area.members for node_area in drawing.node_areas if node_area.layer == 0]
    assert len(bins) == 28
    assert sorted(sum(bins, ())) == list(range(784))


@pytest.mark.parametrize("shape", [None, (28, 28), (1, 28, 28), (4, 14, 14), (2, 392), (49, 16)])
def test_bins_share_out_the_inputs_and_keep_their_attention(shape):
    inputs = bin_inputs(784, shape, 0.2, 0.5, 4.0)
    assert sorted(sum(inputs.bins, ())) == list(range(784))
    weights = np.random.default_rng(0).normal(size=(5, 784))
    gathered = inputs.gather(weights)
    np.testing.assert_allclose((gathered**2).sum(axis=1), (weights**2).sum(axis=1))
    for number in (0, len(inputs.bins) - 1):
        part = weights[:, list(inputs.bins[number])]
        np.testing.assert_array_equal(np.sign(gathered[:, number]), np.sign(part.sum(axis=1)))


def test_the_image_shows_the_weights_of_a_chosen_listener():
    network = build_network([16, 3, 2], seed=2)
    axes, _ = drawn(NetworkView(network, shape=(4, 4), selected=(1, 1)))
    np.testing.assert_allclose(axes.images[0].get_array(), network.weights[0][1].reshape(4, 4))
    axes, _ = drawn(NetworkView(network, shape=(4, 4)))
    np.testing.assert_allclose(axes.images[0].get_array(), (network.weights[0] ** 2).sum(axis=0).reshape(4, 4))


def test_large_layers_show_who_is_heard_most_and_the_chosen():
    network = build_network([4, 300, 2], seed=4)
    received = NetworkView(network).received(1)
    silent_places = int(np.argmin(received))
    _, drawing = drawn(NetworkView(network, max_neurons=40))
    heard = {node_area.members[0] for node_area in drawing.node_areas if node_area.layer == 1}
    assert heard == set(np.argsort(-received)[:40].tolist())
    _, drawing = drawn(NetworkView(network, max_neurons=40, selected=(1, silent_places)))
    assert silent_places in {node_area.members[0] for node_area in drawing.node_areas if node_area.layer == 1}


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
def test_no_text_overlaps_another_or_leaves_the_picture(sizes, shape):
    network = build_network(sizes, seed=1)
    names = [["attention" if place % 3 else "greedy(top=3)" for place in range(size)] for size in sizes[1:]]
    axes, _ = drawn(NetworkView(network, names, shape))
    figure = axes.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    ticks = {text for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)}
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible() and text not in ticks]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in found]
    assert "weight above 0" in dict(boxes)
    for text, box in boxes:
        assert figure.bbox.x0 <= box.x0, text
        assert box.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= box.y0, text
        assert box.y1 <= figure.bbox.y1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.overlaps(second), (one, other)


@settings(max_examples=20)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    max_neurons=st.integers(1, 50),
    probability=st.floats(0.05, 1.0),
    zeros=st.booleans(),
)
def test_any_network_is_drawn(sizes, most, probability, zeros):
    network = build_network(sizes, connectivity=f"sparse({probability})", init="zeros" if zeros else "auto")
    axes, drawing = drawn(NetworkView(network, max_neurons=most))
    axes.figure.draw_without_rendering()
    assert [sum(node_area.layer == layer for node_area in drawing.node_areas) for layer in range(1, len(sizes))] == [
        min(size, most) for size in sizes[1:]
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_neurons": 0}, "max_neurons must be an integer of 1 or more"),
        ({"policies": [["a"]]}, "one for each neuron of the layers of 4, 2"),
        ({"shape": (2, 2)}, "shape must have 3 inputs"),
        ({"selected": (1, 4)}, "there is no neuron 4 in layer 1"),
        ({"policies": [["a"] * 4, ["a"] * 2], "looks": {"b": ("red", "o")}}, "styles must have a colour and a marker for 'a'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(options, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        NetworkView(build_network([3, 4, 2]), **options)
