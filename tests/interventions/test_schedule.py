"""Interventions that a run plans: when they happen, what is noted, and that a broken run goes on as if unbroken."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

import neuronet
from neuronet.cli import start
from neuronet.core.errors import ConfigurationError, StateError
from neuronet.interventions import INTERVENTIONS, Freeze, Intervention, Lesion, Noise, Switch
from neuronet.policies import Noisy, RandomFeedback
from neuronet.recording.run_directory import RunDirectory
from neuronet.training.config import read_config
from tests.helpers.kills import KillAfter, Killed
from tests.helpers.paths import ROOT

INPUTS = np.random.default_rng(3).normal(size=(60, 4))
CLASSES = (INPUTS[:, 0] * INPUTS[:, 1] > 0).astype(int)
THREE_CLASSES = CLASSES + (INPUTS[:, 2] > 0.5)
PLAN = (
    "1: lesion(layer=1, share=0.3)",
    "round 13: freeze(layer=1, neurons=[0, 4])",
    "round 13: switch(layer=1, share=0.5, policy='noisy(random-feedback, sigma=0.1)')",
    "3: revive()",
)
GROWTH = (
    "1: add(layer=1, neurons=2, policy='greedy')",
    "round 8: remove(layer=1, neurons=[0, 9])",
    "round 8: disconnect(layer=1, pairs=[(0, 1), (3, 2)])",
    "2: add_layer(after=1)",
    "round 13: rewire(layer=1, fraction=0.3)",
    "round 14: lesion(layer=2, neurons=3)",
    "4: remove_layer(layer=1)",
)
OPTIONS = {
    "hidden": [8],
    "epochs": 5,
    "batch_size": 10,
    "policy": "income-protecting",
    "seed": 4,
}  # 48 samples to learn from: 5 rounds an epoch


def train(out=None, callbacks=(), classes=CLASSES, **options):
    return neuronet.train((INPUTS, classes), out=out, callbacks=callbacks, **{**OPTIONS, "interventions": PLAN, **options})


def test_interventions_are_applied_at_their_times_and_recorded(tmp_path):
    result = train(tmp_path, engine="agents")
    assert list(result.events["round"]) == [5, 13, 13, 15]
    assert list(result.events["epoch"]) == [1, 2, 2, 3]
    assert [text.partition(": ")[2] for text in PLAN] == list(result.events["what"])
    assert [len(nodes) for nodes in result.events["nodes"]] == [2, 2, 4, 2]
    assert set(result.events["nodes"][0]) == set(result.events["nodes"][3])
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert lines == result.events.to_dict("records")


@dataclass(frozen=True)
class Fatigue(Intervention):
    """All attention gets weaker."""

    rest: float = 0.9
    name = "fatigue"

    def apply(self, setup, state):
        layers = tuple(replace(layer, weights=layer.weights * self.rest) for layer in state.layers)
        return setup, replace(state, layers=layers), ()


def test_objects_are_scheduled_like_their_specs(tmp_path):
    policy = Noisy(RandomFeedback(), sigma=0.1)
    objects = [
        (1, Lesion(layer=1, share=0.3)),
        ("round 13", Freeze(layer=1, neurons=(0, 4))),
        ("round 13", Switch(layer=1, share=0.5, policy=policy)),
        (3, "revive()"),
    ]
    run, by_specs = train(tmp_path, interventions=objects), train()
    np.testing.assert_array_equal(run.network.weights[0], by_specs.network.weights[0])
    assert list(run.events["nodes"]) == list(by_specs.events["nodes"])
    assert read_config(tmp_path / "config.json").interventions == run.config.interventions
    one = train(interventions=(1, Noise(sigma=0.5)), epochs=2)
    assert list(one.events["what"]) == ["noise(sigma=0.5)"]


def test_custom_intervention_is_scheduled_and_named_by_its_module(tmp_path):
    run = train(tmp_path, interventions=[(1, Fatigue(0.5))], epochs=2)
    assert list(run.events["what"]) == ["tests.interventions.test_schedule:Fatigue(rest=0.5)"]
    by_spec = train(interventions=["1: tests.interventions.test_schedule:Fatigue(0.5)"], epochs=2)
    np.testing.assert_array_equal(run.network.weights[0], by_spec.network.weights[0])
    assert neuronet.resume(tmp_path, epochs=3, environment=(INPUTS, CLASSES)).rounds == 15


@pytest.mark.parametrize(
    ("given", "fragment"),
    [
        (Noise(), r"say when noise happens: \(5, Noise"),
        ((1.5, Noise()), r"the time of noise must be an integer of 0 or more.*got 1\.5"),
        (("soon", Noise()), "got 'soon'"),
        ((True, Noise()), "got True"),
        (Noise, "got the class Noise"),
        ({1: Noise()}, "must be a text such as '5: lesion"),
    ],
    ids=str,
)
def test_intervention_without_a_time_is_refused(given, fragment):
    with pytest.raises(ConfigurationError, match=fragment):
        train(interventions=[given])


def test_all_are_listed_and_documented(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["neuronet", "interventions"])
    assert start() == 0
    listed = capsys.readouterr().out
    page = (ROOT / "docs" / "interventions.md").read_text(encoding="utf-8")
    for name in INTERVENTIONS:
        assert f"  {name} " in listed
        assert f"`{name}`" in page


@pytest.mark.parametrize("plan", [PLAN, GROWTH], ids=["acts", "growth"])
@pytest.mark.parametrize("classes", [CLASSES, THREE_CLASSES], ids=["two classes", "three classes"])
def test_both_engines_agree_on_a_schedule(plan, classes):
    """With two classes a new neuron gets opposite demands: its attention is tied, but for the last bit."""
    options = {"dtype": "float64", "alignment": True, "interventions": plan, "classes": classes}
    ours, theirs = (train(engine=engine, **options) for engine in ("agents", "tensors"))
    pd.testing.assert_frame_equal(ours.events, theirs.events)
    for name in ("metrics", "alignment"):  # an angle near 0 is but the root of a rounding: its cosine is compared
        tables = [getattr(result, name).drop(columns=["seconds", "angle"], errors="ignore") for result in (ours, theirs)]
        pd.testing.assert_frame_equal(*tables, rtol=1e-9)
    assert set(ours.alignment["group"]) == {"all", "0", "1"}  # the new policy is measured, too


@pytest.mark.parametrize("plan", [PLAN, GROWTH], ids=["acts", "growth"])
@pytest.mark.parametrize(("engine", "replicas"), [("agents", 1), ("tensors", 3)])
def test_killed_run_resumes_bit_for_bit(engine, replicas, plan, tmp_path):
    options = {"engine": engine, "replicas": replicas, "interventions": plan}
    unbroken = train(tmp_path / "unbroken", **options)
    for kill in (6, 14):
        folder = tmp_path / str(kill)
        with pytest.raises(Killed):
            train(folder, [KillAfter(kill)], **options)
        again = neuronet.resume(folder, environment=(INPUTS, CLASSES))
        pd.testing.assert_frame_equal(again.events, unbroken.events)
        for name in ("metrics.csv", "events.jsonl"):
            ours, theirs = ((path / name).read_text() for path in (folder, tmp_path / "unbroken"))
            assert strip(ours) == strip(theirs)
        ours, theirs = (load_file(path / "checkpoint.safetensors") for path in (folder, tmp_path / "unbroken"))
        assert ours.keys() == theirs.keys()
        for name, array in theirs.items():
            np.testing.assert_array_equal(ours[name], array, err_msg=name)


def strip(text):
    """Without the last column of metrics.csv, the seconds."""
    return [line.rpartition(",")[0] if line[:1].isdigit() else line for line in text.splitlines()]


def test_checkpoint_format_depends_on_interventions(tmp_path):
    for name, plan, form in (("plain", (), "1"), ("planned", PLAN, "2")):
        train(tmp_path / name, interventions=plan)
        assert metadata_of(tmp_path / name)["format"] == form
    assert not (tmp_path / "plain" / "events.jsonl").exists()


def metadata_of(folder):
    from safetensors import safe_open

    with safe_open(folder / "checkpoint.safetensors", framework="numpy") as file:
        return file.metadata()


def corrupt(folder, change):
    arrays, metadata = load_file(folder / "checkpoint.safetensors"), metadata_of(folder)
    change(arrays, metadata)
    save_file(arrays, folder / "checkpoint.safetensors", metadata)


CORRUPTIONS = [
    (lambda arrays, metadata: metadata.update(format="3"), "not a checkpoint"),
    (lambda arrays, metadata: metadata.pop("applied"), "record of interventions"),
    (lambda arrays, metadata: metadata.update(events="{"), "record of interventions"),
    (lambda arrays, metadata: arrays.pop("structure.1.group"), "is missing"),
    (lambda arrays, metadata: metadata.update(metadata="[]"), "is missing"),
    (lambda arrays, metadata: arrays.update({"structure.1.nodes": arrays["structure.1.nodes"][:, 1:]}), "is broken"),
]


@pytest.mark.parametrize(("change", "fragment"), CORRUPTIONS, ids=[str(number) for number in range(len(CORRUPTIONS))])
def test_corrupt_checkpoint_is_refused(change, fragment, tmp_path):
    train(tmp_path)
    corrupt(tmp_path, change)
    with pytest.raises(StateError, match=fragment):
        neuronet.resume(tmp_path, epochs=6, environment=(INPUTS, CLASSES))


REFUSALS = [
    ("lesion(layer=1)", "cannot parse the scheduled intervention 'lesion"),
    ("5 lesion(layer=1)", "for after epoch 5, or 'round 120: ...'"),
    ("1: leson(layer=1)", "unknown intervention 'leson': did you mean 'lesion'"),
    ("1: lesion(layer=1", "cannot parse the intervention 'lesion"),
    ("1: lesion(1 + 1)", r"at '\+ 1\)': write lesion"),
    ("1: lesion(**{'layer': 1})", "write lesion"),
    ("1: lesion(layer=__import__('os'))", "layer must be an integer or none, got '__import__"),
    ("1: lesion(row=1)", "has no parameter 'row': it takes layer, neurons, share, select"),
    ("1: switch(layer=1, policy='gredy')", "unknown policy 'gredy': did you mean 'greedy'"),
    ("5: lesion(layer=1)", r"'lesion\(layer=1\)' is scheduled after epoch 5"),
    ("round 25: lesion(layer=1)", "is scheduled after round 25"),
    ("4: lesion(layer=1, neurons=[8])", "layer 1 has neurons 0 to 7, but no 8"),
    ("4: revive()", "none of these neurons is silent"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSALS, ids=[text for text, _ in REFUSALS])
def test_impossible_schedule_is_refused_at_the_start(text, sentence, tmp_path):
    with pytest.raises(neuronet.NeuroNetError, match=sentence):
        train(tmp_path / "run", interventions=(text,))
    assert not (tmp_path / "run" / "metrics.csv").exists()


def test_schedule_is_part_of_the_configuration(tmp_path):
    train(tmp_path, interventions="1: lesion(layer=1, neurons=2)")
    assert RunDirectory.open(tmp_path, read_config).config.model_dump()["interventions"] == ("1: lesion(layer=1, neurons=2)",)
    scheduled = RunDirectory.open(tmp_path, read_config).config.interventions
    again = neuronet.train((INPUTS, CLASSES), **OPTIONS, interventions=scheduled)
    assert list(again.events["nodes"]) == [[6]]
