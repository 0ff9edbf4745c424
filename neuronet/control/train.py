"""Train or resume a run in a Gymnasium environment in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from neuronet.control.config import ControlConfig, make_config, read_config
from neuronet.control.environments import EnvironmentSpec, VectorEnv
from neuronet.control.record import ControlRunDirectory
from neuronet.control.result import ControlResult
from neuronet.control.runner import ControlTrainer, ProgressCallback
from neuronet.core import (
    Access,
    ConfigurationError,
    DivergedError,
    SpecError,
    StudyMismatchError,
    check_import,
    named_path,
    plug_in_errors,
    record_access,
)
from neuronet.engines.base import Engine, Setup
from neuronet.execution import Interruption
from neuronet.recording import lock_folder
from neuronet.registry import Policies, UnresolvedPopulation, build_network, format_population, parse_population
from neuronet.training import note_policies

CUSTOM_ENVIRONMENT = "own"
"""Name in the configuration of an environment that a function makes."""


@plug_in_errors()
def train(
    environment: EnvironmentSpec,
    *,
    policy: Policies = "attention",
    out: str | Path | Callable[[ControlConfig], Path] | None = None,
    on_progress: ProgressCallback | None = None,
    **options: Any,
) -> ControlResult:
    """Train a network of self-interested neurons to act, by REINFORCE.

    Args:
        environment: A Gymnasium id such as "CartPole-v1", or a function that makes a gymnasium.Env.
        policy: A text such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", a Policy, a Population, or one text, Policy or
            Shares per listening layer.
        out: Folder of the run, or a function from the configuration to the folder; None to write nothing.
        on_progress: Function called after each round with its number and the mean return of the last 100 episodes.
        **options: Further fields of ControlConfig: engine, hidden, rounds, episodes, learning_rate, seed, ...

    Returns:
        Result with the evaluation, the return of each episode and the network.

    Raises:
        NeuroNetError: An option, the environment or the policy is invalid.
        Interrupted: Ctrl-C was pressed; its `result` has the rounds before.
    """
    name = environment if isinstance(environment, str) else CUSTOM_ENVIRONMENT
    config = make_config({**options, "environment": name, "policy": policy})
    vector_env = VectorEnv(environment, config.episodes, config.action_std)
    with closing(vector_env), closing(_engine(config, vector_env)) as engine:
        config = config.model_copy(update={"device": engine.device})
        folder = out(config) if callable(out) else out
        path = None if folder is None else named_path("out", folder)
        with lock_folder(path):
            run_directory = None if path is None else ControlRunDirectory.create(path, config, device=config.device)
            note_policies([policy for setup in engine.setups for policy in setup.all_policies], None)
            return _play(ControlTrainer(config, vector_env, engine, run_directory, on_progress))


@plug_in_errors()
def resume(
    folder: str | Path,
    *,
    rounds: int | None = None,
    environment: Callable[[], Any] | None = None,
    policy: Policies | None = None,
    trust: bool = False,
    on_progress: ProgressCallback | None = None,
    log: Callable[[str], None] | None = None,
) -> ControlResult:
    """Continue a run from its last checkpoint; the result equals that of an uninterrupted run.

    Args:
        folder: Folder of the run.
        rounds: New number of rounds, at least the number played; None for that of the run.
        environment: Function that makes the environment, if the run was started with a function.
        policy: Policy or population of the run, if it cannot be found by name.
        trust: Whether modules that the folder names (`module:Class`, or `module:Name-v0` of an environment) are imported, which
            runs their code. Not needed for a module that is imported already, nor for a policy that is passed again.
        on_progress: Function called after each round, as for `train`.
        log: Function called with a line for each difference to where the run was started, such as another version.

    Raises:
        LockedError: Another process writes the folder.
        NeuroNetError: The folder has no run, or the arguments do not fit it.
        Interrupted: Ctrl-C was pressed; its `result` has the rounds before.
    """
    new = {name: value for name, value in {"rounds": rounds, "policy": policy}.items() if value is not None}
    if isinstance(policy, str | Sequence):  # a name that the caller gives is not the folder's
        new["policy"] = parse_population(policy)
    with record_access(Access.TRUSTED if trust else Access.RESUME):
        path = named_path("folder", folder)
        ControlRunDirectory.require(path)
        with lock_folder(path):  # before anything is read that may change
            return _resume(path, new, environment, on_progress, log)


def _resume(
    folder: Path,
    new: Mapping[str, Any],
    environment: Callable[[], Any] | None,
    on_progress: ProgressCallback | None,
    log: Callable[[str], None] | None,
) -> ControlResult:
    run_directory = ControlRunDirectory.open(folder, read_config)
    recorded = run_directory.config
    config = make_config({**dict(recorded), **new}, recorded=True)
    if (environment is None) == (config.environment == CUSTOM_ENVIRONMENT):
        hint = "pass its function again in Python: resume(folder, environment=...)" if environment is None else "leave it out"
        raise ConfigurationError(f"the run in '{folder}' has the environment '{config.environment}': {hint}")
    if format_population(config.policy, all_parameters=True) != format_population(recorded.policy, all_parameters=True):
        raise StudyMismatchError(f"cannot resume the run: its policy was {format_population(recorded.policy)}")
    if isinstance(config.policy, UnresolvedPopulation):
        hint = " (pass a policy without a name again in Python: resume(folder, policy=...))"
        raise SpecError(f"{config.policy.reason}{'' if '--trust' in config.policy.reason else hint}")
    if environment is None and ":" in config.environment:  # Gymnasium imports the module
        check_import("environment", config.environment, config.environment.split(":")[0])
    vector_env = VectorEnv(config.environment if environment is None else environment, config.episodes, config.action_std)
    with closing(vector_env), closing(_engine(config, vector_env)) as engine:
        trainer = ControlTrainer(config, vector_env, engine, run_directory, on_progress)
        trainer.resume()
        run_directory.update_config(rounds=config.rounds)
        run_directory.store.write_manifest(device=engine.device, log=log)
        return _play(trainer)


def _engine(config: ControlConfig, vector_env: VectorEnv, watch: Callable[[Setup], Setup] | None = None) -> Engine:
    sizes = (vector_env.inputs, *config.hidden, vector_env.actions.outputs)
    network = build_network(
        sizes,
        connectivity=config.connectivity,
        activation=config.activation,
        seed=config.seed,
        layout="dense",
    )
    policies = config.policy.groups(network, config.seed)
    setup = Setup(network, policies, config.optimizer, config.learning_rate, vector_env.actions.payoff, config.seed, config.dtype)
    setup = setup if watch is None else watch(setup)
    if config.engine == "agents":
        from neuronet.engines.agents import NeuronModel

        return NeuronModel(setup)
    from neuronet.engines.tensors import TensorEngine

    return TensorEngine(setup, device=config.device)


def _play(trainer: ControlTrainer) -> ControlResult:
    """Play a run to its end; if it diverges by a policy of the user's own, say so instead of blaming the learning rate."""
    try:
        with Interruption() as interruption:
            return trainer.run(interruption)
    except DivergedError as error:
        from neuronet.testing import find_non_finite

        def play_again(watch: Callable[[Setup], Setup]) -> None:
            with closing(_engine(trainer.config, trainer.vector_env, watch)) as engine, Interruption() as interruption:
                ControlTrainer(trainer.config, trainer.vector_env, engine, None).run(interruption)

        raise find_non_finite(error, play_again) from None
