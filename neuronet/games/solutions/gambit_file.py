"""Games in Gambit's .nfg format: payoffs or an outcome for each profile, the first player's strategy varying fastest."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from neuronet.core import DataError, is_plain_number, named_path
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import NormalFormGame

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}]|[^\s{}",]+')
MAX_BYTES = 50_000_000
MAX_EXPONENT_DIGITS = 4


def read_nfg(path: str | Path) -> NormalFormGame:
    """Return the game of a .nfg file, in the form with payoffs for each profile or in that with outcomes.

    Args:
        path: The file, as Gambit and `neuronet game meta` write it.

    Raises:
        DataError: The file cannot be read, or has another format.
    """
    file = named_path("path", path)
    try:
        if file.exists() and not file.is_file():
            raise DataError(f"cannot read '{path}': it is not a regular file")
        if file.stat().st_size > MAX_BYTES:
            raise DataError(f"'{path}' is larger than {MAX_BYTES // 1_000_000} MB, which is no game that can be solved")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"'{path}' is no text in UTF-8: a game in normal form is, as Gambit writes it to .nfg") from None
    try:
        return _Reader(text).game()
    except DataError as error:
        raise DataError(f"'{path}' is no game in normal form: {error}") from None
    except (IndexError, ValueError, ZeroDivisionError):
        reason = "it must begin with NFG 1 R, and list payoffs, or outcomes and their numbers, for all profiles"
        raise DataError(f"'{path}' is no game in normal form: {reason}") from None


class _Reader:
    """Reads the parts of a file in their order."""

    def __init__(self, text: str) -> None:
        found = TOKEN.finditer(text)
        self.tokens = [(match[0], False) if match[1] is None else (re.sub(r"\\(.)", r"\1", match[1]), True) for match in found]
        self.place = 0

    def game(self) -> NormalFormGame:
        """Return the game; the body has a payoff per player and profile, or numbered outcomes and their number per profile."""
        if [self.take() for _ in range(2)] != ["NFG", "1"] or self.take() not in ("R", "D"):
            raise ValueError
        title, players = self.take(), self.listed()
        strategies = self.strategies()
        if len(players) != len(strategies):
            raise DataError(f"it has {len(players)} players, but strategies of {len(strategies)}")
        if self.place < len(self.tokens) and self.tokens[self.place][1]:  # a comment
            self.place += 1
        shape = [len(names) for names in strategies]
        by_profile = self.outcomes(len(players), shape) if self.is_mark("{") else self.payoffs(len(players), shape)
        payoffs = np.stack([row.reshape(shape, order="F") for row in by_profile.T])
        return NormalFormGame(tuple(tuple(names) for names in strategies), payoffs, tuple(players), title)

    def strategies(self) -> list[list[str]]:
        """Return the names of each player's strategies, which are listed or only counted."""
        if self.tokens[self.place + 1] != ("{", False):
            return [[str(number) for number in range(1, self.count(text) + 1)] for text in self.listed()]
        self.take()
        found = []
        while self.is_mark("{"):
            found.append(self.listed())
        self.take()
        return found

    def count(self, text: str) -> int:
        """Return a number of strategies, which the file has payoffs for."""
        found = int(_plain(text))
        if not 1 <= found <= len(self.tokens):
            raise DataError(f"a player must have from 1 to {len(self.tokens)} strategies, as the file has payoffs, got {found}")
        return found

    def payoffs(self, players: int, shape: list[int]) -> Floats:
        """Return the payoffs that are left, (profiles, players), in the order of the file."""
        numbers, wanted = self.tokens[self.place :], players * math.prod(shape)
        if len(numbers) != wanted:
            raise DataError(f"{players} players with {shape} strategies need {wanted} payoffs, it has {len(numbers)}")
        return np.array([_number(number) for number, _ in numbers]).reshape(-1, players)

    def outcomes(self, players: int, shape: list[int]) -> Floats:
        """Return the payoffs of the outcome of each profile, (profiles, players); outcome 0 pays nothing."""
        self.take()
        paid = [[0.0] * players]
        while self.is_mark("{"):
            self.take()
            name = self.take() if self.tokens[self.place][1] else ""
            row = [_number(self.take()) for _ in range(self.length())]
            if len(row) != players:
                raise DataError(f"outcome {len(paid)} '{name}' must pay {players} players, it has {len(row)} payoffs")
            paid.append(row)
            self.take()
        self.take()
        numbers, wanted = [int(_plain(number)) for number, _ in self.tokens[self.place :]], math.prod(shape)
        if len(numbers) != wanted:
            raise DataError(f"{shape} strategies need the outcomes of {wanted} profiles, it has {len(numbers)}")
        if not all(0 <= number < len(paid) for number in numbers):
            raise DataError(f"outcomes must be numbers from 0 to {len(paid) - 1}, got {max(numbers)}")
        return np.array([paid[number] for number in numbers])

    def is_mark(self, mark: str) -> bool:
        """Return whether a brace is next; a quoted one is a name."""
        return self.tokens[self.place] == (mark, False)

    def take(self) -> str:
        """Return the next token and go on."""
        self.place += 1
        return self.tokens[self.place - 1][0]

    def length(self) -> int:
        """Return the number of tokens before the next closing brace."""
        return self.tokens.index(("}", False), self.place) - self.place

    def listed(self) -> list[str]:
        """Return what stands in a pair of braces."""
        if not self.is_mark("{"):
            raise ValueError
        self.take()
        found = [self.take() for _ in range(self.length())]
        self.take()
        return found


def _plain(text: str) -> str:
    if not is_plain_number(text):
        raise DataError(f"numbers must be written in the digits 0 to 9, got '{text}'")
    return text


def _number(text: str) -> float:
    exponent = re.search(r"[eE][+-]?0*(\d+)", text)
    if exponent is not None and len(exponent[1]) > MAX_EXPONENT_DIGITS:  # a Fraction would have all its digits
        raise DataError(f"payoffs must be numbers in double precision, got {text}")
    try:
        return float(Fraction(_plain(text)))
    except OverflowError:
        raise DataError(f"payoffs must be numbers in double precision, got {text}") from None
