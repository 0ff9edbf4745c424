"""Traces: the right numbers of the right neurons, on either engine, and none lost or doubled when a run is broken."""

from __future__ import annotations

import builtins

import mesa
import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet import interventions
from neuronet.core.errors import ConfigurationError, DataError, MissingExtraError
from neuronet.engines.agents import InputNeuron, Neuron
from neuronet.recording.traces import store as on_disk
from neuronet.recording.traces.spec import VARIABLES, TraceSpec, parse_trace
from neuronet.training.assembly import build_run
from neuronet.training.config import make_config
from tests.helpers.kills import KillAfter, Killed

INPUTS = np.random.default_rng(3).normal(size=(60, 4))
CLASSES = (INPUTS[:, 0] * INPUTS[:, 1] > 0).astype(int)
OPTIONS = {"hidden": [8, 5], "epochs": 3, "batch_size": 10, "seed": 4, "dtype": "float64"}  # 5 rounds an epoch


def train(trace, out=None, callbacks=(), **options):
    return neuronet.train((INPUTS, CLASSES), trace=trace, out=out, callbacks=callbacks, **{**OPTIONS, **options})


@pytest.mark.parametrize("engine", ["agents", "tensors"])
def test_trace_equals_plain_numpy(engine):
    """Against the same rounds in plain numpy."""
    table = train("all:all every 4", engine=engine, activation="tanh", optimizer="sgd").traces()
    assert sorted(set(table["round"])) == [4, 8, 12]
    assert len(table) == 3 * (4 + 8 + 5 + 2)
    world = neuronet.Table(INPUTS, CLASSES)
    game = build_run(make_config({**OPTIONS, "environment": "x", "activation": "tanh", "optimizer": "sgd"}), environment=world)
    for number in range(4):
        before, batch = game.engine.network(), world.train.at(game.batches.indices(number))
        game.engine.set_lr_factor(1 - number // 5 / 3)
        game.engine.play(batch.inputs, batch.targets)
    said = [batch.inputs]
    for weights, bias, last in zip(before.weights, before.biases, (False, False, True), strict=True):
        potential = said[-1] @ weights.T + bias
        said.append(potential if last else np.tanh(potential))
    share = np.exp(said[-1]) / np.exp(said[-1]).sum(axis=1, keepdims=True)
    demands = [np.eye(2)[batch.targets] - share]
    for layer in (2, 1):
        demands.insert(0, (demands[0] @ before.weights[layer]) * (1 - said[layer] ** 2))
    after, traced = game.engine.network(), table[table["round"] == 4]
    assert set(traced["epoch"]) == {1}
    for layer in range(4):
        rows = traced[traced["layer"] == layer].reset_index()
        assert list(rows["node"]) == list(after.nodes[layer])
        expected = {"activity_mean": said[layer].mean(axis=0), "activity_std": said[layer].std(axis=0)}
        if layer < 3:
            expected["attention"] = (after.weights[layer] ** 2).sum(axis=0) / 2
        if layer:
            new, old = (np.column_stack((n.weights[layer - 1], n.biases[layer - 1])) for n in (after, before))
            expected |= {"paid": (new[:, :-1] ** 2).sum(axis=1) / 2, "bias": new[:, -1]}
            expected |= {"change": np.linalg.norm(new - old, axis=1)}
            expected |= {"demand_rms": np.sqrt((demands[layer - 1] ** 2).mean(axis=0))}
        for name in VARIABLES:
            np.testing.assert_allclose(rows[name], expected.get(name, np.full(len(rows), np.nan)), atol=1e-12, err_msg=name)


TRACE = ["hidden:6 every 2", "node 3,16 every 3 of attention,activity_mean"]
PLAN = ["round 4: lesion(layer=1, share=0.5)", "1: switch(layer=2, share=0.4, policy='greedy')", "2: add_layer(after=1)"]


@pytest.mark.parametrize("options", [{}, {"activation": "tanh", "policy": "noisy", "channels": "demand:delay(2)"}])
def test_both_engines_give_the_same_traces(options):
    ours, theirs = (train(TRACE, engine=engine, interventions=PLAN, **options).traces() for engine in ("agents", "tensors"))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=1e-12)
    assert set(ours["policy"]) > {"", "greedy"}
    assert ours["silent"].any()
    if options:  # in the first rounds there is nothing yet to answer
        assert ours[(ours["round"] == 2) & (ours["layer"] == 1)]["demand_rms"].isna().all()


@pytest.mark.parametrize("at_once", [True, False])
def test_replicas_equal_single_runs(at_once, monkeypatch):
    if not at_once:
        monkeypatch.setattr("neuronet.engines.tensors.factory.MAX_BATCHED_WORK", 0)
    both = train(TRACE, engine="tensors", replicas=2).traces()
    for replica in range(2):
        alone = train(TRACE, engine="tensors", seed=4 + replica).traces()
        part = both[both["replica"] == replica].drop(columns="replica").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone.drop(columns="replica"), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ["agents", "tensors"])
def test_tracing_does_not_change_the_run(engine):
    metrics = [train(trace, engine=engine).metrics.drop(columns="seconds") for trace in ((), TRACE, "all:all every 1")]
    pd.testing.assert_frame_equal(metrics[0], metrics[1], check_exact=True)
    pd.testing.assert_frame_equal(metrics[0], metrics[2], check_exact=True)


@pytest.mark.parametrize(("engine", "replicas", "part"), [("agents", 1, 50_000), ("tensors", 2, 7)])
def test_killed_run_neither_loses_nor_duplicates_rows(engine, replicas, part, tmp_path, monkeypatch):
    monkeypatch.setattr(on_disk, "ROWS_PER_PART", part)
    monkeypatch.setattr(on_disk, "MAX_UNWRITTEN_ROWS", 1)  # so that there is more on the disk than in the checkpoint
    options = {"engine": engine, "replicas": replicas, "interventions": PLAN, "checkpoint_every": 2}
    whole = train(TRACE, tmp_path / "whole", **options).traces()
    assert not whole.duplicated(["round", "replica", "node"]).any()
    for kill in (3, 9):
        folder = tmp_path / str(kill)
        with pytest.raises(Killed):
            train(TRACE, folder, [KillAfter(kill)], **options)
        left = neuronet.traces(folder)
        pd.testing.assert_frame_equal(left, whole[whole["round"] <= left["round"].max()])
        assert left["round"].max() >= kill - 1
        again = neuronet.resume(folder, environment=(INPUTS, CLASSES))
        pd.testing.assert_frame_equal(again.traces(), whole, check_exact=True)
        pd.testing.assert_frame_equal(neuronet.traces(folder), whole, check_exact=True)
    count = len(on_disk.part_files(tmp_path / "whole"))
    assert count > 3 if part == 7 else count == 1


def test_memory_and_parquet_stores_agree(tmp_path):
    pd.testing.assert_frame_equal(train(TRACE).traces(), train(TRACE, tmp_path).traces(), check_exact=True)


def test_added_and_removed_neurons_are_traced():
    plan = ["round 5: remove(layer=1, neurons=[0, 1, 2])", "round 6: add(layer=1, neurons=2)"]
    table = train(["layer 1:all every 1", "node 4 every 1"], interventions=plan).traces()
    counts = table.groupby("round").size()
    assert (counts[5], counts[6], counts[7]) == (8, 5, 7)
    assert set(table[table["round"] == 7]["node"]) - set(table[table["round"] == 5]["node"]) == {19, 20}
    assert table[table["node"] == 4]["round"].max() == 5


def test_selected_nodes_depend_on_the_seed_only():
    tables = [train("hidden:6 every 5", seed=seed).traces() for seed in (1, 2, 3)]
    chosen = [frozenset(table["node"]) for table in tables]
    assert all(len(some) == 6 for some in chosen)
    assert len(set(chosen)) == 3
    assert {layer for table in tables for layer in table["layer"]} == {1, 2}
    assert chosen[0] == frozenset(train("hidden:6 every 5", seed=1, engine="tensors").traces()["node"])


def test_trace_defaults():
    assert parse_trace("hidden") == TraceSpec("hidden", (), 16, 10, VARIABLES)
    assert parse_trace("Layer 2:all every 3 of change, paid") == TraceSpec("layer 2", (), None, 3, ("change", "paid"))
    assert parse_trace("nodes 7, 9") == TraceSpec("nodes", (7, 9), 16, 10, VARIABLES)


REFUSALS = [
    ("everyone:3", "'everyone:3': write 'hidden:16 every 10'"),
    ("hidden:some", "hidden:some"),
    ("hidden:0", "a number of neurons and of rounds of 1 or more"),
    ("hidden:2 every 0", "a number of neurons and of rounds of 1 or more"),
    ("hidden:2 of attentions", "unknown variable to trace 'attentions': did you mean 'attention'"),
    ("node 3:5", "names its nodes: leave out ':5'"),
    ("node 99", "node 99"),
    ("layer 4", "layer 4"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSALS, ids=[text for text, _ in REFUSALS])
def test_invalid_trace_is_refused(text, sentence):
    with pytest.raises(neuronet.NeuroNetError, match=sentence):
        train(text)


def test_trace_of_missing_hidden_neurons_is_refused():
    with pytest.raises(ConfigurationError, match="hidden neurons"):
        train("hidden:2", hidden=[])


def test_run_without_traces_is_an_error(tmp_path):
    with pytest.raises(neuronet.NeuroNetError, match="the run was not traced: train with trace='hidden:16 every 10'"):
        train((), tmp_path).traces()
    with pytest.raises(DataError, match="there are no traces in"):
        neuronet.traces(tmp_path)


def test_corrupt_traces_are_named(tmp_path):
    train("hidden:2 every 5", tmp_path)
    (path,) = on_disk.part_files(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"cannot read the traces '.*part-000000000005\.parquet'"):
        neuronet.traces(tmp_path)


def test_missing_pyarrow_names_the_extra(tmp_path, monkeypatch):
    usual = builtins.__import__

    def without(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return usual(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"need pyarrow: pip install 'neuronet\[data\]'$"):
        train("hidden:2 every 5", tmp_path)
    assert len(train("hidden:2 every 5").traces()) == 6  # what is not recorded needs none


def test_mesa_data_collector_with_a_changing_network():
    model = neuronet.NeuronModel(
        neuronet.Setup(neuronet.build_network([2, 5, 2], seed=1), neuronet.AttentionSeeking()), environment=neuronet.Xor()
    )
    collector = mesa.DataCollector(
        model_reporters={"loss": "loss", "neurons": lambda model: len(model.agents)},
        agent_reporters={"node": "node", "utility": lambda agent: agent.utility()},
        agenttype_reporters={Neuron: {"bias": "bias"}, InputNeuron: {"silent": "silent"}},
    )
    for number in range(4):
        if number == 2:
            interventions.add(model, layer=1, neurons=3)
            interventions.remove(model, layer=1, neurons=[0])
        model.step()
        collector.collect(model)
    whole, each = collector.get_model_vars_dataframe(), collector.get_agent_vars_dataframe()
    assert list(whole["neurons"]) == [9, 9, 11, 11]
    assert np.isfinite(whole["loss"]).all()
    assert list(each.groupby("Step").size()) == [9, 9, 11, 11]
    assert set(each.loc[4]["node"]) == {0, 1, *range(3, 12)}
    assert len(collector.get_agenttype_vars_dataframe(Neuron)) == 7 + 7 + 9 + 9
    model.close()
