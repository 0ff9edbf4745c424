"""Games in normal form with any number of players, and the same game as an object of other libraries."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np

from neuronet.core import ConfigurationError, MissingExtraError
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.nfg_format import nfg

MAX_PROFILES = 100_000
"""Largest number of profiles of a game that is exported or solved."""

Mixes = Sequence[Floats]
"""Mixed strategy of each player, (strategies,) each."""


@dataclass(frozen=True, eq=False)
class NormalFormGame:
    """Game in normal form.

    Attributes:
        strategies: Names of each player's strategies, n players.
        payoffs: (n, strategies of the first player, ..., strategies of the last player).
        players: Names of the players; "player 1", ... where none are given.
        title: Title in exports.

    Raises:
        ConfigurationError: The payoffs are not finite real numbers of that shape, or a player has no strategy.
    """

    strategies: tuple[tuple[str, ...], ...]
    payoffs: Floats
    players: tuple[str, ...] = ()
    title: str = "game"

    def __post_init__(self) -> None:
        count = len(self.strategies)
        shape = (count, *(len(names) for names in self.strategies))
        given = np.asarray(self.payoffs)
        if count < 2 or 0 in shape:
            raise ConfigurationError(f"a game needs two players or more, each with a strategy, got {shape[1:]}")
        real = given.dtype.kind in "biuf" and not np.ma.is_masked(self.payoffs)
        if given.shape != shape or not real or not np.isfinite(given).all():
            raise ConfigurationError(f"payoffs must be finite real numbers of shape {shape}, got {given.dtype} of {given.shape}")
        object.__setattr__(self, "payoffs", given.astype(np.float64))
        names = self.players or tuple(f"player {number}" for number in range(1, count + 1))
        if len(names) != count:
            raise ConfigurationError(f"there must be a name for each of {count} players, got {len(names)}")
        object.__setattr__(self, "players", tuple(names))

    @property
    def unit(self) -> float:
        """Return the range of the payoffs, or 1 if it is 0."""
        return float(np.ptp(self.payoffs)) or 1.0

    def deviation_payoffs(self, mixes: Mixes) -> list[Floats]:
        """Return what each strategy of each player earns against the others' mixes, (strategies,) for each player."""
        letters = string.ascii_letters[: len(mixes)]
        found = []
        for player, own in enumerate(letters):
            others = [(letter, mix) for letter, mix in zip(letters, mixes, strict=True) if letter != own]
            terms = ",".join([letters, *(letter for letter, _ in others)])
            found.append(np.asarray(np.einsum(f"{terms}->{own}", self.payoffs[player], *(mix for _, mix in others))))
        return found

    def regret(self, mixes: Mixes) -> float:
        """Return the largest gain of a player who leaves the others' mixes as they are; 0 in a Nash equilibrium."""
        return max(float(earned.max() - mix @ earned) for earned, mix in zip(self.deviation_payoffs(mixes), mixes, strict=True))

    def check_mixes(self, mixes: Mixes) -> list[Floats]:
        """Return mixes as arrays in double precision.

        Raises:
            ConfigurationError: They are not shares of the players' strategies with sum 1.
        """
        arrays = [np.asarray(mix, dtype=np.float64) for mix in mixes]
        shapes = [(len(names),) for names in self.strategies]
        good = [array.shape for array in arrays] == shapes
        if not good or any((array < -1e-12).any() or abs(array.sum() - 1) > 1e-9 for array in arrays):
            raise ConfigurationError(f"mixes must be shares with sum 1 of {[len(names) for names in self.strategies]} strategies")
        return arrays

    def to_nashpy(self) -> Any:
        """Return the game as a `nashpy.Game`.

        Raises:
            ConfigurationError: There are more than two players.
            MissingExtraError: nashpy is not installed.
        """
        if len(self.strategies) != 2:
            raise ConfigurationError(f"nashpy has games of two players, got {len(self.strategies)}")
        return _library("nashpy", "nashpy").Game(*self.payoffs)

    def to_pygambit(self) -> Any:
        """Return the game as a `pygambit.Game`, with names of players and strategies.

        Raises:
            MissingExtraError: pygambit is not installed.
        """
        text = nfg(self.title, self.players, self.strategies, self.payoffs)
        return _library("pygambit", "pygambit").read_nfg(BytesIO(text.encode()))

    def to_openspiel(self) -> Any:
        """Return the game as an OpenSpiel matrix game, or tensor game for more than two players.

        Raises:
            MissingExtraError: open_spiel is not installed.
        """
        pyspiel = _library("pyspiel", "open_spiel")
        names = [list(strategies) for strategies in self.strategies]
        short = "".join(letter if letter.isalnum() else "_" for letter in self.title)
        if len(names) == 2:
            return pyspiel.create_matrix_game(short, self.title, *names, *self.payoffs)
        return pyspiel.create_tensor_game(short, self.title, names, [payoff.reshape(-1) for payoff in self.payoffs])


def check_game(game: object, expected: type) -> None:
    """Refuse a game of another form than an analysis takes.

    Raises:
        ConfigurationError: The game is not of the expected type; the sentence says how it is converted.
    """
    if isinstance(game, expected):
        return
    found = type(game).__name__
    ways = {
        ("NormalFormGame", "SymmetricGame"): ": take game.normal_form()",
        ("SymmetricGame", "NormalFormGame"): ": take SymmetricGame.from_normal_form(game)",
        ("NormalFormGame", "MetaGame"): ": take game.normal_form(payoff)",
        ("NormalFormGame", "LayerGame"): ": take game.normal_form(payoff)",
        ("SymmetricGame", "MetaGame"): ": take game.game(payoff)",
    }
    raise ConfigurationError(f"game must be a {expected.__name__}, got {found}{ways.get((expected.__name__, found), '')}")


def _library(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(f"the package {package} is not installed: pip install {package}") from None
