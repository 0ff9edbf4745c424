"""Grammar of bad input: valid specs, command lines and files, and changes that mostly spoil them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import numpy as np

ODD = (
    *("", " ", "nan", "inf", "-1", "0", "1.5", "1e999", "9" * 400, "-", "--", "=", ",", ":", "@", "(", ")", "[", "]", "{", "%"),
    *("None", "True", "é", "\u202e", "\x07", "a.b:C", "os:system", "json:load", "..", "/", "/dev/full", "~", "*", "$x", "'", '"'),
    *("x" * 3000, "(" * 500, "1" + ",1" * 400, "0x10", "1_000", "٣", "greedy", "digits", "attention:1", "1:1", "0.5"),
)
"""Words that replace or join others; none asks for long work."""

SPECS = {
    "--policy": ("attention", "greedy(top=3)", "noisy(policy=greedy,noise=0.1)", "attention:90%,free-rider:10%", "budgeted"),
    "--hidden": ("4", "4,4", "none"),
    "--activation": ("relu", "tanh"),
    "--connectivity": ("dense", "sparse(0.5)", "small-world(neighbours=2, rewire=0.1)"),
    "--init": ("he", "zeros"),
    "--channel": ("demand:dropout(0.3)", "activity@1:k-winners(0.5)", "demand:rationed(0.1)"),
    "--epochs": ("1",),
    "--batch-size": ("200",),
    "--learning-rate": ("0.1",),
    "--lr-schedule": ("linear", "constant"),
    "--optimizer": ("sgd", "momentum(0.9)", "adam"),
    "--update-schedule": ("synchronous", "partial(0.5)"),
    "--seed": ("3",),
    "--replicas": ("2",),
    "--patience": ("1",),
    "--monitor": ("test_loss",),
    "--intervene": ("1: lesion(layer=1, share=0.2)", "round 1: revive()"),
    "--payoff": ("cross-entropy", "auto"),
    "--missing": ("mean", "drop"),
    "--target": ("y",),
    "--engine": ("tensors", "agents"),
    "--device": ("cpu",),
    "--dtype": ("float32",),
    "--trace": ("hidden:4 every 1", "node 2 every 1 of attention"),
    "--config": ("config.toml", "config.json"),
    "--resume": ("run",),
}
"""Options of `run` with valid values."""

LINES = (
    "run xor --epochs 1 --hidden 3 --batch-size 200",
    "run table:table.csv --epochs 1 --hidden 3",
    "run --resume run --epochs 1",
    "sweep sweep.toml --dry-run",
    "plot run --out picture.png",
    "plot run --kind training --out picture.pdf",
    "predict run --data table.csv --out predictions.csv",
    "show run",
    "continual permuted digits --policies attention --preset fast --seeds 1 --iterations 1",
    "continual-summary run",
    "compare xor --policies attention,greedy --seeds 2 --epochs 1 --hidden 3",
    "control CartPole-v1 --rounds 1 --hidden 3",
    "game credit xor --rounds 1",
    "game distances xor --rounds 1",
    "game meta xor --policies attention,greedy --seeds 1 --rounds 1",
    "reproduce --list",
    "reproduce --records run",
    "bench 4-3-2 --batch 2",
    "policies",
    "environments",
    "channels",
    "update-schedules",
    "interventions",
)
"""Valid command lines for every command that ends by itself."""

FILES = ("table.csv", "table.npz", "config.toml", "config.json", "sweep.toml", "graph.nfg", "model.safetensors")
READERS = {
    "table.csv": ("run table:table.csv --epochs 1 --hidden 3", "predict run --data table.csv"),
    "table.npz": ("run table:table.npz --epochs 1 --hidden 3",),
    "config.toml": ("run xor --config config.toml",),
    "config.json": ("run xor --config config.json",),
    "sweep.toml": ("sweep sweep.toml --dry-run",),
    "model.safetensors": ("show model.safetensors", "predict model.safetensors --data table.csv"),
}
"""Files, and the command lines that read each."""


def write_files(folder: Path) -> None:
    """Write a valid file of each kind."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((40, 3)).round(3), rng.integers(0, 2, 40)
    rows = [",".join(map(str, (*row, target))) for row, target in zip(inputs, targets, strict=True)]
    (folder / "table.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    np.savez(folder / "table.npz", x=inputs, y=targets)
    options = {"hidden": [3], "epochs": 1, "batch_size": 200, "policy": "greedy", "learning_rate": 0.1}
    (folder / "config.json").write_text(json.dumps(options))
    (folder / "config.toml").write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in options.items()) + "\n")
    text = 'environment = "xor"\nseeds = 2\nepochs = 1\nhidden = [3]\n\n[grid]\npolicy = ["attention", "greedy(top=2)"]\n'
    (folder / "sweep.toml").write_text(text)


def spoiled_text(text: str, rng: random.Random) -> str:
    """Return a text with one to three of its words changed."""
    words = re.findall(r"[\w.-]+|\s+|.", text) or [""]
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.randrange(len(words))
        change = rng.randrange(5)
        if change == 0:
            words[place] = rng.choice(ODD)
        elif change == 1:
            words.insert(place, rng.choice(ODD))
        elif change == 2:
            words.insert(place, rng.choice(words))
        elif change == 3 and len(words) > 1:
            del words[place]
        else:
            letters = list(words[place])
            rng.shuffle(letters)
            words[place] = "".join(letters)[: rng.choice((1, 3, 100))]
    return "".join(words)


def spoiled_bytes(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few replaced, cut off or repeated; headers are met more often than the rest."""
    limit = min(len(data), 300) if rng.random() < 0.7 else len(data)
    start = rng.randrange(limit + 1)
    stop = min(len(data), start + rng.choice((0, 1, 4, 30)))
    piece = rng.choice([*(word.encode() for word in ODD), b"\xff\xfe", b"\x00", b"\n", b"\r", data[:50]])
    return data[:start] if rng.random() < 0.1 else data[:start] + piece + data[stop:]


def spec_line(rng: random.Random) -> list[str]:
    """Return a command line of `run` with a spoiled value of one option, and perhaps valid values of others."""
    option = rng.choice(list(SPECS))
    words = ["run", rng.choice(("xor", "table:table.csv")), option, spoiled_text(rng.choice(SPECS[option]), rng)]
    for other in rng.sample(list(SPECS), rng.choice((0, 0, 1, 2))):
        if other not in ("--config", "--resume", option):
            words += [other, rng.choice(SPECS[other])]
    small = {"--epochs": "1", "--hidden": "3", "--batch-size": "200", "--out": "out"}
    return words + [word for name, value in small.items() if name not in words for word in (name, value)]


def command_line(rng: random.Random) -> list[str]:
    """Return a command line of any command with one to three of its words changed."""
    words = rng.choice(LINES).split()
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.randrange(1, len(words)) if len(words) > 1 else 0
        change = rng.randrange(4)
        if change == 0:
            words[place] = rng.choice(ODD)
        elif change == 1:
            words.insert(place, rng.choice((*ODD, *SPECS, "--out", "--json", "--help", "--trust", "--jobs")))
        elif change == 2:
            words[place] = spoiled_text(words[place], rng)
        elif len(words) > 1:
            del words[place]
    return words
