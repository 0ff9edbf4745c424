"""Timing: alternating turns, equal updates, plausible rows. No speed is asserted."""

from __future__ import annotations

import gc
import time
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from neuronet import AttentionSeeking, Greedy, NeuroNetError, build_network
from neuronet.benchmarking import suites
from neuronet.benchmarking.api import AUTOGRAD, PRODUCTS, TimingBudget, bench, threads
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
from neuronet.core.errors import StateError

SIZES = (6, 5, 4, 3)
TINY = TimingBudget(blocks=2, seconds=1e-4)
CLOCKS = (time.perf_counter, time.thread_time)


def plausible(rows, unit="round"):
    return all(0 < row.minimum <= row.median and row.ratio > 0 and row.unit == unit for row in rows)


def test_contestants_alternate_and_change_the_first_turn():
    played = []

    def contestant(name):
        return lambda rounds: played.append((name, rounds))

    times = time_interleaved({"a": contestant("a"), "b": contestant("b")}, blocks=4, seconds=1e-9)
    assert [name for name, _ in played[-8:]] == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert times.keys() == {"a", "b"}
    assert gc.isenabled()


def test_timing_of_a_round_is_a_fraction_of_its_block():
    calls = []

    def contestant(rounds):
        calls.append(rounds)
        torch.randn(1000 * rounds).sum()

    times = time_interleaved({"sums": contestant}, blocks=3, seconds=1e-3)
    assert len(set(calls[-3:])) == 1
    assert calls[-1] > 1
    assert 0 < times["sums"].minimum < 1e-3


@pytest.mark.parametrize("contestant", [TensorEngineSingle, TensorEngineMany])
def test_engine_and_autograd_compute_the_same_update(contestant):
    assert (
        relative_difference(partial(contestant, policies=AttentionSeeking()), Autograd, build_case(SIZES, 7)) <= UPDATE_TOLERANCE
    )


def test_different_updates_are_refused():
    with pytest.raises(StateError, match="greedy and autograd"):
        check_same_update(partial(TensorEngineSingle, policies=Greedy()), Autograd, build_case(SIZES, 7), ("greedy", "autograd"))


def test_matrix_products_are_those_of_a_round():
    case = build_case(SIZES, 7)
    products = MatrixProducts(case)
    products.play(1)
    close = partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5)
    activity = [layer.numpy() for layer in products.activity]
    last = len(case.network.weights) - 1
    close(products.outputs[last + 1], activity[last] @ case.network.weights[last].T)
    for number, weights in enumerate(case.network.weights):
        close(products.intents[number], activity[number + 1].T @ activity[number])
        if number:
            close(products.outputs[number], activity[number + 1] @ weights)  # the feedback overwrites the potentials


def test_bench_returns_a_row_for_each_contestant():
    rows = bench([SIZES], [7, 3], ["attention", "greedy"], budget=TINY)
    assert plausible(rows)
    assert len(rows) == 2 * (2 * (3 if find_spec("numba") else 2) + 2)
    assert {row.contestant for row in rows} >= {"attention", "greedy", AUTOGRAD, PRODUCTS}
    assert all(row.reference == AUTOGRAD for row in rows)


def test_cpu_time_excludes_waiting():
    def sleeper(rounds):
        time.sleep(0.002 * rounds)

    wall, cpu = (time_interleaved({"sleeper": sleeper}, blocks=2, seconds=1e-3, clock=clock) for clock in CLOCKS)
    assert wall["sleeper"].minimum >= 0.002
    assert cpu["sleeper"].minimum < 0.001
    assert plausible(bench([SIZES], [7], budget=TimingBudget(blocks=1, seconds=1e-4, cpu_time=True)))


def test_update_that_differs_from_autograd_is_not_timed(monkeypatch):
    monkeypatch.setattr("neuronet.benchmarking.api.Autograd", partial(Autograd, nesterov=True))
    with pytest.raises(StateError, match="attention and autograd"):
        bench([SIZES], [7], budget=TINY)


def test_suites_return_plausible_rows():
    assert plausible(suites.epoch_of_digits(TINY), "epoch")
    assert plausible(suites.replicas(TINY, sizes=SIZES, batch=3, count=2))
    rows = suites.groups(TINY, sizes=SIZES, batch=3, max_policies=3)
    assert plausible(rows)
    assert [row.contestant[0] for row in rows] == ["2", "3", "o"]


def test_training_suite_returns_plausible_rows():
    environment = suites.RandomImages(400, 40, pixels=6)
    rows = suites.training(TINY, hidden=(5,), batch=10, environment=environment)
    assert [row.contestant for row in rows] == ["neuronet.train", "bare rounds and evaluation", "bare rounds"]
    assert plausible(rows[1:], "epoch")
    assert rows[0].minimum >= 0  # a run records milliseconds


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: bench([(6,)]), "sizes need two or more layers"),
        (lambda: bench([SIZES], [0]), "sizes need two or more layers"),
        (lambda: bench([SIZES], [7], ["greed"]), "'greed'"),
        (lambda: TimingBudget(blocks=0), "blocks"),
        (lambda: TimingBudget(seconds=0.0), "seconds"),
        (lambda: TimingBudget(threads=0), "threads"),
    ],
)
def test_invalid_arguments_are_refused(call, fragment):
    with pytest.raises(NeuroNetError, match=fragment):
        call()


def test_sparse_network_has_no_linear_layers():
    with pytest.raises(NeuroNetError, match="dense"):
        linear_layers(build_network(SIZES, connectivity="sparse(0.5)"))


def test_threads_are_restored():
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
