"""Receptive fields: selection, order, colours, and missing weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError, DataError
from neuronet.plotting import style
from neuronet.plotting.receptive_fields import receptive_fields_figure
from neuronet.registry import build_network
from tests.plotting.fixtures import assert_text_is_legible


def network_of(sizes, **options):
    return build_network(sizes, seed=3, **options)


def texts(figure):
    return [text.get_text() for text in (*figure.texts, *figure.axes[0].texts)]


def images(figure):
    return figure.axes[0].images


def test_most_attended_neuron_comes_first():
    network = network_of([12, 5, 3])
    figure = receptive_fields_figure(network, shape=(3, 4), max_neurons=3)
    received = (network.weights[1] ** 2).sum(axis=0) / 2
    first = np.argsort(-received)[:3]
    for image, j in zip(images(figure), first, strict=True):
        np.testing.assert_array_equal(image.get_array(), network.weights[0][j].reshape(3, 4))
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names == [word for j in first for word in (str(12 + j), f"{received[j]:.2g}")]
    assert any(text.endswith(": 3 of 5") for text in texts(figure))


def test_all_fields_share_a_symmetric_scale():
    limits = {image.get_clim() for image in images(receptive_fields_figure(network_of([4, 6, 2]), shape=(2, 2)))}
    ((low, high),) = limits
    assert low == -high


def test_constant_inputs_and_missing_connections_are_grey():
    network = network_of([4, 6, 2], connectivity="sparse(0.5)")
    varying_inputs = np.array([True, True, True, False])
    figure = receptive_fields_figure(network, shape=(2, 2), varying_inputs=varying_inputs)
    order = np.argsort(-(network.weights[1] ** 2).sum(axis=0), kind="stable")
    for image, j in zip(images(figure), order, strict=True):
        np.testing.assert_array_equal(np.ma.getmaskarray(image.get_array()).ravel(), ~network.masks[0][j] | ~varying_inputs)
    assert any("Grey" in text for text in texts(figure))
    assert not any("Grey" in text for text in texts(receptive_fields_figure(network_of([4, 6, 2]), shape=(2, 2))))


def test_three_channels_are_colours_and_others_stand_side_by_side():
    weights = np.zeros((1, 12))
    weights[0, 5], weights[0, 8] = 1.0, -1.0  # the second channel's second pixel, the third channel's first
    network = replace(network_of([12, 1, 2]), weights=(weights, np.ones((2, 1))))
    (image,) = images(receptive_fields_figure(network, shape=(3, 2, 2)))
    np.testing.assert_allclose(image.get_array()[0], [[0.5, 0.5, 0.0], [0.5, 1.0, 0.5]])
    (image,) = images(receptive_fields_figure(network, shape=(2, 2, 3)))
    np.testing.assert_array_equal(image.get_array(), [[0, 0, 0, 0, 0, -1], [0, 0, 1, 0, 0, 0]])


def test_inputs_without_image_shape_are_columns():
    network = network_of([7, 4, 2])
    figure = receptive_fields_figure(network)
    (image,) = images(figure)
    order = np.argsort(-(network.weights[1] ** 2).sum(axis=0))
    np.testing.assert_array_equal(image.get_array(), network.weights[0][order])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [str(7 + j) for j in order]


def test_outputs_keep_their_order():
    figure = receptive_fields_figure(network_of([4, 3]), shape=(2, 2))
    assert [text.get_text() for text in figure.axes[0].texts] == ["4", "", "5", "", "6", ""]
    assert any("outputs" in text for text in texts(figure))


def test_network_of_zeros_is_drawn(tmp_path):
    assert style.save(receptive_fields_figure(network_of([4, 3, 2], init="zeros"), shape=(2, 2)), tmp_path / "a.pdf").exists()


@pytest.mark.parametrize(
    ("options", "error", "fragment"),
    [
        ({"shape": (3, 3)}, DataError, r"\(3, 3\)"),
        ({"varying_inputs": np.ones(3, dtype=bool)}, DataError, "varying_inputs"),
        ({"max_neurons": 0}, ConfigurationError, "max_neurons"),
    ],
)
def test_mismatched_options_are_refused(options, error, fragment):
    with pytest.raises(error, match=fragment):
        receptive_fields_figure(network_of([4, 3, 2]), **options)


def test_no_text_overlaps_another():
    for sizes, shape in (([784, 30, 10], (28, 28)), ([12, 30, 2], None), ([192, 9, 2], (3, 8, 8))):
        assert_text_is_legible(receptive_fields_figure(network_of(sizes), shape=shape))
