"""Manifest of a run or study: with which software, on which machine and on which data it was played, in manifest.json."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from neuronet.core import parse_json, shortened
from neuronet.recording.files import read_text, reading
from neuronet.version import __version__

MANIFEST = "manifest.json"

LIBRARIES = ("torch", "numpy", "mesa", "networkx")
"""Libraries whose versions are kept."""

COMPARED = ("versions", "machine", "commits")
"""Parts of a manifest that are compared when a run or study is continued."""

MAX_TEXT, MAX_COMMAND = 500, 10_000
"""Characters of a text, and of the command, that are kept."""

GIT_SECONDS = 5
"""Seconds after which git is not waited for any more."""

Manifest = dict[str, Any]


def library_versions() -> dict[str, str]:
    """Return the versions of NeuroNet, Python and the libraries that it computes with."""
    found = {"neuronet": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def current_manifest(data: Mapping[str, str], device: str | None) -> Manifest:
    """Return the manifest of what this process plays.

    Args:
        data: Checksum of the samples of each environment, by its name.
        device: Device that computes, such as "cuda:0"; None where that is not known.
    """
    machine = {**_machine(), "threads": _threads()}
    if device is not None:
        machine["device"] = _device_name(device)
    return _checked(
        {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command_line(),
            "versions": library_versions(),
            "machine": machine,
            "commits": dict(_commits(Path.cwd())),
            "data": dict(data),
        }
    )


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in a folder, which may be another person's; None if it has none.

    Raises:
        DataError: It cannot be read, or is not a manifest.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    text = read_text(path, "manifest")
    with reading(path, "manifest"):
        found = parse_json(text)
        return _checked(found)


def continued_manifest(before: Manifest, now: Manifest) -> tuple[Manifest, list[str]]:
    """Return the manifest of what is continued, and the differences, a line each.

    Args:
        before: Manifest of the folder, which is kept; what differs from the last time is added to its part `resumed`.
        now: Manifest of this process.
    """
    last, present = _flat(before), _flat(now)
    for entry in before["resumed"]:
        last |= entry["changes"]
    changes = {name: present.get(name, "none") for name in sorted(last | present) if last.get(name) != present.get(name)}
    changes = {name: text for name, text in changes.items() if name in present or not name.startswith("machine.device")}
    lines = [f"{name} was {last.get(name, 'none')} before, and is {text} now." for name, text in changes.items()]
    data = {**now["data"], **before["data"]}
    if not changes:
        return {**before, "data": data}, []
    entry = {"started": now["started"], "command": now["command"], "changes": changes}
    return {**before, "data": data, "resumed": [*before["resumed"], entry]}, lines


def command_line() -> str:
    """Return the command that started this process."""
    program = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path()
    is_neuronet = program.name == "neuronet" or program.parts[-2:] == ("neuronet", "__main__.py")
    words = ["neuronet", *sys.argv[1:]] if is_neuronet else sys.orig_argv
    return shlex.join(words)


def _flat(manifest: Manifest) -> dict[str, str]:
    return {f"{part}.{name}": text for part in COMPARED for name, text in manifest[part].items()}


def _checked(found: object) -> Manifest:
    """Return a manifest with all its parts, of printable texts of limited length.

    Raises:
        TypeError: A part is of another type.
    """
    if not isinstance(found, dict):
        raise TypeError("it does not hold parts by name")
    texts = {name: _text(name, found.get(name, "")) for name in ("started", "command")}
    parts = {name: _texts(name, found.get(name, {})) for name in (*COMPARED, "data")}
    resumed = found.get("resumed", [])
    if not isinstance(resumed, list):
        raise TypeError(f"its resumed must be a list, got {shortened(repr(resumed))}")
    return {**texts, **parts, "resumed": [_changes(entry) for entry in resumed]}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"its {_printable(name)} must be a text, got {shortened(repr(value))}")
    return _printable(value, MAX_COMMAND if name == "command" else MAX_TEXT)


def _printable(text: str, length: int = MAX_TEXT) -> str:
    """Return a text without control characters, cut to a length."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[:length])
    return shown.encode("utf-8", "backslashreplace").decode()


def _texts(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"its {name} must be texts by name, got {shortened(repr(value))}")
    return {_printable(key): _text(f"{name}.{key}", text) for key, text in value.items()}


def _changes(entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise TypeError(f"its resumed must be a list of changes, got {shortened(repr(entry))}")
    texts = {name: _text(name, entry.get(name, "")) for name in ("started", "command")}
    return {**texts, "changes": _texts("changes", entry.get("changes", {}))}


@cache
def _machine() -> Mapping[str, str]:
    import torch

    libraries = [name for name, part in (("MKL", torch.backends.mkl), ("oneDNN", torch.backends.mkldnn)) if part.is_available()]
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "aten": ", ".join([torch.backends.cpu.get_cpu_capability(), *libraries]),
    }


def _threads() -> str:
    import torch

    return str(torch.get_num_threads())


def _device_name(device: str) -> str:
    if not device.startswith("cuda"):
        return device
    import torch

    with suppress(Exception):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


def _processor() -> str:
    """Return the model of the processor; the architecture where the system does not tell."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


@cache
def _commits(folder: Path) -> Mapping[str, str]:
    """Return the commit of NeuroNet if it is run from a checkout, and that of the working directory if it is in another one."""
    source = Path(__file__).resolve().parents[1]
    found = {}
    if _git(source, "ls-files", "--error-unmatch", "version.py") is not None:  # not a package within another checkout
        commit, changed = _git(source, "rev-parse", "HEAD"), _git(source, "status", "--porcelain", "--untracked-files=no")
        if commit:
            found["neuronet"] = f"{commit} with changes" if changed else commit
    here = _git(folder, "rev-parse", "HEAD")
    if here and not found.get("neuronet", "").startswith(here):
        found["working directory"] = here
    return found


def _git(folder: Path, *words: str) -> str | None:
    """Return what git says; None without git, or outside of a checkout."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False, env=environment)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
