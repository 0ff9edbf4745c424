"""Training in a Gymnasium environment in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from neuronet.control.config import ControlConfig, make_config, read_config
from neuronet.control.environments import EnvironmentSpec, VectorEnv
from neuronet.control.record import ControlRunDirectory
from neuronet.control.result import ControlResult
from neuronet.control.runner import ControlTrainer, ProgressCallback
from neuronet.core.errors import ConfigurationError, SpecError, StudyMismatchError
from neuronet.engines.base import Engine, Setup
from neuronet.execution.signals import Interruption
from neuronet.registry import Policies, UnresolvedPopulation, build_network, format_population

CUSTOM_ENVIRONMENT = "own"
"""What a configuration calls an environment that a function makes."""


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
            Shares for each listening layer.
        out: A folder to record the run in, or a function that makes one for the configuration; without, nothing is written.
        on_progress: Called after every round with its number and the mean return of the last 100 episodes.
        **options: Any other field of ControlConfig: engine, hidden, rounds, episodes, learning_rate, seed, ...

    Returns:
        The result: judged returns, every episode's return, the network.

    Raises:
        NeuroNetError: Something does not fit; the sentence says what.
        Interrupted: Ctrl-C; its `result` is what the run had come to.
    """
    name = environment if isinstance(environment, str) else CUSTOM_ENVIRONMENT
    config = make_config({**options, "environment": name, "policy": policy})
    vector_env = VectorEnv(environment, config.episodes, config.action_std)
    with closing(vector_env), closing(_engine(config, vector_env)) as engine:
        config = config.model_copy(update={"device": engine.device})
        folder = out(config) if callable(out) else out
        run_directory = None if folder is None else ControlRunDirectory.create(Path(folder), config)
        return _play(ControlTrainer(config, vector_env, engine, run_directory, on_progress))


def resume(
    folder: str | Path,
    *,
    rounds: int | None = None,
    environment: Callable[[], Any] | None = None,
    policy: Policies | None = None,
    on_progress: ProgressCallback | None = None,
) -> ControlResult:
    """Go on with a run where its last checkpoint left it, as if it had never been interrupted.

    Args:
        folder: Where the run is recorded.
        rounds: A new number of rounds, not less than those played; without, the run's own.
        environment: The function that makes the run's environment, if it was given one.
        policy: The run's policy or population, if it has no name by which it could be found.
        on_progress: As for `train`.

    Raises:
        NeuroNetError: There is no run, or it cannot go on.
        Interrupted: Ctrl-C; its `result` is what the run had come to.
    """
    run_directory = ControlRunDirectory.open(Path(folder), read_config)
    recorded = run_directory.config
    given = {"rounds": rounds, "policy": policy}
    config = make_config({**dict(recorded), **{name: value for name, value in given.items() if value is not None}}, recorded=True)
    if (environment is None) == (config.environment == CUSTOM_ENVIRONMENT):
        hint = "give its function again in Python, resume(folder, environment=...)" if environment is None else "leave it out"
        raise ConfigurationError(f"the run in '{folder}' has the environment '{config.environment}': {hint}")
    if format_population(config.policy) != format_population(recorded.policy):
        raise StudyMismatchError(f"cannot resume the run: its policy was {format_population(recorded.policy)}")
    if isinstance(config.policy, UnresolvedPopulation):
        hint = "a policy without a name is given again in Python: resume(folder, policy=...)"
        raise SpecError(f"{config.policy.reason} ({hint})")
    vector_env = VectorEnv(config.environment if environment is None else environment, config.episodes, config.action_std)
    with closing(vector_env), closing(_engine(config, vector_env)) as engine:
        trainer = ControlTrainer(config, vector_env, engine, run_directory, on_progress)
        trainer.resume()
        run_directory.set_rounds(config.rounds)
        return _play(trainer)


def _engine(config: ControlConfig, vector_env: VectorEnv) -> Engine:
    sizes = (vector_env.encoder.inputs, *config.hidden, vector_env.actions.outputs)
    network = build_network(sizes, connectivity=config.connectivity, activation=config.activation, seed=config.seed)
    policies = config.policy.groups(network, config.seed)
    setup = Setup(network, policies, config.optimizer, config.learning_rate, vector_env.actions.payoff, config.seed, config.dtype)
    if config.engine == "agents":
        from neuronet.engines.agents import NeuronModel

        return NeuronModel(setup)
    from neuronet.engines.tensors import TensorEngine

    return TensorEngine(setup, device=config.device)


def _play(trainer: ControlTrainer) -> ControlResult:
    with Interruption() as interruption:
        return trainer.run(interruption)
