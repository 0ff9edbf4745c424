"""Reading an intervention from one line of text, such as `lesion(layer=1, neurons=[0, 3])`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.core.policy import Policy
from neuronet.interventions.base import Intervention

SYNTAX_EXAMPLE = "write it as lesion(layer=1, share=0.2)"


def parse_intervention(text: str, known: Mapping[str, type[Intervention]], parse_policy: Callable[[str], Policy]) -> Intervention:
    """The intervention that a line of text describes.

    Args:
        text: Its name and, in brackets, parameters by name: numbers, lists of numbers, pairs, or words in quotes.
        known: Every intervention by its name.
        parse_policy: Finds a policy by its text.

    Raises:
        NeuroNetError: The text cannot be read, or a name or a parameter is wrong.
    """
    name, parameters = _parse_call(text)
    if name not in known:
        raise unknown_name_error("intervention", name, known)
    cls = known[name]
    takes = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    wrong = next((each for each in parameters if each not in takes), None)
    if wrong is not None:
        raise NeuroNetError(f"intervention '{name}' has no parameter '{wrong}': it takes {', '.join(takes)}")
    if isinstance(parameters.get("policy"), str):
        parameters["policy"] = parse_policy(parameters["policy"])
    try:
        return cls(**parameters)
    except TypeError as error:
        raise NeuroNetError(f"intervention '{name}' cannot be made from '{text}': {error}") from None


def _parse_call(text: str) -> tuple[str, dict[str, Any]]:
    """The name, and the parameters by name."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if isinstance(call, ast.Name):
            return call.id, {}
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args:
            given = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords if each.arg is not None}
            if len(given) == len(call.keywords):
                return call.func.id, {name: _immutable(value) for name, value in given.items()}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    raise NeuroNetError(f"cannot read the intervention '{text[:80]}': {SYNTAX_EXAMPLE}")


def _immutable(value: Any) -> Any:
    return tuple(_immutable(each) for each in value) if isinstance(value, list | tuple) else value
