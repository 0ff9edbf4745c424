"""The training loop: order of the hooks, stops within an epoch, and continuation after any round."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.data.batches import Batches
from neuronet.training.callbacks.base import Callback
from neuronet.training.trainer import Trainer

BATCHES = Batches(samples=10, size=4, seeds=(1, 2))


class FakeEngine:
    """Engine that records its calls; the loss of a round is the sum of the indices of its samples."""

    def __init__(self):
        self.round_number = 0
        self.factors, self.calls = [], []

    def set_lr_factor(self, factor):
        self.factors.append(factor)

    def play_rounds(self, samples, order, batch_size):
        parts = np.split(order, range(batch_size, order.shape[-1], batch_size), axis=-1)
        self.calls.append(len(parts))
        self.round_number += len(parts)
        return np.stack([part.sum(axis=-1) for part in parts], axis=-1)


class Recorder(Callback):
    """Callback that records its calls under a name, and stops before some rounds."""

    def __init__(self, name, events, stops=()):
        self.name, self.events, self.stops = name, events, stops
        self.losses = []

    def on_run_begin(self, run):
        self.events.append(f"{self.name} on run begin")

    def before_rounds(self, run):
        self.events.append(f"{self.name} before rounds")

    def next_stop(self, round_number):
        return min((stop for stop in self.stops if stop > round_number), default=None)

    def after_rounds(self, run, losses):
        self.losses.append(losses)
        self.events.append(f"{self.name} after rounds")

    def on_epoch_end(self, run):
        self.events.append(f"{self.name} on epoch end {run.epoch}")

    def on_run_end(self, run):
        self.events.append(f"{self.name} on run end")


def test_hooks_are_called_in_order_for_all_callbacks():
    events = []
    Trainer(FakeEngine(), BATCHES, None, callbacks=(Recorder("a", events), Recorder("b", events))).run()
    hooks = ("on run begin", "before rounds", "after rounds", "on epoch end 1", "on run end")
    assert events == [f"{name} {hook}" for hook in hooks for name in ("a", "b")]


def test_rounds_are_split_at_the_next_stop_of_any_callback():
    engine, events = FakeEngine(), []
    callbacks = (Recorder("a", events, stops=(1,)), Recorder("b", events, stops=(4, 5)))
    Trainer(engine, BATCHES, None, epochs=2, callbacks=callbacks).run()
    assert engine.calls == [1, 2, 1, 1, 1]
    whole = Recorder("whole", [])
    Trainer(FakeEngine(), BATCHES, None, epochs=2, callbacks=(whole,)).run()
    np.testing.assert_array_equal(np.concatenate(callbacks[0].losses, axis=1), np.concatenate(whole.losses, axis=1))
    assert whole.losses[0].shape == (2, 3)


@pytest.mark.parametrize("rounds", [1, 3, 4, 6])
def test_loop_continues_after_the_last_round_of_the_engine(rounds):
    engine, events = FakeEngine(), []
    recorder = Recorder("a", events)
    trainer = Trainer(engine, BATCHES, None, epochs=2, callbacks=(recorder,))
    trainer.run(until=rounds)
    assert engine.round_number == rounds
    assert ("a on epoch end 1" in events) == (rounds >= 3)
    trainer.run()
    assert engine.round_number == 6
    whole = Recorder("whole", [])
    Trainer(FakeEngine(), BATCHES, None, epochs=2, callbacks=(whole,)).run()
    np.testing.assert_array_equal(np.concatenate(recorder.losses, axis=1), np.concatenate(whole.losses, axis=1))


def test_learning_rate_factor_follows_the_schedule():
    engine = FakeEngine()
    Trainer(engine, BATCHES, None, epochs=4, lr_schedule="linear").run()
    assert engine.factors == [1.0, 0.75, 0.5, 0.25]


@pytest.mark.parametrize(("hook", "rounds"), [("on_run_begin", 0), ("on_round_end", 1), ("on_epoch_end", 3)])
def test_every_hook_can_stop_the_loop(hook, rounds):
    engine, events = FakeEngine(), []
    stopper = type("Stopper", (Callback,), {hook: lambda self, run: run.stop("enough")})
    trainer = Trainer(engine, BATCHES, None, epochs=5, callbacks=(stopper(), Recorder("a", events)))
    trainer.run()
    assert engine.round_number == rounds
    assert trainer.progress.stop_reason == "enough"
    assert events[-1] == "a on run end"


def test_rounds_are_played_one_by_one_only_for_a_callback_that_asks():
    seen = []

    class EachRound(Callback):
        def on_round_end(self, run):
            seen.append((run.round, run.losses))

    engine = FakeEngine()
    Trainer(engine, BATCHES, None, epochs=2, callbacks=(Callback(), EachRound())).run()
    assert engine.calls == [1] * 6
    assert [number for number, _ in seen] == [1, 2, 3, 4, 5, 6]
    whole, sizes = Recorder("whole", []), np.array([4, 4, 2] * 2)
    Trainer(FakeEngine(), BATCHES, None, epochs=2, callbacks=(whole, Callback())).run()
    expected = np.concatenate(whole.losses, axis=1) / sizes
    np.testing.assert_array_equal(np.stack([losses for _, losses in seen], axis=1), expected)
    assert len(whole.losses) == 2


def test_run_end_is_called_however_the_loop_ends():
    ended = []

    class Failing(Callback):
        def on_epoch_end(self, run):
            raise KeyError("missing")

        def on_run_end(self, run):
            ended.append(type(run.error))

    with pytest.raises(KeyError):
        Trainer(FakeEngine(), BATCHES, None, callbacks=(Failing(), Failing())).run()
    assert ended == [KeyError, KeyError]


@pytest.mark.parametrize(("played", "epochs"), [(7, 0), (7, 2), (1, 4)])
def test_loop_goes_on_with_other_samples(played, epochs):
    """The engine has played so many rounds and epochs of others; epochs begin where it stands, and count on."""
    engine, seen = FakeEngine(), []
    engine.round_number = played

    class Epochs(Callback):
        def on_epoch_end(self, run):
            seen.append((run.epoch, run.round, run.rounds))

    recorder = Recorder("a", [], stops=(played + 2,))
    Trainer(engine, BATCHES, None, epochs=epochs + 2, offset=played - 3 * epochs, callbacks=(recorder, Epochs())).run()
    assert seen == [(epochs + 1, played + 3, played + 6), (epochs + 2, played + 6, played + 6)]
    assert engine.calls == [2, 1, 3]
    orders = np.concatenate([BATCHES.order(epoch).sum(axis=-1, keepdims=True) for epoch in (epochs, epochs + 1)], axis=1)
    np.testing.assert_array_equal(np.concatenate(recorder.losses, axis=1).reshape(2, 2, 3).sum(axis=-1), orders)
