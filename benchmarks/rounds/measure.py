"""The comparisons: the peers on the same work, BioTorch beside our policies of the same idea, and every policy of ours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from benchmarks.rounds.peers import AUTOGRAD, peers
from neuronet import AttentionSeeking
from neuronet.benchmarking.bench import AT_ONCE, PRODUCTS, Effort, Row, raced, rows, threads
from neuronet.benchmarking.contestants import SAME, Ours, OursAtOnce, Products, apart, check_same_update, work
from neuronet.benchmarking.timing import Player
from neuronet.registry.registry import known_policies

OURS = "attention"

SLOW = 0.2
"""Seconds of a round from which on a policy is timed but once."""


def against_peers(
    sizes: Sequence[Sequence[int]], batches: Sequence[int], effort: Effort, *, compiled: bool
) -> tuple[list[Row], list[str]]:
    """Rows for each network and batch size, and a line for each peer that is left out."""
    found, left_out = peers(compiled=compiled)
    result = []
    with threads(effort.threads):
        for given in (work(each, batch) for each in sizes for batch in batches):
            players: dict[str, Player] = {}
            for name, cls in ((OURS, Ours), (f"{OURS}, {AT_ONCE}", OursAtOnce)):
                check_same_update(partial(cls, policies=AttentionSeeking()), AUTOGRAD.make, given, (name, AUTOGRAD.name))
                players[name] = cls(given, AttentionSeeking()).play
            for peer in found:
                gap = apart(peer.make, AUTOGRAD.make, given)
                if not gap <= SAME:
                    left_out.append(f"{peer.name} on {given.name}: left out, its update is not autograd's, {gap:.1%} apart")
                else:
                    players[peer.name] = peer.make(given).play
            players[PRODUCTS] = Products(given).play
            result += rows(given.name, raced(players, effort), AUTOGRAD.name)
    return result, left_out


def against_biotorch(sizes: Sequence[int], batch: int, effort: Effort) -> tuple[list[Row], list[str]]:
    """BioTorch's feedback alignment, direct feedback alignment and sign-symmetric feedback, beside ours."""
    try:
        from benchmarks.rounds.biotorch_peers import BioTorch, pairs
    except ImportError as error:
        return [], [f"biotorch: left out, {error}"]
    given = work(sizes, batch)
    result = []
    with threads(effort.threads):
        for name, mode, policy in pairs():
            theirs, ours = partial(BioTorch, mode=mode, policy=policy), partial(Ours, policies=policy)
            names = f"BioTorch {name}", f"ours, {name}"
            check_same_update(theirs, ours, given, names)
            players = dict(zip(names, (theirs(given).play, ours(given).play), strict=True))
            times = raced(players, effort)
            result += rows(given.name, times, names[0])
    return result, []


def by_policy(sizes: Sequence[int], batch: int, effort: Effort) -> list[Row]:
    """A round with every policy that can be had without arguments."""
    given = work(sizes, batch)
    players: dict[str, Player] = {}
    for name, cls in known_policies().items():
        try:
            policy = cls()
        except TypeError:  # it must be told something
            continue
        players[name] = Ours(given, policy).play
    with threads(effort.threads):
        slow = {name: player for name, player in players.items() if _seconds(player) > SLOW}
        quick = {name: player for name, player in players.items() if name not in slow}
        quick[AUTOGRAD.name] = AUTOGRAD.make(given).play
        times = raced(quick, effort)
        times |= raced(slow, replace(effort, blocks=1, seconds=SLOW))
    return rows(given.name, times, AUTOGRAD.name)


def _seconds(player: Player) -> float:
    player(1)
    start = time.perf_counter()
    player(1)
    return time.perf_counter() - start
