"""Credit: what each neuron of a layer contributes to the network, beside the attention it gets for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.structure.network import Network
from neuronet.core.utility import Measure, Power
from neuronet.games.attribution.shapley import MAX_SAMPLES, Bools, Coalitions, exact_shapley, sampled_shapley
from neuronet.games.simulation.payoffs import Floats, attention_payoff
from neuronet.games.simulation.play import GameSetup, Profile, policies_of, train_profile
from neuronet.registry import short_name
from neuronet.statistics import gini, interval

MAX_EXACT_NEURONS = 12
"""Neurons of which all coalitions are heard."""


@dataclass(frozen=True, eq=False)
class Credit:
    """What the neurons of a layer contribute, and what they get.

    Attributes:
        shapley: (J,), in units of loss; they add up to what the loss rises when all say their mean.
        low: (J,), of the 95% interval over samples.
        high: (J,), of the same.
        leave_one_out: (J,), how much the loss rises when this neuron alone says its mean.
        attention: (J,), the utility.
        scaled: (J,), the same of attention times the standard deviation of what the neuron says.
        exact: Whether all coalitions were heard.
    """

    shapley: Floats
    low: Floats
    high: Floats
    leave_one_out: Floats
    attention: Floats
    scaled: Floats
    exact: bool

    @property
    def share(self) -> Floats:
        """(J,), each neuron's share of the layer's attention; nan where nobody gets any."""
        with np.errstate(invalid="ignore"):
            found: Floats = self.attention / self.attention.sum()
        return found

    @property
    def free_riding(self) -> Bools:
        """(J,), who gets an equal share of the attention or more, while the interval of its credit includes 0."""
        found: Bools = (self.share >= 1 / len(self.share)) & (self.low <= 0) & (self.high >= 0)
        return found

    def correlation(self, other: str = "attention") -> float:
        """Spearman's rank correlation of credit with `attention`, `scaled` or `leave_one_out`; nan where one is constant."""
        from scipy.stats import rankdata

        one, two = rankdata(self.shapley), rankdata(getattr(self, other))
        if np.ptp(one) == 0 or np.ptp(two) == 0:
            return float("nan")
        return float(np.corrcoef(one, two)[0, 1])

    @property
    def gini(self) -> float:
        """How unequal the attention is: 0 where all get the same, towards 1 where one gets everything."""
        return gini(self.attention)


def attribute_credit(
    network: Network,
    environment: Environment,
    *,
    layer: int = 1,
    permutations: int = 32,
    samples: int = MAX_SAMPLES,
    measure: Measure | None = None,
    seed: int = 0,
) -> Credit:
    """What the neurons of a hidden layer contribute to a network, judged by test samples.

    Args:
        network: The network at rest.
        environment: Whose test samples judge.
        layer: 1 for the first hidden layer.
        permutations: In how many orders neurons join for each sample, where there are more than 12; an even number.
        samples: How many test samples at most.
        measure: What attention is worth; None for the square.
        seed: Of the orders.

    Raises:
        NeuroNetError: Something is out of range.
    """
    check_number("permutations", permutations, 2, whole=True)
    if permutations % 2:
        raise NeuroNetError(f"permutations must be an even number, half of them are the others reversed, got {permutations}")
    with closing(Coalitions(network, environment, layer, samples)) as coalitions:
        exact = coalitions.neurons <= MAX_EXACT_NEURONS
        values = exact_shapley(coalitions) if exact else sampled_shapley(coalitions, permutations, seed)
        J, N = coalitions.neurons, coalitions.samples
        but_one = np.vstack((np.ones((1, J), dtype=bool), ~np.eye(J, dtype=bool)))
        coalition_value = (
            coalitions.coalition_value(np.repeat(but_one, N, axis=0), np.tile(np.arange(N), J + 1)).reshape(J + 1, N).mean(axis=1)
        )
        activity_std = coalitions.activity.std(axis=0)
    bounds = np.array([interval(values[:, neuron]) for neuron in range(J)])
    attention, attention_measure = network.weights[layer], measure or Power()
    return Credit(
        bounds[:, 0],
        bounds[:, 1],
        bounds[:, 2],
        coalition_value[0] - coalition_value[1:],
        attention_payoff(attention, attention_measure),
        attention_payoff(attention * activity_std, attention_measure),
        exact,
    )


def correlation_interval(values: Floats) -> tuple[float, float, float]:
    """Mean and 95% interval of correlations by Student's t, on the scale on which they spread alike (Fisher 1915)."""
    mean, low, high = interval(np.arctanh(np.clip(values, -1 + 1e-9, 1 - 1e-9)))
    return float(np.tanh(mean)), float(np.tanh(low)), float(np.tanh(high))


@dataclass(frozen=True, eq=False)
class CreditStudy:
    """Credit in networks from several seeds.

    Attributes:
        credits: By seed.
        policies: Of every neuron of the layer, for each seed.
        networks: By seed, as they were judged.
    """

    credits: dict[int, Credit]
    policies: dict[int, tuple[str, ...]]
    networks: dict[int, Network]

    def table(self) -> pd.DataFrame:
        """A line for each seed and neuron."""
        parts = [
            pd.DataFrame(
                {
                    "seed": seed,
                    "neuron": np.arange(len(each.shapley)),
                    "policy": self.policies[seed],
                    "attention": each.attention,
                    "attention_share": each.share,
                    "scaled": each.scaled,
                    "shapley": each.shapley,
                    "low": each.low,
                    "high": each.high,
                    "leave_one_out": each.leave_one_out,
                    "free_riding": each.free_riding,
                }
            )
            for seed, each in self.credits.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> pd.DataFrame:
        """Means over the seeds with their 95% intervals, nan where there is one seed: rank correlations, Gini, free riders."""
        credits = list(self.credits.values())
        correlations = {
            "rank correlation of credit with attention": "attention",
            "rank correlation of credit with scaled attention": "scaled",
            "rank correlation of credit with leave-one-out": "leave_one_out",
        }
        rows = {
            name: correlation_interval(np.array([each.correlation(other) for each in credits]))
            for name, other in correlations.items()
        }
        rows["Gini of attention"] = interval(np.array([each.gini for each in credits]))
        mean, low, high = interval(np.array([each.free_riding.mean() for each in credits]))
        rows["free riders (share of neurons)"] = mean, max(low, 0.0), min(high, 1.0)
        lines = [{"measure": name, "mean": mean, "low": low, "high": high} for name, (mean, low, high) in rows.items()]
        return pd.DataFrame(lines).assign(seeds=len(credits))


def credit_study(
    game_setup: GameSetup,
    profile: Profile,
    seeds: Sequence[int],
    *,
    layer: int = 1,
    permutations: int = 32,
    samples: int = MAX_SAMPLES,
) -> CreditStudy:
    """Train a network from each seed, and give its neurons credit.

    Args:
        game_setup: The network, its world, and for how many rounds it learns.
        profile: Who follows which policy.
        seeds: Of the networks and all other chance.
        layer: Whose neurons, 1 for the first hidden layer.
        permutations: As for `attribute_credit`.
        samples: As for `attribute_credit`.

    Raises:
        NeuroNetError: Something is out of range.
    """
    if not seeds:
        raise NeuroNetError("a study of credit needs a seed at least")
    credits, policies, networks = {}, {}, {}
    for seed in seeds:
        end = train_profile(game_setup, profile, seed, game_setup.rounds)
        assert end.state is not None and end.layers is not None
        networks[seed] = end.state.network(end.network)
        credits[seed] = attribute_credit(
            networks[seed],
            game_setup.environment,
            layer=layer,
            permutations=permutations,
            samples=samples,
            measure=game_setup.measure,
            seed=seed,
        )
        policies[seed] = tuple(short_name(policy) for policy in policies_of(end.layers, game_setup.sizes)[layer - 1])
    return CreditStudy(credits, policies, networks)
