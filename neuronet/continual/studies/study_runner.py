"""A study under way: which games are played, which were played before, and the folder in which each of them is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuronet.continual.evaluation.metrics import final_accuracy, learning_accuracy
from neuronet.continual.evaluation.runner import Experiment, SequenceResult
from neuronet.continual.studies.jobs import Job, load_result, run_jobs
from neuronet.continual.studies.result import TUNING_COLUMNS
from neuronet.continual.studies.search import Configuration, HaltonSearch, edges
from neuronet.engines.tensors import MAX_BATCHED_WORK
from neuronet.recording import StudyStore
from neuronet.training.assembly import hash_samples

Log = Callable[[str], None]

PlannedRuns = Sequence[tuple[str, Configuration]]
"""What is to be played: a method's name and its configuration."""


class StudyRun:
    """A study under way.

    Args:
        experiment: What is learned.
        folder: In which each game is kept as soon as it is played; None for none.
        log: Told of each part that is done.
        jobs: Processes that play; None for as many as there are cores.
    """

    def __init__(self, experiment: Experiment, folder: Path | None, log: Log, jobs: int | None = None) -> None:
        self.experiment = experiment
        self.store = StudyStore(folder, "continual study")
        self.log = log
        self._jobs = jobs
        self._tuning_experiment = replace(
            experiment, environment=experiment.environment.validation_split(), sparse_evaluation=True
        )

    def begin(self, environment_name: str) -> None:
        """Compare the settings with those of the study that the folder holds, if any, and write them.

        Raises:
            StudyMismatchError: The folder holds a study with other settings.
            DataError: The folder cannot be written.
        """
        self.store.begin(self._settings(environment_name), "games")

    def _settings(self, environment_name: str) -> dict[str, Any]:
        """What all games of a folder have in common."""
        from neuronet import __version__

        experiment = self.experiment
        return {
            "version": __version__,
            "protocol": repr(experiment.protocol),
            "data": environment_name,
            "samples": hash_samples(experiment.environment),
            "schedule": repr(experiment.schedule),
            "hidden": list(experiment.hidden),
            "activation": experiment.activation,
            "optimizer": experiment.optimizer,
            "device": experiment.device,
            "dtype": experiment.dtype,
        }

    def tune(
        self, searches: Mapping[str, HaltonSearch], seeds: Sequence[int], trials: int, max_range_extensions: int
    ) -> tuple[dict[str, Configuration], pd.DataFrame]:
        """Let each method choose.

        Args:
            searches: Each method's, by name.
            seeds: From which all is tried.
            trials: Configurations of each method at first, and half as many each time ranges are widened.
            max_range_extensions: How often that is done, at most, while the choice of any method is at the edge of what it tried.

        Returns:
            For each method the configuration with the highest mean final accuracy on validation samples; a line for each game.
        """
        scores: dict[str, list[float]] = {name: [] for name in searches}
        best: dict[str, Configuration] = {}
        rows: list[tuple[Any, ...]] = []
        for wave in range(1, max_range_extensions + 2):
            count = trials if wave == 1 else (trials + 1) // 2
            planned = [(name, each) for name, search in searches.items() for each in search.ask(count, best.get(name))]
            for (name, each), games in zip(
                planned, self._run_all(self._tuning_experiment, "tuning", planned, seeds), strict=True
            ):
                accuracy = np.stack([game.accuracy for game in games])
                final, settings = final_accuracy(accuracy), json.dumps(each.chosen)
                found = zip(seeds, final, learning_accuracy(accuracy), strict=True)
                rows += [(name, each.learning_rate, settings, *game, wave) for game in found]
                scores[name].append(float(final.mean()))
            best = {name: search.trials[int(np.argmax(scores[name]))] for name, search in searches.items()}
            at_edge = [name for name, search in searches.items() if edges(best[name], search.trials)]
            if not at_edge or wave > max_range_extensions:
                break
            self.log(f"at the edge of what was tried: {', '.join(at_edge)}; each method tries {(trials + 1) // 2} more")
        for name, each in best.items():
            score = max(scores[name])
            self.log(f"{name}: chose learning rate {each.learning_rate:g}{_format_parameters(each)}, {score:.4f} on validation")
        chosen = {name: replace(each, at_edge=name in at_edge) for name, each in best.items()}
        return chosen, pd.DataFrame(rows, columns=list(TUNING_COLUMNS))

    def run_final(self, chosen: Mapping[str, Configuration], seeds: Sequence[int]) -> dict[str, list[SequenceResult]]:
        """Each method's games from the seeds that count."""
        found = dict(zip(chosen, self._run_all(self.experiment, "final", list(chosen.items()), seeds), strict=True))
        for name, games in found.items():
            final = final_accuracy(np.stack([game.accuracy for game in games])).mean()
            self.log(f"{name}: final accuracy {final:.4f} at learning rate {chosen[name].learning_rate:g}")
        return found

    def _run_all(
        self, experiment: Experiment, stage: str, planned: PlannedRuns, seeds: Sequence[int]
    ) -> list[list[SequenceResult]]:
        """What was played from these seeds: what was kept, and the rest, played now."""
        known: list[dict[int, SequenceResult]] = [{} for _ in planned]
        games: list[Job] = []
        owners: list[int] = []
        for place, (name, each) in enumerate(planned):
            files = {seed: self._file(stage, name, each, seed) for seed in seeds}
            before = {
                seed: None if file is None else load_result(file, experiment.protocol.tasks) for seed, file in files.items()
            }
            known[place] = {seed: played for seed, played in before.items() if played is not None}
            missing = [seed for seed in seeds if seed not in known[place]]
            for group in [missing] if missing and _batches_replicas(experiment) else [[seed] for seed in missing]:
                chosen = tuple(file for seed in group if (file := files[seed]) is not None)
                games.append(Job(experiment, each.method, each.learning_rate, tuple(group), chosen))
                owners.append(place)
        for number, (place, played) in enumerate(run_jobs(games, self._jobs), start=1):
            owner = owners[place]
            for seed, accuracy in zip(games[place].seeds, played.accuracy, strict=True):
                known[owner][seed] = SequenceResult(accuracy, played.seconds, played.memory_bytes)
            if len(known[owner]) == len(seeds):
                name, each = planned[owner]
                words = f"{name}, learning rate {each.learning_rate:g}{_format_parameters(each)}"
                self.log(f"{stage}, {number} of {len(games)} games: {words}")
        return [[each[seed] for seed in seeds] for each in known]

    def _file(self, stage: str, name: str, configuration: Configuration, seed: int) -> Path | None:
        if self.store.path is None:
            return None
        spelled = f"{configuration.method!r} {configuration.learning_rate!r}"
        safe = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")[:40]
        return self.store.path / "games" / f"{stage}-{safe}-{sha256(spelled.encode()).hexdigest()[:12]}-{seed}"


def _batches_replicas(experiment: Experiment) -> bool:
    """Whether replicas are played together, being quicker so; if not, each is kept as soon as it is played."""
    if not experiment.schedule.iterations:  # their numbers of rounds may differ
        return False
    largest = experiment.schedule.batch_size * max(a * b for a, b in pairwise(experiment.sizes))
    return experiment.device != "cpu" or largest <= MAX_BATCHED_WORK


def _format_parameters(configuration: Configuration) -> str:
    return "".join(f", {name} {value:g}" for name, value in configuration.chosen.items())
