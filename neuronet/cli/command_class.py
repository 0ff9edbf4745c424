"""The class of every command: it refuses empty texts where a path or a name is expected."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

from typer.core import TyperCommand

from neuronet.core import ConfigurationError, named_path


class Command(TyperCommand):
    """Command whose arguments, and options that are paths, must not be empty: an empty path would be the working directory."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of a command line.

        Raises:
            ConfigurationError: A path or an argument is empty.
        """
        given, *_ = self.make_parser(ctx).parse_args(args=list(args))
        paths = self._paths()
        for parameter in self.params:
            value = given.get(str(parameter.name))
            if "" not in (value if isinstance(value, list | tuple) else (value,)):
                continue
            is_argument = parameter.param_type_name == "argument"
            name = str(parameter.name) if is_argument else max(parameter.opts, key=len)
            if parameter.name in paths:
                named_path(name, "")
            if is_argument:
                raise ConfigurationError(f"{name} must not be empty: see {ctx.command_path} --help")
        return super().parse_args(ctx, args)

    def _paths(self) -> set[str]:
        """Return the names of parameters that are paths."""
        parameters = inspect.signature(self.callback, eval_str=True).parameters if self.callback else {}
        return {name for name, parameter in parameters.items() if Path in _parts(parameter.annotation)}


def _parts(annotation: Any) -> set[Any]:
    """Return the types within an annotation such as Annotated[list[Path] | None, ...]."""
    return {annotation}.union(*map(_parts, get_args(annotation)))
