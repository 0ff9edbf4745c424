"""Training in a Gymnasium environment in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from neuronet.control.config import ControlConfig, make_config
from neuronet.control.environments import Given, Worlds
from neuronet.control.record import ControlRecord
from neuronet.control.result import ControlResult
from neuronet.control.runner import ControlRunner, Watcher
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import rule_named
from neuronet.core.structure.network import build_network
from neuronet.core.structure.population import Population
from neuronet.engines.base.engine import Engine, Setup
from neuronet.execution.signals import Interruption
from neuronet.registry.population_spec import Policies, population_from, text_of

OWN = "own"
"""What a configuration calls an environment that a function makes."""


def train(
    environment: Given,
    *,
    policy: Policies = "attention",
    out: str | Path | Callable[[ControlConfig], Path] | None = None,
    watcher: Watcher | None = None,
    **options: Any,
) -> ControlResult:
    """Train a network of self-interested neurons to act, by REINFORCE.

    Args:
        environment: A Gymnasium id such as "CartPole-v1", or a function that makes a gymnasium.Env.
        policy: A text such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", a Policy, a Population, or one text, Policy or
            Shares for each listening layer.
        out: A folder to record the run in, or a function that makes one for the configuration; without, nothing is written.
        watcher: Called after every round with its number and the mean return of the last 100 episodes.
        **options: Any other field of ControlConfig: engine, hidden, rounds, episodes, learning_rate, seed, ...

    Returns:
        The result: judged returns, every episode's return, the network.

    Raises:
        NeuroNetError: Something does not fit; the sentence says what.
        Interrupted: Ctrl-C; its `result` is what the run had come to.
    """
    population = population_from(policy)
    name = environment if isinstance(environment, str) else OWN
    config = make_config({**options, "environment": name, "policy": text_of(policy)})
    worlds = Worlds(environment, config.episodes, config.spread)
    with closing(worlds), closing(_engine(config, worlds, population)) as engine:
        config = config.model_copy(update={"device": engine.device})
        folder = out(config) if callable(out) else out
        record = None if folder is None else ControlRecord.create(Path(folder), config)
        return _play(ControlRunner(config, worlds, engine, record, watcher))


def resume(
    folder: str | Path,
    *,
    rounds: int | None = None,
    environment: Callable[[], Any] | None = None,
    policy: Policies | None = None,
    watcher: Watcher | None = None,
) -> ControlResult:
    """Go on with a run where its last checkpoint left it, as if it had never been interrupted.

    Args:
        folder: Where the run is recorded.
        rounds: A new number of rounds, not less than those played; without, the run's own.
        environment: The function that makes the run's environment, if it was given one.
        policy: The run's policy or population, if it has no name by which it could be found.
        watcher: As for `train`.

    Raises:
        NeuroNetError: There is no run, or it cannot go on.
        Interrupted: Ctrl-C; its `result` is what the run had come to.
    """
    record = ControlRecord.of(Path(folder))
    config = record.config if rounds is None else make_config({**record.config.model_dump(), "rounds": rounds})
    if (environment is None) == (config.environment == OWN):
        hint = "give its function again in Python, resume(folder, environment=...)" if environment is None else "leave it out"
        raise NeuroNetError(f"the run in '{folder}' has the environment '{config.environment}': {hint}")
    if policy is not None and text_of(policy) != config.policy:
        raise NeuroNetError(f"cannot resume the run: its policy was {config.policy}")
    population = _found_again(config) if policy is None else population_from(policy)
    worlds = Worlds(config.environment if environment is None else environment, config.episodes, config.spread)
    with closing(worlds), closing(_engine(config, worlds, population)) as engine:
        runner = ControlRunner(config, worlds, engine, record, watcher)
        runner.resume()
        record.extend(config.rounds)
        return _play(runner)


def _found_again(config: ControlConfig) -> Population:
    try:
        return population_from(config.policy)
    except NeuroNetError as error:
        raise NeuroNetError(f"{error} (a policy without a name is given again in Python: resume(folder, policy=...))") from None


def _engine(config: ControlConfig, worlds: Worlds, population: Population) -> Engine:
    sizes = (worlds.senses.inputs, *config.hidden, worlds.actions.outputs)
    network = build_network(sizes, wiring=config.wiring, activation=config.activation, seed=config.seed)
    policies, rule = population.groups(network, config.seed), rule_named(config.rule)
    setup = Setup(network, policies, rule, config.learning_rate, worlds.actions.payoff, config.seed, config.dtype)
    if config.engine == "agents":
        from neuronet.engines.agents import NeuronModel

        return NeuronModel(setup)
    from neuronet.engines.tensors import TensorEngine

    return TensorEngine(setup, device=config.device)


def _play(runner: ControlRunner) -> ControlResult:
    with Interruption() as interruption:
        return runner.run(interruption)
