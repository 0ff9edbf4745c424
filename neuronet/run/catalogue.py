"""Finding policies and environments by what the user calls them: our own, installed plug-ins, and any class by module."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from neuronet.environment import Environment
from neuronet.environments import ENVIRONMENTS, Table
from neuronet.errors import NeuroNetError
from neuronet.policies import POLICIES
from neuronet.policy import Policy
from neuronet.spec import build

TABLE_PREFIX = "table:"


def known_policies() -> dict[str, type[Policy]]:
    """Every policy by name: ours, and those that installed packages offer in the entry point group neuronet.policies."""
    return {**_plug_ins("neuronet.policies", Policy), **POLICIES}


def known_environments() -> dict[str, type[Environment]]:
    """Every environment by name: ours, and those of the entry point group neuronet.environments."""
    return {**_plug_ins("neuronet.environments", Environment), **ENVIRONMENTS}


def policy_named(text: str) -> Policy:
    """The policy that a line of text describes, such as "greedy(top=3)" or "my.module:MyPolicy".

    Raises:
        NeuroNetError: There is none.
    """
    return build(text, "policy", Policy, known_policies())  # type: ignore[type-abstract]


def environment_named(text: str, *, target: str | None = None, payoff: str = "auto") -> Environment:
    """The environment that a line of text describes, such as "digits", "xor(noise=0.1)" or "table:wine.csv".

    Args:
        text: A name, `module:Class`, or `table:PATH`.
        target: The column or array of targets, for a table.
        payoff: "cross-entropy" or "squared-error", for a table; "auto" tells by its targets.

    Raises:
        NeuroNetError: There is none, or an option does not belong to it.
    """
    if text.startswith(TABLE_PREFIX):
        return Table.read(text.removeprefix(TABLE_PREFIX), target=target, payoff=payoff)
    if target is not None or payoff != "auto":
        raise NeuroNetError(f"target and payoff are options of table:PATH, environment '{text}' has its own")
    try:
        return build(text, "environment", Environment, known_environments())  # type: ignore[type-abstract]
    except NeuroNetError as error:
        if str(error).startswith("unknown environment"):
            raise NeuroNetError(f"{error}, or table:PATH for a .csv or .npz file") from None
        raise


def name_of(plug_in: object) -> str | None:
    """The text from which an equal object can be built again, or None if there is no such text."""
    cls = type(plug_in)
    known: dict[str, type[Any]] = {**known_policies(), **known_environments()}
    name = next((key for key, known_class in known.items() if known_class is cls), f"{cls.__module__}:{cls.__qualname__}")
    fields = getattr(cls, "__dataclass_fields__", {})
    parameters = []
    for field in fields.values():
        value = getattr(plug_in, field.name)
        text = name_of(value) if isinstance(value, Policy) else str(value).lower() if isinstance(value, bool) else repr(value)
        parameters.append(f"{field.name}={text}")
    spelled = f"{name}({', '.join(parameters)})" if parameters else name
    base: Any = Policy if isinstance(plug_in, Policy) else Environment
    try:
        again = build(spelled, "plug-in", base, known)
        stateless = cls.__init__ is object.__init__
        return spelled if again == plug_in or (stateless and type(again) is cls) else None
    except NeuroNetError:
        return None


def _plug_ins(group: str, base: type[Any]) -> dict[str, type[Any]]:
    found: dict[str, type[Any]] = {}
    for entry in entry_points(group=group):
        try:
            cls = entry.load()
        except Exception as error:  # someone else's module may fail in any way
            raise NeuroNetError(f"the installed plug-in '{entry.name}' ({entry.value}) cannot be loaded: {error}") from None
        if not isinstance(cls, type) or not issubclass(cls, base):
            raise NeuroNetError(f"the installed plug-in '{entry.name}' ({entry.value}) is no subclass of {base.__name__}")
        found[entry.name] = cls
    return found
