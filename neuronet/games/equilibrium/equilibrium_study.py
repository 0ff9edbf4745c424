"""A study of one profile: is it an equilibrium? From several networks, and at several moments of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.games.equilibrium.deviations import Deviations, concatenate, deviations, sample_deviators
from neuronet.games.equilibrium.exploitability import CONFIDENCE, Exploitability, estimate_exploitability, payoff_table
from neuronet.games.equilibrium.feedback_scaling import MatchedNormFeedback, ScaledFeedback
from neuronet.games.equilibrium.local_best_response import distances_over_training
from neuronet.games.simulation.payoffs import INSTANT_KINDS
from neuronet.games.simulation.play import GameSetup, Profile, layers_of, policies_of, training_checkpoints
from neuronet.games.simulation.profiles import cached_short_name

FIRST_DEVIATION_SEED = 1_000_000
"""The first of the seeds from which deviations are replayed; those of networks are counted from the study's own."""

SCALE_FACTORS = (2.0, 8.0)
"""How many times as loud a neuron is that deviates in length alone."""

ANY, MATCHED_NORM = "any", "matched norm"
"""The two sets of deviations: all of them, and those whose feedback is as long as the profile's own would be."""


@dataclass(frozen=True, eq=False)
class EquilibriumStudy:
    """What single neurons gain by deviating from a profile.

    Attributes:
        results: By set of deviations (`any`, `as matched`), payoff and moment.
        deviations: The replayed games of each moment, choosing and measuring together.
        distances: How far every neuron is from its local best response over training, of the first network.
        names: What the policies tried are called, in their order.
    """

    results: dict[tuple[str, str, int], Exploitability]
    deviations: tuple[Deviations, ...]
    distances: pd.DataFrame
    names: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """A line for each set, payoff and moment."""
        table = payoff_table(list(self.results.values()))
        table.insert(0, "deviations", [label for label, _, _ in self.results])
        return table

    def responses(self) -> pd.DataFrame:
        """A line for each set, payoff, moment and deviator."""
        parts = [each.responses.assign(deviations=label) for (label, _, _), each in self.results.items()]
        return pd.concat(parts, ignore_index=True)

    def gains(self) -> pd.DataFrame:
        """A line for each moment, policy and deviator: its mean gains, in units of the mean payoffs."""
        parts = []
        for each in self.deviations:
            D, M, _ = each.loss_increase.shape
            mean_payoff = {kind: each.baseline[kind].mean() for kind in INSTANT_KINDS}
            parts.append(
                pd.DataFrame(
                    {
                        "round": each.round,
                        "policy": np.repeat(self.names, M),
                        "network": np.tile(each.networks, D),
                        "layer": np.tile([layer for layer, _ in each.deviators], D),
                        "neuron": np.tile([neuron for _, neuron in each.deviators], D),
                        "relative": each.gains["attention"].mean(axis=-1).reshape(-1) / mean_payoff["attention"],
                        "share": each.gains["share"].mean(axis=-1).reshape(-1) / mean_payoff["share"],
                        "scaled": each.gains["scaled"].mean(axis=-1).reshape(-1) / mean_payoff["scaled"],
                        "loss_increase": each.loss_increase.mean(axis=-1).reshape(-1),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)


def study_equilibrium(
    game_setup: GameSetup,
    profile: Profile,
    policies: Sequence[Policy],
    *,
    networks: int = 2,
    at_rounds: Sequence[int] = (0,),
    selection_seeds: int = 4,
    evaluation_seeds: int = 12,
    deviators: int | None = None,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    log: Callable[[str], None] | None = None,
) -> EquilibriumStudy:
    """Find out what single neurons gain by deviating from a profile.

    Besides the policies themselves, what is tried is the neuron's own policy played louder, and, where everybody in the hidden
    layers plays the same policy and that keeps nothing, each of the policies with feedback as loud as the neuron's own.

    Args:
        game_setup: The game; its `rounds` say how long a deviation lasts.
        profile: Who follows which policy.
        policies: What deviators try.
        networks: How many, with seeds from `seed` on.
        at_rounds: After how many rounds of training deviations begin, ascending.
        selection_seeds: From how many seeds best responses are chosen.
        evaluation_seeds: From how many others they are measured, two or more.
        deviators: Neurons of each layer that may deviate, by chance; None for all.
        confidence: Of the certificates, all together.
        seed: The first of the networks' seeds.
        log: Told of each moment that is done.

    Raises:
        NeuroNetError: Something is out of range or does not fit.
    """
    for name, value, least in (
        ("networks", networks, 1),
        ("selection_seeds", selection_seeds, 1),
        ("evaluation_seeds", evaluation_seeds, 2),
    ):
        check_number(name, value, least, whole=True)
    if not at_rounds:
        raise NeuroNetError("there must be a moment at which deviations begin, such as at_rounds=(0,)")
    sizes = game_setup.sizes
    first = game_setup.network(seed)
    own = policies_of(layers_of(profile, first, seed), sizes)
    tried, matched_norm, names = _deviation_set(policies, own[:-1])
    who = sample_deviators(game_setup, deviators, seed)
    deviation_seeds = range(FIRST_DEVIATION_SEED, FIRST_DEVIATION_SEED + selection_seeds + evaluation_seeds)
    parts: dict[int, list[Deviations]] = {number: [] for number in at_rounds}
    for network in range(seed, seed + networks):
        for start in training_checkpoints(game_setup, profile, network, list(at_rounds)):
            layers = start.layers if start.layers is not None else layers_of(profile, start.network, network)
            parts[start.round].append(deviations(game_setup, layers, tried, deviation_seeds, start, deviators=who))
            if log is not None:
                log(f"network {network}, after {start.round} rounds: {parts[start.round][-1].num_tested} deviations replayed")
    whole = [concatenate(each) for each in parts.values()]
    sets = {ANY: range(len(tried)), MATCHED_NORM: matched_norm} if matched_norm else {ANY: range(len(tried))}
    count = sum(each.num_tested for each in whole) * len(INSTANT_KINDS)
    found = {
        (label, kind, each.round): estimate_exploitability(
            each.select_seeds(slice(0, selection_seeds)).select_policies(indices),
            each.select_seeds(slice(selection_seeds, None)).select_policies(indices),
            kind,
            num_tested=count,
            confidence=confidence,
            names=[names[index] for index in indices],
        )
        for label, indices in sets.items()
        for kind in INSTANT_KINDS
        for each in whole
    }
    checkpoint_rounds = sorted(
        {
            0,
            *at_rounds,
            *(number + game_setup.rounds for number in at_rounds),
            *_checkpoint_rounds(max(at_rounds) + game_setup.rounds),
        }
    )
    return EquilibriumStudy(found, tuple(whole), distances_over_training(game_setup, profile, seed, checkpoint_rounds), names)


def _checkpoint_rounds(last: int) -> list[int]:
    """Some moments of training on the way, closer together at first."""
    return sorted({round(last * part**2) for part in (0.1, 0.2, 0.35, 0.5, 0.7, 0.85)})


def _deviation_set(
    policies: Sequence[Policy], own: Sequence[Sequence[Policy]]
) -> tuple[list[Policy], list[int], tuple[str, ...]]:
    """What deviators try, the places of what is as loud as their own, and what they are called."""
    own_policies = list(dict.fromkeys(chain.from_iterable(own)))
    others = [policy for policy in policies if own_policies != [policy]]
    if not others:
        raise NeuroNetError("there must be a policy to try, other than the one that everybody plays")
    names = [cached_short_name(policy) for policy in others]
    if len(own_policies) > 1 or own_policies[0].memory_axes:
        return others, [], tuple(names)
    mine = own_policies[0]
    matched = [MatchedNormFeedback(policy, mine) for policy in others]
    scaled = [ScaledFeedback(mine, factor) for factor in SCALE_FACTORS]
    labels = (
        *(f"own, {factor:g} times the feedback" for factor in SCALE_FACTORS),
        *names,
        *(f"{name}, matched norm" for name in names),
    )
    first = len(scaled) + len(others)
    return [*scaled, *others, *matched], list(range(first, first + len(matched))), labels
