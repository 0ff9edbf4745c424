"""Gambit's .nfg format: the payoffs of all players for each profile, with the first player's strategy varying fastest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.games.simulation.payoffs import Floats


def nfg(title: str, players: Sequence[str], strategies: Sequence[Sequence[str]], payoffs: Floats) -> str:
    """Return a game in normal form in Gambit's .nfg format.

    Args:
        title: Title of the game.
        players: Names of the n players.
        strategies: Names of each player's strategies.
        payoffs: Payoffs, (n, strategies of the first player, ..., strategies of the last player).

    Raises:
        ConfigurationError: The payoffs are not finite real numbers or have another shape.
    """
    shape = tuple(len(names) for names in strategies)
    is_real = payoffs.dtype.kind in "iuf" and not np.ma.is_masked(payoffs)
    if payoffs.shape != (len(players), *shape) or not is_real or not np.isfinite(payoffs).all():
        found = f"{payoffs.dtype} of shape {payoffs.shape}"
        raise ConfigurationError(f"payoffs must be finite real numbers of shape {(len(players), *shape)}, got {found}")
    by_player = "\n".join(f"{{ {_listed(names)} }}" for names in strategies)
    head = f'NFG 1 R {_quoted(title)} {{ {_listed(players)} }}\n\n{{ {by_player}\n}}\n""\n\n'
    lines = payoffs.reshape(len(players), -1, order="F").T.tolist()
    return head + "\n".join(" ".join(map(_number, line)) for line in lines) + "\n"


def _listed(names: Sequence[str]) -> str:
    return " ".join(_quoted(name) for name in names)


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _number(payoff: float) -> str:
    """Return the shortest exact text of a payoff, without the plus sign of an exponent, which Gambit does not read."""
    return repr(payoff).replace("e+", "e")
