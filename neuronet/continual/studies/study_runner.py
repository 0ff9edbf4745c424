"""Run of a study: which jobs are left, which results are stored, and which configurations tuning chooses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.continual.evaluation import Experiment, SequenceResult, final_accuracy
from neuronet.continual.studies.config import ContinualConfig
from neuronet.continual.studies.jobs import STUDY_KIND, Job, load_result, run_jobs
from neuronet.continual.studies.search import BracketSearch, Configuration
from neuronet.continual.studies.tuning import PlannedRuns, Tuning
from neuronet.engines.tensors import MAX_BATCHED_WORK
from neuronet.recording import StudyStore
from neuronet.registry import format_option
from neuronet.training import hash_samples

RESULTS_FOLDER = "games"
"""Subfolder with the results of each configuration and seed."""


class StudyRun:
    """Run of a study that stores each result and resumes after an interruption.

    Args:
        experiment: Everything that the methods have in common.
        folder: Folder that keeps every result; None for none.
        log: Function that is called with a line of text for each finished part.
        processes: Number of processes (>= 1); None for one for each core if the study is long enough.

    Attributes:
        store: The folder's store.
    """

    def __init__(
        self, experiment: Experiment, folder: Path | None, log: Callable[[str], None], processes: int | None = None
    ) -> None:
        self.store = StudyStore(folder, STUDY_KIND)
        self._experiment = experiment
        self._tuning_experiment = replace(
            experiment, environment=experiment.environment.validation_split(), sparse_evaluation=True
        )
        self._log = log
        self._processes = processes

    def begin(self, environment_name: str) -> None:
        """Compare the settings with those of the study that the folder holds, if any, and write them.

        Raises:
            StudyMismatchError: The folder holds a study with other settings.
            DataError: The folder cannot be written.
        """
        from neuronet.version import __version__

        experiment = self._experiment
        samples = hash_samples(experiment.environment)
        settings = {
            "version": __version__,
            "protocol": repr(experiment.protocol),
            "data": environment_name,
            "samples": samples,
            "schedule": repr(experiment.schedule),
            "hidden": experiment.hidden,
            "activation": experiment.activation,
            "optimizer": format_option(experiment.optimizer),
            "device": experiment.device,
            "dtype": experiment.dtype,
        }
        data = {environment_name: samples}
        self.store.begin(settings, RESULTS_FOLDER, data=data, device=experiment.device, log=self._log)

    def tune(
        self, searches: Mapping[str, BracketSearch], config: ContinualConfig
    ) -> tuple[dict[str, Configuration], pd.DataFrame]:
        """Choose a configuration for each method.

        Args:
            searches: Search of each method, by name.
            config: Settings of the search.

        Returns:
            The configuration of each method with the highest mean final accuracy on validation samples, and a table with
            TUNING_COLUMNS.
        """
        tuning = Tuning(searches, partial(self._run_all, self._tuning_experiment, "tuning"), self._log)
        tuning.search(config.search_seeds, config.trials, config.max_range_extensions)
        if config.finalists > 1:
            tuning.compare_finalists(config.finalists, config.further_seeds)
        best = tuning.best()
        for name, configuration in best.items():
            self._log(f"{name}: chose {configuration}, {tuning.score(name):.4f} on validation")
        return best, tuning.table

    def run_final(self, chosen: Mapping[str, Configuration], seeds: Sequence[int]) -> dict[str, list[SequenceResult]]:
        """Return the results of each method's configuration for the final seeds."""
        results = dict(zip(chosen, self._run_all(self._experiment, "final", list(chosen.items()), seeds), strict=True))
        for name, by_seed in results.items():
            final = final_accuracy(np.stack([result.accuracy for result in by_seed])).mean()
            self._log(f"{name}: final accuracy {final:.4f} with {chosen[name]}")
        return results

    def _run_all(
        self, experiment: Experiment, stage: str, planned: PlannedRuns, seeds: Sequence[int]
    ) -> list[list[SequenceResult]]:
        """Return the results of each planned run for each seed: stored ones, and the others after running them."""
        results: list[dict[int, SequenceResult]] = []
        jobs: list[Job] = []
        owners: list[int] = []
        for index, (name, configuration) in enumerate(planned):
            files = {seed: self._file(stage, name, configuration, seed) for seed in seeds}
            results.append(_load_results(files, experiment.protocol.tasks))
            missing = [seed for seed in seeds if seed not in results[index]]
            new_jobs = [_make_job(experiment, configuration, group, files) for group in _replica_groups(experiment, missing)]
            jobs += new_jobs
            owners += [index] * len(new_jobs)
        for number, (job_index, result) in enumerate(run_jobs(jobs, self._processes), start=1):
            index = owners[job_index]
            results[index] |= jobs[job_index].by_seed(result)
            if len(results[index]) == len(seeds):
                name, configuration = planned[index]
                self._log(f"{stage}, {number} of {len(jobs)} runs: {name}, {configuration}")
        return [[by_seed[seed] for seed in seeds] for by_seed in results]

    def _file(self, stage: str, name: str, configuration: Configuration, seed: int) -> Path | None:
        if self.store.path is None:
            return None
        optimizer = "" if configuration.optimizer is None else f" {configuration.optimizer!r}"
        identity = f"{configuration.method!r} {configuration.learning_rate!r}{optimizer}"
        safe_name = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")[:40]
        return self.store.file(f"{RESULTS_FOLDER}/{stage}-{safe_name}-{sha256(identity.encode()).hexdigest()[:12]}-{seed}")


def _load_results(files: Mapping[int, Path | None], tasks: int) -> dict[int, SequenceResult]:
    loaded = {seed: load_result(file, tasks) for seed, file in files.items() if file is not None}
    return {seed: result for seed, result in loaded.items() if result is not None}


def _make_job(
    experiment: Experiment, configuration: Configuration, seeds: Sequence[int], files: Mapping[int, Path | None]
) -> Job:
    paths = tuple(file for seed in seeds if (file := files[seed]) is not None)
    chosen = experiment if configuration.optimizer is None else replace(experiment, optimizer=configuration.optimizer)
    return Job(chosen, configuration.method, configuration.learning_rate, tuple(seeds), paths)


def _replica_groups(experiment: Experiment, seeds: list[int]) -> list[list[int]]:
    """Return the seeds that run together: all where that is faster, single ones otherwise, so that each is stored earlier."""
    largest = experiment.schedule.batch_size * max(a * b for a, b in pairwise(experiment.sizes))
    # without a fixed number of rounds, replicas may differ in it
    together = experiment.schedule.iterations and (experiment.device != "cpu" or largest <= MAX_BATCHED_WORK)
    return [seeds] if together and seeds else [[seed] for seed in seeds]
