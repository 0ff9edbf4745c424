"""Distance of each neuron from its local best response over training: Propositions 4 to 6 of docs/theory.md.

A neuron that may move its activity, or its synapses, within a small ball has a best response. The distances compare it with the
move of the neuron's own policy, in the frozen game, where listeners keep their demands, and in the real one, where all layers
above speak and demand again. Attention counts by the measure w^2 / 2, and listeners respond by SGD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from neuronet.benchmarking import threads
from neuronet.core import Layers, check_number
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.reaction.lone_moves import Gain, LoneMoves, best_moves
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.profiles import Profile, cached_short_name, parse_profile, policies_of
from neuronet.games.simulation.training import training_checkpoints
from neuronet.policies import AttentionSeeking

RELATIVE_RADIUS = 0.01
"""Radius of the ball of a neuron's moves, relative to the norm of its activity over the batch, or of its synapses."""

FROZEN = ("missed_gain", "angle", "attainable_gain")
REAL = tuple(f"real_{name}" for name in FROZEN)
SYNAPSES = tuple(f"synapse_{name}" for name in FROZEN)
DISTANCES = (*FROZEN, *REAL, *SYNAPSES, "slope")


def distances(
    game_setup: GameSetup,
    start: InitialState,
    profile: Profile | None = None,
    *,
    listeners: Profile | None = None,
    relative_radius: float = RELATIVE_RADIUS,
) -> pd.DataFrame:
    """Return the distances of the hidden neurons from their local best responses, on the probe batch.

    Args:
        game_setup: Settings of the game.
        start: State of the network.
        profile: Policies of the neurons; None for those by which the state was reached, or attention-seeking.
        listeners: Policies of all layers above a neuron's own; None for those of the profile.
        relative_radius: Radius of the ball (> 0), relative to the norm of the neuron's activity or synapses.

    Raises:
        ConfigurationError: The radius is out of range.

    Returns:
        One row per hidden neuron, with the columns round, seed, layer, neuron, policy and
        missed_gain: fraction of the best response's gain that a move of equal length along the feedback misses; above 1 the
            neuron loses by following its policy;
        angle: angle between the two moves, in degrees;
        attainable_gain: gain of the best response, in units of the anticipated attention;
        real_missed_gain, real_angle, real_attainable_gain: the same in the real game;
        synapse_missed_gain, synapse_angle, synapse_attainable_gain: the same in the real game for moves of the synapses, along
            the change that the policy intends;
        slope: norm of the slope of the myopic utility in the neuron's own synapses at fixed demands, per unit of learning rate.
        What is undefined is nan: all of it for a neuron without activity, and what concerns a move or gain of 0.
    """
    check_number("relative_radius", relative_radius, 0, above=True)
    given = start.layers if profile is None else profile
    population = parse_profile(AttentionSeeking() if given is None else given)
    layers = population.groups(start.network, start.seed)
    above = layers if listeners is None else parse_profile(listeners).groups(start.network, start.seed)
    names = [[cached_short_name(policy) for policy in layer] for layer in policies_of(layers, game_setup.sizes)]
    inputs, targets = as_tensors(game_setup.probe_samples.inputs, game_setup.probe_samples.targets)
    parts = []
    for layer, width in enumerate(game_setup.hidden, start=1):
        mixed: Layers = (*layers[:layer], *above[layer:])
        moves = LoneMoves(DifferentiableRound.of_game(game_setup, start, mixed), layer, inputs, targets)
        index = {"round": start.round, "seed": start.seed, "layer": layer, "neuron": range(width), "policy": names[layer - 1]}
        with threads(1):  # many small products with several threads mostly wait for each other
            parts.append(pd.DataFrame({**index, **_measure(moves, relative_radius)}))
    return pd.concat(parts, ignore_index=True)


def distances_over_training(
    game_setup: GameSetup,
    profile: Profile,
    seed: int,
    rounds: Sequence[int],
    *,
    listeners: Profile | None = None,
    relative_radius: float = RELATIVE_RADIUS,
) -> pd.DataFrame:
    """Return the distances of each neuron after each of several numbers of rounds, ascending.

    Args:
        game_setup: Settings of the game.
        profile: Policies of the neurons; by them the network is trained, too, unless `listeners` is given.
        seed: Seed of the network and of all other random draws.
        rounds: Numbers of rounds, ascending.
        listeners: Policies by which the network is trained and that all layers above a neuron's own follow; None for the
            profile.
        relative_radius: Radius of the ball, relative to the norm of the neuron's activity or synapses.
    """
    starts = training_checkpoints(game_setup, profile if listeners is None else listeners, seed, rounds)
    return pd.concat(
        [distances(game_setup, start, profile, listeners=listeners, relative_radius=relative_radius) for start in starts],
        ignore_index=True,
    )


def mean_distances(table: pd.DataFrame) -> pd.DataFrame:
    """Return the median of each distance over the neurons of a layer, one row per round, seed and layer.

    The column `losing` is the number of neurons that lose in the real game by moving their synapses as their policy intends.
    """
    losing = table.assign(losing=table["synapse_missed_gain"] > 1).groupby(["round", "seed", "layer"], sort=True)["losing"].sum()
    medians = table.groupby(["round", "seed", "layer"], sort=True)[list(DISTANCES)].median()
    return medians.assign(losing=losing).reset_index()


def _measure(moves: LoneMoves, relative_radius: float) -> dict[str, Floats]:
    """Return all distances of J neurons, (J,) each."""
    fields, change = moves.played.fields[moves.layer], moves.played.answers[moves.layer].change
    synapses = fields["synapses"] * fields["synapse_mask"]
    lengths = torch.linalg.vector_norm(moves.activity, dim=0)
    radius, synapse_radius = relative_radius * lengths, relative_radius * torch.linalg.vector_norm(synapses, dim=1)
    worth = 0.5 * (moves.anticipated**2).sum(dim=0)
    kinds: list[tuple[tuple[str, ...], Gain, Tensor, Tensor]] = [
        (FROZEN, replace(moves, react=False).gain, fields["feedback"].T, radius),
        (REAL, moves.gain, fields["feedback"].T, radius),
        (SYNAPSES, moves.synapse_gain, change, synapse_radius),
    ]
    result = {}
    for names, gain, own, ball in kinds:
        for name, values in zip(names, _compare(gain, own, ball, worth), strict=True):
            result[name] = np.where(lengths.numpy() > 0, values.numpy(), np.nan)
    potential_gradient = (fields["demand"] @ fields["attention"]) * fields["slope"]
    heard = fields["speaker_activity"]
    inputs_with_bias = torch.cat((heard, heard.new_ones(len(heard), 1)), dim=1)
    gradient = potential_gradient.T @ inputs_with_bias * fields["synapse_mask"] / len(heard)
    return result | {"slope": torch.linalg.vector_norm(gradient, dim=1).numpy()}


def _compare(gain: Gain, own: Tensor, radius: Tensor, worth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return missed gain, angle and attainable gain, (J,) each, of the neurons' own directions (J, N)."""
    nan = torch.full_like(radius, torch.nan)
    length = torch.linalg.vector_norm(own, dim=1)
    step = own * (radius / torch.where(length > 0, length, torch.ones_like(length)))[:, None]
    best = best_moves(gain, own.shape[1], radius)
    best_gain, own_gain = gain(best).detach(), gain(step).detach()
    missed = torch.where(best_gain > 0, 1.0 - own_gain / best_gain, nan)
    both = (length > 0) & (torch.linalg.vector_norm(best, dim=1) > 0)
    chord = torch.linalg.vector_norm(step - best, dim=1) / (2.0 * radius)
    angle = torch.where(both, torch.rad2deg(2.0 * torch.arcsin(chord.clamp(max=1.0))), nan)
    return missed, angle, torch.where(worth > 0, best_gain / worth, nan)
