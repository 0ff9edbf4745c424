"""`neuronet lab` refuses what cannot be in one sentence, and says what it needs."""

from __future__ import annotations

import socket
import sys
from importlib.util import find_spec

import pytest

import neuronet.lab
from neuronet import NeuroNetError
from neuronet.cli.main import start
from neuronet.lab.server import bind_socket

INSTALLED = all(find_spec(name) for name in neuronet.lab.REQUIRED_MODULES)


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["neuronet", "lab", *words])
        return start(), capsys.readouterr().err

    return run


CASES = {
    "unknown environment": (["digit"], "did you mean 'digits'"),
    "unknown policy": (["xor", "--policy", "greddy"], "did you mean 'greedy'"),
    "unknown channel": (["xor", "--channel", "demand:dropot"], "did you mean 'dropout'"),
    "hidden of 0": (["xor", "--hidden", "4,0"], "hidden"),
    "learning rate of 0": (["xor", "--learning-rate", "0"], "learning_rate should be greater than 0"),
    "port that is none": (["xor", "--port", "70000"], "port must be from 1 to 65535, or 0 for any that is free, got 70000"),
    "option of runs": (["xor", "--epochs", "3"], "No such option: --epochs"),
    "target without a table": (["xor", "--target", "y"], "options of table:PATH"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_and_exit_status_2(command, monkeypatch, case):
    monkeypatch.setattr(neuronet.lab, "check_installed", lambda: None)
    words, sentence = CASES[case]
    status, said = command(*words)
    assert status == 2
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_port_in_use_is_refused(command, monkeypatch):
    monkeypatch.setattr(neuronet.lab, "check_installed", lambda: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, said = command("xor", "--port", str(port), "--no-browser")
    assert status == 2
    assert said.startswith(f"Error: port {port} cannot be used (Address already in use): choose another with --port")


def test_the_port_is_on_the_loopback_address():
    with bind_socket(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    with pytest.raises(NeuroNetError, match="port must be"):
        bind_socket(-1)


def test_what_is_missing_is_named(command, monkeypatch):
    monkeypatch.setattr(neuronet.lab, "find_spec", lambda name: None)
    status, said = command("xor")
    assert status == 2
    assert said == (
        "Error: the lab needs the library 'solara', which is not installed: pip install 'neuronet[lab]', "
        "or pip install -e '.[lab]' in a clone\n"
    )
    with pytest.raises(NeuroNetError, match="the lab needs the library 'solara'"):
        neuronet.lab.page("xor")


@pytest.mark.skipif(not INSTALLED, reason="the extra [lab] is not installed")
@pytest.mark.filterwarnings("ignore")  # of the extra's libraries
def test_dots_and_the_image_can_be_clicked_where_they_are_drawn():
    from neuronet.lab.cards.network_card import _pixel, hotspots
    from neuronet.lab.panels import network_panel
    from neuronet.lab.session import Session
    from neuronet.plotting.network.model import policy_styles
    from tests.lab.fixtures import start as begin

    snapshot = Session(begin()).snapshot
    figure, drawing = network_panel(snapshot, policy_styles(["attention"]), None, (610, 412))
    spots = {spot.name: spot for spot in hotspots(snapshot, drawing)}
    assert set(spots) == {"0/image", *(f"1/{place}" for place in range(10)), *(f"2/{place}" for place in range(4))}
    figure.draw_without_rendering()
    dots = next(each for each in figure.axes[0].collections if each.get_gid() == "layer 1")
    middles = figure.axes[0].transData.transform(dots.get_offsets())
    for place, (x, y) in enumerate(middles):
        assert (spots[f"1/{place}"].x, 412 - spots[f"1/{place}"].y) == (pytest.approx(x), pytest.approx(y))
    assert spots["1/3"].text == snapshot.describe(1, 3)
    assert [_pixel(snapshot, 0, 0), _pixel(snapshot, 0.99, 0), _pixel(snapshot, 0.3, 0.99), _pixel(snapshot, 1, 1)] == [
        0,
        3,
        13,
        15,
    ]


@pytest.mark.skipif(not INSTALLED, reason="the extra [lab] is not installed")
@pytest.mark.filterwarnings("ignore")  # of the extra's libraries
def test_the_page_is_a_component_for_apps_of_ones_own():
    import reacton

    from neuronet.lab.clickable_figure import PictureWidget
    from tests.lab.fixtures import Bars

    _, context = reacton.render(neuronet.lab.page(Bars(), hidden=4)(), handle_error=False)
    try:
        pictures = context.find(PictureWidget).widgets
        names = {picture.text.partition(":")[0] for picture in pictures}
        assert names == {
            "The layered network",
            "The neuron Hidden 0",
            "Learning",
            "Attention by policy",
            "Alignment with backpropagation",
        }
        assert all(picture.source.startswith("data:image/png;base64,") for picture in pictures)
        network = next(picture for picture in pictures if picture.node_areas)
        network.vue_pick(["1/2", 0, 0])
        assert any(picture.text.startswith("The neuron Hidden 2") for picture in context.find(PictureWidget).widgets)
    finally:
        context.close()
