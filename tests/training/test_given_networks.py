"""Runs whose initial networks are given: one for all replicas, or a function of the seed."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import neuronet
from neuronet.core import ConfigurationError, NeuroNetError
from neuronet.registry import build_network

OPTIONS = {"epochs": 2, "batch_size": 64, "replicas": 2, "lr_schedule": "constant"}


def made(seed):
    return build_network((2, 6, 2), seed=seed + 10)


def weights(result, replica):
    return result.networks[replica].weights[0]


def test_log_says_that_all_replicas_start_from_one_network():
    lines = []
    neuronet.train("xor", network=made(0), **{**OPTIONS, "epochs": 1}, log=lines.append)
    assert any("All 2 replicas start from the given network" in line for line in lines)
    lines.clear()
    neuronet.train("xor", network=made, **{**OPTIONS, "epochs": 1}, log=lines.append)
    assert not any("given network" in line for line in lines)


def test_function_of_the_seed_gives_each_replica_its_network(tmp_path):
    whole = neuronet.train("xor", network=made, **{**OPTIONS, "epochs": 3}, engine="tensors")
    for seed in range(2):
        alone = neuronet.train(
            "xor", network=made(seed), seed=seed, epochs=3, batch_size=64, lr_schedule="constant", engine="tensors"
        )
        assert np.allclose(weights(whole, seed), alone.network.weights[0], atol=1e-12)
    neuronet.train("xor", network=made, **OPTIONS, engine="tensors", out=tmp_path / "run")
    resumed = neuronet.resume(tmp_path / "run", epochs=3)
    assert all(np.array_equal(weights(whole, seed), weights(resumed, seed)) for seed in range(2))


def test_one_network_is_resumed_in_all_replicas(tmp_path):
    whole = neuronet.train("xor", network=made(0), **{**OPTIONS, "epochs": 3})
    neuronet.train("xor", network=made(0), **OPTIONS, out=tmp_path / "run")
    resumed = neuronet.resume(tmp_path / "run", epochs=3)
    assert all(np.array_equal(weights(whole, replica), weights(resumed, replica)) for replica in range(2))


BAD = {
    "graph": (nx.path_graph(4), "networkx Graph: use neuronet.from_graph"),
    "other layers": (lambda seed: build_network((2, 6 + seed, 2)), "seed 1 has 2-7-2 and that of seed 0 2-6-2"),
    "no network": (lambda seed: None, "network must be a Network"),
}


@pytest.mark.parametrize("name", BAD)
def test_other_networks_are_refused(name):
    network, sentence = BAD[name]
    with pytest.raises(ConfigurationError, match=sentence):
        neuronet.train("xor", network=network, **OPTIONS)


REFUSED = {
    "no environment": (neuronet.train, "train needs an environment"),
    "seeds": (lambda: neuronet.train("xor", seeds=5), "replicas from the first one, such as seed=0, replicas=5"),
    "sizes": (lambda: build_network(64, 64, 10), r"one list, such as build_network\(\[64, 64, 10\]\), got \[64, 64, 10\]"),
    "sizes without order": (lambda: build_network({64, 10}), "sizes must be one list"),
    "undirected": (
        lambda: neuronet.from_graph(nx.path_graph(4)),
        r"got Graph: give each node a 'layer' from 0, take graph.to_directed",
    ),
    "late": (
        lambda: neuronet.train("xor", epochs=2, interventions=["5: lesion(layer=1, neurons=0)"]),
        "scheduled after epoch 5, but the run ends after epoch 2",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_misunderstandings_get_a_sentence_with_what_to_write(name):
    ask, sentence = REFUSED[name]
    with pytest.raises(NeuroNetError, match=sentence):
        ask()


def test_second_run_in_a_folder_and_other_files_say_what_to_do(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(NeuroNetError, match=r"in Python neuronet\.resume\("):
        neuronet.train("xor", epochs=1, out=tmp_path)
    (tmp_path / "notes.md").write_text("hello, this is no model\n" * 10)
    with pytest.raises(NeuroNetError, match="is no model file"):
        neuronet.load(tmp_path / "notes.md")
    from neuronet.plotting.sources import plot

    with pytest.raises(NeuroNetError, match="did you mean 'inequality'"):
        plot(tmp_path, "gini", tmp_path / "gini.png")


def test_gini_takes_the_attention_of_neurons_as_it_comes():
    assert neuronet.gini(value for value in (1.0, 1.0, 1.0)) == pytest.approx(0.0)
    assert neuronet.gini([0, 0, 0, 4]) == pytest.approx(0.75)


def test_closing_table_has_the_inequality_and_show_says_which_replica(neuronet, tmp_path):
    answer = neuronet("run", "xor", "--hidden", "6", "--epochs", "1", "--replicas", "3", "--inequality", "--out", "mixed")
    assert answer.status == 0, answer.err
    assert "Gini's coefficient of attention" in answer.out
    assert "±" in answer.out
    shown = neuronet("show", "mixed")
    assert "1 of 3 (seed 0); mean of all: test loss" in " ".join(shown.out.split())


def test_seeds_of_a_command_are_replicas(neuronet):
    answer = neuronet("run", "xor", "--seeds", "3")
    assert answer.status == 2
    assert "several seeds are --replicas 5" in answer.err
