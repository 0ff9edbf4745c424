"""A study of forgetting: several methods on the same sequences of tasks, each with parameters of its own choice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from neuronet.comparison.contestant import BASELINE
from neuronet.continual.evaluation.runner import Experiment
from neuronet.continual.methods.registry import parse_methods
from neuronet.continual.protocols.base import Protocol
from neuronet.continual.protocols.presets import PRESETS
from neuronet.continual.protocols.registry import parse_protocol
from neuronet.continual.studies.result import TUNING_COLUMNS, ContinualResult, build_result
from neuronet.continual.studies.search import HaltonSearch, default_configuration
from neuronet.continual.studies.study_runner import Log, StudyRun
from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError, check_number, unknown_name_error
from neuronet.core.sample_checks import check_samples
from neuronet.engines.tensors import resolve_device
from neuronet.registry import parse_environment

TUNING_SEED_OFFSET = 1_000_000
"""What is added to the first seed for the first of those that choose parameters: no final seed is among them."""


def continual_study(
    protocol: str | Protocol,
    environment: str | Environment,
    policies: Iterable[str],
    *,
    seeds: int = 5,
    seed: int = 0,
    tune: bool = False,
    trials: int = 8,
    tuning_seeds: int = 2,
    max_range_extensions: int = 2,
    preset: str = "fast",
    iterations: int | None = None,
    batch_size: int | None = None,
    hidden: Sequence[int] | None = None,
    activation: str = "relu",
    optimizer: str | None = None,
    learning_rate: float | None = None,
    device: str = "auto",
    dtype: str = "float32",
    jobs: int | None = None,
    out: str | Path | None = None,
    log: Log | None = None,
) -> ContinualResult:
    """Learn a sequence of tasks by several methods, from the same seeds.

    Args:
        protocol: Such as "permuted(tasks=50)"; see PROTOCOLS.
        environment: An environment whose targets are classes, or its name.
        policies: Texts: names of METHODS, such as "ewc(strength=100)", or policies. "backprop" is added, if it is not there.
        seeds: How many, from `seed` on.
        seed: The first.
        tune: Whether each method chooses its learning rate and parameters. Each tries as many configurations, from the same
            seeds, others than those of the results, and is judged by a sixth of the training samples that is held back.
        trials: How many configurations each tries.
        tuning_seeds: From how many seeds.
        max_range_extensions: How often ranges are widened, at most, while the choice of any method is at the edge of what it
            tried; each time every method tries half as many configurations again.
        preset: One of PRESETS: how long a task lasts, and what is used of the following where it is None.
        iterations: Rounds a task; 0 for one pass.
        batch_size: Samples a round.
        hidden: Neurons in each hidden layer.
        activation: Of the hidden layers.
        optimizer: The optimizer.
        learning_rate: Of all, without `tune`; None for the preset's, or, if it has
            none, 0.1, times 1 - momentum, or divided by 100 for Adam.
        device: "auto", "cpu", "cuda", ...
        dtype: "float32" or "float64".
        jobs: Processes in which games are played side by side, one thread each; None for as many as there are cores, if the study
            is long enough to be worth it. The results are the same. On a GPU all is played in one.
        out: A folder to keep every result in; with a folder in which the study was begun, it goes on.
        log: Called with a line of text for each part that is done.

    Raises:
        NeuroNetError: Something does not fit, or the folder holds another study.
    """
    started = time.perf_counter()
    for name, value in (("seeds", seeds), ("trials", trials), ("tuning_seeds", tuning_seeds)):
        check_number(name, value, 1, TUNING_SEED_OFFSET, whole=True)
    check_number("max_range_extensions", max_range_extensions, 0, whole=True)
    if jobs is not None:
        check_number("jobs", jobs, 1, whole=True)
    if learning_rate is not None:
        check_number("learning_rate", learning_rate, 0, above=True)
    if tune and learning_rate is not None:
        raise NeuroNetError("tune chooses the learning rate: leave learning_rate out, or tune")
    if preset not in PRESETS:
        raise unknown_name_error("preset", preset, PRESETS)
    settings = PRESETS[preset].with_overrides(iterations, batch_size, hidden, optimizer)
    sequence = parse_protocol(protocol) if isinstance(protocol, str) else protocol
    loaded_environment = parse_environment(environment) if isinstance(environment, str) else environment
    check_samples(loaded_environment)
    texts = list(policies)
    methods = parse_methods(texts if BASELINE in texts else [BASELINE, *texts])
    experiment = Experiment(
        sequence,
        loaded_environment,
        settings.schedule,
        settings.hidden,
        activation,
        settings.optimizer,
        resolve_device(device),
        dtype,
    )
    experiment.check(seed)
    study_run = StudyRun(experiment, None if out is None else Path(out), log or (lambda line: None), jobs)
    study_run.open_folder(environment if isinstance(environment, str) else type(environment).__name__)
    rates = {
        name: settings.learning_rate_for(method.optimizer) if learning_rate is None else learning_rate
        for name, method in methods.items()
    }
    chosen = {name: default_configuration(method, settings.optimizer, rates[name]) for name, method in methods.items()}
    tuning = pd.DataFrame(columns=list(TUNING_COLUMNS))
    if tune:
        first = seed + TUNING_SEED_OFFSET
        searches = {name: HaltonSearch(method, settings.optimizer) for name, method in methods.items()}
        chosen, tuning = study_run.tune(searches, range(first, first + tuning_seeds), trials, max_range_extensions)
    played = study_run.run_final(chosen, range(seed, seed + seeds))
    result = build_result(experiment, chosen, played, tuning, seed, time.perf_counter() - started, study_run.folder)
    for name in ("table", "accuracy", "tuning", "costs"):
        study_run.write_table(f"{name}.csv", getattr(result, name))
    return result
