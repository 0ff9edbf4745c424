"""Training in one call, from Python and from the command line."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronet.core import (
    Access,
    ConfigurationError,
    DivergedError,
    Environment,
    Network,
    NeuroNetError,
    Policy,
    PolicyWarning,
    SpecError,
    named_path,
    own_classes,
    plug_in_errors,
    record_access,
)
from neuronet.engines.base import Setup
from neuronet.execution import distributed
from neuronet.recording import ReadOnlyRunDirectory, RunDirectory, lock_folder
from neuronet.registry import Policies, UnresolvedPopulation, parse_population
from neuronet.training.arguments import ARRAYS, FRAME, Arrays, check_functions, coerce_environment, network_options
from neuronet.training.assembly import RunContext, build_run
from neuronet.training.callbacks.base import Callback, check_callbacks
from neuronet.training.config import DATA_OPTIONS, RunConfig, make_config, read_config
from neuronet.training.result import Result
from neuronet.training.run import Run

if TYPE_CHECKING:
    import pandas as pd


@plug_in_errors()
def train(
    environment: str | Environment | Arrays | pd.DataFrame | None = None,
    *,
    policy: Policies = "attention",
    network: Network | Callable[[int], Network] | None = None,
    out: str | Path | Callable[[RunConfig], Path] | None = None,
    callbacks: Sequence[Callback] = (),
    log: Callable[[str], None] | None = None,
    **options: Any,
) -> Result:
    """Train a network of self-interested neurons.

    Args:
        environment: A name ("digits"), `table:PATH`, an Environment, a pair of arrays (inputs, targets), or a pandas.DataFrame,
            of which `target` names the column of targets.
        policy: A text such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", a Policy, a Population, or one text, Policy or
            Shares for each listening layer.
        network: Initial network of all replicas, which then have the same connections and first weights; or a function of the
            seed that returns one for each replica. None for a fresh one of each seed.
        out: Folder to record the run in, or a function that makes one for the configuration; None writes nothing.
        callbacks: Callbacks such as EarlyStopping(), in the order of their calls (page Callbacks).
        log: Called with lines of text about the run.
        **options: Any other option of `neuronet run`: target, payoff, data_dir, missing, unseen, engine, hidden, activation,
            connectivity, init, epochs, batch_size, learning_rate, lr_schedule, optimizer, seed, replicas, channels,
            update_schedule, device, dtype, matmul, kernels, patience, monitor, checkpoint_every, alignment, inequality,
            interventions, trace.

    Returns:
        The result: accuracy, metrics, networks.

    Raises:
        Interrupted: A stop was requested by a signal.
        DivergedError: The loss is not finite.
        CallbackError: A callback has failed; a run with a folder is saved there.
        NeuroNetError: An option is not valid; the message says which.
    """
    if not distributed.is_main_process():
        out = log = None
    given = check_callbacks(callbacks)
    check_functions(log=log)
    if environment is None:
        raise ConfigurationError("train needs an environment, as in train('digits'), or a frame, or a pair of arrays")
    env, environment_text = coerce_environment(environment, **{name: options[name] for name in DATA_OPTIONS if name in options})
    networks: Network | tuple[Network, ...] | None = network if isinstance(network, Network) else None
    if network is not None and not callable(network):
        options = network_options(network, options)
    elif network is not None:
        config = make_config({**options, "environment": environment_text, "policy": policy})
        networks = tuple(network(seed) for seed in config.seeds)
        for made in networks:
            network_options(made, options)
        options = network_options(networks[0], options)
    config = make_config({**options, "environment": environment_text, "policy": policy})
    context = build_run(config, environment=env, network=networks)
    with closing(context.engine):
        if log is not None:
            _log_notes(context.environment.notes, log)
            if context.engine_choice.reason:
                mode = f"{_replica_mode(context)}{_layout(context)}"
                log(f"Engine {context.engine_choice.engine}: {context.engine_choice.reason}{mode}.")
            _log_kernels(context, log)
            if isinstance(network, Network) and config.replicas > 1:
                log(f"All {config.replicas} replicas start from the given network: they differ in their seeds alone.")
        folder = out(context.config) if callable(out) else out
        path = None if folder is None else named_path("out", folder)
        with lock_folder(path):
            kept = context.setups[0].network if networks is None and context.setups[0].network.is_sparse else networks
            run_directory = None if path is None else _create(path, context, kept)
            note_policies(context.policies, log)
            result = _run(Run(context, run_directory, given), env, networks)
    if log is not None:
        _log_notes(result.notes, log)
    return result


def _log_kernels(context: RunContext, log: Callable[[str], None]) -> None:
    if context.engine.is_compiled:
        log("Rounds are compiled by numba.")
    elif context.engine_choice.kernels == "compiled":
        from neuronet.engines.tensors import why_not_compiled

        log(f"Rounds are torch's: {why_not_compiled(context.setups, context.engine_choice.device)}.")


def _log_notes(notes: Sequence[str], log: Callable[[str], None]) -> None:
    for note in notes:
        log(note)


@plug_in_errors()
def resume(
    folder: str | Path,
    *,
    epochs: int | None = None,
    environment: Environment | Arrays | pd.DataFrame | None = None,
    policy: Policies | None = None,
    trust: bool = False,
    callbacks: Sequence[Callback] = (),
    log: Callable[[str], None] | None = None,
) -> Result:
    """Continue a run from its last checkpoint; the result equals that of a run without interruption.

    Args:
        folder: Folder with the record of the run.
        epochs: New number of epochs, at least those played; None for the run's own. The learning rate continues as the schedule
            has it for the new number.
        environment: Environment of the run, if no name in its configuration finds it.
        policy: Policy or population of the run, if no name in its configuration finds it.
        trust: Whether modules that the folder names (`module:Class`) are imported, which runs their code. Not needed for a module
            that is imported already, nor for a policy or environment that is passed again.
        callbacks: Callbacks such as EarlyStopping(), in the order of their calls (page Callbacks).
        log: Called with lines of text about the run.

    Raises:
        Interrupted: A stop was requested by a signal.
        DivergedError: The loss is not finite.
        CallbackError: A callback has failed; the run is saved.
        LockedError: Another process writes the folder.
        NeuroNetError: The folder has no run, or the run cannot be resumed.
    """
    if not distributed.is_main_process():
        log = None
    given = check_callbacks(callbacks)
    new = {name: value for name, value in {"epochs": epochs, "policy": policy}.items() if value is not None}
    if isinstance(policy, str | Sequence):  # a name that the caller gives is not the folder's
        new["policy"] = parse_population(policy)
    with record_access(Access.TRUSTED if trust else Access.RESUME):
        path = named_path("folder", folder)
        RunDirectory.require(path)
        with lock_folder(path if distributed.is_main_process() else None):  # before anything is read that may change
            return _resume(path, new, environment, given, log)


def _resume(
    folder: Path,
    new: Mapping[str, Any],
    environment: Environment | Arrays | pd.DataFrame | None,
    callbacks: Sequence[Callback],
    log: Callable[[str], None] | None,
) -> Result:
    run_directory = (RunDirectory if distributed.is_main_process() else ReadOnlyRunDirectory).open(folder, read_config)
    env = coerce_environment(environment, **run_directory.config.data_options)[0] if environment is not None else None
    if env is None and run_directory.config.environment == ARRAYS:
        raise ConfigurationError(f"the run in '{folder}' was trained on arrays: pass them as environment=(inputs, targets)")
    if env is None and run_directory.config.environment == FRAME:
        raise ConfigurationError(f"the run in '{folder}' was trained on a frame: pass it as environment=frame")
    old_epochs = run_directory.config.epochs
    config = make_config({**dict(run_directory.config), **new}, recorded=True)
    try:
        if isinstance(config.policy, UnresolvedPopulation):
            raise SpecError(config.policy.reason)
        context = build_run(config, environment=env, network=run_directory.load_networks(run_directory.config.replicas))
    except NeuroNetError as error:
        if (env is None or "policy" not in new) and "--trust" not in str(error):
            hint = "pass a policy or environment without a name in Python: neuronet.resume(folder, policy=...)"
            raise type(error)(f"{error} ({hint})") from None
        raise
    with closing(context.engine):
        run = Run(context, run_directory, callbacks)
        run.resume()
        run_directory.store.write_manifest(context.data_checksums, context.config.device, log)
        if "epochs" in new:
            run_directory.update_config(epochs=config.epochs)
        if log is not None:
            _log_notes(context.environment.notes, log)
            log(f"Resuming after round {run.engine.round_number:,}.")
            if config.epochs != old_epochs and config.lr_schedule != "constant":
                before = f"so far it was that of a run of {old_epochs}"
                log(f"The learning rate continues as in a run of {config.epochs} epochs; {before}.")
        note_policies(context.policies, log)
        result = _run(run, env, run_directory.load_networks(run_directory.config.replicas))
    if log is not None:
        _log_notes(result.notes, log)
    return result


def _create(path: Path, context: RunContext, network: Network | Sequence[Network] | None) -> RunDirectory[RunConfig]:
    config = context.config
    return RunDirectory.create(path, config, network, data=context.data_checksums, device=config.device)


def _run(run: Run, environment: Environment | None, network: Network | Sequence[Network] | None) -> Result:
    """Play a run to its end; if it diverges by a plug-in of the user's own, say so instead of blaming the learning rate."""
    try:
        return run.run()
    except DivergedError as error:
        from neuronet.testing import find_non_finite

        def play_again(watch: Callable[[Setup], Setup]) -> None:
            config = run.config.model_copy(update={"alignment": False, "inequality": False, "trace": ()})
            context = build_run(config, environment=environment, network=network, watch=watch)
            with closing(context.engine):
                Run(context, None).run()

        if distributed.world_size() > 1:
            raise
        raise find_non_finite(error, play_again) from None


def note_policies(policies: Iterable[Policy], log: Callable[[str], None] | None) -> None:
    """Say what a short check of the user's own policies found, once for each class: to `log`, or as a Python warning."""
    own = [policy for policy in policies if own_classes(policy)]
    if own:
        from neuronet.testing import notes_on_policies

        warn_or_log(notes_on_policies(own), log, stacklevel=5)


def warn_or_log(notes: Iterable[str], log: Callable[[str], None] | None, *, stacklevel: int = 4) -> None:
    """Say notes about policies to `log`, or as Python warnings.

    Args:
        notes: Lines of text.
        log: Called with each of them; None for warnings.
        stacklevel: Frames from here to the caller that a warning names, as `warnings.warn` counts them.
    """
    for note in notes:
        if log is not None:
            log(note)
        else:
            warnings.warn(note, PolicyWarning, stacklevel=stacklevel)


def _replica_mode(context: RunContext) -> str:
    if context.config.replicas == 1:
        return ""
    from neuronet.engines.tensors import SequentialReplicas

    return ", one after another" if isinstance(context.engine, SequentialReplicas) else ", in one batch"


def _layout(context: RunContext) -> str:
    """Return what is said of a sparse layout; nothing of a dense one."""
    network = context.setups[0].network
    if not network.is_sparse or context.engine_choice.engine == "agents":
        return ""
    possible = sum(int(a) * int(b) for a, b in pairwise(network.sizes))
    return f"; sparse layout, {network.connections:,} of {possible:,} possible connections"
