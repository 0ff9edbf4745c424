"""What a game pays a neuron: the attention it holds, counted in several ways, and the loss that all share.

attention   sum_k phi(w_kj), what it holds at the end: the utility of docs/theory.md
share       the mean over its listeners k of phi(w_kj) / sum_j phi(w_kj): what it holds of each listener's attention; the shares
            of a layer add up to 1, so that for this payoff the neurons of a layer are pure rivals
scaled      sum_k phi(w_kj std(a_j)), attention in units of what the neuron has to say: where a ReLU neuron speaks c times as
            loudly to listeners who pay 1 / c as much, nothing changes
gain        the change of attention, per round
loss        minus the network's loss on test samples, the same for all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import parse_activation
from neuronet.core.errors import unknown_name_error
from neuronet.core.utility import Measure

KINDS = ("attention", "share", "scaled", "gain", "loss")
"""Every payoff by its name."""

INSTANT_KINDS = ("attention", "share", "scaled")
"""Those that a neuron has at any moment."""

Floats = NDArray[np.float64]


def check_kind(kind: str, known: Sequence[str] = KINDS) -> str:
    """The name of a payoff, if it is one.

    Raises:
        NeuroNetError: It is not.
    """
    if kind not in known:
        raise unknown_name_error("payoff", kind, known)
    return kind


@dataclass(frozen=True, eq=False)
class AttentionHoldings:
    """What the hidden neurons of R networks hold at some moment.

    Attributes:
        round: How many rounds have been played.
        by_kind: By the names in HELD, an array (R, J) for each hidden layer.
    """

    round: int
    by_kind: Mapping[str, tuple[Floats, ...]]


def attention_payoff(attention: NDArray[Any], measure: Measure) -> Floats:
    """The utility of every neuron, (..., K, J) to (..., J)."""
    return np.asarray(measure.utility(np, attention), dtype=np.float64)


def share_payoff(attention: NDArray[Any], measure: Measure) -> Floats:
    """The mean over listeners of each neuron's share of what the listener pays, (..., K, J) to (..., J).

    A listener that pays nobody is left out; where there is no other, every share is 0.
    """
    paid = _payoff_by_listener(attention, measure)
    total = paid.sum(axis=-1, keepdims=True)
    shares = np.divide(paid, total, out=np.zeros_like(paid), where=total > 0)
    paying = np.maximum((total > 0).sum(axis=-2), 1)
    held: Floats = shares.sum(axis=-2) / paying
    return held


def _payoff_by_listener(attention: NDArray[Any], measure: Measure) -> Floats:
    """What each listener's attention is worth by itself, (..., K, J)."""
    return np.asarray(measure.utility(np, attention[..., :, None, :]), dtype=np.float64)


def activities(
    weights: Sequence[NDArray[Any]], biases: Sequence[NDArray[Any]], names: Sequence[str], inputs: Any
) -> list[Floats]:
    """What every listening layer's potential calls for, (R, B, J) each, whatever policies would say.

    Args:
        weights: (R, J, I) of each listening layer.
        biases: (R, J) of each.
        names: Their activations.
        inputs: (B, I).
    """
    activity, found = np.asarray(inputs, dtype=np.float64), []
    for W, b, name in zip(weights, biases, names, strict=True):
        activity = parse_activation(name).value(np, activity @ np.swapaxes(W, -1, -2) + b[..., None, :])
        found.append(activity)
    return found


def attention_holdings(
    round_number: int,
    weights: Sequence[NDArray[Any]],
    biases: Sequence[NDArray[Any]],
    names: Sequence[str],
    inputs: Any,
    measure: Measure,
) -> AttentionHoldings:
    """What the hidden neurons hold.

    Args:
        round_number: How many rounds have been played.
        weights: (R, J, I) of each listening layer; 0 where nobody is connected.
        biases: (R, J) of each.
        names: Their activations.
        inputs: (B, I), by which it is judged how much the neurons have to say.
        measure: What attention is worth.
    """
    above = weights[1:]
    activity = activities(weights[:-1], biases[:-1], names[:-1], inputs)
    activity_stds = [each.std(axis=-2)[..., None, :] for each in activity]
    return AttentionHoldings(
        round_number,
        {
            "attention": tuple(attention_payoff(each, measure) for each in above),
            "share": tuple(share_payoff(each, measure) for each in above),
            "scaled": tuple(
                attention_payoff(each * activity_std, measure) for each, activity_std in zip(above, activity_stds, strict=True)
            ),
        },
    )


def payoffs_of(before: AttentionHoldings, after: AttentionHoldings, loss: Floats) -> dict[str, tuple[Floats, ...]]:
    """The payoffs of games that began and ended like this, by the names in KINDS: an array (R, J) for each hidden layer.

    Args:
        before: What the neurons held at first.
        after: What they held at the end, at least a round later.
        loss: (R,), each network's loss at the end.
    """
    rounds = max(after.round - before.round, 1)
    pairs = zip(before.by_kind["attention"], after.by_kind["attention"], strict=True)
    gain = tuple((new - old) / rounds for old, new in pairs)
    shared = tuple(np.broadcast_to(-loss[:, None], each.shape).copy() for each in gain)
    return {**after.by_kind, "gain": gain, "loss": shared}
