"""`neuronet lab`: invalid options, missing libraries, hotspots, and the page as a component."""

from __future__ import annotations

import socket
import sys
from importlib.util import find_spec

import pytest

import neuronet.lab
from neuronet.cli.main import start
from neuronet.core.errors import ConfigurationError, MissingExtraError
from neuronet.lab import make_launch_config
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
    "port out of range": (["xor", "--port", "70000"], "port must be from 1 to 65535"),
    "option of runs": (["xor", "--epochs", "3"], "No such option: --epochs"),
    "target without a table": (["xor", "--target", "y"], "options of table:PATH"),
}


@pytest.mark.parametrize("case", CASES)
def test_invalid_option_is_refused_with_exit_status_2(command, monkeypatch, case):
    monkeypatch.setattr(neuronet.lab, "check_installed", lambda: None)
    words, fragment = CASES[case]
    status, err = command(*words)
    assert status == 2
    assert fragment in err
    assert len(err.splitlines()) == 1


def test_notes_on_the_samples_are_said(tmp_path, monkeypatch):
    rows = "\n".join(f"{number},{number % 3},{'ab'[number % 2]}" for number in range(30))
    (tmp_path / "pets.csv").write_text(f"size,age,class\n{rows}\n", encoding="utf-8")
    monkeypatch.setattr(neuronet.lab, "check_installed", lambda: None)
    monkeypatch.setattr("neuronet.lab.server.serve_page", lambda *arguments, **options: None)
    lines = []
    launched = make_launch_config(f"table:{tmp_path / 'pets.csv'}")
    neuronet.lab.serve(launched, log=lines.append)
    assert any("class" in line for line in lines)
    assert lines == list(launched.environment.notes)


def test_port_in_use_is_refused(command, monkeypatch):
    monkeypatch.setattr(neuronet.lab, "check_installed", lambda: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, err = command("xor", "--port", str(port), "--no-browser")
    assert status == 2
    assert f"port {port}" in err
    assert "--port" in err


def test_port_is_on_the_loopback_address():
    with bind_socket(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
    with pytest.raises(ConfigurationError, match="-1"):
        bind_socket(-1)


def test_missing_library_is_named(command, monkeypatch):
    monkeypatch.setattr(neuronet.lab, "find_spec", lambda name: None)
    status, err = command("xor")
    assert status == 2
    assert "'solara'" in err
    assert "pip install 'neuronet[lab]'" in err
    with pytest.raises(MissingExtraError, match="'solara'"):
        neuronet.lab.page("xor")


@pytest.mark.skipif(not INSTALLED, reason="the extra [lab] is not installed")
@pytest.mark.filterwarnings("ignore")  # of the extra's libraries
def test_hotspots_lie_on_the_drawn_neurons():
    from neuronet.lab.cards.network_card import hotspots
    from neuronet.lab.panels import network_panel
    from neuronet.lab.session import Session
    from neuronet.plotting.network.model import policy_styles
    from tests.lab.fixtures import start as begin

    snapshot = Session(begin()).snapshot
    figure, layout = network_panel(snapshot, policy_styles(["attention"]), None, (610, 412))
    spots = {spot.name: spot for spot in hotspots(snapshot, layout)}
    assert set(spots) == {"0/image", *(f"1/{place}" for place in range(10)), *(f"2/{place}" for place in range(4))}
    figure.draw_without_rendering()
    dots = next(item for item in figure.axes[0].collections if item.get_gid() == "layer 1")
    middles = figure.axes[0].transData.transform(dots.get_offsets())
    for place, (x, y) in enumerate(middles):
        assert (spots[f"1/{place}"].x, 412 - spots[f"1/{place}"].y) == (pytest.approx(x), pytest.approx(y))
    assert spots["1/3"].text == snapshot.describe(1, 3)


@pytest.mark.skipif(not INSTALLED, reason="the extra [lab] is not installed")
@pytest.mark.filterwarnings("ignore")  # of the extra's libraries
def test_page_is_a_solara_component():
    import reacton

    from neuronet.lab.clickable_figure import ClickableFigureWidget
    from tests.lab.fixtures import Bars

    _, context = reacton.render(neuronet.lab.page(Bars(), hidden=4)(), handle_error=False)
    try:
        figures = context.find(ClickableFigureWidget).widgets
        names = {figure.text.partition(":")[0] for figure in figures}
        assert names == {
            "The layered network",
            "The neuron Hidden 0",
            "Learning",
            "Attention by policy",
            "Alignment with backpropagation",
        }
        assert all(figure.source.startswith("data:image/png;base64,") for figure in figures)
        network = next(figure for figure in figures if figure.spots)
        network.vue_pick(["1/2", 0, 0])
        assert any(figure.text.startswith("The neuron Hidden 2") for figure in context.find(ClickableFigureWidget).widgets)
    finally:
        context.close()
