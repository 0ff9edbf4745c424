"""A call of a command of `neuronet game`: what is analysed, and where the results go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.parsing import parse_epochs
from neuronet.cli.commands.options import new_folder
from neuronet.core import ConfigurationError, DataError, check_number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import RenderableType

    from neuronet.games import GamePayoff, GameSetup, InitialState, Profile, TrainedRun

FIXED_BY_RUN = ("hidden", "activation", "channels", "optimizer", "target")
"""Options that a trained run has already."""


@dataclass(frozen=True)
class GameCall:
    """Call of a command of `neuronet game`.

    Attributes:
        environment: Spec of the environment.
        options: Options by field, those with their defaults left out; `rounds` is the length of a game.
        seed: First random seed.
        out: Folder of the results; None for a new one.
        json: Whether to print the summary as JSON.
        trust: Whether modules that the record of a run names are imported.
    """

    environment: str
    options: dict[str, Any]
    seed: int
    out: Path | None
    json: bool
    trust: bool = False

    def seeds(self, count: int, least: int = 1) -> range:
        """Return this many seeds.

        Raises:
            ConfigurationError: There are fewer than `least`.
        """
        check_number("seeds", count, least, whole=True)
        return range(self.seed, self.seed + count)

    @cached_property
    def run(self) -> TrainedRun | None:
        """Return the trained run that is analysed; None where the command names an environment.

        Raises:
            ConfigurationError: An option is given that the run has already.
            NeuroNetError: The run cannot be restored.
        """
        from neuronet.games import is_run_folder, load_trained_run
        from neuronet.registry import known_environments

        if not is_run_folder(self.environment):
            if Path(self.environment).is_dir() and self.environment not in known_environments():
                raise DataError(f"the folder '{self.environment}' has no record of a run: it has no config.json")
            return None
        given = next((name for name in FIXED_BY_RUN if name in self.options), None)
        if given is not None:
            raise ConfigurationError(f"{given} is that of the run '{self.environment}': leave the option out")
        settings = {
            name: self.options[name] for name in ("learning_rate", "batch_size", "rounds", "kernels") if name in self.options
        }
        return load_trained_run(self.environment, trust=self.trust, **settings, **self._utilities())

    def _utilities(self) -> dict[str, Any]:
        """Return the measure and the own payoff, by field of GameSetup."""
        from neuronet.games import parse_utility

        found: dict[str, Any] = {}
        if "measure" in self.options:
            found["measure"] = parse_utility(self.options["measure"])
        payoff = self.payoff
        if payoff is not None and not isinstance(payoff, str):
            found["own_payoffs"] = (payoff,)
        return found

    def choose_payoff(self, text: str | None) -> None:
        """Take the payoff of a command's own option; before `setup`."""
        if text is not None:
            self.options["payoff"] = text

    def profile(self, policy: str | None) -> tuple[Profile, str]:
        """Return the policies of the neurons with their text: those given, those of the run, or attention-seeking."""
        if policy is None and self.run is not None:
            layers = self.run.starts[0].layers
            assert layers is not None  # a run has policies
            return layers, self.run.policy
        return policy or "attention", policy or "attention"

    @cached_property
    def payoff(self) -> str | GamePayoff | None:
        """Return the payoff that is asked for; None without one.

        Raises:
            SpecError: It is unknown, or names no function.
        """
        from neuronet.games import parse_payoff_kind

        text = self.options.get("payoff")
        return None if text is None else parse_payoff_kind(text)

    def payoff_name(self, default: str = "attention") -> str:
        """Return the name of the payoff that is asked for."""
        payoff = self.payoff or default
        return payoff if isinstance(payoff, str) else payoff.name

    def refuse_run(self, command: str) -> None:
        """Raise an error where the folder of a run is given to a command that plays from fresh networks.

        Raises:
            ConfigurationError: It is.
        """
        if self.run is not None:
            raise ConfigurationError(
                f"'{self.environment}' is a trained run, but game {command} plays from fresh networks: "
                "name an environment, such as digits"
            )

    def starts(self, profile: Profile, at_epochs: str | None, networks: int | None, default: str) -> Iterator[InitialState]:
        """Yield the states in which games begin: those of the trained run, or of networks trained by a profile.

        Args:
            profile: Policies that train networks.
            at_epochs: Epochs of training, with commas in between; None for the default.
            networks: Number of networks; None for 1.
            default: Default of `at_epochs`.

        Raises:
            ConfigurationError: Epochs or networks are given for a run, or are out of range.
        """
        from neuronet.games import training_checkpoints

        if self.run is not None:
            self.check_run_options(at_epochs=at_epochs, networks=networks)
            yield from self.run.starts
            return
        game_setup = self.setup()
        rounds = [epoch * game_setup.per_epoch for epoch in parse_epochs(at_epochs or default)]
        for seed in self.seeds(1 if networks is None else networks):
            yield from training_checkpoints(game_setup, profile, seed, rounds)

    def check_run_options(self, **given: Any) -> None:
        """Raise an error if an option is given that concerns networks which the command trains.

        Raises:
            ConfigurationError: One is.
        """
        name = next((name for name, value in given.items() if value is not None), None)
        if name is not None:
            raise ConfigurationError(
                f"{name} is for networks that the command trains, but '{self.environment}' is a trained run: leave it out"
            )

    def setup(self, *, epochs: int = 1) -> GameSetup:
        """Return the game setup of the options.

        Args:
            epochs: Length of a game in epochs, where `rounds` is not given.

        Raises:
            SpecError: A spec cannot be parsed.
            ConfigurationError: An option is out of range.
        """
        from neuronet.core import parse_activation
        from neuronet.games import GameSetup
        from neuronet.registry import as_channels, parse_environment, parse_optimizer

        options = self.options
        if self.run is not None:
            played = self.run.game_setup
            return played if "rounds" in options else played.with_rounds(epochs * played.per_epoch)
        found = GameSetup(
            parse_environment(self.environment, target=options.get("target")),
            hidden=options.get("hidden", (32,)),
            activation=parse_activation(options.get("activation", "relu")).name,
            optimizer=parse_optimizer(options.get("optimizer", "momentum")),
            learning_rate=options.get("learning_rate", 0.02),
            batch_size=options.get("batch_size", 32),
            channels=as_channels(options.get("channels", ())),
            kernels=options.get("kernels", "auto"),
            **self._utilities(),
        )
        return replace(found, rounds=options.get("rounds", epochs * found.per_epoch))

    def write(
        self,
        name: str,
        *,
        tables: Mapping[str, pd.DataFrame],
        pictures: Mapping[str, Figure],
        shown: RenderableType,
        headline: str,
        summary: Mapping[str, Any],
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Write tables, pictures and other files into the folder, and print the table or the summary.

        Args:
            name: Name of the command, for a new folder.
            tables: Tables by name, without ".csv".
            pictures: Figures by name, without ".png".
            shown: Table to print.
            headline: Sentence that says what was found, printed under the table.
            summary: Summary to print as JSON, with the environment and the folder; numbers that are not finite become null.
            files: Other texts, by file name.

        Raises:
            DataError: A file cannot be written.
        """
        from rich.console import Group

        from neuronet.plotting import style
        from neuronet.recording import StudyStore

        folder = self.out or new_folder(f"game-{name}-{Path(self.environment).stem}")
        with_headline = Group(shown, "", escape(headline))
        texts = {f"{table_name}.csv": table.to_csv(index=False, lineterminator="\n") for table_name, table in tables.items()}
        store = StudyStore(folder, "game")
        store.make_folder()
        store.write_manifest()
        for file_name, text in {**texts, **(files or {})}.items():
            store.write(file_name, text.encode())
        for picture, figure in pictures.items():
            style.save(figure, folder / f"{picture}.png")
        content = {"environment": self.environment, "headline": headline, **summary, "out": str(folder)}
        console.print_result(with_headline, lambda: content, self.json, folder)
