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
from neuronet.recording.read_only import Reader
from neuronet.recording.run_directory import Record
from neuronet.registry.population_spec import Policies, population_from, text_of
from neuronet.registry.registry import name_of, with_whole_path
from neuronet.training.assembly import Game, assemble
from neuronet.training.config import RunConfig, make_config
from neuronet.training.result import Result
from neuronet.training.trainer import Runner, Watcher

Arrays = tuple[Any, Any]

ARRAYS = "arrays"
"""What a configuration calls an environment that is a pair of arrays."""


def train(
    environment: str | Environment | Arrays,
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    out: str | Path | Callable[[RunConfig], Path] | None = None,
    watcher: Watcher | None = None,
    narrator: Callable[[str], None] | None = None,
    **options: Any,
) -> Result:
    """Train a network of self-interested neurons.

    Args:
        environment: A name ("digits"), `table:PATH`, an Environment, or a pair of arrays (inputs, targets).
        policy: A text such as "greedy(top=3)" or "attention:0.9,free-rider:0.1", a Policy, a Population, or one text, Policy or
            Shares for each listening layer.
        network: A network to start from; without, a fresh one.
        out: A folder to record the run in, or a function that makes one for the configuration; without, nothing is written.
        watcher: Called with a Progress a few times a second, and after every epoch.
        narrator: Called with a line of text where the run has something to say.
        **options: Any other field of RunConfig: engine, hidden, epochs, learning_rate, seed, ...

    Returns:
        The result: accuracy, metrics, networks.

    Raises:
        NeuroNetError: Something does not fit; the sentence says what.
    """
    if not distributed.is_first():
        out = watcher = narrator = None
    world, environment_text = environment_given(environment, options.get("payoff", "auto"))
    if world is not None and options.get("target") is not None:
        raise NeuroNetError("target is an option of table:PATH: arrays and environments have their own")
    if world is not None and options.get("data_dir") is not None:
        raise NeuroNetError("data_dir is an option of environments that are named: this one has its samples already")
    if network is not None:
        _check_network(network, options)
    population = population_from(policy)
    config = make_config({**options, "environment": environment_text, "policy": text_of(policy)})
    game = assemble(config, environment=world, population=population, network=network)
    with closing(game.engine):
        if narrator is not None and game.choice.reason:
            narrator(f"Engine {game.choice.engine}: {game.choice.reason}{_manner(game, config)}.")
        config = _resolved(config, game, network)
        folder = out(config) if callable(out) else out
        record = None if folder is None else Record.create(Path(folder), config, network)
        return _play(Runner(config, game, record, watcher))


def resume(
    folder: str | Path,
    *,
    epochs: int | None = None,
    environment: Environment | Arrays | None = None,
    policy: Policies | None = None,
    watcher: Watcher | None = None,
    narrator: Callable[[str], None] | None = None,
) -> Result:
    """Go on with a run where its last checkpoint left it, as if it had never been interrupted.

    Args:
        folder: Where the run is recorded.
        epochs: A new number of epochs, not less than those played; without, the run's own. The learning rate then goes on as the
            schedule says for the new number.
        environment: The run's environment, if it has no name by which it could be found.
        policy: The run's policy or population, likewise.
        watcher: Called with a Progress a few times a second, and after every epoch.
        narrator: Called with a line of text where the run has something to say.

    Raises:
        NeuroNetError: There is no run, or it cannot go on.
    """
    if not distributed.is_first():
        watcher = narrator = None
    record = (Record if distributed.is_first() else Reader).of(Path(folder))
    world = environment_given(environment, record.config.payoff)[0] if environment is not None else None
    if world is None and record.config.environment == ARRAYS:
        raise NeuroNetError(f"the run in '{folder}' was trained on arrays: give them again as environment=(inputs, targets)")
    former = record.config.epochs
    config = record.config if epochs is None else make_config({**record.config.model_dump(), "epochs": epochs})
    try:
        population = None if policy is None else population_from(policy)
        game = assemble(config, environment=world, population=population, network=record.load_network())
    except NeuroNetError as error:
        if world is None or policy is None:
            hint = "a policy or environment without a name is given again in Python: neuronet.resume(folder, policy=...)"
            raise NeuroNetError(f"{error} ({hint})") from None
        raise
    with closing(game.engine):
        runner = Runner(config, game, record, watcher)
        runner.resume()
        if epochs is not None:
            record.extend(epochs)
        if narrator is not None:
            narrator(f"Going on after round {runner.engine.round_number:,}.")
            if epochs not in (None, former) and config.schedule != "constant":
                narrator(f"The learning rate goes on as in a run of {epochs} epochs; until now it was that of one of {former}.")
        return _play(runner)


def _manner(game: Game, config: RunConfig) -> str:
    """How replicas are played, if there are any."""
    if config.replicas == 1:
        return ""
    from neuronet.engines.tensors import TakingTurns

    return " one after another" if isinstance(game.engine, TakingTurns) else " at once"


def _play(runner: Runner) -> Result:
    with Interruption(patient=distributed.count() > 1) as interruption:
        return runner.run(interruption)


def _check_network(network: object, options: Mapping[str, Any]) -> None:
    if not isinstance(network, Network):
        raise NeuroNetError(f"network must be a Network, such as build_network and from_graph give, got {network!r}")
    shaping = next((name for name in ("hidden", "activation", "wiring", "initialisation") if name in options), None)
    if shaping is not None:
        raise NeuroNetError(f"{shaping} is given twice, as an option and by the network: leave the option out")


def environment_given(environment: str | Environment | Arrays, payoff: str = "auto") -> tuple[Environment | None, str]:
    """The environment that is given, None if it only has a name, and what a configuration calls it.

    Raises:
        NeuroNetError: It is none.
    """
    if isinstance(environment, str):
        return None, environment
    if isinstance(environment, Environment):
        if payoff != "auto":
            raise NeuroNetError(f"payoff is an option of arrays and table:PATH, {type(environment).__name__} has its own")
        return environment, name_of(environment) or type(environment).__name__
    if isinstance(environment, tuple) and len(environment) == 2:
        return Table(*environment, payoff=payoff, name=ARRAYS), ARRAYS
    raise NeuroNetError(f"environment must be a name, an Environment or a pair of arrays, got {type(environment).__name__}")


def _resolved(config: RunConfig, game: Game, network: Network | None) -> RunConfig:
    updates: dict[str, Any] = {"engine": game.choice.engine, "device": game.choice.device, "dtype": game.choice.dtype}
    if network is not None:
        updates |= {"hidden": network.sizes[1:-1], "activation": network.activations[0]}
    updates["environment"] = with_whole_path(config.environment)  # so that the run can be resumed from another folder
    if config.data_dir is not None:
        updates["data_dir"] = str(Path(config.data_dir).resolve())
    return config.model_copy(update=updates)
