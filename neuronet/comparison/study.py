"""Comparison of policies with error backpropagation: same seeds, and a learning rate tuned for each candidate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuronet.comparison.contestant import Candidate, ComparisonSetup
from neuronet.comparison.parts import UNUSED_OPTIONS, ComparisonStudy, Conditions, Log
from neuronet.comparison.result import Comparison, build_table
from neuronet.core import ConfigurationError, Environment, check_number, check_order, named_path, plug_in_errors
from neuronet.execution import Executor
from neuronet.policies import POLICIES
from neuronet.recording import lock_folder
from neuronet.registry import BASELINE, Policies, format_population, parse_population
from neuronet.testing import find_non_finite
from neuronet.training import (
    RunConfig,
    build_networks,
    diverged_error,
    make_config,
    note_policies,
    resolve_environment,
    select_engine,
    warn_or_log,
)

if TYPE_CHECKING:
    from neuronet.comparison.modules import ModuleSetup, NewModule

ALL = "all"

NETWORK_OPTIONS = ("hidden", "activation", "connectivity", "init", "channels", "update_schedule", "kernels")
"""Fields of RunConfig that a comparison over a torch module does not use."""


@plug_in_errors()
def compare(
    environment: str | Environment,
    policies: Iterable[Policies] | str = ALL,
    *,
    seeds: int = 5,
    tune: bool = False,
    module: NewModule | None = None,
    jobs: int = 1,
    out: str | Path | Callable[[RunConfig], Path] | None = None,
    log: Log | None = None,
    **options: Any,
) -> Comparison:
    """Train networks of each policy and of error backpropagation from the same seeds, and compare them.

    Args:
        environment: A name such as "digits", or an Environment.
        policies: Texts such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", policies or populations; "all" for every policy
            that comes with NeuroNet.
        seeds: Number of seeds (>= 1), from `seed` on.
        tune: Whether to choose a learning rate for each candidate. All try the same rates, from three seeds that the results do
            not use, evaluated on a sixth of the training samples. Where a best rate is at the edge of the grid, the grid is
            extended for all. Otherwise all candidates have the same learning_rate.
        module: torch module whose layers follow the policies, or a function that returns a new one, instead of networks of
            NeuroNet: `convert` gives it each policy. A module is copied and initialised again for every seed. Images are handed
            to it as (B, channels, height, width); "all" means the policies that its layers can follow.
        jobs: Number of processes (>= 1), which share out the candidates.
        out: Folder to record the comparison in, or a function that makes one; a comparison begun in the folder is resumed.
        log: Called with a line of text for each completed part.
        **options: Fields of RunConfig, such as hidden, epochs, batch_size, optimizer, learning_rate, seed. Channels act on the
            policies only, not on error backpropagation.

    Raises:
        StudyMismatchError: The folder holds another comparison.
        NeuroNetError: An option is not valid.
    """
    started = time.perf_counter()
    check_number("seeds", seeds, 1, whole=True)
    for name in ("policy", "engine", "replicas", *UNUSED_OPTIONS):
        if name in options:
            raise ConfigurationError(f"{name} is not an option of a comparison: leave it out")
    env = environment if isinstance(environment, Environment) else None
    text = type(environment).__name__ if isinstance(environment, Environment) else environment
    config = make_config({**options, "environment": text, "engine": "tensors", "replicas": seeds})
    executor = Executor(jobs)
    say = log or (lambda line: None)
    candidates = parse_candidates(policies)
    env = resolve_environment(config, env)
    for note in env.notes:
        say(note)
    if module is None:
        setup: Conditions = _network_setup(config, env)
    else:
        _refuse_network_options(options)
        from neuronet.comparison.modules import module_setup  # loads torch's compiler

        setup = module_setup(config, env, module)
        candidates = _supported(setup, candidates, say, skip=policies == ALL)
    given = out(config) if callable(out) else out
    folder = None if given is None else named_path("out", given)
    study = ComparisonStudy(setup, folder, say, executor)
    note_policies((policy for candidate in candidates for policy in setup.policies(candidate)), log)
    with lock_folder(folder):
        result = _play(study, candidates, tune, started)
        warn_or_log(_notes_on_divergence(result, setup, candidates), log)
    return result


def _network_setup(config: RunConfig, env: Environment) -> ComparisonSetup:
    network = build_networks(config.model_copy(update={"replicas": 1}), env)[0]
    rounds = config.epochs * math.ceil(len(env.train) / config.batch_size)
    return ComparisonSetup(config, env, select_engine(config, sum(network.sizes[1:]), network.connections, rounds))


def _refuse_network_options(options: Mapping[str, Any]) -> None:
    wrong = next((name for name in NETWORK_OPTIONS if name in options), None)
    if wrong is not None:
        raise ConfigurationError(f"{wrong} is an option of NeuroNet's networks: leave it out, since the module is given")


def _supported(setup: ModuleSetup, candidates: Sequence[Candidate], log: Log, *, skip: bool) -> list[Candidate]:
    """Return the candidates that the layers of a module can follow; without `skip` all must be."""
    found = []
    for candidate in candidates:
        try:
            setup.check(candidate)
        except ConfigurationError as error:
            if not skip or candidate.population is None:
                raise
            log(f"{candidate.name} is left out: {error}")
            continue
        found.append(candidate)
    return found


def _play(study: ComparisonStudy, candidates: Sequence[Candidate], tune: bool, started: float) -> Comparison:
    config, names = study.setup.config, [candidate.name for candidate in candidates]
    study.begin(tune)
    rates, at_edge = study.tune(candidates) if tune else (dict.fromkeys(names, config.learning_rate), {})
    curves = study.evaluate(candidates, rates)
    measure = "accuracy" if curves["test_accuracy"].notna().any() else "loss"
    table = build_table(curves, measure, at_edge)
    study.store.write_table("table.csv", table)
    study.store.write_table("curves.csv", curves)
    return Comparison(config, measure, table, curves, study.tuning(), time.perf_counter() - started, study.store.path)


def _notes_on_divergence(result: Comparison, setup: Conditions, candidates: Sequence[Candidate]) -> Iterator[str]:
    """Yield a line for each candidate with losses that are not finite: the plug-in that gave the first, or the learning rate."""
    for candidate in candidates:
        curves = result.curves[result.curves["policy"] == candidate.name]
        diverged = curves[~np.isfinite(curves[["train_loss", "test_loss"]]).all(axis=1)]
        if diverged.empty:
            continue
        rate, seed, epoch = (diverged.iloc[0][name] for name in ("learning_rate", "seed", "epoch"))
        play_again = partial(setup.play_again, candidate, float(rate), int(seed))
        reason = find_non_finite(diverged_error(int(epoch), float(rate)), play_again)
        count, seeds = diverged["seed"].nunique(), curves["seed"].nunique()
        yield f"Note: {candidate.name} diverged from {count} of {seeds} seeds, {int(seed)} first: {reason}."


def parse_candidates(policies: Iterable[Policies] | str) -> list[Candidate]:
    """Return the baseline and the candidates to compare it with.

    Raises:
        SpecError: A policy is unknown.
        ConfigurationError: There is no policy, or one is named twice.
    """
    check_order("policies", policies)
    given = [policies] if isinstance(policies, str) else list(policies)
    specs = [name for spec in given for name in (POLICIES if spec == ALL else [spec])]
    candidates = [Candidate(BASELINE, None, BASELINE)]
    for spec in specs:
        if spec == BASELINE:  # it is always included
            continue
        population = parse_population(spec)
        candidate = Candidate(_joined(format_population(spec)), population, _joined(format_population(population)))
        if any(candidate.name == other.name for other in candidates):
            raise ConfigurationError(f"policy '{candidate.name}' is given twice: name each policy once")
        candidates.append(candidate)
    if len(candidates) == 1:
        raise ConfigurationError("a comparison needs a policy besides its baseline backprop")
    return candidates


def _joined(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else " | ".join(text)
