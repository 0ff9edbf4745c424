"""Mutations of recorded folders: changed values and bytes, and files that are not what they seem."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.numpy import save_file

MODULE = "a_foreign_module"
"""Module that a folder names, and that no command may import."""

NEW_VALUES = (
    *(None, True, -5, 0, 1e308, 10**400, "", "x" * 3000, [], [[1]], {}, {"a": 1}),
    *(f"{MODULE}:Thing", "a\u0000b", "$\\frac$", "\u0663", [["a"] * 3] * 300),
)
PIECES = (b"", b"\xff\xfe", b"\x00", b"-5", b"1e999", b"9" * 400, b",", b"\n", b'"', b"nan", b"[" * 3000, b"$^$", MODULE.encode())

Bytes = Callable[[bytes], bytes]
Change = Callable[[Path, random.Random], None]


def mutate_json(path: Path, rng: random.Random) -> None:
    """Replace or remove one value in a JSON file, at any depth."""
    content: Any = json.loads(path.read_text())
    holder, key = content, rng.choice(list(content))
    while isinstance(holder[key], (dict, list)) and holder[key] and rng.random() < 0.7:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    if rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = rng.choice(NEW_VALUES)
    path.write_text(json.dumps(content))


def mutate_bytes(path: Path, rng: random.Random) -> None:
    """Replace a few bytes of a file, cut it off, or repeat a part of it."""
    data = path.read_bytes()
    limit = min(len(data), 400) if rng.random() < 0.7 else len(data)  # headers are in front
    start = rng.randrange(limit + 1)
    stop = min(len(data), start + rng.choice((0, 1, 3, 20)))
    path.write_bytes(data[:start] if rng.random() < 0.1 else data[:start] + rng.choice(PIECES) + data[stop:])


def mutate_field(path: Path, rng: random.Random) -> None:
    """Replace a field of a CSV file, or take a line away, or repeat one."""
    lines = [line.split(",") for line in path.read_text().splitlines()]
    place = rng.randrange(len(lines))
    if rng.random() < 0.2:
        lines[place : place + 1] = rng.choice(([], [lines[place]] * 2))
    else:
        lines[place][rng.randrange(len(lines[place]))] = rng.choice(PIECES).decode("utf-8", "ignore")
    path.write_text("\n".join(map(",".join, lines)) + "\n")


def mutate_metadata(path: Path, rng: random.Random) -> None:
    """Replace a value of the metadata of a safetensors file, or an array."""
    with safe_open(path, framework="numpy") as file:
        metadata, arrays = dict(file.metadata()), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if rng.random() < 0.5:
        metadata[rng.choice(list(metadata))] = rng.choice(("", "-5", "x", "1e400", "9" * 400, "nan", "[]", "3", "[" * 5000))
    else:
        name = rng.choice(list(arrays))
        change = rng.choice((lambda a: a[:0], lambda a: a[None], lambda a: a.astype("int32"), lambda a: a * float("nan")))
        arrays[name] = change(arrays[name])
    save_file(arrays, path, metadata)


BY_SUFFIX: dict[str, Change] = {".json": mutate_json, ".csv": mutate_field, ".safetensors": mutate_metadata}


def mutate(folder: Path, rng: random.Random) -> str:
    """Change the content of one file of a folder, and return what was changed."""
    path = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png"))
    change = BY_SUFFIX.get(path.suffix, mutate_bytes) if rng.random() < 0.7 else mutate_bytes
    change(path, rng)
    return f"{change.__name__} of {path.relative_to(folder)}"


CONTENTS: dict[str, Bytes] = {
    "nothing": lambda data: b"",
    "five megabytes of spaces": lambda data: data + b" " * 5_000_000,
    "deep lists": lambda data: b"[" * 100_000 + b"]" * 100_000,
    "lists within the limit of recursion": lambda data: b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
    "deep objects": lambda data: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "no UTF-8": lambda data: b"\xff" + data,
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "line ends of Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "a compressed file": gzip.compress,
    "the file twice": lambda data: data + data,
    "zeros": lambda data: b"\0" * 1000,
    "a number of 400 digits": lambda data: data.replace(b"1", b"1" + b"0" * 400, 1),
    "digits of another script": lambda data: data.replace(b"1", "\u0661".encode()),
}
"""New content of a file, from the old one."""

LINKS: dict[str, Callable[[Path, Path], Path]] = {
    "nowhere": lambda path, beside: beside / "nowhere",
    "itself": lambda path, beside: path,
    "a file outside": lambda path, beside: beside / "outside" / "secret.txt",
    "a folder outside": lambda path, beside: beside / "outside",
    "a device": lambda path, beside: Path("/dev/zero"),
}
"""Where a link in place of a file leads to, from its path and the folder beside which the files of the campaign lie."""

OTHERS = ("a pipe", "a socket", "a folder", "a file without permissions", "a folder without permission to write")


def disguise(folder: Path, rng: random.Random) -> str:
    """Put something else in the place of one file of a folder, and return what."""
    path = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    data, what = path.read_bytes(), rng.choice([*CONTENTS, *LINKS, *OTHERS])
    if what in CONTENTS:
        path.write_bytes(CONTENTS[what](data))
    elif what == "a file without permissions":
        path.chmod(0)
    elif what == "a folder without permission to write":
        path.parent.chmod(0o500)
    else:
        path.unlink()
        _replace(path, folder, what)
    return f"{what} as {path.relative_to(folder)}"


def _replace(path: Path, folder: Path, what: str) -> None:
    if what in LINKS:
        path.symlink_to(LINKS[what](path, folder.parent))
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
        (path / "file").write_text("text")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            before = Path.cwd()
            os.chdir(path.parent)  # the name of a socket is short
            try:
                made.bind(path.name)
            finally:
                os.chdir(before)
