"""Callbacks of a caller: what they see, how they stop a run, and what remains when they fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet.core import ConfigurationError
from neuronet.training import Callback, CallbackError, EarlyStopping
from neuronet.training.callbacks.group import CallbackGroup

OPTIONS = {"hidden": [5], "epochs": 4, "lr_schedule": "constant"}  # 7 rounds an epoch
KINDS = [{"engine": "agents"}, {"engine": "tensors"}, {"engine": "tensors", "replicas": 2}]


class Watch(Callback):
    """Callback that keeps what it sees, and stops the run after some epochs or rounds."""

    def __init__(self, epochs=0, rounds=0):
        self.epochs, self.rounds = epochs, rounds
        self.seen, self.networks = [], []

    def on_run_begin(self, run):
        self.seen.append(("begin", run.round, run.metrics))

    def on_epoch_end(self, run):
        self.seen.append((run.epoch, run.round, run.metrics))
        self.networks.append(run.engine.network())
        if run.epoch == self.epochs:
            run.stop("enough epochs")

    def on_run_end(self, run):
        self.seen.append(("end", run.round, run.stop_reason))


class StopAtRound(Callback):
    """Callback that stops the run after a round."""

    def __init__(self, number):
        self.number, self.losses = number, []

    def on_round_end(self, run):
        self.losses.append(run.losses)
        if run.round == self.number:
            run.stop("enough rounds")


def failing(hook, error):
    def fail(self, run):
        raise error

    return type("Mine", (Callback,), {hook: fail})()


def assert_same_metrics(ours, theirs):
    a, b = (result.metrics.drop(columns="seconds") for result in (ours, theirs))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_callbacks_see_engine_and_metrics_and_stop_the_run(kind):
    watch = Watch(epochs=2)
    result = neuronet.train("xor", callbacks=[watch], **OPTIONS, **kind)
    assert [entry[:2] for entry in watch.seen] == [("begin", 0), (1, 7), (2, 14), ("end", 14)]
    assert watch.seen[0][2] == {}
    assert (result.rounds, result.stop_reason, watch.seen[-1][2]) == (14, "enough epochs", "enough epochs")
    assert result.summary()["stopped"] == "enough epochs"
    means = result.metrics.groupby("epoch").mean().loc[2]
    assert watch.seen[2][2]["test_loss"] == pytest.approx(means["test_loss"], rel=1e-12)
    assert np.array_equal(watch.networks[-1].weights[0], result.network.weights[0])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_run_stopped_within_an_epoch_resumes_bit_for_bit(kind, tmp_path):
    whole = neuronet.train("xor", **OPTIONS, **kind)
    stopper = StopAtRound(10)
    stopped = neuronet.train("xor", callbacks=[stopper], out=tmp_path, **OPTIONS, **kind)
    assert (stopped.rounds, stopped.epochs, stopped.stop_reason) == (10, 1, "enough rounds")
    assert np.shape(stopper.losses) == (10, kind.get("replicas", 1))
    resumed = neuronet.resume(tmp_path)
    assert resumed.stop_reason is None
    pd.testing.assert_frame_equal(
        resumed.metrics.drop(columns="seconds"), whole.metrics.drop(columns="seconds"), check_exact=True
    )


def test_callback_without_rounds_changes_no_number():
    plain, watched = (neuronet.train("xor", callbacks=given, **OPTIONS) for given in ((), [StopAtRound(0), Watch()]))
    assert_same_metrics(plain, watched)


@pytest.mark.parametrize("hook", ["on_round_end", "on_epoch_end", "on_run_end"])
def test_failing_callback_is_named_and_the_run_is_saved(hook, tmp_path):
    ended = Watch()
    with pytest.raises(CallbackError, match=rf"callback Mine failed in {hook} after round \d+, with KeyError: 'x'") as caught:
        neuronet.train("xor", callbacks=[failing(hook, KeyError("x")), ended], out=tmp_path, **OPTIONS)
    assert f"saved in '{tmp_path}'" in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)
    assert ended.seen[-1][0] == "end"
    assert neuronet.load(tmp_path).round == {"on_round_end": 1, "on_epoch_end": 7, "on_run_end": 28}[hook]
    whole = neuronet.train("xor", **OPTIONS)
    resumed = neuronet.resume(tmp_path)
    assert np.array_equal(resumed.network.weights[0], whole.network.weights[0])


def test_failure_before_the_first_round_is_named_alone():
    with pytest.raises(CallbackError, match=r"Mine failed in on_run_begin after round 0, with ValueError$"):
        neuronet.train("xor", callbacks=[failing("on_run_begin", ValueError())], **OPTIONS)


def test_errors_of_neuronet_keep_their_class(tmp_path):
    with pytest.raises(ConfigurationError, match="wrong folder"):
        neuronet.train("xor", callbacks=[failing("on_epoch_end", ConfigurationError("wrong folder"))], out=tmp_path, **OPTIONS)
    assert neuronet.load(tmp_path).round == 7


@pytest.mark.parametrize(("given", "words"), [(EarlyStopping, "list"), ([EarlyStopping], r"add \(\)"), ([print], "print")])
def test_what_is_no_callback_is_refused(given, words):
    with pytest.raises(ConfigurationError, match=words):
        neuronet.train("xor", callbacks=given, **OPTIONS)


def test_other_processes_follow_the_main_process(monkeypatch):
    """As the second of two processes, which agree with a main process that stops."""
    monkeypatch.setattr("neuronet.execution.distributed.rank", lambda: 1)
    agreed = []

    def all_reduce_max(numbers):
        agreed.append(numbers)
        return [1]

    watch = Watch()
    group = CallbackGroup([watch, StopAtRound(3)])
    monkeypatch.setattr("neuronet.execution.distributed.all_reduce_max", all_reduce_max)
    run = neuronet.training.RunProgress(None, 1, 1, 1, np.zeros(1))
    group.on_run_begin(run)
    assert group.wants_rounds
    assert "main process" in run.stop_reason
    assert (watch.seen, agreed) == ([], [(False,)])
