"""A study of forgetting: several methods on the same sequences of tasks, each with parameters of its own choice."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.engines.tensors import best_device
from neuronet.engines.tensors.turns import BATCHED_WORK
from neuronet.environment import Environment, check_samples
from neuronet.errors import NeuroNetError, check_number, unknown
from neuronet.files import write_atomically
from neuronet.forgetting.harness import Course
from neuronet.forgetting.methods import methods_named
from neuronet.forgetting.metrics import final_accuracy, learning_accuracy
from neuronet.forgetting.protocols import protocol_named
from neuronet.forgetting.result import ACCURACY_COLUMNS, TUNING_COLUMNS, Forgetting, table_of
from neuronet.forgetting.schedule import PRESETS
from neuronet.forgetting.task import Protocol
from neuronet.forgetting.tuning import Configuration, configurations, untuned
from neuronet.run.catalogue import environment_named
from neuronet.run.contest import BASELINE
from neuronet.run.game import digest_of_samples

FIRST_FOR_TUNING = 1_000_000
"""What is added to the first seed for the first of those that choose parameters: no final seed is among them."""

Narrator = Callable[[str], None]


def forget(
    protocol: str | Protocol,
    data: str | Environment,
    policies: Iterable[str],
    *,
    seeds: int = 5,
    seed: int = 0,
    tune: bool = False,
    tries: int = 8,
    tuning_seeds: int = 2,
    preset: str = "fast",
    iterations: int | None = None,
    batch_size: int | None = None,
    hidden: Sequence[int] = (400, 400),
    activation: str = "relu",
    rule: str = "plain",
    learning_rate: float | None = None,
    device: str = "auto",
    dtype: str = "float32",
    out: str | Path | None = None,
    narrator: Narrator | None = None,
) -> Forgetting:
    """Learn a sequence of tasks by several methods, from the same seeds.

    Args:
        protocol: Such as "permuted(tasks=50)"; see PROTOCOLS.
        data: An environment whose targets are classes, or its name.
        policies: Texts: names of METHODS, such as "ewc(strength=100)", or policies. "backprop" is added, if it is not there.
        seeds: How many, from `seed` on.
        seed: The first.
        tune: Whether each method chooses its learning rate and parameters. Each tries as many configurations, from the same
            seeds, others than those of the results, and is judged by a sixth of the training samples that is held back.
        tries: How many configurations each tries.
        tuning_seeds: From how many seeds.
        preset: One of PRESETS.
        iterations: Rounds a task, instead of the preset's; 0 for one pass.
        batch_size: Samples a round, instead of the preset's.
        hidden: Neurons in each hidden layer.
        activation: Of the hidden layers.
        rule: The learning rule.
        learning_rate: Of all, without `tune`; None for 0.1, divided by 1 / (1 - momentum), or by 100 for Adam.
        device: "auto", "cpu", "cuda", ...
        dtype: "float32" or "float64".
        out: A folder to keep every result in; with a folder in which the study was begun, it goes on.
        narrator: Called with a line of text for each part that is done.

    Raises:
        NeuroNetError: Something does not fit, or the folder holds another study.
    """
    started = time.perf_counter()
    for name, value in (("seeds", seeds), ("tries", tries), ("tuning_seeds", tuning_seeds)):
        check_number(name, value, 1, FIRST_FOR_TUNING, whole=True)
    if learning_rate is not None:
        check_number("learning_rate", learning_rate, 0, above=True)
    if tune and learning_rate is not None:
        raise NeuroNetError("tune chooses the learning rate: leave learning_rate out, or tune")
    if preset not in PRESETS:
        raise unknown("preset", preset, PRESETS)
    given = {"iterations": iterations, "batch_size": batch_size}
    schedule = replace(PRESETS[preset], **{name: value for name, value in given.items() if value is not None})
    sequence = protocol_named(protocol) if isinstance(protocol, str) else protocol
    world = environment_named(data) if isinstance(data, str) else data
    check_samples(world)
    texts = list(policies)
    methods = methods_named(texts if BASELINE in texts else [BASELINE, *texts])
    course = Course(sequence, world, schedule, tuple(hidden), activation, rule, best_device(device), dtype)
    course.check(seed)
    study = Study(course, None if out is None else Path(out), narrator or (lambda line: None))
    study.begin(data if isinstance(data, str) else type(data).__name__)
    chosen, tried = {}, []
    for name, method in methods.items():
        chosen[name] = untuned(method, rule, learning_rate)
        if tune:
            first = seed + FIRST_FOR_TUNING
            chosen[name], rows = study.tune(name, configurations(method, rule, tries), range(first, first + tuning_seeds))
            tried += rows
    found = {name: study.final(name, each, range(seed, seed + seeds)) for name, each in chosen.items()}
    table = table_of(found, chosen)
    tuning = pd.DataFrame(tried, columns=list(TUNING_COLUMNS))
    result = Forgetting(course, table, _lines(found, seed), tuning, time.perf_counter() - started, study.folder)
    study.write("table.csv", table)
    study.write("accuracy.csv", result.accuracy)
    study.write("tuning.csv", tuning)
    return result


def _lines(found: dict[str, NDArray[np.float64]], seed: int) -> pd.DataFrame:
    """The accuracies as lines."""
    rows = [
        (name, seed + replica, learnt, task + 1, value)
        for name, accuracy in found.items()
        for (replica, learnt, task), value in np.ndenumerate(accuracy)
    ]
    return pd.DataFrame(rows, columns=list(ACCURACY_COLUMNS))


class Study:
    """A study under way, with the folder in which each game is kept as soon as it is played.

    Args:
        course: What is learned.
        folder: None for none.
        narrator: Told of each part that is done.
    """

    def __init__(self, course: Course, folder: Path | None, narrator: Narrator) -> None:
        self.course = course
        self.folder = folder
        self.narrator = narrator
        self._for_tuning = replace(course, world=course.world.for_tuning(), _sequences={})

    def begin(self, data: str) -> None:
        """Take the folder.

        Raises:
            NeuroNetError: It holds a study of another kind, or cannot be written.
        """
        if self.folder is None:
            return
        from neuronet import __version__

        course = self.course
        about = {
            "version": __version__,
            "protocol": repr(course.protocol),
            "data": data,
            "samples": digest_of_samples(course.world),
            "schedule": repr(course.schedule),
            "hidden": list(course.hidden),
            "activation": course.activation,
            "rule": course.rule,
            "device": course.device,
            "dtype": course.dtype,
        }
        path = self.folder / "study.json"
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            other = next((name for name in about if before.get(name) != about[name]), None)
            if other is not None:
                what = f"'{self.folder}' holds a study with another {other}"
                raise NeuroNetError(f"{what}: choose another folder, or the same options")
        try:
            (self.folder / "games").mkdir(parents=True, exist_ok=True)
            write_atomically(path, (json.dumps(about, indent=2) + "\n").encode())
        except OSError as error:
            raise NeuroNetError(f"cannot write to the folder '{self.folder}': {error.strerror}") from None

    def tune(
        self, name: str, tried: Sequence[Configuration], seeds: Sequence[int]
    ) -> tuple[Configuration, list[tuple[Any, ...]]]:
        """The configuration with the highest mean final accuracy on validation samples, and a line for each game."""
        rows, scores = [], []
        for each in tried:
            accuracy = self._games(self._for_tuning, "tuning", name, each, seeds)
            final, settings = final_accuracy(accuracy), json.dumps(each.chosen)
            found = zip(seeds, final, learning_accuracy(accuracy), strict=True)
            rows += [(name, each.learning_rate, settings, *game) for game in found]
            scores.append(float(final.mean()))
        best = int(np.argmax(scores))
        chosen = tried[best]
        self.narrator(f"{name}: chose learning rate {chosen.learning_rate:g}{_spelled(chosen)}, {scores[best]:.4f} on validation")
        return chosen, rows

    def final(self, name: str, chosen: Configuration, seeds: Sequence[int]) -> NDArray[np.float64]:
        """The accuracies from the seeds that count, (R, tasks + 1, tasks)."""
        accuracy = self._games(self.course, "final", name, chosen, seeds)
        self.narrator(f"{name}: final accuracy {final_accuracy(accuracy).mean():.4f} at learning rate {chosen.learning_rate:g}")
        return accuracy

    def _games(
        self, course: Course, part: str, name: str, configuration: Configuration, seeds: Sequence[int]
    ) -> NDArray[np.float64]:
        """The accuracies from these seeds: those that were kept, and the others, played now."""
        known = {seed: self._read(self._path(part, name, configuration, seed)) for seed in seeds}
        missing = [seed for seed in seeds if known[seed] is None]
        for group in [missing] if _at_once(course) else [[seed] for seed in missing]:
            if not group:
                continue
            played = course.play(configuration.method, configuration.learning_rate, group)
            for seed, accuracy in zip(group, played, strict=True):
                known[seed] = accuracy
                self._keep(self._path(part, name, configuration, seed), accuracy)
        return np.stack([np.asarray(known[seed]) for seed in seeds])

    def _path(self, part: str, name: str, configuration: Configuration, seed: int) -> Path | None:
        if self.folder is None:
            return None
        spelled = f"{configuration.method!r} {configuration.learning_rate!r}"
        safe = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")[:40]
        return self.folder / "games" / f"{part}-{safe}-{sha256(spelled.encode()).hexdigest()[:12]}-{seed}.json"

    def _keep(self, path: Path | None, accuracy: NDArray[np.float64]) -> None:
        if path is not None:
            write_atomically(path, (json.dumps(accuracy.tolist()) + "\n").encode())

    def _read(self, path: Path | None) -> NDArray[np.float64] | None:
        if path is None or not path.exists():
            return None
        tasks = self.course.protocol.tasks
        try:
            found = np.asarray(json.loads(path.read_text(encoding="utf-8")), dtype=np.float64)
        except (OSError, ValueError, TypeError) as error:
            raise NeuroNetError(f"cannot read '{path}', a part of this study: {error}") from None
        if found.shape != (tasks + 1, tasks):
            raise NeuroNetError(f"'{path}' must hold the accuracies of {tasks} tasks, got the shape {found.shape}")
        return found

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Keep a table in the folder, whole or not at all."""
        if self.folder is not None:
            write_atomically(self.folder / name, table.to_csv(index=False).encode())


def _at_once(course: Course) -> bool:
    """Whether replicas are played together, being quicker so; if not, each is kept as soon as it is played."""
    if not course.schedule.iterations:  # their numbers of rounds may differ
        return False
    sizes = course.network(0).sizes
    largest = course.schedule.batch_size * max(a * b for a, b in pairwise(sizes))
    return course.device != "cpu" or largest <= BATCHED_WORK


def _spelled(configuration: Configuration) -> str:
    return "".join(f", {name} {value:g}" for name, value in configuration.chosen.items())
