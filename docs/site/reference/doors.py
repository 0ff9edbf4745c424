"""Public names of the package: what the doors, the `__init__` of each package, export in `__all__`."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import neuronet
from neuronet.core import MissingExtraError


@dataclass(frozen=True)
class PublicName:
    """Name in the `__all__` of a door.

    Attributes:
        door: Package that exports it, such as "neuronet.core".
        name: The name.
        home: Door at which the reference describes it: the deepest one above its module.
    """

    door: str
    name: str
    home: str

    @property
    def path(self) -> str:
        """Path under which the reference describes it, which is also its anchor."""
        return f"{self.home}.{self.name}"


def packages() -> list[str]:
    """Return the packages of NeuroNet in alphabetical order, the top first."""
    walked = pkgutil.walk_packages(neuronet.__path__, "neuronet.", onerror=lambda name: None)
    return sorted({"neuronet", *(module.name for module in walked if module.ispkg)})


@cache
def exported(package: str) -> tuple[str, ...]:
    """Return the names that a package exports; those of a package that needs a missing extra are read from its source."""
    try:
        names = getattr(importlib.import_module(package), "__all__", ())
    except MissingExtraError:
        names = _written_names(package)
    return tuple(dict.fromkeys(names))


def _written_names(package: str) -> list[str]:
    """Return the `__all__` of a package by its source, which is not run."""
    folder = Path(neuronet.__path__[0]).joinpath(*package.split(".")[1:])
    for node in ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def value_of(package: str, name: str) -> Any:
    """Return the object of a name, or None where its package needs a missing extra."""
    try:
        return getattr(importlib.import_module(package), name)
    except MissingExtraError:
        return None


@cache
def public_names() -> tuple[PublicName, ...]:
    """Return every public name that is not a module."""
    doors = [package for package in packages() if exported(package)]
    homes: dict[str, list[str]] = {}
    for door in doors:
        for name in exported(door):
            homes.setdefault(name, []).append(door)
    found = []
    for door in doors:
        for name in exported(door):
            value = value_of(door, name)
            if not isinstance(value, ModuleType):
                found.append(PublicName(door, name, _home(value, door, name, homes[name])))
    return tuple(found)


def _home(value: Any, door: str, name: str, doors: list[str]) -> str:
    """Return the deepest door that exports the same object, among those above its module where it has one."""
    same = [other for other in doors if other == door or value_of(other, name) is value]
    module = getattr(value, "__module__", "") if inspect.isclass(value) or callable(value) else ""
    above = [other for other in same if module == other or str(module).startswith(f"{other}.")]
    return max(above or same, key=lambda other: (other.count("."), other))


@dataclass(frozen=True)
class Constant:
    """Assignment of a module that a public name stands for.

    Attributes:
        annotation: Its annotation; "" for none.
        value: Its value, as written.
        text: The text below it; "" for none.
    """

    annotation: str
    value: str
    text: str


def constant_of(one: PublicName) -> Constant:
    """Return the assignment of a public name that is neither a class nor a function."""
    value = value_of(one.door, one.name)
    found = [constant for module, constant in _constants().get(one.name, ()) if getattr(module, one.name, None) is value]
    return max(found, key=lambda constant: len(constant.text), default=Constant("", repr(value), ""))


@cache
def _constants() -> dict[str, list[tuple[ModuleType, Constant]]]:
    """Return the assignments of every module by name, with the texts below them."""
    found: dict[str, list[tuple[ModuleType, Constant]]] = {}
    for module in modules():
        file = Path(str(module.__file__))
        body = ast.parse(file.read_text(encoding="utf-8")).body if file.suffix == ".py" else []
        for node, following in zip(body, [*body[1:], None], strict=True):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
            if not isinstance(target, ast.Name):
                continue
            annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
            value = ast.unparse(node.value) if isinstance(node, ast.AnnAssign | ast.Assign) and node.value else ""
            text = following.value if isinstance(following, ast.Expr) else None
            below = inspect.cleandoc(str(text.value)) if isinstance(text, ast.Constant) else ""
            found.setdefault(target.id, []).append((module, Constant(annotation, value, below)))
    return found


def summary(value: Any) -> str:
    """Return the first paragraph of an object's docstring as one line; "" where it has none of its own."""
    text = inspect.getdoc(value) if inspect.isclass(value) or callable(value) else None
    return " ".join((text or "").split("\n\n")[0].split())


def modules() -> Iterator[ModuleType]:
    """Import and yield every module of NeuroNet but the commands, its pages and those that need a missing extra."""
    for module in pkgutil.walk_packages(neuronet.__path__, "neuronet.", onerror=lambda name: None):
        if module.name.startswith(("neuronet.lab", "neuronet.cli", "neuronet.__main__")):
            continue
        try:
            yield sys.modules.get(module.name) or importlib.import_module(module.name)
        except ImportError:  # an extra that is not installed
            continue
        except MissingExtraError:
            continue
