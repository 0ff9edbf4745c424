"""Meta-games that `neuronet game meta` has measured, read from their folder; nothing is played again."""

from __future__ import annotations

from io import StringIO
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.core import DataError, NeuroNetError, named_path
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame
from neuronet.recording import read_json, read_text, reading

PAYOFFS, ABOUT, KIND = "payoffs.csv", "game.json", "meta-game"
NEURONS = "neurons "
ENDS = ["test_loss", "test_accuracy"]


def load_meta_game(folder: str | Path) -> MetaGame | LayerGame:
    """Return the measured game of a finished `neuronet game meta`, with the payoffs of every seed.

    The payoff "loss" is minus the test loss; all other payoffs are those of the file, with all digits.

    Args:
        folder: Folder with payoffs.csv, and game.json of a game between layers.

    Returns:
        A MetaGame where neurons chose policies, a LayerGame where layers did.

    Raises:
        DataError: The folder has no payoffs.csv, or it is not the table of a meta-game.
    """
    path = named_path("folder", folder) / PAYOFFS
    if not path.exists():
        raise DataError(f"there is no '{path}': name a folder of neuronet game meta")
    text = read_text(path, KIND)
    with reading(path, KIND):
        table = pd.read_csv(StringIO(text))
    try:
        return _layers(table, _sizes(Path(folder) / ABOUT)) if {"first", "second"} <= set(table.columns) else _neurons(table)
    except NeuroNetError:
        raise
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise DataError(f"'{path}' is not the table of a meta-game with all seeds and profiles: {error}") from None


def _neurons(table: pd.DataFrame) -> MetaGame:
    counts = [column for column in table.columns if column.startswith(NEURONS)]
    names = tuple(column.removeprefix(NEURONS) for column in counts)
    seeds = _seeds(table)
    rows = len(table) // (len(seeds) * len(names))
    players = next((n for n in range(2, rows + 2) if comb(n + len(names) - 2, len(names) - 1) >= rows), 2)
    shape = (len(seeds), len(names), rows)
    if comb(players + len(names) - 2, len(names) - 1) != rows or list(table["policy"][::rows][: len(names)]) != list(names):
        raise ValueError(f"{rows} combinations of opponents of {len(names)} policies")
    neurons = table[counts].to_numpy(dtype=np.int64).reshape(*shape, len(names))[0]
    others = neurons[0] - np.eye(len(names), dtype=np.int64)[0]
    kinds = [str(column) for column in table.columns if column not in ("seed", "policy", *counts, *ENDS)]
    loss, accuracy = (table[column].to_numpy(dtype=np.float64).reshape(shape) for column in ENDS)
    paid = {kind: table[kind].to_numpy(dtype=np.float64).reshape(shape) for kind in kinds}
    return MetaGame(names, players, int(neurons[0, 0].sum()), others, {**paid, "loss": -loss}, loss, accuracy, seeds)


def _layers(table: pd.DataFrame, sizes: tuple[int, int]) -> LayerGame:
    names, seeds = tuple(dict.fromkeys(table["first"])), _seeds(table)
    shape = (len(seeds), len(names), len(names))
    kinds = [str(column).removesuffix(" first") for column in table.columns if str(column).endswith(" first")]
    paid = {
        kind: np.stack(
            [table[f"{kind} {role}"].to_numpy(dtype=np.float64).reshape(shape) for role in ("first", "second")], axis=1
        )
        for kind in kinds
    }
    loss, accuracy = (table[column].to_numpy(dtype=np.float64).reshape(shape) for column in ENDS)
    return LayerGame(names, sizes, {**paid, "loss": np.stack((-loss, -loss), axis=1)}, loss, accuracy, seeds)


def _sizes(path: Path) -> tuple[int, int]:
    """Return the numbers of neurons of two layers."""
    content = read_json(path, KIND)
    with reading(path, KIND):
        first, second = content["neurons"]
        return int(first), int(second)


def _seeds(table: pd.DataFrame) -> tuple[int, ...]:
    seeds = tuple(int(seed) for seed in dict.fromkeys(table["seed"]))
    if not seeds or not np.array_equal(table["seed"], np.repeat(seeds, len(table) // len(seeds))):
        raise ValueError("the seeds are not complete")
    return seeds
