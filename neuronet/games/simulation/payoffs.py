"""Payoffs of a neuron: the attention that it receives, counted in several ways, and the loss shared by all.

attention   sum_k phi(w_kj) at the end of the game: the utility of docs/theory.md
share       mean over the listeners k of phi(w_kj) / sum_j phi(w_kj); the shares of a layer sum to 1: a constant-sum game
scaled      sum_k phi(w_kj std(a_j)): attention in units of the spread of the neuron's activity, as its listeners hear it;
            invariant to rescaling a ReLU neuron's activity by c and its listeners' weights by 1 / c
gain        change of attention per round
loss        minus the network's test loss, equal for all neurons
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Measure, parse_activation, unknown_name_error

KINDS = ("attention", "share", "scaled", "gain", "loss")
"""Names of all payoffs."""

INSTANT_KINDS = ("attention", "share", "scaled")
"""Names of the payoffs that are defined at any moment, not only over a game."""

Floats = NDArray[np.float64]


def check_kind(kind: str, known: Sequence[str] = KINDS) -> str:
    """Return the name of a payoff.

    Raises:
        SpecError: The name is unknown.
    """
    if kind not in known:
        raise unknown_name_error("payoff", kind, known)
    return kind


@dataclass(frozen=True, eq=False)
class AttentionHoldings:
    """Attention received by the hidden neurons of R networks at one moment.

    Attributes:
        round: Number of rounds played.
        by_kind: For each name in INSTANT_KINDS, an array (R, J) per hidden layer.
        attention: Weights of the listeners, (R, K, J) per hidden layer.
        activity: What the neurons say on the probe batch, (R, B, J) per hidden layer.
    """

    round: int
    by_kind: Mapping[str, tuple[Floats, ...]]
    attention: tuple[Floats, ...]
    activity: tuple[Floats, ...]


def attention_payoff(attention: NDArray[Any], measure: Measure) -> Floats:
    """Return the utility of each neuron, (..., J), from its listeners' weights, (..., K, J)."""
    return np.asarray(measure.utility(np, attention), dtype=np.float64)


def share_payoff(attention: NDArray[Any], measure: Measure) -> Floats:
    """Return each neuron's mean share of its listeners' attention, (..., K, J) to (..., J).

    Listeners without attention are left out of the mean; without any listener left, shares are 0.
    """
    paid = np.asarray(measure.utility(np, attention[..., :, None, :]), dtype=np.float64)
    total = paid.sum(axis=-1, keepdims=True)
    shares = np.divide(paid, total, out=np.zeros_like(paid), where=total > 0)
    paying = np.maximum((total > 0).sum(axis=-2), 1)
    return np.asarray(shares.sum(axis=-2) / paying)


def activities(
    weights: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], names: Sequence[str], inputs: Any
) -> list[Floats]:
    """Return the activity of each listening layer, (R, B, J), without the policies' `speak` hook.

    Args:
        weights: Weights of each listening layer, (R, J, I).
        biases: Biases of each listening layer, (R, J).
        names: Activation of each listening layer.
        inputs: Network inputs, (B, I).
    """
    activity, result = np.asarray(inputs, dtype=np.float64), []
    for W, b, name in zip(weights, biases, names, strict=True):
        activity = parse_activation(name).value(np, activity @ np.swapaxes(W, -1, -2) + b[..., None, :])
        result.append(activity)
    return result


def attention_holdings(
    round_number: int,
    above: Sequence[NDArray[Any]],
    said: Sequence[NDArray[Any]],
    heard: Sequence[NDArray[Any]],
    measure: Measure,
) -> AttentionHoldings:
    """Return the attention received by the hidden neurons.

    Args:
        round_number: Number of rounds played.
        above: Weights of the listeners of each hidden layer, (R, K, J); 0 without a connection.
        said: What the neurons of each hidden layer say on the probe batch, (R, B, J).
        heard: What their listeners hear of it, (R, B, J), whose spread scales attention.
        measure: Utility of a unit of attention.
    """
    activity_stds = [layer.std(axis=-2)[..., None, :] for layer in heard]
    scaled = [layer * activity_std for layer, activity_std in zip(above, activity_stds, strict=True)]
    return AttentionHoldings(
        round_number,
        {
            "attention": tuple(attention_payoff(layer, measure) for layer in above),
            "share": tuple(share_payoff(layer, measure) for layer in above),
            "scaled": tuple(attention_payoff(layer, measure) for layer in scaled),
        },
        tuple(np.asarray(layer, dtype=np.float64) for layer in above),
        tuple(said),
    )


def payoffs_of(before: AttentionHoldings, after: AttentionHoldings, loss: Floats) -> dict[str, tuple[Floats, ...]]:
    """Return the payoffs of games: for each name in KINDS an array (R, J) per hidden layer.

    Args:
        before: Attention at the beginning.
        after: Attention at the end, at least one round later.
        loss: Final loss of each network, (R,).
    """
    rounds = max(after.round - before.round, 1)
    pairs = zip(before.by_kind["attention"], after.by_kind["attention"], strict=True)
    gain = tuple((new - old) / rounds for old, new in pairs)
    shared = tuple(np.broadcast_to(-loss[:, None], layer.shape).copy() for layer in gain)
    return {**after.by_kind, "gain": gain, "loss": shared}
