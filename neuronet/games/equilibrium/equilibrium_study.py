"""A study of one profile: is it an equilibrium? From several networks, and at several moments of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.games.equilibrium.deviations import Deviations, deviations, pooled, sample_of
from neuronet.games.equilibrium.exploitability import CONFIDENCE, Exploitability, exploit, tabled
from neuronet.games.equilibrium.feedback_scaling import AsLoud, Louder
from neuronet.games.equilibrium.local_best_response import over_training
from neuronet.games.simulation.payoffs import HELD
from neuronet.games.simulation.play import Profile, Situation, layers_of, moments, policies_of
from neuronet.games.simulation.profiles import text_for

CHANCE = 1_000_000
"""The first of the seeds from which deviations are replayed; those of networks are counted from the study's own."""

LOUDER = (2.0, 8.0)
"""How many times as loud a neuron is that deviates in length alone."""

ANY, AS_LOUD = "any", "as loud"
"""The two sets of deviations: all of them, and those whose feedback is as long as the profile's own would be."""


@dataclass(frozen=True, eq=False)
class Study:
    """What single neurons gain by deviating from a profile.

    Attributes:
        found: By set of deviations (`any`, `as loud`), payoff and moment.
        deviations: The replayed games of each moment, choosing and measuring together.
        distances: How far every neuron is from its local best response over training, of the first network.
        names: What the policies tried are called, in their order.
    """

    found: dict[tuple[str, str, int], Exploitability]
    deviations: tuple[Deviations, ...]
    distances: pd.DataFrame
    names: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """A line for each set, payoff and moment."""
        table = tabled(list(self.found.values()))
        table.insert(0, "deviations", [words for words, _, _ in self.found])
        return table

    def responses(self) -> pd.DataFrame:
        """A line for each set, payoff, moment and deviator."""
        parts = [each.responses.assign(deviations=words) for (words, _, _), each in self.found.items()]
        return pd.concat(parts, ignore_index=True)

    def gains(self) -> pd.DataFrame:
        """A line for each moment, policy and deviator: its mean gains, in units of the mean payoffs."""
        parts = []
        for each in self.deviations:
            D, M, _ = each.harm.shape
            usual = {kind: each.base[kind].mean() for kind in HELD}
            parts.append(
                pd.DataFrame(
                    {
                        "round": each.round,
                        "policy": np.repeat(self.names, M),
                        "network": np.tile(each.networks, D),
                        "layer": np.tile([layer for layer, _ in each.deviators], D),
                        "neuron": np.tile([neuron for _, neuron in each.deviators], D),
                        "relative": each.gains["attention"].mean(axis=-1).reshape(-1) / usual["attention"],
                        "share": each.gains["share"].mean(axis=-1).reshape(-1) / usual["share"],
                        "scaled": each.gains["scaled"].mean(axis=-1).reshape(-1) / usual["scaled"],
                        "loss_rise": each.harm.mean(axis=-1).reshape(-1),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)


def study(
    situation: Situation,
    profile: Profile,
    policies: Sequence[Policy],
    *,
    networks: int = 2,
    after: Sequence[int] = (0,),
    choosing: int = 4,
    measuring: int = 12,
    deviators: int | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    narrator: Callable[[str], None] | None = None,
) -> Study:
    """Find out what single neurons gain by deviating from a profile.

    Besides the policies themselves, what is tried is the neuron's own policy played louder, and, where everybody in the hidden
    layers plays the same policy and that keeps nothing, each of the policies with feedback as loud as the neuron's own.

    Args:
        situation: The game; its `rounds` say how long a deviation lasts.
        profile: Who follows which policy.
        policies: What deviators try.
        networks: How many, with seeds from `seed` on.
        after: After how many rounds of training deviations begin, ascending.
        choosing: From how many seeds best responses are chosen.
        measuring: From how many others they are measured, two or more.
        deviators: Neurons of each layer that may deviate, by chance; None for all.
        confidence: Of the certificates, all together.
        seed: The first of the networks' seeds.
        narrator: Told of each moment that is done.

    Raises:
        NeuroNetError: Something is out of range or does not fit.
    """
    for name, value, least in (("networks", networks, 1), ("choosing", choosing, 1), ("measuring", measuring, 2)):
        check_number(name, value, least, whole=True)
    if not after:
        raise NeuroNetError("there must be a moment at which deviations begin, such as after=(0,)")
    sizes = situation.sizes
    first = situation.network(seed)
    own = policies_of(layers_of(profile, first, seed), sizes)
    tried, as_loud, names = _tried(policies, own[:-1])
    who = sample_of(situation, deviators, seed)
    chance = range(CHANCE, CHANCE + choosing + measuring)
    parts: dict[int, list[Deviations]] = {number: [] for number in after}
    for network in range(seed, seed + networks):
        for start in moments(situation, profile, network, list(after)):
            layers = start.layers if start.layers is not None else layers_of(profile, start.network, network)
            parts[start.round].append(deviations(situation, layers, tried, chance, start, deviators=who))
            if narrator is not None:
                narrator(f"network {network}, after {start.round} rounds: {parts[start.round][-1].tried} deviations replayed")
    whole = [pooled(each) for each in parts.values()]
    sets = {ANY: range(len(tried)), AS_LOUD: as_loud} if as_loud else {ANY: range(len(tried))}
    count = sum(each.tried for each in whole) * len(HELD)
    found = {
        (words, kind, each.round): exploit(
            each.of(slice(0, choosing)).trying(places),
            each.of(slice(choosing, None)).trying(places),
            kind,
            tried=count,
            confidence=confidence,
            names=[names[place] for place in places],
        )
        for words, places in sets.items()
        for kind in HELD
        for each in whole
    }
    course = sorted({0, *after, *(number + situation.rounds for number in after), *_between(max(after) + situation.rounds)})
    return Study(found, tuple(whole), over_training(situation, profile, seed, course), names)


def _between(last: int) -> list[int]:
    """Some moments of training on the way, closer together at first."""
    return sorted({round(last * part**2) for part in (0.1, 0.2, 0.35, 0.5, 0.7, 0.85)})


def _tried(policies: Sequence[Policy], own: Sequence[Sequence[Policy]]) -> tuple[list[Policy], list[int], tuple[str, ...]]:
    """What deviators try, the places of what is as loud as their own, and what they are called."""
    everybody = list(dict.fromkeys(chain.from_iterable(own)))
    others = [policy for policy in policies if everybody != [policy]]
    if not others:
        raise NeuroNetError("there must be a policy to try, other than the one that everybody plays")
    names = [text_for(policy) for policy in others]
    if len(everybody) > 1 or everybody[0].keeps:
        return others, [], tuple(names)
    mine = everybody[0]
    loud = [AsLoud(policy, mine) for policy in others]
    louder = [Louder(mine, factor) for factor in LOUDER]
    labels = (*(f"own, {factor:g} times as loud" for factor in LOUDER), *names, *(f"{name}, as loud" for name in names))
    first = len(louder) + len(others)
    return [*louder, *others, *loud], list(range(first, first + len(loud))), labels
