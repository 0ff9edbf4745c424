"""Playing the games of a study: one after another, or side by side in several processes, with the same results."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from neuronet.continual.evaluation.runner import Course, Played
from neuronet.continual.methods.base import Method
from neuronet.core.errors import NeuroNetError
from neuronet.execution.pool import side_by_side
from neuronet.recording.atomic_write import write_atomically

WORTH_A_PROCESS = 100_000_000_000
"""Multiplications of all games together up to which starting more processes (about 4 s) takes longer than they save."""


@dataclass(frozen=True, eq=False)
class Game:
    """A method that learns all tasks from some seeds at once.

    Attributes:
        course: What is learned.
        method: How.
        learning_rate: With which.
        seeds: One for each replica.
        files: Where each seed's results are kept, without the suffix; none to keep nothing.
    """

    course: Course
    method: Method
    learning_rate: float
    seeds: tuple[int, ...]
    files: tuple[Path, ...] = ()

    def play(self) -> Played:
        """Play it, and write its results the moment they are there."""
        course = replace(self.course, _sequences={})  # which would fill the memory, game by game
        played = course.game(self.method, self.learning_rate, self.seeds)
        for file, accuracy in zip(self.files, played.accuracy, strict=bool(self.files)):
            keep(file, Played(accuracy, played.seconds, played.kept))
        return played


def keep(file: Path, played: Played) -> None:
    """Write one seed's results: the accuracies in FILE.json, after what they cost in FILE.cost.json."""
    rows = [[None if math.isnan(share) else share for share in row] for row in played.accuracy.tolist()]
    cost = {"seconds": played.seconds, "bytes": played.kept}
    for suffix, content in ((".cost.json", cost), (".json", rows)):
        write_atomically(file.with_name(file.name + suffix), (json.dumps(content) + "\n").encode())


def kept(file: Path, tasks: int) -> Played | None:
    """One seed's results, if they were written; what they cost is nan where an earlier version wrote no costs.

    Raises:
        NeuroNetError: The file holds something else.
    """
    path, cost = (file.with_name(file.name + suffix) for suffix in (".json", ".cost.json"))
    if not path.exists():
        return None
    try:
        accuracy: NDArray[np.float64] = np.asarray(json.loads(path.read_text(encoding="utf-8")), dtype=np.float64)
        spent = json.loads(cost.read_text(encoding="utf-8")) if cost.exists() else {"seconds": math.nan, "bytes": math.nan}
        found = Played(accuracy, float(spent["seconds"]), float(spent["bytes"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NeuroNetError(f"cannot read '{path}', a part of this study: {error}") from None
    if accuracy.shape != (tasks + 1, tasks):
        raise NeuroNetError(f"'{path}' must hold the accuracies of {tasks} tasks, got the shape {accuracy.shape}")
    return found


def crew_of(games: Sequence[Game], jobs: int | None) -> int:
    """In how many processes these games are played.

    Args:
        games: All of them.
        jobs: How many are wanted; None for as many as there are cores, where the games are worth it. On a GPU one.
    """
    if not games or games[0].course.device != "cpu":
        return 1
    if jobs is not None:
        return min(jobs, len(games))
    return min(joblib.cpu_count(), len(games)) if sum(map(work_of, games)) > WORTH_A_PROCESS else 1


def work_of(game: Game) -> float:
    """About how many multiplications a game takes."""
    course = game.course
    samples = course.schedule.rounds(len(course.world.train)) * course.schedule.batch_size
    weights = sum(speakers * listeners for speakers, listeners in pairwise(course.sizes))
    return 3.0 * samples * weights * course.protocol.tasks * len(game.seeds)


def play_all(games: Sequence[Game], jobs: int | None) -> Iterator[tuple[int, Played]]:
    """Play games, and give each one's place and results when it is done; in which order is left to chance.

    Args:
        games: All of one course's world.
        jobs: As in `crew_of`.

    Raises:
        NeuroNetError: A game cannot be sent to another process, or one of the processes was ended.
    """
    crew = crew_of(games, jobs)
    if crew == 1:
        yield from side_by_side(_play, games, jobs=1)
        return
    for world in {id(game.course.world): game.course.world for game in games}.values():
        _ = world.train, world.test  # what is made once is made here, and lies in the memory once for all processes
    yield from side_by_side(_play, games, jobs=crew, inner_max_num_threads=1, mmap_mode="c")


def _play(game: Game) -> Played:
    return game.play()
