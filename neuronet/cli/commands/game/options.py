"""Options that the commands of `neuronet game` share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.options import Json, Out, Trust, select_options, with_options
from neuronet.training import NETWORK, RUN_OPTIONS, TRAINING, OptionInfo

EnvironmentName = Annotated[
    str,
    typer.Argument(
        help="Environment: digits, xor, table:PATH or module:Class; or the folder of a trained run, whose network is analysed",
        show_default=False,
    ),
]
FirstSeed = Annotated[int, typer.Option(help="First random seed (>= 0)")]
Profile = Annotated[
    str | None,
    typer.Option(
        help=escape(
            "Policy of the neurons, or shares such as attention:0.5,greedy:0.5 [default: attention, or that of the trained run]"
        )
    ),
]

GAME_OPTIONS: dict[str, OptionInfo] = {
    "hidden": replace(RUN_OPTIONS["hidden"], default="32"),
    **select_options("activation channels optimizer batch_size target kernels"),
    "learning_rate": replace(RUN_OPTIONS["learning_rate"], help="Learning rate (> 0), constant"),
}
"""Options of a game's network and learning, by field of GameSetup."""

MEASURE_OPTION = {
    "measure": OptionInfo(
        str,
        NETWORK,
        'Utility of attention in the payoffs: power, log or saturating, as in "power(p=3)"; module:Class, or module:function of '
        "the attention (..., listeners, neurons) that returns (..., neurons)",
        "power(p=2)",
    )
}
"""Option of the commands whose payoffs count attention."""

PAYOFF_HELP = (
    "{}: attention, share, scaled, gain, loss, credit, contribution or priced(price=0.1); or module:function of attention "
    "(R, K, J), activity (R, B, J) and test loss (R,)"
)


@contextmanager
def _writing(out: Path | None) -> Iterator[None]:
    """Hold the lock of the folder of the results; a command that fails before it has any leaves no new folder.

    Raises:
        LockedError: Another process writes the folder.
    """
    from neuronet.recording import lock_folder

    new = [] if out is None else [path for path in (out, *out.parents) if not path.exists()]
    try:
        with lock_folder(out):
            yield
    except BaseException:
        for path in new:
            with suppress(OSError):  # it has files
                path.rmdir()
        raise


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
            trust: Trust = False,
            json: Json = False,
            **own: Any,
        ) -> None:
            with _writing(out):
                command(GameCall(environment, options, seed, out, json, trust), **own)

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        shared = dict(inspect.signature(call, eval_str=True).parameters)
        last = [shared.pop(name) for name in ("seed", "out", "trust", "json")]
        first = [shared[name] for name in ("options", "environment")]
        signature = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in (*first, *own, *last)])
        setattr(call, "__signature__", signature)  # noqa: B010
        call.__name__, call.__doc__ = command.__name__, command.__doc__
        return with_options(GAME_OPTIONS, length, tables)(call)

    return decorate
