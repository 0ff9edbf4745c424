"""Receptive fields: whose, in which order, and what is grey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.plotting.receptive_fields import draw_receptive_fields, receptive_fields_figure
from neuronet.registry import build_network


def network_of(sizes, **options):
    return build_network(sizes, seed=3, **options)


def texts(figure):
    return [text.get_text() for text in (*figure.texts, *figure.axes[0].texts)]


def images(figure):
    return figure.axes[0].images


def test_the_neuron_that_receives_most_comes_first():
    network = network_of([12, 5, 3])
    figure = receptive_fields_figure(network, shape=(3, 4), max_neurons=3)
    received = (network.weights[1] ** 2).sum(axis=0) / 2
    first = np.argsort(-received)[:3]
    for image, j in zip(images(figure), first, strict=True):
        np.testing.assert_array_equal(image.get_array(), network.weights[0][j].reshape(3, 4))
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names == [word for j in first for word in (str(12 + j), f"{received[j]:.2g}")]
    assert any(text.endswith(": 3 of 5") for text in texts(figure))


def test_all_fields_have_one_scale_with_nothing_in_its_middle():
    limits = {image.get_clim() for image in images(receptive_fields_figure(network_of([4, 6, 2]), shape=(2, 2)))}
    ((low, high),) = limits
    assert low == -high


def test_what_says_nothing_is_grey():
    network = network_of([4, 6, 2], connectivity="sparse(0.5)")
    varying_inputs = np.array([True, True, True, False])
    figure = receptive_fields_figure(network, shape=(2, 2), varying_inputs=varying_inputs)
    order = np.argsort(-(network.weights[1] ** 2).sum(axis=0), kind="stable")
    for image, j in zip(images(figure), order, strict=True):
        np.testing.assert_array_equal(np.ma.getmaskarray(image.get_array()).ravel(), ~network.masks[0][j] | ~varying_inputs)
    assert any("Grey" in text for text in texts(figure))
    assert not any("Grey" in text for text in texts(receptive_fields_figure(network_of([4, 6, 2]), shape=(2, 2))))


def test_channels_are_colours_if_there_are_three_and_stand_side_by_side_if_not():
    weights = np.zeros((1, 12))
    weights[0, 5], weights[0, 8] = 1.0, -1.0  # the second channel's second pixel, the third channel's first
    network = replace(network_of([12, 1, 2]), weights=(weights, np.ones((2, 1))))
    (image,) = images(receptive_fields_figure(network, shape=(3, 2, 2)))
    np.testing.assert_allclose(image.get_array()[0], [[0.5, 0.5, 0.0], [0.5, 1.0, 0.5]])
    (image,) = images(receptive_fields_figure(network, shape=(2, 2, 3)))
    np.testing.assert_array_equal(image.get_array(), [[0, 0, 0, 0, 0, -1], [0, 0, 1, 0, 0, 0]])


def test_inputs_that_are_no_images_are_columns():
    network = network_of([7, 4, 2])
    figure = receptive_fields_figure(network)
    (image,) = images(figure)
    order = np.argsort(-(network.weights[1] ** 2).sum(axis=0))
    np.testing.assert_array_equal(image.get_array(), network.weights[0][order])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [str(7 + j) for j in order]


def test_outputs_stand_in_their_own_order():
    figure = receptive_fields_figure(network_of([4, 3]), shape=(2, 2))
    assert [text.get_text() for text in figure.axes[0].texts] == ["4", "", "5", "", "6", ""]
    assert any("outputs" in text for text in texts(figure))


def test_a_network_without_any_weight_can_be_drawn(tmp_path):
    assert draw_receptive_fields(network_of([4, 3, 2], init="zeros"), tmp_path / "a.pdf", shape=(2, 2)).exists()


def test_what_does_not_fit_is_refused():
    network = network_of([4, 3, 2])
    with pytest.raises(NeuroNetError, match=r"an input of shape \(3, 3\) does not fit a network of 4 inputs"):
        receptive_fields_figure(network, shape=(3, 3))
    with pytest.raises(NeuroNetError, match="varying_inputs must have one entry for each of 4 inputs"):
        receptive_fields_figure(network, varying_inputs=np.ones(3, dtype=bool))
    with pytest.raises(NeuroNetError, match="max_neurons must be an integer of 1 or more, got 0"):
        receptive_fields_figure(network, max_neurons=0)
