"""Continual-learning study: several methods on the same task sequences, with tuned or given parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.continual.evaluation import Experiment
from neuronet.continual.methods import Method, parse_methods
from neuronet.continual.protocols import Protocol, parse_protocol
from neuronet.continual.studies.config import ContinualConfig
from neuronet.continual.studies.result import TUNING_COLUMNS, ContinualResult, build_result
from neuronet.continual.studies.search import BracketSearch, Configuration
from neuronet.continual.studies.study_runner import StudyRun
from neuronet.core import DivergedError, Environment, check_number, check_order, check_samples, named_path, plug_in_errors
from neuronet.engines.base import Setup
from neuronet.recording import lock_folder
from neuronet.registry import BASELINE, parse_environment
from neuronet.testing import find_non_finite
from neuronet.training import note_policies, validate_config, warn_or_log


@plug_in_errors()
def continual_study(
    protocol: str | Protocol,
    environment: str | Environment,
    policies: Iterable[str],
    *,
    jobs: int | None = None,
    out: str | Path | None = None,
    log: Callable[[str], None] | None = None,
    **options: Any,
) -> ContinualResult:
    """Run several methods on the same task sequences, with the same seeds, and compare them.

    Args:
        protocol: Spec such as "permuted(tasks=50)", from PROTOCOLS, or a Protocol.
        environment: Name of an environment with classes as targets, or an Environment.
        policies: Specs of methods, such as "ewc(strength=100)", or of policies. "backprop" is added if it is missing.
        jobs: Number of processes (>= 1), with one thread each; None for one for each core if the study is long enough. The
            results are the same. On a GPU there is always one process.
        out: Folder that keeps every result; a study that it holds is continued.
        log: Function that is called with a line of text for each finished part.
        **options: Any field of ContinualConfig: seeds, tune, preset, iterations, hidden, ...

    Raises:
        NeuroNetError: An option is not valid, or the folder holds another study.
    """
    started = time.perf_counter()
    config = validate_config(ContinualConfig, options, "")
    if jobs is not None:
        check_number("jobs", jobs, 1, whole=True)
    sequence = parse_protocol(protocol) if isinstance(protocol, str) else protocol
    loaded_environment = parse_environment(environment) if isinstance(environment, str) else environment
    check_samples(loaded_environment)
    check_order("policies", policies)
    specs = list(policies)
    methods = parse_methods(specs if BASELINE in specs else [BASELINE, *specs])
    experiment = config.experiment(sequence, loaded_environment)
    study_run = StudyRun(experiment, None if out is None else named_path("out", out), log or (lambda line: None), jobs)
    name = environment if isinstance(environment, str) else type(environment).__name__
    network = experiment.network(config.seed)
    note_policies((policy for method in methods.values() for policy in method.neuron_policies(network, config.seed)), log)
    with lock_folder(study_run.store.path):
        result, chosen = _play(study_run, experiment, config, methods, name, started)
        warn_or_log(_notes_on_divergence(result, chosen), log)
    return result


def _play(
    study_run: StudyRun, experiment: Experiment, config: ContinualConfig, methods: Mapping[str, Method], name: str, started: float
) -> tuple[ContinualResult, Mapping[str, Configuration]]:
    study_run.begin(name)
    if config.tune:
        searches = {name: BracketSearch(method, config.tuned_optimizers) for name, method in methods.items()}
        chosen, tuning = study_run.tune(searches, config)
    else:
        chosen = {name: Configuration(method, config.learning_rate_for(method), {}) for name, method in methods.items()}
        tuning = pd.DataFrame(columns=list(TUNING_COLUMNS))
    played = study_run.run_final(chosen, config.final_seeds)
    result = build_result(experiment, chosen, played, tuning, config.seed, time.perf_counter() - started, study_run.store.path)
    for part in ("table", "accuracy", "tuning", "search", "costs"):
        study_run.store.write_table(f"{part}.csv", getattr(result, part))
    return result, chosen


def _notes_on_divergence(result: ContinualResult, chosen: Mapping[str, Configuration]) -> Iterator[str]:
    """Yield a line for each method that diverged: the policy that gave the first number that is not finite, or the values."""
    for name, configuration in chosen.items():
        rows = result.accuracy[result.accuracy["policy"] == name]
        best = rows[rows["learnt"] == rows["learnt"].max()].groupby("seed")["accuracy"].max()
        diverged = best.index[best == 0].tolist()
        if not diverged:
            continue
        seed, experiment = diverged[0], result.experiment
        if configuration.optimizer is not None:
            experiment = replace(experiment, optimizer=configuration.optimizer)

        def play_again(
            watch: Callable[[Setup], Setup],
            experiment: Experiment = experiment,
            configuration: Configuration = configuration,
            seed: int = seed,
        ) -> None:
            replace(experiment, watch=watch).run(configuration.method, configuration.learning_rate, [seed])

        blamed = f"its outputs are no longer numbers with {configuration}: choose a lower learning rate"
        reason = find_non_finite(DivergedError(blamed), play_again)
        yield f"Note: {name} diverged from {len(diverged)} of {len(best)} seeds, {seed} first: {reason}."
