"""Test errors of a LeNet whose neurons follow feedback rules, trained through `neuronet.convert`.

Source: Sanfiz and Akrout 2021, "Benchmarking the accuracy and robustness of feedback alignment algorithms" (arXiv 2108.13446),
and the benchmarks of their library BioTorch 0.0.16. Their learning rates for MNIST and Fashion-MNIST are not published. All
rules share the initial weights and the batches of a seed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from neuronet.benchmarking import threads
from neuronet.conversion import follow, lenet
from neuronet.core import Batches, ConfigurationError, DataError, check_seed
from neuronet.execution import Executor
from neuronet.recording import StudyStore
from neuronet.registry import parse_environment, spec_of
from neuronet.reproduction.lenet_images import ImageData
from neuronet.reproduction.lenet_settings import LeNetSettings
from neuronet.training import hash_samples
from neuronet.version import __version__

COLUMNS = {"rule": "object", "seed": "int64", "epoch": "int64", "error": "float64", "seconds": "float64"}
"""Columns of the errors, with their types."""

STUDY_KIND = "study of feedback rules"
"""Kind of study in study.json, and in messages."""

RESULTS_FOLDER = "results"
"""Subfolder with the errors of each rule and seed."""

SECONDS_PER_IMAGE = 3e-4
"""Estimated seconds of training on one core, for each image of 32 x 32."""

DECAY = 0.1
"""Factor of the learning rate at each milestone."""

TEST_BATCH = 1000
"""Number of images that are evaluated at a time."""

EpochRow = tuple[float, float]
"""Test error (%) after an epoch, and seconds that the epoch took."""


@dataclass(frozen=True, eq=False)
class Job:
    """Training by one rule from one seed.

    Attributes:
        settings: Conditions that all rules share.
        data: The images.
        rule: Name of the rule.
        seed: Seed of the initial weights, the order of the images and the policy's random numbers.
        store: Store of the study.
    """

    settings: LeNetSettings
    data: ImageData
    rule: str
    seed: int
    store: StudyStore

    @property
    def file(self) -> str:
        """Name of the file with the errors, which depends on the policy and the learning rate."""
        policy = self.settings.policy(self.rule)
        identity = f"{None if policy is None else spec_of(policy)} {self.settings.rate(self.rule)!r}"
        safe_name = re.sub(r"[^A-Za-z0-9.-]+", "-", self.rule).strip("-")[:40]
        return f"{RESULTS_FOLDER}/{safe_name}-{sha256(identity.encode()).hexdigest()[:12]}-{self.seed}.json"

    def stored(self) -> list[EpochRow] | None:
        """Return the stored rows; None if there are none.

        Raises:
            DataError: The file holds something else.
        """
        rows = self.store.read_json(self.file)
        try:
            found = None if rows is None else [(float(error), float(seconds)) for error, seconds in rows]
        except (TypeError, ValueError) as error:
            raise DataError(f"cannot read '{self.store.file(self.file)}', a part of this {STUDY_KIND}: {error}") from None
        if found is not None and len(found) != self.settings.epochs:
            path = self.store.file(self.file)
            raise DataError(f"'{path}' must hold the errors of {self.settings.epochs} epochs, got {len(found)}")
        return found

    def run(self) -> list[EpochRow]:
        """Return the row of each epoch, after storing them."""
        with threads(1):  # the same order of sums in every process
            rows = list(self._epochs())
        self.store.write_json(self.file, rows)
        return rows

    def _epochs(self) -> Iterator[EpochRow]:
        settings, data = self.settings, self.data
        net = follow(lenet(data.classes, settings.image_size, self.seed), settings.policy(self.rule), data.classes, self.seed)
        images, classes = (torch.from_numpy(array) for array in data.train)
        rate = settings.rate(self.rule)
        optimizer = torch.optim.SGD(net.parameters(), rate, settings.momentum, weight_decay=settings.weight_decay)
        decay = torch.optim.lr_scheduler.MultiStepLR(optimizer, list(settings.milestones), DECAY)
        batches = Batches(len(images), settings.batch_size, (self.seed,))
        whole = len(images) // settings.batch_size * settings.batch_size
        for epoch in range(settings.epochs):
            started = time.perf_counter()
            for indices in torch.split(torch.from_numpy(batches.order(epoch))[:whole], settings.batch_size):
                optimizer.zero_grad()
                outputs = net(data.standardize(images[indices]))
                torch.autograd.backward(nn.functional.cross_entropy(outputs, classes[indices]))
                optimizer.step()
            decay.step()
            error = test_error(net, data)
            yield error, time.perf_counter() - started


def test_error(net: nn.Module, data: ImageData) -> float:
    """Return the share of the test images that are classified wrongly, in %; a class that is not a number is wrong."""
    images, classes = (torch.split(torch.from_numpy(array), TEST_BATCH) for array in data.test)
    correct = 0
    with torch.no_grad():
        for some, expected in zip(images, classes, strict=True):
            correct += int((net(data.standardize(some)).argmax(1) == expected).sum())
    return 100 * (1 - correct / len(data.test[1]))


def lenet_errors(
    settings: LeNetSettings,
    seeds: Sequence[int],
    folder: Path | None = None,
    jobs: int | None = None,
    log: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Return the test error (%) after each epoch of each rule and seed.

    Args:
        settings: Conditions that all rules share.
        seeds: Seeds (>= 0), at least one.
        folder: Folder that keeps the errors of each rule and seed as soon as they are complete; None for none. What it holds is
            not played again; rules, learning rates and seeds can be added.
        jobs: Number of processes (>= 1), each with one thread; None for one for each core if the study is long enough.
        log: Called with a line of text for each rule and seed that was played.

    Returns:
        Table with COLUMNS. Seconds are those of the epoch, evaluation included.

    Raises:
        StudyMismatchError: The folder holds a study with other settings.
        ConfigurationError: A seed is not valid, or the environment does not have enough grey images of classes.
        DataError: The folder or the images cannot be read.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise ConfigurationError(f"seeds must be one or more different integers, got {list(seeds)}")
    environment = parse_environment(settings.environment)
    data = ImageData.of(environment, settings.image_size, settings.samples, validation=settings.validation)
    if len(data.train[0]) < settings.batch_size:
        raise ConfigurationError(
            f"batch_size must be at most the {len(data.train[0])} training images, got {settings.batch_size}"
        )
    store = StudyStore(folder, STUDY_KIND)
    planned = [Job(settings, data, rule, check_seed(seed), store) for rule in settings.rules for seed in seeds]
    samples = hash_samples(environment)
    shared = {"version": __version__, **settings.shared(), "hash": samples}
    store.begin(shared, RESULTS_FOLDER, data={settings.environment: samples}, log=log)
    results = [job.stored() for job in planned]
    missing = [number for number, rows in enumerate(results) if rows is None]
    seconds = SECONDS_PER_IMAGE * settings.epochs * len(data.train[0]) * len(missing)
    played = Executor(jobs).map(_run_job, [planned[number] for number in missing], seconds=seconds, mmap_mode="c")
    for count, (index, rows) in enumerate(played, start=1):
        job, results[missing[index]] = planned[missing[index]], rows
        if log is not None:
            log(f"{count} of {len(missing)} runs: {job.rule}, seed {job.seed}, error {rows[-1][0]:.2f}%")
    table = [
        (job.rule, job.seed, epoch, *row)
        for job, epochs in zip(planned, results, strict=True)
        for epoch, row in enumerate(epochs or (), start=1)
    ]
    return pd.DataFrame(table, columns=list(COLUMNS)).astype(COLUMNS)


def _run_job(job: Job) -> list[EpochRow]:
    return job.run()
