"""Games in Gambit's .nfg format: the payoffs of all players for each profile, the first player's strategy varying fastest."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from neuronet.core import DataError
from neuronet.games.solutions.normal_form import NormalFormGame

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}]|[^\s{}",]+')
MAX_BYTES = 50_000_000


def read_nfg(path: str | Path) -> NormalFormGame:
    """Return the game of a .nfg file with a payoff of each player for each profile.

    Args:
        path: The file, as Gambit and `neuronet game meta` write it.

    Raises:
        DataError: The file cannot be read, or has another format.
    """
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise DataError(f"'{path}' is larger than {MAX_BYTES // 1_000_000} MB, which is no game that can be solved")
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"'{path}' is no text in UTF-8: a game in normal form is, as Gambit writes it to .nfg") from None
    tokens = [re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[0] for match in TOKEN.finditer(text)]
    try:
        return _parse(tokens)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        reason = (
            str(error) if isinstance(error, DataError) else "it must begin with NFG 1 R, and list a payoff per player and profile"
        )
        raise DataError(f"'{path}' is no game in normal form: {reason}") from None


def _parse(tokens: list[str]) -> NormalFormGame:
    if tokens[:2] != ["NFG", "1"]:
        raise ValueError
    title, place = tokens[3], 4
    players, place = _listed(tokens, place)
    if tokens[place + 1] == "{":
        strategies: list[list[str]] = []
        place += 1
        while tokens[place] == "{":
            names, place = _listed(tokens, place)
            strategies.append(names)
        place += 1
    else:
        counts, place = _listed(tokens, place)
        strategies = [[str(number) for number in range(1, int(count) + 1)] for count in counts]
    shape = [len(names) for names in strategies]
    wanted = len(players) * int(np.prod(shape))
    numbers = tokens[place:]
    if len(numbers) == wanted + 1:  # a comment
        numbers = numbers[1:]
    if len(numbers) != wanted or len(players) != len(strategies):
        raise DataError(f"{len(players)} players with {shape} strategies need {wanted} payoffs, it has {len(numbers)}")
    values = np.array([float(Fraction(number)) for number in numbers]).reshape(-1, len(players)).T
    payoffs = np.stack([row.reshape(shape, order="F") for row in values])
    return NormalFormGame(tuple(tuple(names) for names in strategies), payoffs, tuple(players), title)


def _listed(tokens: list[str], place: int) -> tuple[list[str], int]:
    """Return what stands in a pair of braces, and the place behind it."""
    if tokens[place] != "{":
        raise ValueError
    end = tokens.index("}", place)
    return tokens[place + 1 : end], end + 1
