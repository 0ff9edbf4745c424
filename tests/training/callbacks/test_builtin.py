"""Early stopping, the best model, and the progress bar."""

from __future__ import annotations

import json
import sys
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import neuronet
from neuronet.core import ConfigurationError, SpecError
from neuronet.environments import Xor
from neuronet.training import BestCheckpoint, EarlyStopping, Progress, RunProgress
from tests.helpers.kills import KillAfter, Killed

OPTIONS = {
    "hidden": [5],
    "lr_schedule": "constant",
    "learning_rate": 0.2,
    "optimizer": "momentum(0.9)",
}  # the best epoch is the fifth


def run_of(values, metric="test_loss"):
    """Return a run in progress with these values of a metric, one for each epoch, or a row of replicas."""
    rows = np.reshape(values, (len(values), -1))
    history = [
        {"epoch": epoch, "round": epoch, "replica": replica, metric: value}
        for epoch, row in enumerate(rows, start=1)
        for replica, value in enumerate(row)
    ]
    replicas = rows.shape[1] if len(rows) else 1
    return RunProgress(None, 99, 1, replicas, np.zeros(replicas), history, environment=Xor())


def keras_stops(values, patience, min_delta, sign):
    """Return after how many epochs Keras would stop; None if it would not."""
    best, wait = np.inf, 0
    for epoch, value in enumerate(values, start=1):
        wait += 1
        if sign * value < best - min_delta:
            best, wait = sign * value, 0
        if wait >= patience and epoch > 1:
            return epoch
    return None


@given(
    values=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    patience=st.integers(1, 4),
    min_delta=st.sampled_from([0, 1, 2]),
    metric=st.sampled_from(["test_loss", "train_accuracy"]),
)
def test_early_stopping_counts_epochs_as_keras_does(values, patience, min_delta, metric):
    stopping = EarlyStopping(metric, patience, min_delta)
    sign = -1 if metric == "train_accuracy" else 1
    stopped = next((n for n in range(1, len(values) + 1) if stops(stopping, values[:n], metric)), None)
    assert stopped == keras_stops(values, patience, min_delta, sign)


def stops(stopping, values, metric="test_loss"):
    run = run_of(values, metric)
    stopping.on_epoch_end(run)
    return run.stop_reason is not None


def test_early_stopping_takes_means_of_replicas_and_nan_for_no_improvement():
    assert not stops(EarlyStopping(patience=1), [[1, 3], [0, 3]])
    assert stops(EarlyStopping(patience=1), [[1, 3], [0, 5]])
    assert stops(EarlyStopping(patience=2), [1, np.nan, np.nan])
    assert not stops(EarlyStopping(patience=2), [np.nan, np.nan, 1])


@pytest.mark.parametrize("make", [{"patience": 0}, {"min_delta": -1}, {"metric": "loss"}, {"patience": 1.5}], ids=str)
def test_wrong_parameters_of_early_stopping_are_refused(make):
    with pytest.raises((ConfigurationError, SpecError), match=next(iter(make))):
        EarlyStopping(**make)


@pytest.mark.parametrize("callback", [EarlyStopping("test_accuracy"), BestCheckpoint("train_accuracy")], ids=["stop", "best"])
def test_accuracy_of_values_is_refused_before_training(callback):
    inputs = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ConfigurationError, match="_loss"):
        neuronet.train((inputs, inputs[:, 0] * 1.5), callbacks=[callback], hidden=[3], epochs=1)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A recorded run that stopped early by its patience, with its best model, and that run without patience."""
    folder, best = tmp_path_factory.mktemp("run"), BestCheckpoint()
    result = neuronet.train("xor", epochs=60, patience=3, callbacks=[best], out=folder / "a", **OPTIONS)
    return folder / "a", result, neuronet.train("xor", epochs=result.epochs, **OPTIONS)


def test_patience_stops_a_run_where_its_losses_say(stopped):
    folder, result, whole = stopped
    losses = list(whole.metrics["test_loss"])
    assert result.epochs < 60
    assert list(result.metrics["test_loss"]) == losses
    assert int(np.argmin(losses)) + 1 == result.epochs - 3
    assert f"has not improved for 3 epochs; best was {min(losses):.4f} in epoch {result.epochs - 3}" in result.stop_reason
    assert json.loads((folder / "config.json").read_text())["patience"] == 3


def test_best_model_is_that_of_its_epoch(stopped):
    folder, result, _ = stopped
    epochs = result.epochs - 3
    then = neuronet.train("xor", epochs=epochs, **OPTIONS)
    assert result.best_model.facts["epoch"] == epochs
    inputs = Xor().test.inputs
    for model in (result.best_model, neuronet.load(folder / "best.safetensors")):
        np.testing.assert_array_equal(model.outputs(inputs), then.model.outputs(inputs))
    assert result.model.facts["epoch"] == result.epochs
    assert result.model.facts["stopped"] == result.stop_reason
    with pytest.raises(ConfigurationError, match="BestCheckpoint"):
        _ = then.best_model


def test_resumed_run_that_has_stopped_stops_at_once(stopped):
    folder, result, _ = stopped
    again = neuronet.resume(folder, epochs=70, callbacks=[BestCheckpoint()])
    assert (again.rounds, again.stop_reason) == (result.rounds, result.stop_reason)
    assert again.best_model.facts["epoch"] == result.epochs - 3


@pytest.mark.parametrize("kill", [15, 40])
def test_killed_run_finds_the_same_best_model(stopped, kill, tmp_path):
    _, result, _ = stopped
    options = {"epochs": 60, "patience": 3, "checkpoint_every": 4, **OPTIONS}
    with pytest.raises(Killed):
        neuronet.train("xor", callbacks=[BestCheckpoint(), KillAfter(kill)], out=tmp_path, **options)
    again = neuronet.resume(tmp_path, callbacks=[BestCheckpoint()])
    assert again.stop_reason == result.stop_reason
    assert again.best_model.facts["epoch"] == result.best_model.facts["epoch"]


def test_each_replica_has_its_own_best(tmp_path):
    options = {**OPTIONS, "epochs": 8, "engine": "tensors"}
    result = neuronet.train("xor", replicas=3, callbacks=[BestCheckpoint("test_loss")], out=tmp_path, **options)
    losses = result.metrics.pivot_table(index="epoch", columns="replica", values="test_loss")
    assert [model.facts["epoch"] for model in result.best_models] == losses.idxmin().tolist()
    assert neuronet.load(tmp_path / "best.safetensors").facts["epoch"] == losses.idxmin()[0]
    with pytest.raises(ConfigurationError, match="first"):
        neuronet.resume(tmp_path, epochs=9, callbacks=[BestCheckpoint()])


def play(progress):
    return neuronet.train("xor", hidden=[3], epochs=2, callbacks=[progress], log=progress.print)


def test_progress_is_drawn_in_a_terminal_and_nowhere_else():
    drawn, silent = StringIO(), StringIO()
    play(Progress(Console(file=drawn, force_terminal=True, width=100)))
    play(Progress(Console(file=silent)))
    assert "epoch" in drawn.getvalue()
    assert "14/14" in drawn.getvalue()
    assert silent.getvalue().startswith("Engine agents")
    assert silent.getvalue().count("\n") == 1


def test_progress_in_a_notebook_is_drawn_by_tqdm(monkeypatch):
    made = []

    class Bar:
        total = n = 0

        def __init__(self, **options):
            made.append(self)
            self.texts, self.closed = [], False

        def set_description_str(self, text, refresh):
            self.texts.append(text)

        def set_postfix_str(self, text, refresh):
            self.texts.append(text)

        def write(self, line):
            self.texts.append(line)

        def close(self):
            self.closed = True

    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=Bar))
    monkeypatch.setattr("neuronet.training.callbacks.progress.find_spec", lambda name: True)
    result = play(Progress())
    (bar,) = made
    assert (bar.n, bar.total, bar.closed) == (result.rounds, result.rounds, True)
    assert "epoch 1" in bar.texts


def test_command_line_stops_early_and_says_why(neuronet, tmp_path):
    words = ("--hidden", "5", "--epochs", "60", "--learning-rate", "0.2", "--lr-schedule", "constant")
    answer = neuronet("run", "xor", *words, "--patience", "3", "--out", "r", "--json")
    assert answer.status == 0, answer.err
    assert "stopped early" in answer.err
    assert json.loads(answer.out.splitlines()[-1])["stopped"].startswith("test_loss has not improved for 3 epochs")
    assert "stopped early" in neuronet("show", "r").out
    assert "patience" in neuronet("sweep", write_sweep(tmp_path)).err


def write_sweep(folder):
    path = folder / "sweep.toml"
    path.write_text('environment = "xor"\npatience = 2\n[grid]\nlearning_rate = [0.1]\n')
    return path
