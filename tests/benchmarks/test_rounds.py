"""benchmarks/rounds at tiny sizes: peers compute the same update, and rows are plausible. No speed is asserted."""

from __future__ import annotations

import importlib.util
import math
import sys
from functools import partial

import numpy as np
import pytest

from benchmarks.rounds import growth, markdown, measure, picture
from benchmarks.rounds.peers import AUTOGRAD, LayerwiseNumpy, Peer, peers
from neuronet import AttentionSeeking
from neuronet.benchmarking.api import TimingBudget
from neuronet.benchmarking.contestants import UPDATE_TOLERANCE, TensorEngineSingle, build_case, relative_difference

SIZES = (6, 5, 4, 3)
TINY = TimingBudget(blocks=1, seconds=1e-5)

PEERS, LEFT_OUT = peers(compiled=False)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_peer_computes_the_same_update(peer):
    assert (
        relative_difference(partial(TensorEngineSingle, policies=AttentionSeeking()), peer.make, build_case(SIZES, 7), rounds=4)
        <= UPDATE_TOLERANCE
    )


@pytest.mark.skipif(importlib.util.find_spec("biotorch") is None, reason="biotorch is not installed")
def test_biotorch_computes_the_same_updates():
    from benchmarks.rounds.biotorch_peers import BioTorch, pairs

    for _, mode, policy in pairs():
        peer, engine = partial(BioTorch, mode=mode, policy=policy), partial(TensorEngineSingle, policies=policy)
        assert relative_difference(peer, engine, build_case(SIZES, 7)) <= UPDATE_TOLERANCE
        assert relative_difference(engine, AUTOGRAD.make, build_case(SIZES, 7)) > 0.01


def test_missing_library_is_left_out_with_a_note(monkeypatch):
    monkeypatch.setitem(sys.modules, "benchmarks.rounds.jax_peer", None)  # importing it fails
    found, lines = peers(compiled=False)
    assert not any("JAX" in peer.name for peer in found)
    assert any(line.startswith("jax: left out") for line in lines)
    assert any(line.startswith("torch.compile: left out") for line in lines)


class FirstSampleOnly(LayerwiseNumpy):
    """Peer that learns from the first sample only."""

    def __init__(self, case):
        super().__init__(case)
        self.inputs, self.targets = case.inputs[:1], case.targets[:1]


def test_peer_with_another_update_is_not_compared(monkeypatch):
    monkeypatch.setattr(measure, "peers", lambda compiled: ([AUTOGRAD, Peer("too quick", FirstSampleOnly)], []))
    rows, lines = measure.against_peers([SIZES], [7], TINY, compiled=False)
    assert "too quick" not in {row.contestant for row in rows}
    assert len(lines) == 1
    assert lines[0].startswith("too quick on 6-5-4-3, batch 7: left out, its update is not autograd's")


@pytest.mark.slow
def test_rows_points_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "peers", lambda compiled: ([AUTOGRAD, Peer("numpy", LayerwiseNumpy)], []))
    for name in ("WIDTHS", "DEPTHS", "BATCHES", "REPLICAS", "POLICIES"):
        monkeypatch.setattr(growth, name, (1, 2))
    for name in ("INPUTS", "HIDDEN", "OUTPUTS", "BATCH"):
        monkeypatch.setattr(growth, name, 4)
    rows, _ = measure.against_peers([SIZES], [7, 3], TINY, compiled=False)
    assert {row.case for row in rows} == {"6-5-4-3, batch 7", "6-5-4-3, batch 3"}
    assert all(row.ratio == 1.0 for row in rows if row.contestant == row.reference)
    points = growth.growth(TINY, quick=False)
    assert len({point.axis for point in points}) == 5
    assert all(0 < timing.minimum <= timing.median < math.inf for timing in (*rows, *points))
    file = tmp_path / "speed.svg"
    picture.draw(rows, points, file, "a machine")
    assert file.read_text(encoding="utf-8").startswith("<?xml")
    written = markdown.tables({"Peers": rows, "Empty": []}, points).splitlines()
    assert written[:3] == ["## Peers", "", "|  | 6-5-4-3, batch 7 | 6-5-4-3, batch 3 |"]
    assert sum(line.startswith("| numpy |") for line in written) == 1
    assert sum(line.startswith("| replicas ") for line in written) == 2


def test_every_policy_is_timed():
    rows = measure.by_policy(SIZES, 7, TINY)
    assert {"attention", "greedy", AUTOGRAD.name} <= {row.contestant for row in rows}
    assert np.isfinite([row.ratio for row in rows]).all()
