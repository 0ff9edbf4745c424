"""Is what all neurons want a gradient? The Jacobian of their directions, and its antisymmetric share (docs/theory.md).

Each hidden neuron has a direction in its own synapses: the change that its policy intends, or the slope of its utility with
demands that react. If the Jacobian of all of these directions by all hidden neurons' synapses is symmetric, they are slopes of
one function of the network, an exact potential, and the neurons climb it together (Monderer and Shapley 1996). The test is at a
point. A Jacobian that is not symmetric excludes neither weighted or ordinal potentials nor a Lyapunov function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from neuronet.benchmarking import threads
from neuronet.core import ConfigurationError, Policy
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.profiles import Profile, cached_short_name, parse_profile

MAX_SYNAPSES = 2000
"""Largest number of synapses of the hidden neurons, biases included: the Jacobian has the square of it."""

SAMPLES = 64
"""Largest number of samples on which the Jacobian is taken."""

CHUNK = 64
"""Rows of the Jacobian that are computed together."""

Field = Callable[[Sequence[Tensor]], Tensor]
"""From the synapses of all layers to the directions of all hidden neurons, flat."""


def potential_test(game_setup: GameSetup, start: InitialState, profile: Profile | None = None) -> dict[str, float]:
    """Return the antisymmetric share of what all hidden neurons want, on SAMPLES of the probe batch.

    Args:
        game_setup: Settings of the game.
        start: State of the network.
        profile: Policies of the neurons; None for those by which the state was reached.

    Returns:
        "intended": share of the Jacobian of the changes that the policies intend; 0 for attention-seeking by p = 2 without
        foresight, at fixed demands: the loss is its potential. "real": share of that of the slopes of w^2 / 2 in the real
        round, with demands that react. nan where nothing depends on any synapse, or a derivative is not finite.

    Raises:
        ConfigurationError: The hidden neurons have more than MAX_SYNAPSES synapses.
    """
    given = start.layers if profile is None else profile
    if given is None:
        raise ConfigurationError("profile must be given for a fresh network")
    game = DifferentiableRound.of_game(game_setup, start, parse_profile(given).groups(start.network, start.seed))
    samples = game_setup.probe_samples
    chosen = np.unique(np.linspace(0, len(samples) - 1, min(SAMPLES, len(samples))).astype(np.int64))
    inputs, targets = as_tensors(samples.inputs[chosen], samples.targets[chosen])
    count = sum(part.numel() for part in game.synapses[:-1])
    if count > MAX_SYNAPSES:
        raise ConfigurationError(f"hidden neurons may have {MAX_SYNAPSES:,} synapses in all, they have {count:,}: choose fewer")
    with threads(1):  # many small products with several threads mostly wait for each other
        return {
            name: antisymmetric_share(field_jacobian(field, game.synapses))
            for name, field in (
                ("intended", intended_field(game, inputs, targets)),
                ("real", real_field(game, inputs, targets)),
            )
        }


def potential_table(game_setup: GameSetup, starts: Sequence[InitialState], policies: Sequence[Policy]) -> pd.DataFrame:
    """Return the antisymmetric shares of policies in the same networks, one row per network and policy.

    Args:
        game_setup: Settings of the game.
        starts: States of the networks.
        policies: Policies of all neurons.

    Returns:
        Columns round, seed, policy, intended and real, as `potential_test` returns them.

    Raises:
        ConfigurationError: The hidden neurons have more than MAX_SYNAPSES synapses.
    """
    rows = []
    for policy in policies:
        for start in starts:
            shares = potential_test(game_setup, start, policy)
            rows.append({"round": start.round, "seed": start.seed, "policy": cached_short_name(policy), **shares})
    return pd.DataFrame(rows)


def intended_field(game: DifferentiableRound, inputs: Tensor, targets: Tensor) -> Field:
    """Return the changes that the policies of the hidden neurons intend, per unit of learning rate."""

    def field(synapses: Sequence[Tensor]) -> Tensor:
        changes = game.changes(game.play(inputs, targets, synapses))
        return torch.cat([change.reshape(-1) for change in changes[:-1]])

    return field


def real_field(game: DifferentiableRound, inputs: Tensor, targets: Tensor) -> Field:
    """Return the slopes of all hidden neurons' utilities in their own synapses, demands reacting, per unit of learning rate."""

    def field(synapses: Sequence[Tensor]) -> Tensor:
        changes = game.changes(game.play(inputs, targets, synapses))
        slopes = []
        for layer, own in enumerate(synapses[:-1]):
            attention = synapses[layer + 1][..., :-1] + game.learning_rate * changes[layer + 1][..., :-1]
            utilities = 0.5 * (attention * attention).sum(dim=0)
            for neuron, utility in enumerate(utilities):
                (slope,) = torch.autograd.grad(utility, own, create_graph=True, allow_unused=True)
                slopes.append(own[neuron] * 0 if slope is None else slope[neuron])
        return torch.cat(slopes) / game.learning_rate

    return field


def field_jacobian(field: Field, synapses: Sequence[Tensor]) -> Floats:
    """Return the derivative of a field of the hidden neurons' directions by their synapses, (N, N)."""
    free = [part.detach().clone().requires_grad_() for part in synapses]
    values = field(free)
    if not values.requires_grad:
        return np.zeros((len(values), len(values)))
    return np.concatenate([_rows(values, free[:-1], chunk) for chunk in torch.split(torch.eye(len(values)), CHUNK)])


def _rows(values: Tensor, free: Sequence[Tensor], chosen: Tensor) -> Floats:
    """Return some rows of the Jacobian, (M, N): together where torch can batch all operations, else one after another."""
    weights = chosen.to(values.dtype)
    try:
        parts = torch.autograd.grad(values, free, weights, is_grads_batched=True, retain_graph=True, allow_unused=True)
    except RuntimeError:
        singles = [torch.autograd.grad(values, free, row, retain_graph=True, allow_unused=True) for row in weights]
        return np.stack([_flat(single, free, ()) for single in singles])
    return _flat(parts, free, (len(weights),))


def _flat(parts: Sequence[Tensor | None], free: Sequence[Tensor], rows: tuple[int, ...]) -> Floats:
    filled = [
        torch.zeros(*rows, own.numel(), dtype=own.dtype) if part is None else part.reshape(*rows, -1)
        for own, part in zip(free, parts, strict=True)
    ]
    return np.asarray(torch.cat(filled, dim=-1).numpy())


def antisymmetric_share(jacobian: Floats) -> float:
    """Return the norm of the antisymmetric part relative to the whole: 0 for slopes of a potential, 1 for a rotation."""
    whole = float(np.linalg.norm(jacobian))
    if not whole > 0:
        return float("nan")
    return float(np.linalg.norm(jacobian - jacobian.T)) / 2 / whole
