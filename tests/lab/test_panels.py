"""Figures of the page: their content, and text that neither overlaps nor is cut off."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Text

from neuronet.lab.cards.neuron_panel import neuron_panel
from neuronet.lab.panels import alignment_panel, attention_panel, learning_panel, network_panel
from neuronet.lab.session import Session
from neuronet.plotting.network.model import policy_styles
from neuronet.registry import build_network
from tests.lab.fixtures import Bars, start

LARGE, SMALL = (382, 382), (322, 246)


def played(rounds, **options):
    session = Session(start(**options))
    for _ in range(rounds):
        session.step()
    return session.snapshot


def panels(snapshot, selected):
    styles = policy_styles([name for names in snapshot.policies[:-1] for name in names])
    return {
        "network": network_panel(snapshot, styles, selected, (610, 412))[0],
        "neuron": neuron_panel(snapshot, selected, *LARGE),
        "learning": learning_panel(snapshot, *SMALL),
        "attention": attention_panel(snapshot, styles, *SMALL),
        "alignment": alignment_panel(snapshot, *SMALL),
    }


def texts(figure):
    """Return every visible text and its box in pixels."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    hidden = set()
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = axis.get_major_ticks() + axis.get_minor_ticks()
            hidden |= {
                label for tick in ticks for label in (tick.label1, tick.label2) if not tick.get_visible() or not axes.axison
            }
            hidden |= {
                label
                for tick in ticks
                for label in (tick.label1, tick.label2)
                if not min(limits) <= tick.get_loc() <= max(limits) or not label.get_visible()
            }
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible() and text not in hidden]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in found]


STARTS = {
    "a mix": ((1, 4), 12, {"policy": "attention:0.5,greedy(top=1):0.3,noisy(free-rider, sigma=0.2):0.2"}),
    "before the first round": ((0, 3), 0, {}),
    "an output": ((2, 1), 3, {}),
    "values": ((1, 0), 20, {"environment": Bars(values=True)}),
    "no hidden neuron": ((0, 0), 2, {"hidden": ()}),
    "three hidden layers": ((2, 0), 3, {"hidden": (6, 5, 4), "policy": "contrarian"}),
    "twelve hidden layers": ((5, 0), 2, {"hidden": (3,) * 12}),
    "weights of any size": ((1, 0), 30, {"learning_rate": 2.0}),
}


@pytest.mark.parametrize("case", STARTS)
def test_no_text_overlaps_another_or_is_cut_off(case):
    selected, rounds, options = STARTS[case]
    for name, figure in panels(played(rounds, **options), selected).items():
        boxes = texts(figure)
        assert all(text.get_fontsize() >= 8 for text in figure.findobj(Text) if text.get_text()), name
        for text, box in boxes:
            inside = (
                figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
            )
            assert inside, (name, text)
        for (one, first), (other, second) in combinations(boxes, 2):
            assert not first.shrunk(0.98, 0.9).overlaps(second.shrunk(0.98, 0.9)), (name, one, other)


def test_axes_are_labelled_with_units():
    figures = panels(played(2), (1, 0))
    labels = {name: [axes.get_ylabel() for axes in figure.axes] for name, figure in figures.items()}
    assert labels["learning"] == ["loss (nats)", "accuracy (%)"]
    assert labels["alignment"] == ["angle (degrees)", "cosine"]
    assert labels["neuron"] == ["weight", "attention", "activity"]
    assert figures["attention"].axes[0].get_xlabel() == "attention received (mean of its layer = 1)"


def test_learning_curves_show_the_history():
    snapshot = played(4)
    loss, accuracy = learning_panel(snapshot, *SMALL).axes
    train, test = (np.asarray(line.get_ydata()) for line in loss.lines)
    np.testing.assert_array_equal(train, snapshot.history.train_loss)
    np.testing.assert_array_equal(test, snapshot.history.test_loss)
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), 100 * np.asarray(snapshot.history.test_accuracy))
    assert list(loss.lines[0].get_xdata()) == [0, 1, 2, 3, 4]


def test_attention_is_shown_by_policy_relative_to_the_layer():
    snapshot = played(2, policy="attention:0.7,greedy:0.3")
    styles = policy_styles(["attention", "greedy"])
    axes = attention_panel(snapshot, styles, *SMALL).axes[0]
    received = snapshot.received(1) / snapshot.received(1).mean()
    names = np.asarray(snapshot.policies[0])
    for points, name in zip(axes.collections, ("attention", "greedy"), strict=True):
        np.testing.assert_allclose(np.asarray(points.get_offsets())[:, 0], received[names == name])
    share = received[names == "greedy"].sum() / received.sum()
    assert f"greedy: 30 % of neurons hold {100 * share:.0f} %" in [text.get_text() for text in axes.texts]


def test_neuron_panel_shows_listeners_attention_and_activity():
    snapshot = played(3)
    listeners, attention, activity = neuron_panel(snapshot, (1, 6), *LARGE).axes
    np.testing.assert_allclose([bar.get_height() for bar in listeners.patches], snapshot.network.weights[1][:, 6])
    np.testing.assert_allclose(attention.lines[0].get_ydata(), snapshot.history.attention_of(snapshot.node((1, 6)))[0])
    points = next(line for line in activity.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(points.get_ydata(), snapshot.activity[1][6])
    np.testing.assert_array_equal(np.round(np.asarray(points.get_xdata())), snapshot.targets)


def test_unconnected_neurons_are_not_listeners():
    network = build_network([16, 6, 4], connectivity="sparse(0.4)", seed=1)
    from neuronet.lab.launch_config import make_launch_config

    snapshot = Session(make_launch_config(Bars(), network=network)).snapshot
    listeners, weights = snapshot.listeners(1, 2)
    np.testing.assert_array_equal(listeners, np.flatnonzero(network.masks[1][:, 2]))
    np.testing.assert_array_equal(weights, network.weights[1][listeners, 2])
    assert [bar.get_x() + bar.get_width() / 2 for bar in neuron_panel(snapshot, (1, 2), *LARGE).axes[0].patches] == list(
        listeners
    )
