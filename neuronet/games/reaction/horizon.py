"""Where a neuron with a longer horizon would move its synapses: slopes of its discounted utility over rounds that are played on.

One neuron moves its synapses before the first round. Then all neurons follow their policies, on the batches of training, and
learn by SGD. Autograd through all of these rounds gives the slope of the attention that the neuron has after each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from neuronet.benchmarking import threads
from neuronet.core import Batches, ConfigurationError, check_number
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.reaction.lone_moves import CHUNK, LoneMoves, slope
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.profiles import Profile, parse_profile, policies_of

DISCOUNT = 0.9
"""Weight of a round's utility relative to that of the round before."""

COSINES = ("backprop", "probe", "frozen", "real", "whisper")
"""Directions with which the slopes are compared, see `horizon_slopes`."""

Batch = tuple[Tensor, Tensor]
"""Inputs (B, I) and targets of a round."""


def horizon_slopes(
    game_setup: GameSetup,
    start: InitialState,
    horizons: Sequence[int] = (1, 2, 5, 20),
    *,
    profile: Profile = "attention",
    discount: float = DISCOUNT,
) -> pd.DataFrame:
    """Return the direction in its own synapses that gains each hidden neuron most over a number of rounds.

    Args:
        game_setup: Settings of the game.
        start: State of the network.
        horizons: Numbers of rounds n, 1 or more.
        profile: Policies of all neurons, without memory and randomness.
        discount: Weight of a round's utility relative to that of the round before, above 0 and at most 1.

    Returns:
        One row per hidden neuron and horizon, with the columns round, seed, layer, neuron, horizon, slope (its length) and the
        cosine of the slope with
        backprop: the change that the neuron's policy intends on the first batch: backpropagation's, if all seek attention;
        probe: the same on the probe batch;
        frozen: the slope of the first round's utility at fixed demands;
        real: the slope of the first round's utility with demands that react;
        whisper: the neuron's synapses, reversed: for relu, speaking less.
        A cosine is nan where one of the two directions is 0.

    Raises:
        ConfigurationError: A policy has memory or draws random numbers, or a number is out of range.
    """
    check_number("discount", discount, 0, 1, above=True)
    for horizon in horizons:
        check_number("horizons", horizon, 1, whole=True)
    layers = parse_profile(profile).groups(start.network, start.seed)
    unsuitable = [p for row in policies_of(layers, game_setup.sizes) for p in row if p.memory_axes or p.stochastic]
    if unsuitable:
        raise ConfigurationError(f"profile must have policies without memory and randomness, got {unsuitable[0]!r}")
    game = DifferentiableRound.of_game(game_setup, start, layers)
    batches = batches_from(game_setup, start, max(horizons, default=0))
    probe = as_tensors(game_setup.probe_samples.inputs, game_setup.probe_samples.targets)
    parts = []
    with threads(1):  # many small products with several threads mostly wait for each other
        for layer, width in enumerate(game_setup.hidden, start=1):
            references = _references(game, layer, batches[0], probe)
            for horizon, slopes in zip(horizons, discounted_slopes(game, layer, batches, horizons, discount), strict=True):
                index = {"round": start.round, "seed": start.seed, "layer": layer, "neuron": range(width), "horizon": horizon}
                cosines = {name: _cosines(slopes, direction) for name, direction in references.items()}
                parts.append(pd.DataFrame({**index, "slope": torch.linalg.vector_norm(slopes, dim=1).numpy(), **cosines}))
    return pd.concat(parts, ignore_index=True)


def batches_from(game_setup: GameSetup, start: InitialState, rounds: int) -> list[Batch]:
    """Return the batches of the next rounds of training."""
    train = game_setup.environment.train
    order = Batches(len(train), game_setup.batch_size, (start.seed,))
    samples = [train.at(order.indices(start.round + number)) for number in range(rounds)]
    return [as_tensors(part.inputs, part.targets) for part in samples]


def discounted_slopes(
    game: DifferentiableRound, layer: int, batches: Sequence[Batch], horizons: Sequence[int], discount: float
) -> list[Tensor]:
    """Return the slope of `sum_t discount^t U_j(t)` over the first n rounds in each neuron's synapses, (J, S) for each n.

    Args:
        game: The first round; its policies play all rounds.
        layer: Hidden layer of the neurons.
        batches: Batch of each round, as many as the longest horizon.
        horizons: Numbers of rounds n.
        discount: Weight of a round's utility relative to that of the round before.
    """
    width = game.synapses[layer - 1].shape[0]
    chunks = [_slopes_of(game, layer, chunk, batches, horizons, discount) for chunk in torch.split(torch.arange(width), CHUNK)]
    return [torch.cat(parts) for parts in zip(*chunks, strict=True)]


def _slopes_of(
    game: DifferentiableRound,
    layer: int,
    neurons: Tensor,
    batches: Sequence[Batch],
    horizons: Sequence[int],
    discount: float,
) -> list[Tensor]:
    """Return the slopes of M neurons, (M, S) for each horizon, each neuron in a replica of its own."""
    synapses, rows = list(game.synapses), torch.arange(len(neurons))
    own = synapses[layer - 1]
    moves = own.new_zeros(len(neurons), own.shape[1], requires_grad=True)
    only = torch.nn.functional.one_hot(neurons, len(own)).to(own.dtype)
    synapses[layer - 1] = own + only[:, :, None] * moves[:, None, :]
    value, values = own.new_zeros(()), [own.new_zeros(())]
    for number, (inputs, targets) in enumerate(batches):
        played = game.play(inputs, targets, synapses)
        synapses = [before + game.learning_rate * change for before, change in zip(synapses, game.changes(played), strict=True)]
        held = synapses[layer][rows, :, neurons]
        value = value + 0.5 * discount**number * (held * held).sum()
        values.append(value)
    return [torch.autograd.grad(values[horizon], moves, retain_graph=True)[0] for horizon in horizons]


def _references(game: DifferentiableRound, layer: int, first: Batch, probe: Batch) -> dict[str, Tensor]:
    """Return the directions with which slopes are compared, (J, S) each, by their names in COSINES."""
    moves = LoneMoves(game, layer, *first)
    synapses = game.synapses[layer - 1]
    nowhere = torch.zeros_like(synapses)
    directions = (
        moves.played.answers[layer].change,
        game.play(*probe, lowest=layer).answers[layer].change,
        slope(LoneMoves(game, layer, *first, react=False).synapse_gain, nowhere),
        slope(moves.synapse_gain, nowhere),
        -synapses,
    )
    return dict(zip(COSINES, directions, strict=True))


def _cosines(one: Tensor, other: Tensor) -> Floats:
    """Return the cosine of each row of one with the same row of the other, (J,); nan where one is 0."""
    product = (one * other).sum(dim=1)
    found = product / (torch.linalg.vector_norm(one, dim=1) * torch.linalg.vector_norm(other, dim=1))
    cosines: Floats = found.clamp(-1, 1).numpy()
    return cosines
