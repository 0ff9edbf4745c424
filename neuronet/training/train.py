"""Training in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.environments import Table
from neuronet.execution import distributed
from neuronet.execution.signals import Interruption
from neuronet.recording.read_only import ReadOnlyRunDirectory
from neuronet.recording.run_directory import RunDirectory
from neuronet.registry import Policies, spec_of, with_absolute_path
from neuronet.training.assembly import RunContext, build_run
from neuronet.training.config import RunConfig, make_config
from neuronet.training.result import Result
from neuronet.training.trainer import ProgressCallback, Trainer

Arrays = tuple[Any, Any]

ARRAYS = "arrays"
"""What a configuration calls an environment that is a pair of arrays."""


def train(
    environment: str | Environment | Arrays,
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    out: str | Path | Callable[[RunConfig], Path] | None = None,
    on_progress: ProgressCallback | None = None,
    log: Callable[[str], None] | None = None,
    **options: Any,
) -> Result:
    """Train a network of self-interested neurons.

    Args:
        environment: A name ("digits"), `table:PATH`, an Environment, or a pair of arrays (inputs, targets).
        policy: A text such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", a Policy, a Population, or one text, Policy or
            Shares for each listening layer.
        network: A network to start from; without, a fresh one.
        out: A folder to record the run in, or a function that makes one for the configuration; without, nothing is written.
        on_progress: Called with a Progress a few times a second, and after every epoch.
        log: Called with a line of text where the run has something to say.
        **options: Any other field of RunConfig: engine, hidden, epochs, learning_rate, seed, ...

    Returns:
        The result: accuracy, metrics, networks.

    Raises:
        NeuroNetError: Something does not fit; the sentence says what.
    """
    if not distributed.is_main_process():
        out = on_progress = log = None
    env, environment_text = coerce_environment(environment, options.get("payoff", "auto"))
    if env is not None and options.get("target") is not None:
        raise NeuroNetError("target is an option of table:PATH: arrays and environments have their own")
    if env is not None and options.get("data_dir") is not None:
        raise NeuroNetError("data_dir is an option of environments that are named: this one has its samples already")
    if network is not None:
        _check_network(network, options)
    config = make_config({**options, "environment": environment_text, "policy": policy})
    context = build_run(config, environment=env, network=network)
    with closing(context.engine):
        if log is not None and context.engine_choice.reason:
            log(f"Engine {context.engine_choice.engine}: {context.engine_choice.reason}{_replica_mode(context, config)}.")
        config = _resolve_config(config, context, network)
        folder = out(config) if callable(out) else out
        run_directory = None if folder is None else RunDirectory.create(Path(folder), config, network)
        return _run(Trainer(config, context, run_directory, on_progress))


def resume(
    folder: str | Path,
    *,
    epochs: int | None = None,
    environment: Environment | Arrays | None = None,
    policy: Policies | None = None,
    on_progress: ProgressCallback | None = None,
    log: Callable[[str], None] | None = None,
) -> Result:
    """Go on with a run where its last checkpoint left it, as if it had never been interrupted.

    Args:
        folder: Where the run is recorded.
        epochs: A new number of epochs, not less than those played; without, the run's own. The learning rate then goes on as the
            schedule says for the new number.
        environment: The run's environment, if it has no name by which it could be found.
        policy: The run's policy or population, likewise.
        on_progress: Called with a Progress a few times a second, and after every epoch.
        log: Called with a line of text where the run has something to say.

    Raises:
        NeuroNetError: There is no run, or it cannot go on.
    """
    if not distributed.is_main_process():
        on_progress = log = None
    run_directory = (RunDirectory if distributed.is_main_process() else ReadOnlyRunDirectory).open(Path(folder))
    env = coerce_environment(environment, run_directory.config.payoff)[0] if environment is not None else None
    if env is None and run_directory.config.environment == ARRAYS:
        raise NeuroNetError(f"the run in '{folder}' was trained on arrays: give them again as environment=(inputs, targets)")
    old_epochs = run_directory.config.epochs
    given = {"epochs": epochs, "policy": policy}
    new = {name: value for name, value in given.items() if value is not None}
    config = make_config({**dict(run_directory.config), **new}, recorded=True)
    try:
        context = build_run(config, environment=env, network=run_directory.load_network())
    except NeuroNetError as error:
        if env is None or policy is None:
            hint = "a policy or environment without a name is given again in Python: neuronet.resume(folder, policy=...)"
            raise NeuroNetError(f"{error} ({hint})") from None
        raise
    with closing(context.engine):
        trainer = Trainer(config, context, run_directory, on_progress)
        trainer.resume()
        if epochs is not None:
            run_directory.extend(epochs)
        if log is not None:
            log(f"Going on after round {trainer.engine.round_number:,}.")
            if epochs not in (None, old_epochs) and config.lr_schedule != "constant":
                log(f"The learning rate goes on as in a run of {epochs} epochs; until now it was that of one of {old_epochs}.")
        return _run(trainer)


def _replica_mode(context: RunContext, config: RunConfig) -> str:
    """How replicas are played, if there are any."""
    if config.replicas == 1:
        return ""
    from neuronet.engines.tensors import SequentialReplicas

    return " one after another" if isinstance(context.engine, SequentialReplicas) else " at once"


def _run(trainer: Trainer) -> Result:
    with Interruption(ignore_repeats=distributed.world_size() > 1) as interruption:
        return trainer.run(interruption)


def _check_network(network: object, options: Mapping[str, Any]) -> None:
    if not isinstance(network, Network):
        raise NeuroNetError(f"network must be a Network, such as build_network and from_graph give, got {network!r}")
    shaping = next((name for name in ("hidden", "activation", "connectivity", "init") if name in options), None)
    if shaping is not None:
        raise NeuroNetError(f"{shaping} is given twice, as an option and by the network: leave the option out")


def coerce_environment(environment: str | Environment | Arrays, payoff: str = "auto") -> tuple[Environment | None, str]:
    """The environment that is given, None if it only has a name, and what a configuration calls it.

    Raises:
        NeuroNetError: It is none.
    """
    if isinstance(environment, str):
        return None, environment
    if isinstance(environment, Environment):
        if payoff != "auto":
            raise NeuroNetError(f"payoff is an option of arrays and table:PATH, {type(environment).__name__} has its own")
        return environment, spec_of(environment) or type(environment).__name__
    if isinstance(environment, tuple) and len(environment) == 2:
        return Table(*environment, payoff=payoff, name=ARRAYS), ARRAYS
    raise NeuroNetError(f"environment must be a name, an Environment or a pair of arrays, got {type(environment).__name__}")


def _resolve_config(config: RunConfig, context: RunContext, network: Network | None) -> RunConfig:
    updates: dict[str, Any] = {
        "engine": context.engine_choice.engine,
        "device": context.engine_choice.device,
        "dtype": context.engine_choice.dtype,
    }
    if network is not None:
        updates |= {"hidden": network.sizes[1:-1], "activation": network.activations[0]}
    updates["environment"] = with_absolute_path(config.environment)  # so that the run can be resumed from another folder
    if config.data_dir is not None:
        updates["data_dir"] = str(Path(config.data_dir).resolve())
    return config.model_copy(update=updates)
