"""The training loop: order of the hooks, stops within an epoch, and continuation after any round."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.data.batches import Batches
from neuronet.training.trainer import Callback, Trainer

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

    def before_epoch(self, epoch):
        self.events.append(f"{self.name} before epoch {epoch}")

    def before_rounds(self):
        self.events.append(f"{self.name} before rounds")

    def next_stop(self, round_number):
        return min((stop for stop in self.stops if stop > round_number), default=None)

    def after_rounds(self, losses):
        self.losses.append(losses)
        self.events.append(f"{self.name} after rounds")

    def after_epoch(self, epoch):
        self.events.append(f"{self.name} after epoch {epoch}")


def test_hooks_are_called_in_order_for_all_callbacks():
    events = []
    Trainer(FakeEngine(), BATCHES, None, callbacks=(Recorder("a", events), Recorder("b", events))).run()
    hooks = ("before epoch 1", "before rounds", "after rounds", "after epoch 1")
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
    assert ("a after epoch 1" in events) == (rounds >= 3)
    trainer.run()
    assert engine.round_number == 6
    whole = Recorder("whole", [])
    Trainer(FakeEngine(), BATCHES, None, epochs=2, callbacks=(whole,)).run()
    np.testing.assert_array_equal(np.concatenate(recorder.losses, axis=1), np.concatenate(whole.losses, axis=1))


def test_learning_rate_factor_follows_the_schedule():
    engine = FakeEngine()
    Trainer(engine, BATCHES, None, epochs=4, lr_schedule="linear").run()
    assert engine.factors == [1.0, 0.75, 0.5, 0.25]


def test_stop_ends_the_loop_after_the_epoch():
    class StopInFirstEpoch(Callback):
        def before_rounds(self):
            trainer.stop()

    engine = FakeEngine()
    trainer = Trainer(engine, BATCHES, None, epochs=5, callbacks=(StopInFirstEpoch(),))
    trainer.run()
    assert engine.round_number == 3


@pytest.mark.parametrize(("played", "epochs"), [(7, 0), (7, 2), (1, 4)])
def test_loop_goes_on_with_other_samples(played, epochs):
    """The engine has played so many rounds and epochs of others; epochs begin where it stands, and count on."""
    engine, events = FakeEngine(), []
    engine.round_number = played
    recorder = Recorder("a", events, stops=(played + 2,))
    Trainer(engine, BATCHES, None, epochs=epochs + 2, offset=played - 3 * epochs, callbacks=(recorder,)).run()
    assert engine.round_number == played + 6
    assert [event for event in events if "after epoch" in event] == [f"a after epoch {epochs + k}" for k in (1, 2)]
    assert engine.calls == [2, 1, 3]
    orders = np.concatenate([BATCHES.order(epoch).sum(axis=-1, keepdims=True) for epoch in (epochs, epochs + 1)], axis=1)
    np.testing.assert_array_equal(np.concatenate(recorder.losses, axis=1).reshape(2, 2, 3).sum(axis=-1), orders)
