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
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import parse_optimizer
from neuronet.core.structure.network import build_network
from neuronet.core.structure.population import Population
from neuronet.engines.base import Engine, Setup
from neuronet.execution.signals import Interruption
from neuronet.registry.population_spec import Policies, format_population, parse_population

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
    population = parse_population(policy)
    name = environment if isinstance(environment, str) else CUSTOM_ENVIRONMENT
    config = make_config({**options, "environment": name, "policy": format_population(policy)})
    vector_env = VectorEnv(environment, config.episodes, config.action_std)
    with closing(vector_env), closing(_engine(config, vector_env, population)) as engine:
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
    config = run_directory.config if rounds is None else make_config({**run_directory.config.model_dump(), "rounds": rounds})
    if (environment is None) == (config.environment == CUSTOM_ENVIRONMENT):
        hint = "give its function again in Python, resume(folder, environment=...)" if environment is None else "leave it out"
        raise NeuroNetError(f"the run in '{folder}' has the environment '{config.environment}': {hint}")
    if policy is not None and format_population(policy) != config.policy:
        raise NeuroNetError(f"cannot resume the run: its policy was {config.policy}")
    population = _parse_recorded_policy(config) if policy is None else parse_population(policy)
    vector_env = VectorEnv(config.environment if environment is None else environment, config.episodes, config.action_std)
    with closing(vector_env), closing(_engine(config, vector_env, population)) as engine:
        trainer = ControlTrainer(config, vector_env, engine, run_directory, on_progress)
        trainer.resume()
        run_directory.set_rounds(config.rounds)
        return _play(trainer)


def _parse_recorded_policy(config: ControlConfig) -> Population:
    try:
        return parse_population(config.policy)
    except NeuroNetError as error:
        raise NeuroNetError(f"{error} (a policy without a name is given again in Python: resume(folder, policy=...))") from None


def _engine(config: ControlConfig, vector_env: VectorEnv, population: Population) -> Engine:
    sizes = (vector_env.encoder.inputs, *config.hidden, vector_env.actions.outputs)
    network = build_network(sizes, connectivity=config.connectivity, activation=config.activation, seed=config.seed)
    policies, optimizer = population.groups(network, config.seed), parse_optimizer(config.optimizer)
    setup = Setup(network, policies, optimizer, config.learning_rate, vector_env.actions.payoff, config.seed, config.dtype)
    if config.engine == "agents":
        from neuronet.engines.agents import NeuronModel

        return NeuronModel(setup)
    from neuronet.engines.tensors import TensorEngine

    return TensorEngine(setup, device=config.device)


def _play(trainer: ControlTrainer) -> ControlResult:
    with Interruption() as interruption:
        return trainer.run(interruption)
