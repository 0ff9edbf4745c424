from __future__ import annotations

import re
from itertools import product

import networkx as nx
import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError, StateError
from neuronet.core.structure.graph import from_graph
from neuronet.games.metagame.analysis import analyse
from neuronet.games.metagame.export import fixation_graphml, graphml, nfg, nfg_of_layers, nfg_of_symmetric
from neuronet.registry import build_network
from tests.games.metagame.fixtures import meta_game_of, random_game


def read(text):
    """Return the names and payoffs of a game in normal form, with the first player's strategy varying fastest."""
    head, _, numbers = text.partition('\n""\n')
    names = [re.findall(r'"([^"]*)"', part) for part in re.findall(r'\{((?:\s*"[^"]*")+)\s*\}', head)]
    players, strategies = names[0], names[1:]
    values = iter(map(float, numbers.split()))
    payoffs = np.empty((len(players), *map(len, strategies)))
    for profile in product(*(range(len(names)) for names in strategies[::-1])):
        for player in range(len(players)):
            payoffs[(player, *profile[::-1])] = next(values)
    assert next(values, None) is None
    return players, strategies, payoffs


def test_game_between_layers_survives_a_round_trip():
    payoffs = np.random.default_rng(0).normal(size=(2, 3, 3))
    players, strategies, found = read(nfg_of_layers(("a", "b", "c"), payoffs))
    assert players == ["first layer", "second layer"]
    assert strategies == [["a", "b", "c"]] * 2
    assert (found == payoffs).all()


def test_nfg_format():
    text = nfg("t", ["x", "y"], [["a", "b"], ["c", "d", "e"]], np.arange(12.0).reshape(2, 2, 3))
    assert text.splitlines()[0] == 'NFG 1 R "t" { "x" "y" }'
    assert text.splitlines()[-6:] == ["0.0 6.0", "3.0 9.0", "1.0 7.0", "4.0 10.0", "2.0 8.0", "5.0 11.0"]


def test_large_and_small_payoffs_are_exact_and_have_no_plus_sign():
    payoffs = np.array([[[1e22, 2e16], [-3.5e300, 1e-7]], [[0.1, 5e-324], [1.0, -0.0]]])
    text = nfg("t", ["a", "b"], [["x", "y"]] * 2, payoffs)
    assert "+" not in text
    assert text.splitlines()[-4:] == ["1e22 0.1", "-3.5e300 1.0", "2e16 5e-324", "1e-07 -0.0"]
    assert (read(text)[2] == payoffs).all()


@pytest.mark.parametrize("payoffs", [np.ones((1, 2)) * 1j, np.ma.array(np.ones((1, 2)), mask=[[0, 1]]), np.array([[1.0, None]])])
def test_payoffs_that_are_no_real_numbers_are_refused(payoffs):
    with pytest.raises(ConfigurationError, match="payoffs must be finite real numbers"):
        nfg("t", ["a"], [["x", "y"]], payoffs)


def test_attributes_of_graphml_are_written_whole_or_refused():
    network = build_network((2, 2), seed=1)
    graph = nx.parse_graphml(graphml(network, {"on": {2: np.bool_(True)}, "size": {2: np.float32(0.5)}}), node_type=int)
    assert (graph.nodes[2]["on"], graph.nodes[2]["size"]) == (True, 0.5)
    for value in (None, [1.0], 1j, "a\x00b"):
        with pytest.raises(ConfigurationError, match="attribute 'mark' must be a"):
            graphml(network, {"mark": {2: value}})


def test_symmetric_game_survives_a_round_trip():
    game = random_game(3, 2)
    _, _, found = read(nfg_of_symmetric(game))
    for profile in product(range(2), repeat=3):
        for player in range(3):
            others = np.bincount(np.delete(profile, player), minlength=2)
            assert found[(player, *profile)] == game.payoffs[profile[player], game.index[tuple(others.tolist())]]


def test_quotes_in_names_are_escaped():
    assert r'"my \"own\" policy"' in nfg_of_layers(('my "own" policy', "b"), np.zeros((2, 2, 2)))


def test_network_survives_a_round_trip(tmp_path):
    network = build_network((3, 4, 2), connectivity="sparse(0.6)", seed=1)
    file = tmp_path / "network.graphml"
    file.write_text(graphml(network, {"attention": {4: 0.25}}), encoding="utf-8")
    graph = nx.read_graphml(file, node_type=int)
    assert graph.nodes[4]["attention"] == 0.25
    again = from_graph(graph)
    assert all((a == b).all() for a, b in zip(again.weights, network.weights, strict=True))
    assert again.activations == network.activations


def test_fixation_graph_has_an_edge_per_invasion(tmp_path):
    found = analyse(meta_game_of([[3, 0], [5, 1]], noise=0.01), resamples=5)
    file = tmp_path / "fixation.graphml"
    file.write_text(fixation_graphml(found), encoding="utf-8")
    graph = nx.read_graphml(file)
    assert graph.edges["a", "b"]["favoured"] is True
    assert graph.edges["b", "a"]["favoured"] is False
    assert graph.edges["a", "b"]["fixation_probability"] == pytest.approx(found.fixation_probabilities.value[0, 1])
    assert graph.nodes["b"]["alpha_rank"] == pytest.approx(1)


def test_invalid_exports_are_refused():
    with pytest.raises(ConfigurationError, match=r"of shape \(2, 2, 2\)"):
        nfg_of_layers(("a", "b"), np.zeros((2, 2, 3)))
    with pytest.raises(ConfigurationError, match="at most 100,000 profiles"):
        nfg_of_symmetric(random_game(12, 3))
    with pytest.raises(StateError, match="node 99"):
        graphml(build_network((2, 2)), {"attention": {99: 1.0}})
