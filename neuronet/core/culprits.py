"""Exceptions of plug-ins: which policy, environment, payoff, channel or intervention raised one, and in which line.

Calls of plug-ins are not wrapped: an exception is looked at once, where it leaves a run, and its traceback names the plug-in.
"""

from __future__ import annotations

import inspect
import os
import site
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from types import FrameType, TracebackType

from neuronet.core.errors import NeuroNetError, PlugInError, PolicyError, is_out_of_memory, shortened

KINDS = {
    "neuronet.core.policy.Policy": "policy",
    "neuronet.core.environment.Environment": "environment",
    "neuronet.core.payoff.Payoff": "payoff",
    "neuronet.core.structure.population.Population": "population",
    "neuronet.core.utility.Measure": "measure",
    "neuronet.core.learning.optimizers.Optimizer": "optimizer",
    "neuronet.channels.base.Channel": "channel",
    "neuronet.interventions.base.Intervention": "intervention",
    "neuronet.continual.methods.base.Method": "method",
    "neuronet.continual.protocols.base.Protocol": "protocol",
    "gymnasium.core.Env": "environment",
}
"""Base classes of plug-ins, and what a message calls an instance."""

NO_PLUG_INS = ("neuronet", "gymnasium")
"""Packages whose own subclasses of these base classes are never named as the culprit."""

_PACKAGE = Path(__file__).resolve().parents[1]
_OURS = tuple(f"{path}{os.sep}" for path in (_PACKAGE, *((_PACKAGE / name).resolve() for name in ("policies", "environments"))))
_LIBRARIES = tuple(
    f"{path}{os.sep}"
    for path in (
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        site.getusersitepackages(),
    )
)


@dataclass(frozen=True)
class _Step:
    """A frame of a traceback, with the plug-in whose method it runs.

    Attributes:
        entry: Entry of the traceback.
        plug_in: The plug-in, or its class in a class method; None in all other functions.
        kind: What a message calls it; empty if there is none.
    """

    entry: TracebackType
    plug_in: object
    kind: str

    @property
    def file(self) -> str:
        return self.entry.tb_frame.f_code.co_filename

    @property
    def function(self) -> str:
        return self.entry.tb_frame.f_code.co_name


@contextmanager
def plug_in_errors() -> Iterator[None]:
    """Give an exception that a plug-in raises one sentence with the plug-in, its method, and the line; also as a decorator.

    Raises:
        PlugInError: A plug-in that does not come with NeuroNet raised an exception, which is its `__cause__`. Errors of NeuroNet
            that arise within a plug-in keep their class, and get the line. KeyboardInterrupt and lack of memory pass unchanged.
    """
    try:
        yield
    except Exception as error:
        found = explained(error)
        if found is None:
            raise
        raise found from error


def explained(error: Exception) -> PlugInError | None:
    """Return the error that names the plug-in which raised an exception, or None if no plug-in of the user's own did.

    An error of NeuroNet that arose within a plug-in is not replaced; its message gets the plug-in and the line, once.

    Args:
        error: An exception that has just been caught. Its traceback is cut to the frames of the plug-in.
    """
    if isinstance(error, PlugInError) or is_out_of_memory(error):
        return None
    steps = _steps(error)
    culprit = _culprit(steps)
    if culprit is None:
        return None
    first, own = culprit
    last = own[-1]
    what = f"{first.kind} {_name(first)}"
    if isinstance(error, NeuroNetError):
        if not hasattr(error, "plug_in"):
            error.plug_in = what  # type: ignore[attr-defined]
            error.args = (f"{error} ({what} in {first.function}, {_place(last)})", *error.args[1:])
        return None
    reason = shortened(f"{type(error).__name__}: {error}").removesuffix(": ").removesuffix(":")
    found = PlugInError(f"{what} failed in {first.function}, {_place(last)}: {reason}")
    found.traceback_text = "".join(traceback.format_exception(error))
    error.__traceback__ = _cut(own)
    return found


def _steps(error: BaseException) -> list[_Step]:
    steps, entry = [], error.__traceback__
    while entry is not None:
        plug_in = _owner(entry.tb_frame)
        steps.append(_Step(entry, plug_in, _kind(plug_in)))
        entry = entry.tb_next
    return steps


def _owner(frame: FrameType) -> object:
    """Return the object whose method a frame runs, or its class in a class method; None in a function."""
    code = frame.f_code
    owner = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    cls = owner if isinstance(owner, type) else type(owner)
    defined_in = code.co_qualname.rpartition(".")[0].rpartition(".")[2]
    return owner if any(base.__name__ == defined_in for base in cls.__mro__) else None


def _kind(plug_in: object) -> str:
    cls = plug_in if isinstance(plug_in, type) else type(plug_in)
    if cls.__module__.partition(".")[0] in NO_PLUG_INS:
        return ""
    bases = (KINDS.get(f"{base.__module__}.{base.__qualname__}") for base in cls.__mro__)
    return next((kind for kind in bases if kind is not None), "")


def _culprit(steps: list[_Step]) -> tuple[_Step, list[_Step]] | None:
    """Return the frame where the responsible plug-in was entered, and the frames of the user's own code from there on."""
    methods = [step for step in steps if step.kind and not _is_ours(step.file)]
    inner = next((step for step in reversed(methods) if not _is_library(step.file)), methods[-1] if methods else None)
    if inner is not None:
        start = next(index for index, step in enumerate(steps) if step in methods and step.plug_in is inner.plug_in)
        return steps[start], _own(steps[start:])
    functions = [index for index, step in enumerate(steps) if type(step.plug_in).__name__ == "ByFunction" and _is_ours(step.file)]
    after = steps[functions[-1] + 1 :] if functions else []
    if not after or _is_ours(after[0].file):
        return None
    return _Step(after[0].entry, None, "population"), _own(after)


def _own(steps: list[_Step]) -> list[_Step]:
    """Return the frames that are neither NeuroNet's nor a library's; a plug-in in a library has its own file's frames."""
    own = [step for step in steps if not _is_ours(step.file) and not _is_library(step.file)]
    return own or [step for step in steps if step.file == steps[0].file]


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS)


def _is_library(file: str) -> bool:
    return file.startswith(_LIBRARIES) or file.startswith("<frozen")


def _name(step: _Step) -> str:
    if step.plug_in is None:
        return f"function {step.function}"
    return step.plug_in.__name__ if isinstance(step.plug_in, type) else type(step.plug_in).__name__


def _place(step: _Step) -> str:
    return f"{file_name(step.file)} line {step.entry.tb_lineno}"


def own_place(error: BaseException) -> str:
    """Return where an exception arose in code of the user's own, such as "mine.py line 22"; empty if it arose elsewhere."""
    if isinstance(error, SyntaxError) and error.filename and not (_is_ours(error.filename) or _is_library(error.filename)):
        return f"{file_name(error.filename)} line {error.lineno}"
    steps = _steps(error)
    first = next((index for index, step in enumerate(steps) if _is_ours(step.file)), len(steps))
    own = [step for step in steps[first:] if not _is_ours(step.file) and not _is_library(step.file)]
    return _place(own[-1]) if own else ""


def own_classes(plug_in: object) -> list[type]:
    """Return the classes of a plug-in, and of those that it wraps, which do not come with NeuroNet.

    Args:
        plug_in: A policy, or another plug-in.
    """
    found = [] if type(plug_in).__module__.partition(".")[0] == "neuronet" else [type(plug_in)]
    if is_dataclass(plug_in):
        values = (getattr(plug_in, field.name, None) for field in fields(plug_in))
        for part in chain.from_iterable(value if isinstance(value, tuple) else (value,) for value in values):
            if any(f"{base.__module__}.{base.__qualname__}" in KINDS for base in type(part).__mro__):
                found += own_classes(part)
    return found


def check_signatures(plug_in: object) -> None:
    """Check that each method of a plug-in, and of those that it wraps, can be called as its base class says.

    Args:
        plug_in: A policy, channel, payoff or another plug-in; those that come with NeuroNet are not looked at.

    Raises:
        PolicyError: A method takes other arguments.
    """
    for cls in own_classes(plug_in):
        wrong = _wrong_signature(cls)
        if wrong:
            raise PolicyError(wrong)


@cache
def _wrong_signature(cls: type) -> str:
    for base in cls.__mro__[1:]:
        kind = KINDS.get(f"{base.__module__}.{base.__qualname__}")
        for name, method in vars(base).items() if kind and base.__module__.startswith("neuronet.") else ():
            own = inspect.getattr_static(cls, name)
            if name.startswith("_") or not inspect.isfunction(method) or own is method or not inspect.isfunction(own):
                continue
            expected, got = inspect.signature(method), inspect.signature(own)
            try:
                got.bind(*expected.parameters)  # engines pass arguments by their place
            except TypeError:
                texts = [", ".join(signature.parameters) for signature in (expected, got)]
                return f"{kind} {cls.__name__}: {name} must take ({texts[0]}), got ({texts[1]})"
    return ""


def file_name(path: str) -> str:
    """Return the name of a file of code for a message; a cell of a notebook has no name."""
    return "a notebook cell," if "ipykernel_" in path or path.startswith("<ipython") else Path(path).name


def _cut(steps: list[_Step]) -> TracebackType | None:
    entry = None
    for step in reversed(steps):
        entry = TracebackType(entry, step.entry.tb_frame, step.entry.tb_lasti, step.entry.tb_lineno)
    return entry
