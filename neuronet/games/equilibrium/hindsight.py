"""Regret in hindsight: what a neuron would have gained by the best policy of a set, found by replaying its training.

Training is cut into stretches. Each is replayed from the state in which it began, with the same batches, once for each policy
that one neuron might have followed while all others keep theirs. The regret of a policy is the payoff of the best single policy,
added up over the stretches so far, minus its own: external regret (Hannan 1957) along the path that training took. A neuron that
had deviated before would have come to another state, which a replay does not follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, Policy, check_number
from neuronet.games.equilibrium.deviations import sample_deviators
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.payoffs import Floats, check_kind
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import Profile, cached_short_name, parse_profile, with_deviation
from neuronet.games.simulation.training import training_checkpoints
from neuronet.statistics import interval

OWN = "(own policy)"
"""Name of what the neuron has played."""


@dataclass(frozen=True, eq=False)
class HindsightRegret:
    """Payoffs of each policy in each stretch of training.

    Attributes:
        names: Names of the P policies, OWN first.
        rounds: Round at the end of each of T stretches.
        payoffs: For each payoff, (networks, neurons, T, P) at the end of a stretch in which the neuron follows the policy.
        deviators: Layer and index of each neuron.
        seeds: Seed of each network.
    """

    names: tuple[str, ...]
    rounds: tuple[int, ...]
    payoffs: dict[str, Floats]
    deviators: tuple[tuple[int, int], ...]
    seeds: tuple[int, ...]

    def regret(self, kind: str = "attention") -> Floats:
        """Return the regret of each policy after each stretch, per stretch so far, (networks, neurons, T, P); 0 or more.

        It is in units of the mean payoff of what was played.

        Raises:
            SpecError: The payoff is unknown.
        """
        paid = self.payoffs[check_kind(kind, tuple(self.payoffs))]
        total = np.cumsum(paid, axis=2)
        stretches = np.arange(1, len(self.rounds) + 1)[:, None]
        unit = abs(float(paid[..., 0].mean())) or 1.0
        return np.asarray((total.max(axis=-1, keepdims=True) - total) / stretches / unit)

    def best(self, kind: str = "attention") -> pd.Series:
        """Return the number of neurons for which each policy was the best in hindsight over all of training.

        Raises:
            SpecError: The payoff is unknown.
        """
        total = self.payoffs[check_kind(kind, tuple(self.payoffs))].sum(axis=2)
        counts = np.bincount(total.argmax(axis=-1).ravel(), minlength=len(self.names))
        return pd.Series(counts, index=self.names, name="best")

    def table(self) -> pd.DataFrame:
        """Return one row per payoff, round and policy: payoff, round, policy, regret, low and high (95%, over networks)."""
        rows = []
        for kind in self.payoffs:
            by_network = self.regret(kind).mean(axis=1)
            for step, number in enumerate(self.rounds):
                for column, name in enumerate(self.names):
                    mean, low, high = interval(by_network[:, step, column])
                    rows.append({"payoff": kind, "round": number, "policy": name, "regret": mean, "low": low, "high": high})
        return pd.DataFrame(rows)


def hindsight_regret(
    game_setup: GameSetup,
    profile: Profile,
    policies: Sequence[Policy],
    seeds: Sequence[int],
    *,
    every: int,
    deviators: int | None = 2,
    log: Callable[[str], None] | None = None,
) -> HindsightRegret:
    """Train networks by a profile, and replay each stretch with every policy that a lone neuron might have followed.

    Args:
        game_setup: Settings of the game; its `rounds` is the length of training.
        profile: Policies of the neurons.
        policies: Policies of the set, besides what the neuron has played.
        seeds: Seeds of the networks and of all other random draws.
        every: Rounds of a stretch (>= 1); the last may be shorter.
        deviators: Neurons of a layer that are replayed, one at a time, drawn at random; None for all.
        log: Receives a message after each network.

    Raises:
        ConfigurationError: There is no policy or no seed, or a value is out of range.
    """
    check_number("every", every, 1, whole=True)
    if not policies or not seeds:
        raise ConfigurationError("policies and seeds must not be empty")
    ends = sorted({*range(0, game_setup.rounds, every), game_setup.rounds})
    found: dict[str, list[Floats]] = {kind: [] for kind in game_setup.kinds}
    chosen = sample_deviators(game_setup, deviators, int(seeds[0]))
    for seed in seeds:
        by_stretch = []
        for start, (first, last) in zip(training_checkpoints(game_setup, profile, seed, ends[:-1]), pairwise(ends), strict=True):
            layers = parse_profile(profile).groups(start.network, start.seed)
            tried = [with_deviation(layers, game_setup.sizes, *neuron, policy) for neuron in chosen for policy in policies]
            outcomes = play(game_setup.with_rounds(last - first), [layers, *tried], [seed], start)
            by_stretch.append({kind: _stretch_payoffs(paid, chosen, len(policies)) for kind, paid in outcomes.payoffs.items()})
        for kind, parts in found.items():
            parts.append(np.stack([stretch[kind] for stretch in by_stretch], axis=1))
        if log is not None:
            log(f"network {seed}: {len(by_stretch)} stretches replayed with {len(policies)} policies")
    return HindsightRegret(
        names=(OWN, *(cached_short_name(policy) for policy in policies)),
        rounds=tuple(ends[1:]),
        payoffs={kind: np.stack(parts) for kind, parts in found.items()},
        deviators=tuple(chosen),
        seeds=tuple(seeds),
    )


def _stretch_payoffs(payoffs: Sequence[Floats], chosen: Sequence[tuple[int, int]], count: int) -> Floats:
    """Return what each neuron is paid by its own policy and by each other, (M, 1 + count)."""
    rows = []
    for number, (layer, neuron) in enumerate(chosen):
        paid = payoffs[layer - 1][:, 0, neuron]
        rows.append(np.concatenate((paid[:1], paid[1 + number * count : 1 + (number + 1) * count])))
    return np.array(rows)
