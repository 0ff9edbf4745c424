"""The reference of the command line, from the application itself: every command, argument and option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from docs.site.markdown import cell, table
from neuronet.cli.main import app

GENERAL = "General"
"""Panel of options that have none."""


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command with its whole name, such as "neuronet game credit", the top one first."""
    yield from _below("neuronet", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child, inner in getattr(command, "commands", {}).items():
        yield from _below(f"{name} {child}", inner)


def options(command: Any) -> Iterator[Any]:
    """Yield the arguments and options of a command that its help shows."""
    yield from (parameter for parameter in command.params if not getattr(parameter, "hidden", False))


def file_name(name: str) -> str:
    """Return the name of a command's page."""
    return f"command-{'-'.join(name.split()[1:]) or 'neuronet'}.md"


def pages() -> dict[str, str]:
    """Return the Markdown of a page for each command, and of the page that lists them."""
    found = list(commands())
    rows = [[f"[`{name}`]({file_name(name)})", cell(plain(first_paragraph(command)))] for name, command in found]
    text = (
        "# Commands\n\nEvery command takes `--help`. Exit status: 0 done, 1 failed, 2 wrong input, 128 + a signal's number.\n\n"
        f"{table(['command', 'what it does'], rows)}"
    )
    return {"commands.md": text} | {file_name(name): _page(name, command) for name, command in found}


def first_paragraph(command: Any) -> str:
    """Return the first paragraph of a command's help."""
    return str(command.help or "").split("\n\n")[0]


def plain(text: str) -> str:
    """Return a help text without the escapes of the console."""
    return text.replace("\\[", "[").replace("\f", "")


def _page(name: str, command: Any) -> str:
    parts = [f"# {name}\n\n{plain(str(command.help or ''))}\n", f"```text\n{_usage(name, command)}\n```\n"]
    children = getattr(command, "commands", {})
    if children:
        rows = [
            [f"[`{name} {child}`]({file_name(f'{name} {child}')})", cell(plain(first_paragraph(inner)))]
            for child, inner in children.items()
        ]
        parts.append(table(["command", "what it does"], rows))
    arguments = [parameter for parameter in options(command) if parameter.param_type_name == "argument"]
    if arguments:
        rows = [[f"`{one.name.upper()}`", *_meaning(one)[:1], _meaning(one)[1]] for one in arguments]
        parts.append("## Arguments\n\n" + table(["argument", "meaning", "default"], rows))
    panels: dict[str, list[Any]] = {}
    for one in options(command):
        if one.param_type_name == "option":
            panels.setdefault(one.rich_help_panel or GENERAL, []).append(one)
    for panel, group in panels.items():
        rows = [[_names(one), *_meaning(one)] for one in group]
        parts.append(f"## {panel} options\n\n" + table(["option", "meaning", "default"], rows))
    return "\n".join(parts)


def _usage(name: str, command: Any) -> str:
    arguments = [one for one in options(command) if one.param_type_name == "argument"]
    words = [
        f"[{one.name.upper()}]{'...' if one.nargs == -1 else ''}" if not one.required else one.name.upper() for one in arguments
    ]
    return " ".join([name, "[OPTIONS]", *words, *(["COMMAND [ARGS]..."] if getattr(command, "commands", {}) else [])])


def _names(option: Any) -> str:
    names = " ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    kind = "" if option.is_flag else f" {_kind(option)}"
    return f"{names}{kind}"


def _kind(option: Any) -> str:
    """Return the type of an option's value in capitals, as the help shows it."""
    annotation = getattr(getattr(option, "type_descriptor", None), "annotation", str)
    text = str(getattr(annotation, "__name__", annotation)).lower()
    word = next((word for kind, word in (("int", "INTEGER"), ("float", "NUMBER"), ("path", "PATH")) if kind in text), "TEXT")
    return f"{word}{' (repeatable)' if option.multiple else ''}"


def _meaning(parameter: Any) -> tuple[str, str]:
    """Return the help text of a parameter without its default, and the default."""
    text = plain(parameter.help or "")
    match = re.search(r"\s*\[default: (.*)\]\s*$", text, re.DOTALL)
    if match:
        return cell(text[: match.start()]), f"`{cell(match[1])}`"
    shown = parameter.default
    default = (
        "" if shown is None or callable(shown) else f"`{cell(str(shown).lower() if isinstance(shown, bool) else str(shown))}`"
    )
    return cell(text), default or ("required" if parameter.required else "")
