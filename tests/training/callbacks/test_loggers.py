"""Loggers: a run in the library's own files, read back by the library's own readers."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import neuronet
from neuronet.core import ConfigurationError, MissingExtraError, SpecError
from neuronet.training import LOGGERS, MLflow, TensorBoard, WandB, make_loggers
from tests.helpers.kills import KillAfter, Killed

OPTIONS = {"hidden": [4], "epochs": 3, "engine": "tensors"}  # 7 rounds an epoch
NAMES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


def scalars(folder):
    """Return the values of each name in the event files of a folder, by epoch."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return {name: {event.step: event.value for event in found.Scalars(name)} for name in found.Tags()["scalars"]}


def test_tensorboard_has_the_metrics_of_a_run(tmp_path):
    pytest.importorskip("tensorboard")
    result = neuronet.train("xor", callbacks=[TensorBoard(tmp_path / "logs")], **OPTIONS)
    found = scalars(tmp_path / "logs")
    for name in NAMES:
        np.testing.assert_allclose(list(found[name].values()), result.metrics[name], rtol=1e-6)
        assert list(found[name]) == [1, 2, 3]


def test_tensorboard_of_a_killed_run_is_complete_after_its_resumption(tmp_path):
    pytest.importorskip("tensorboard")
    with pytest.raises(Killed):
        neuronet.train("xor", callbacks=[TensorBoard(), KillAfter(15)], replicas=2, checkpoint_every=2, out=tmp_path, **OPTIONS)
    result = neuronet.resume(tmp_path, callbacks=[TensorBoard()])
    found = scalars(tmp_path / "tensorboard")
    losses = result.metrics.pivot_table(index="epoch", columns="replica", values="test_loss")
    np.testing.assert_allclose(list(found["test_loss"].values()), losses.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(list(found["replica-1/test_loss"].values()), losses[1], rtol=1e-6)


def test_mlflow_has_options_and_metrics_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"file:{tmp_path / 'store'}"
    result = neuronet.train("xor", callbacks=[MLflow("study", tracking_uri=uri)], out=tmp_path / "my-run", **OPTIONS)
    client = mlflow.MlflowClient(tracking_uri=uri)
    (run,) = client.search_runs([client.get_experiment_by_name("study").experiment_id])
    assert (run.info.run_name, run.info.status) == ("my-run", "FINISHED")
    assert (run.data.params["environment"], run.data.params["hidden"]) == ("xor", "[4]")
    for name in NAMES:
        history = sorted(client.get_metric_history(run.info.run_id, name), key=lambda metric: metric.step)
        assert [metric.value for metric in history] == list(result.metrics[name])


@pytest.mark.slow
def test_wandb_writes_an_offline_run(tmp_path):
    pytest.importorskip("wandb")
    neuronet.train("xor", callbacks=[WandB(folder=tmp_path)], **OPTIONS)
    (file,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    data = file.read_bytes()
    assert all(name.encode() in data for name in NAMES)


@pytest.mark.parametrize("name", LOGGERS)
def test_missing_library_is_refused_before_training(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"neuronet\[{name}\]"):
        LOGGERS[name]()


def test_unknown_logger_and_missing_folder_are_refused():
    with pytest.raises(SpecError, match="tensorbord"):
        make_loggers(["tensorbord"])
    with pytest.raises(ConfigurationError, match="offline or online"):
        WandB(mode="elsewhere")
    pytest.importorskip("tensorboard")
    with pytest.raises(ConfigurationError, match="no folder"):
        neuronet.train("xor", callbacks=[TensorBoard()], **OPTIONS)


def test_command_line_takes_each_logger_once(neuronet):
    pytest.importorskip("tensorboard")
    answer = neuronet(
        "run", "xor", "--hidden", "3", "--epochs", "1", "--out", "r", "--log", "tensorboard", "--log", "tensorboard"
    )
    assert answer.status == 0, answer.err
    assert neuronet("run", "xor", "--log", "paper").err.startswith("Error: unknown logger 'paper'")
