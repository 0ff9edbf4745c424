"""Measuring speed: fair turns, the same work, sane rows. No speed is asserted."""

from __future__ import annotations

import gc
import time
from functools import partial

import numpy as np
import pytest
import torch

from neuronet import AttentionSeeking, Greedy, NeuroNetError
from neuronet.benchmarking import suites
from neuronet.benchmarking.bench import AUTOGRAD, PRODUCTS, TimingBudget, bench, threads
from neuronet.benchmarking.contestants import (
    UPDATE_TOLERANCE,
    Autograd,
    MatrixProducts,
    TensorEngineMany,
    TensorEngineSingle,
    build_case,
    check_same_update,
    linear_layers,
    relative_difference,
)
from neuronet.benchmarking.timing import time_interleaved

SIZES = (6, 5, 4, 3)
TINY = TimingBudget(blocks=2, seconds=1e-4)
CLOCKS = (time.perf_counter, time.thread_time)


def sane(rows, unit="round"):
    return all(0 < row.minimum <= row.median and row.ratio > 0 and row.unit == unit for row in rows)


def test_players_take_turns_and_nobody_always_goes_first():
    played = []

    def contestant(name):
        return lambda rounds: played.append((name, rounds))

    times = time_interleaved({"a": contestant("a"), "b": contestant("b")}, blocks=4, seconds=1e-9)
    assert [name for name, _ in played[-8:]] == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert times.keys() == {"a", "b"}
    assert gc.isenabled()


def test_a_round_is_a_share_of_its_block():
    slept = []

    def sleeper(rounds):
        slept.append(rounds)
        torch.randn(1000 * rounds).sum()

    times = time_interleaved({"sleeper": sleeper}, blocks=3, seconds=1e-3)
    assert len(set(slept[-3:])) == 1
    assert slept[-1] > 1
    assert 0 < times["sleeper"].minimum < 1e-3


@pytest.mark.parametrize("ours", [TensorEngineSingle, TensorEngineMany])
def test_ours_and_autograd_do_the_same_work(ours):
    assert relative_difference(partial(ours, policies=AttentionSeeking()), Autograd, build_case(SIZES, 7)) <= UPDATE_TOLERANCE


def test_other_work_is_refused():
    with pytest.raises(NeuroNetError, match="greedy and autograd cannot be compared: their updates differ by"):
        check_same_update(partial(TensorEngineSingle, policies=Greedy()), Autograd, build_case(SIZES, 7), ("greedy", "autograd"))


def test_the_products_are_those_of_a_round():
    given = build_case(SIZES, 7)
    products = MatrixProducts(given)
    products.play(1)
    close = partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5)
    said = [each.numpy() for each in products.said]
    last = len(given.network.weights) - 1
    close(products.outputs[last + 1], said[last] @ given.network.weights[last].T)
    for number, weights in enumerate(given.network.weights):
        close(products.intents[number], said[number + 1].T @ said[number])
        if number:
            close(products.outputs[number], said[number + 1] @ weights)  # the feedback, written over what was said


def test_rows_of_rounds():
    rows = bench([SIZES], [7, 3], ["attention", "greedy"], budget=TINY)
    assert sane(rows)
    assert len(rows) == 2 * (2 * 2 + 2)
    assert {row.contestant for row in rows} >= {"attention", "greedy", AUTOGRAD, PRODUCTS}
    assert all(row.reference == AUTOGRAD for row in rows)


def test_waiting_costs_no_seconds_of_the_processor():
    def sleeper(rounds):
        time.sleep(0.002 * rounds)

    by_clock, by_processor = (time_interleaved({"sleeper": sleeper}, blocks=2, seconds=1e-3, clock=each) for each in CLOCKS)
    assert by_clock["sleeper"].minimum >= 0.002
    assert by_processor["sleeper"].minimum < 0.001
    assert sane(bench([SIZES], [7], budget=TimingBudget(blocks=1, seconds=1e-4, cpu_time=True)))


def test_an_update_that_is_not_autograds_is_not_timed(monkeypatch):
    monkeypatch.setattr("neuronet.benchmarking.bench.Autograd", partial(Autograd, nesterov=True))
    with pytest.raises(NeuroNetError, match="attention and autograd cannot be compared"):
        bench([SIZES], [7], budget=TINY)


def test_rows_of_an_epoch_replicas_and_groups():
    assert sane(suites.epoch_of_digits(TINY), "epoch")
    assert sane(suites.replicas(TINY, sizes=SIZES, batch=3, count=2))
    rows = suites.groups(TINY, sizes=SIZES, batch=3, max_policies=3)
    assert sane(rows)
    assert [row.contestant[0] for row in rows] == ["2", "3", "o"]


def test_rows_of_training():
    environment = suites.RandomImages(400, 40, pixels=6)
    rows = suites.training(TINY, hidden=(5,), batch=10, environment=environment)
    assert [row.contestant for row in rows] == ["neuronet.train", "bare rounds and evaluation", "bare rounds"]
    assert sane(rows[1:], "epoch")
    assert rows[0].minimum >= 0  # a run counts its seconds in thousandths


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: bench([(6,)]), "sizes must be two or more numbers"),
        (lambda: bench([SIZES], [0]), "sizes must be two or more numbers"),
        (lambda: bench([SIZES], [7], ["greed"]), "did you mean 'greedy'"),
        (lambda: TimingBudget(blocks=0), "blocks must be an integer of 1 or more"),
        (lambda: TimingBudget(seconds=0.0), "seconds must be a finite number above 0"),
        (lambda: TimingBudget(threads=0), "threads must be an integer of 1 or more"),
    ],
)
def test_bad_requests(wrong, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        wrong()


def test_missing_connections_have_no_plain_torch():
    from neuronet import build_network

    with pytest.raises(NeuroNetError, match="dense"):
        linear_layers(build_network(SIZES, connectivity="sparse(0.5)"))


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
