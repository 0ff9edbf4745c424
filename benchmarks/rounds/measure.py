"""Comparisons: peers on the same case, BioTorch with the policies of the same update, and every policy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from benchmarks.rounds.peers import AUTOGRAD, peers
from neuronet import AttentionSeeking
from neuronet.benchmarking.api import COMPILED, MANY_ROUNDS, PRODUCTS, Row, TimingBudget, rows, threads, timed
from neuronet.benchmarking.contestants import (
    UPDATE_TOLERANCE,
    MatrixProducts,
    TensorEngineCompiled,
    TensorEngineMany,
    TensorEngineSingle,
    build_case,
    check_same_update,
    relative_difference,
)
from neuronet.benchmarking.timing import TimedFunction
from neuronet.registry import known_policies

POLICY = "attention"

SLOW = 0.2
"""Seconds of a round from which on a policy is timed only once."""


def against_peers(
    sizes: Sequence[Sequence[int]], batches: Sequence[int], budget: TimingBudget, *, compiled: bool
) -> tuple[list[Row], list[str]]:
    """Return rows for each network and batch size, and a note for each peer that is left out."""
    found, left_out = peers(compiled=compiled)
    result = []
    with threads(budget.threads):
        for case in (build_case(layers, batch) for layers in sizes for batch in batches):
            contestants: dict[str, TimedFunction] = {}
            engines = {POLICY: TensorEngineSingle, f"{POLICY}, {MANY_ROUNDS}": TensorEngineMany}
            if TensorEngineCompiled(case, AttentionSeeking()).engine.is_compiled:
                engines[f"{POLICY}, {COMPILED}"] = TensorEngineCompiled
            for name, cls in engines.items():
                check_same_update(partial(cls, policies=AttentionSeeking()), AUTOGRAD.make, case, (name, AUTOGRAD.name))
                contestants[name] = cls(case, AttentionSeeking()).play
            for peer in found:
                gap = relative_difference(peer.make, AUTOGRAD.make, case)
                if not gap <= UPDATE_TOLERANCE:
                    left_out.append(f"{peer.name} on {case.name}: left out, its update is not autograd's, {gap:.1%} apart")
                else:
                    contestants[peer.name] = peer.make(case).play
            contestants[PRODUCTS] = MatrixProducts(case).play
            result += rows(case.name, timed(contestants, budget), AUTOGRAD.name)
    return result, left_out


def against_biotorch(sizes: Sequence[int], batch: int, budget: TimingBudget) -> tuple[list[Row], list[str]]:
    """Return rows for BioTorch's feedback alignment, direct feedback alignment and sign-symmetric feedback, and the policies."""
    try:
        from benchmarks.rounds.biotorch_peers import BioTorch, pairs
    except ImportError as error:
        return [], [f"biotorch: left out, {error}"]
    case = build_case(sizes, batch)
    result = []
    with threads(budget.threads):
        for name, mode, policy in pairs():
            peer, engine = partial(BioTorch, mode=mode, policy=policy), partial(TensorEngineSingle, policies=policy)
            names = f"BioTorch {name}", f"NeuroNet {name}"
            check_same_update(peer, engine, case, names)
            contestants = dict(zip(names, (peer(case).play, engine(case).play), strict=True))
            times = timed(contestants, budget)
            result += rows(case.name, times, names[0])
    return result, []


def by_policy(sizes: Sequence[int], batch: int, budget: TimingBudget) -> list[Row]:
    """Return rows for every policy that needs no arguments."""
    case = build_case(sizes, batch)
    contestants: dict[str, TimedFunction] = {}
    for name, cls in known_policies().items():
        try:
            policy = cls()
        except TypeError:  # it needs arguments
            continue
        contestants[name] = TensorEngineSingle(case, policy).play
    with threads(budget.threads):
        slow = {name: contestant for name, contestant in contestants.items() if _seconds(contestant) > SLOW}
        quick = {name: contestant for name, contestant in contestants.items() if name not in slow}
        quick[AUTOGRAD.name] = AUTOGRAD.make(case).play
        times = timed(quick, budget)
        times |= timed(slow, replace(budget, blocks=1, seconds=SLOW))
    return rows(case.name, times, AUTOGRAD.name)


def _seconds(contestant: TimedFunction) -> float:
    contestant(1)
    start = time.perf_counter()
    contestant(1)
    return time.perf_counter() - start
