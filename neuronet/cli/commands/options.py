"""Options that commands share: generated from tables, so that no command types them out."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from neuronet.core import ConfigurationError, parse_integer
from neuronet.training import OUTPUT, PANELS, RUN_OPTIONS, OptionInfo

Out = Annotated[
    Path | None, typer.Option(help=escape("Folder of the results [default: a new one in runs/]"), rich_help_panel=OUTPUT)
]
Json = Annotated[
    bool, typer.Option("--json", help=escape("Print one JSON object on the last line [default: off]"), rich_help_panel=OUTPUT)
]

Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help=escape("Import the modules that a record names (module:Class), which runs their code [default: off]"),
        rich_help_panel=OUTPUT,
    ),
]


ConfigFile = Annotated[
    Path | None,
    typer.Option(help="File of options (.toml, or config.json of a run); options given here win", rich_help_panel=OUTPUT),
]


def with_file(
    options: Mapping[str, Any],
    path: Path | None,
    *,
    trust: bool = True,
    fields: Collection[str] | None = None,
    make: Callable[[Mapping[str, Any]], Any] | None = None,
) -> dict[str, Any]:
    """Return the options of a command with those of a file, over which they win.

    Args:
        options: Options that are given on the command line.
        path: TOML file, or the config.json of a run; None for no file.
        trust: Whether modules that a config.json names (`module:Class`) are imported.
        fields: Options of the command; others in a config.json, which has all of a run, are left out. None for all.
        make: Makes a configuration of another kind than RunConfig.

    Raises:
        ConfigurationError: The file is missing or broken.
        SpecError: A config.json without trust names a module.
    """
    if path is None:
        return dict(options)
    from neuronet.training import check_modules, read_options

    recorded = read_options(path)
    if path.suffix == ".json":
        recorded = {name: value for name, value in recorded.items() if fields is None or name in fields}
        if not trust:
            check_modules({name: value for name, value in recorded.items() if name not in options}, make)
    return {**recorded, **options}


def select_options(fields: str) -> dict[str, OptionInfo]:
    """Return some options of a training run, by field; the text names the fields."""
    return {field: RUN_OPTIONS[field] for field in fields.split()}


def with_options(*tables: Mapping[str, OptionInfo]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the options of some tables.

    The command's parameter `options` receives those that are given on the command line, by field; the others are not in it.

    Args:
        *tables: Options by field; of fields with the same name the last one counts.
    """
    options = {field: info for table in tables for field, info in table.items()}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters
        generated = [_parameter(field, info) for field, info in options.items()]
        kept = (parameter.replace(kind=parameter.KEYWORD_ONLY) for name, parameter in own.items() if name != "options")
        parameters = [*kept, *generated]
        parameters.sort(key=_panel_order)  # stable: panels in the order in which the command line shows them

        def wrapper(**given: Any) -> None:
            values = {field: _value(field, given.pop(info.flag or field)) for field, info in options.items()}
            command(**given, options={field: value for field, value in values.items() if value is not None})

        decorated: Callable[..., None] = wraps(command)(wrapper)
        setattr(decorated, "__signature__", inspect.Signature(parameters))  # noqa: B010
        decorated.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return decorated

    return decorate


def _parameter(field: str, info: OptionInfo) -> inspect.Parameter:
    text = escape(f"{info.help} [default: {info.default}]" if info.default else info.help)
    name = info.flag or field
    flags = () if info.kind is not bool else (f"--{name.replace('_', '-')}",)
    kind: Any = list[str] if info.kind is list else info.kind
    annotation = Annotated[kind | None, typer.Option(*flags, help=text, rich_help_panel=info.panel, show_default=False)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _panel_order(parameter: inspect.Parameter) -> int:
    panel = next((info.rich_help_panel for info in getattr(parameter.annotation, "__metadata__", ())), None)
    return PANELS.index(panel) if panel in PANELS else -1


def _value(field: str, given: Any) -> Any:
    """Return the value of a field; None where the option was not given."""
    if field == "hidden" and given is not None:
        return parse_sizes(given)
    if isinstance(given, Path):
        return str(given)
    if isinstance(given, list):
        return (given[0] if field == "policy" and len(given) == 1 else tuple(given)) if given else None
    return given


def parse_sizes(text: str) -> tuple[int, ...]:
    """Return the neurons of each hidden layer.

    Raises:
        ConfigurationError: The text is not a list of integers.
    """
    if text.strip().lower() in ("", "none", "0"):
        return ()
    try:
        return tuple(map(parse_integer, text.split(",")))
    except ValueError:
        raise ConfigurationError(f"hidden must be integers such as 64 or 256,256, got '{text}'") from None


def refuse_with_resume(options: Mapping[str, Any], allowed: str) -> None:
    """Refuse options that do not go with --resume.

    Raises:
        ConfigurationError: An option other than the allowed one is given.
    """
    wrong = next((name for name, value in options.items() if value is not None and name != allowed), None)
    if wrong is not None:
        raise ConfigurationError(f"--resume takes the configuration of the run: leave out {wrong}; only --{allowed} may be new")


def run_folder(config: Any) -> Path:
    """Return a new folder for a run with this configuration."""
    from neuronet.registry import format_population

    policy = format_population(config.policy)
    return new_folder(f"{Path(config.environment).stem}-{policy if isinstance(policy, str) else 'mixed'}-{config.seed}")


def finished_parts_stored(folder: Path) -> KeyboardInterrupt:
    """Return the interruption of a study that continues when it is started again with its folder."""
    return KeyboardInterrupt(f"Finished parts are stored. Continue with the same options and --out {shlex.quote(str(folder))}")


def new_folder(words: str, *, make: bool = True) -> Path:
    """Return a folder in runs/ that does not exist yet, named after these words and the time.

    Args:
        words: What the folder is for.
        make: Whether to create it.
    """
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in words).strip("-")
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        folder = Path("runs") / f"{safe[:60]}-{stamp}{f'-{number}' if number > 1 else ''}"
        if not make and not folder.exists():
            return folder
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError
