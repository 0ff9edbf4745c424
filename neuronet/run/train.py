"""Training in one call: from Python, and beneath the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from neuronet.environment import Environment
from neuronet.environments import Table
from neuronet.errors import NeuroNetError
from neuronet.network import Network
from neuronet.policy import Policy
from neuronet.run.catalogue import TABLE_PREFIX, name_of, policy_named
from neuronet.run.config import RunConfig, make_config
from neuronet.run.game import Game, assemble
from neuronet.run.interruption import Interruption
from neuronet.run.record import Record
from neuronet.run.result import Result
from neuronet.run.runner import Runner, Watcher

Arrays = tuple[Any, Any]

ARRAYS = "arrays"
"""What a configuration calls an environment that is a pair of arrays."""


def train(
    environment: str | Environment | Arrays,
    *,
    policy: str | Policy | Sequence[str | Policy] = "attention",
    network: Network | None = None,
    out: str | Path | Callable[[RunConfig], Path] | None = None,
    watcher: Watcher | None = None,
    narrator: Callable[[str], None] | None = None,
    **options: Any,
) -> Result:
    """Train a network of self-interested neurons.

    Args:
        environment: A name ("digits"), `table:PATH`, an Environment, or a pair of arrays (inputs, targets).
        policy: A name such as "greedy(top=3)", a Policy, or one for each listening layer.
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
    world, environment_text = _environment(environment, options.get("payoff", "auto"))
    if world is not None and options.get("target") is not None:
        raise NeuroNetError("target is an option of table:PATH: arrays and environments have their own")
    if network is not None:
        _check_network(network, options)
    given = _given(policy)
    texts = tuple(each if isinstance(each, str) else name_of(each) or f"{type(each).__module__}:{each!r}" for each in given)
    config = make_config({**options, "environment": environment_text, "policy": texts[0] if len(texts) == 1 else texts})
    instances = None if all(isinstance(each, str) for each in given) else _as_policies(given)
    game = assemble(config, environment=world, policy=instances, network=network)
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
    policy: Policy | Sequence[Policy] | None = None,
    watcher: Watcher | None = None,
    narrator: Callable[[str], None] | None = None,
) -> Result:
    """Go on with a run where its last checkpoint left it, as if it had never been interrupted.

    Args:
        folder: Where the run is recorded.
        epochs: A new number of epochs, not less than those played; without, the run's own.
        environment: The run's environment, if it has no name by which it could be found.
        policy: The run's policy, or one for each layer, likewise.
        watcher: Called with a Progress a few times a second, and after every epoch.
        narrator: Called with a line of text where the run has something to say.

    Raises:
        NeuroNetError: There is no run, or it cannot go on.
    """
    record = Record.of(Path(folder))
    world = _environment(environment, record.config.payoff)[0] if environment is not None else None
    if world is None and record.config.environment == ARRAYS:
        raise NeuroNetError(f"the run in '{folder}' was trained on arrays: give them again as environment=(inputs, targets)")
    config = record.config if epochs is None else make_config({**record.config.model_dump(), "epochs": epochs})
    try:
        game = assemble(config, environment=world, policy=policy, network=record.load_network())
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
        return _play(runner)


def _manner(game: Game, config: RunConfig) -> str:
    """How replicas are played, if there are any."""
    if config.replicas == 1:
        return ""
    from neuronet.engines.tensors import TakingTurns

    return " one after another" if isinstance(game.engine, TakingTurns) else " at once"


def _play(runner: Runner) -> Result:
    with Interruption() as interruption:
        return runner.run(interruption)


def _given(policy: object) -> list[str | Policy]:
    several = isinstance(policy, Iterable) and not isinstance(policy, str)
    given: list[Any] = list(policy) if several else [policy]  # type: ignore[call-overload]
    for each in given:
        if not isinstance(each, (str, Policy)):
            raise NeuroNetError(f"policy must be a name such as 'greedy(top=3)', a Policy, or one for each layer, got {each!r}")
    return given


def _check_network(network: object, options: Mapping[str, Any]) -> None:
    if not isinstance(network, Network):
        raise NeuroNetError(f"network must be a Network, such as build_network and from_graph give, got {network!r}")
    shaping = next((name for name in ("hidden", "activation", "wiring", "initialisation") if name in options), None)
    if shaping is not None:
        raise NeuroNetError(f"{shaping} is given twice, as an option and by the network: leave the option out")


def _environment(environment: str | Environment | Arrays, payoff: str = "auto") -> tuple[Environment | None, str]:
    if isinstance(environment, str):
        return None, environment
    if isinstance(environment, Environment):
        if payoff != "auto":
            raise NeuroNetError(f"payoff is an option of arrays and table:PATH, {type(environment).__name__} has its own")
        return environment, name_of(environment) or type(environment).__name__
    if isinstance(environment, tuple) and len(environment) == 2:
        return Table(*environment, payoff=payoff, name=ARRAYS), ARRAYS
    raise NeuroNetError(f"environment must be a name, an Environment or a pair of arrays, got {type(environment).__name__}")


def _as_policies(given: Sequence[str | Policy]) -> list[Policy]:
    return [policy_named(each) if isinstance(each, str) else each for each in given]


def _resolved(config: RunConfig, game: Game, network: Network | None) -> RunConfig:
    updates: dict[str, Any] = {"engine": game.choice.engine, "device": game.choice.device, "dtype": game.choice.dtype}
    if network is not None:
        updates |= {"hidden": network.sizes[1:-1], "activation": network.activations[0]}
    if config.environment.startswith(TABLE_PREFIX):  # so that the run can be resumed from another folder
        updates["environment"] = f"{TABLE_PREFIX}{Path(config.environment.removeprefix(TABLE_PREFIX)).resolve()}"
    return config.model_copy(update=updates)
