"""Options and results that the commands of `neuronet game` share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.compare import split_policies
from neuronet.cli.commands.options import Json, Out, new_folder, select_options, with_options
from neuronet.core import ConfigurationError, DataError, check_number
from neuronet.training import RUN_OPTIONS, TRAINING, OptionInfo

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import RenderableType

    from neuronet.core import Policy
    from neuronet.games import GameSetup

EnvironmentName = Annotated[str, typer.Argument(help="Environment: digits, xor, table:PATH or module:Class")]
FirstSeed = Annotated[int, typer.Option(help="First random seed (>= 0)")]
Profile = Annotated[str, typer.Option(help="Policy of the neurons, or shares such as attention:0.5,greedy:0.5")]

GAME_OPTIONS: dict[str, OptionInfo] = {
    "hidden": replace(RUN_OPTIONS["hidden"], default="32"),
    **select_options("activation optimizer batch_size target"),
    "learning_rate": replace(RUN_OPTIONS["learning_rate"], help="Learning rate (> 0), constant"),
}
"""Options of a game's network and learning, by field of GameSetup."""


def game_command(rounds: str = "", /, **tables: OptionInfo) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the environment, the options of a game, the seed, and the options of the output.

    The command's first parameter receives them as a GameCall.

    Args:
        rounds: Default length of a game, in words; "" if the command has an option of its own for it.
        **tables: Further options, by field.
    """
    length = {"rounds": OptionInfo(int, TRAINING, "Rounds of a game (>= 1)", rounds)} if rounds else {}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def call(
            options: dict[str, Any],
            environment: EnvironmentName,
            seed: FirstSeed = 0,
            out: Out = None,
            json: Json = False,
            **own: Any,
        ) -> None:
            command(GameCall(environment, options, seed, out, json), **own)

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        shared = dict(inspect.signature(call, eval_str=True).parameters)
        last = [shared.pop(name) for name in ("seed", "out", "json")]
        first = [shared[name] for name in ("options", "environment")]
        signature = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in (*first, *own, *last)])
        setattr(call, "__signature__", signature)  # noqa: B010
        call.__name__, call.__doc__ = command.__name__, command.__doc__
        return with_options(GAME_OPTIONS, length, tables)(call)

    return decorate


@dataclass(frozen=True)
class GameCall:
    """Call of a command of `neuronet game`.

    Attributes:
        environment: Spec of the environment.
        options: Options by field, those with their defaults left out; `rounds` is the length of a game.
        seed: First random seed.
        out: Folder of the results; None for a new one.
        json: Whether to print the summary as JSON.
    """

    environment: str
    options: dict[str, Any]
    seed: int
    out: Path | None
    json: bool

    def seeds(self, count: int, least: int = 1) -> range:
        """Return this many seeds.

        Raises:
            ConfigurationError: There are fewer than `least`.
        """
        check_number("seeds", count, least, whole=True)
        return range(self.seed, self.seed + count)

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
        from neuronet.registry import parse_environment, parse_optimizer

        options = self.options
        found = GameSetup(
            parse_environment(self.environment, target=options.get("target")),
            hidden=options.get("hidden", (32,)),
            activation=parse_activation(options.get("activation", "relu")).name,
            optimizer=parse_optimizer(options.get("optimizer", "momentum")),
            learning_rate=options.get("learning_rate", 0.02),
            batch_size=options.get("batch_size", 32),
        )
        return replace(found, rounds=options.get("rounds", epochs * found.per_epoch))

    def write(
        self,
        name: str,
        *,
        tables: Mapping[str, pd.DataFrame],
        pictures: Mapping[str, Figure],
        shown: RenderableType,
        summary: Mapping[str, Any],
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Write tables, pictures and other files into the folder, and print the table or the summary.

        Args:
            name: Name of the command, for a new folder.
            tables: Tables by name, without ".csv".
            pictures: Figures by name, without ".png".
            shown: Table to print.
            summary: Summary to print as JSON, with the environment and the folder; numbers that are not finite become null.
            files: Other texts, by file name.

        Raises:
            DataError: The folder cannot be written to.
        """
        from neuronet.plotting import style
        from neuronet.recording import StudyStore, remove_partial_files, write_atomically

        folder = self.out or new_folder(f"game-{name}-{Path(self.environment).stem}")
        texts = {f"{table_name}.csv": table.to_csv(index=False, lineterminator="\n") for table_name, table in tables.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            remove_partial_files(folder)
            StudyStore(folder, "game").write_manifest()
            for file_name, text in {**texts, **(files or {})}.items():
                write_atomically(folder / file_name, text.encode())
        except OSError as error:
            raise DataError(f"cannot write to the folder '{folder}': {error.strerror}") from None
        for picture, figure in pictures.items():
            style.save(figure, folder / f"{picture}.png")
        content = {"environment": self.environment, **summary, "out": str(folder)}
        console.print_result(shown, lambda: content, self.json, folder)


def parse_policies(texts: Sequence[str]) -> list[Policy]:
    """Return the policies of several lists with commas.

    Raises:
        SpecError: A policy cannot be parsed.
        ConfigurationError: A policy is named twice.
    """
    from neuronet.registry import parse_policy

    found: list[Policy] = []
    for text in split_policies(list(texts)):
        policy = parse_policy(text)
        if policy in found:
            raise ConfigurationError(f"policy '{text}' is named twice")
        found.append(policy)
    return found


def parse_epochs(text: str | None) -> list[int]:
    """Return numbers of epochs, ascending, from a text such as "0,5".

    Raises:
        ConfigurationError: They are not integers of 0 or more.
    """
    return parse_integers("at_epochs", text or "0", least=0)


def parse_integers(name: str, text: str, *, least: int) -> list[int]:
    """Return different integers, ascending, from a text such as "1,5".

    Args:
        name: Name of the option, for the message.
        text: The integers with commas in between.
        least: Smallest integer allowed.

    Raises:
        ConfigurationError: They are not such integers.
    """
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        found = [least - 1]
    if found[0] < least:
        raise ConfigurationError(f"{name} must be integers of {least} or more with commas in between, got '{text}'")
    return found
