"""Trained runs as games: the settings of a recorded run, and its networks as states in which games begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuronet.core import Access, ConfigurationError, SpecError, Synchronous, named_path, record_access
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.recording import CONFIG, RunDirectory
from neuronet.registry import UnresolvedPopulation, format_population
from neuronet.training import RecordedRun, RunConfig, read_config, resolve_environment


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A trained run as a game.

    Attributes:
        folder: Folder of the run.
        game_setup: Settings of the run; its learning rate is constant, and a game lasts one epoch.
        policy: Policies of the run, as its configuration names them.
        starts: State of each replica at the last checkpoint, with the policies that it follows.
    """

    folder: Path
    game_setup: GameSetup
    policy: str
    starts: tuple[InitialState, ...]


def is_run_folder(text: str) -> bool:
    """Return whether a text names a folder with the record of a run."""
    return (Path(text) / CONFIG).is_file()


def load_trained_run(folder: str | Path, *, trust: bool = False, **settings: Any) -> TrainedRun:
    """Return a recorded run as a game that begins where its training has ended.

    Args:
        folder: Folder of the run.
        trust: Whether modules that the folder names (`module:Class`) are imported, which runs their code.
        **settings: Fields of GameSetup other than those of the run, such as learning_rate=0.01.

    Raises:
        ConfigurationError: The run has interventions or an update schedule, which games do not have.
        NeuroNetError: The folder has no run, or the run cannot be restored.
    """
    path = named_path("folder", folder)
    with record_access(Access.TRUSTED if trust else Access.RESUME):
        run_directory = RunDirectory.open(path, read_config)
        config = run_directory.config
        _check_playable(path, config)
        runs = [RecordedRun(run_directory, replica) for replica in range(config.replicas)]
        starts = tuple(InitialState(run.initial_network, run.seed, run.state, run.setup.policies) for run in runs)
        return TrainedRun(path, _game_setup(config, starts[0], settings), _policy_text(config), starts)


def _check_playable(path: Path, config: RunConfig) -> None:
    if isinstance(config.policy, UnresolvedPopulation):
        raise SpecError(config.policy.reason)
    has = {
        "interventions": bool(config.interventions),
        "an update schedule": config.update_schedule != Synchronous(),
    }
    extra = next((name for name, present in has.items() if present), None)
    if extra is not None:
        raise ConfigurationError(f"the run in '{path}' has {extra}, but games are analysed without: choose a run without {extra}")


def _policy_text(config: RunConfig) -> str:
    """Return the policies of a run as one text, those of the layers with semicolons in between."""
    found = format_population(config.policy)
    return found if isinstance(found, str) else "; ".join(found)


def _game_setup(config: RunConfig, start: InitialState, settings: Mapping[str, Any]) -> GameSetup:
    own = {
        "activation": config.activation,
        "connectivity": config.connectivity,
        "init": config.init,
        "optimizer": config.optimizer,
        "learning_rate": config.learning_rate,
        "batch_size": config.batch_size,
        "channels": config.channels,
        "hidden": start.network.sizes[1:-1],
    }
    setup = GameSetup(resolve_environment(config), **{**own, **settings})
    return setup if "rounds" in settings else setup.with_rounds(setup.per_epoch)
