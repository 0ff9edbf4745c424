"""How far networks are from the case in which budgeted neurons perform error backpropagation.

A budget divides each listener's change by its own length. Where all neurons of a layer intend changes of equal lengths, the layer
moves along its gradient (docs/theory.md, the attention budget). This module measures the spread of the lengths in each layer, and
the alignment that results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from neuronet.core import Layers
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.profiles import Profile, parse_profile
from neuronet.games.simulation.training import training_checkpoints
from neuronet.training import ALL_GROUPS, WHOLE_NETWORK, Alignment

ZERO_LENGTH = 1e-15
"""Length up to which a change counts as none."""


def response_lengths(game_setup: GameSetup, start: InitialState, profile: Profile = "budgeted") -> list[Floats]:
    """Return the length of each neuron's intended change before its budget, bias not counted, (J,) for each listening layer.

    Args:
        game_setup: Settings of the game; the batch is its probe batch.
        start: State of the network.
        profile: Policies that the neurons follow in this round. They decide what demands arrive in the lower layers.
    """
    game = DifferentiableRound.of_game(game_setup, start, parse_profile(profile).groups(start.network, start.seed))
    played = game.play(*as_tensors(game_setup.probe_samples.inputs, game_setup.probe_samples.targets))
    found = []
    for number, layer in game.layers.items():
        demand, heard = played.demands[number], played.fields[number]["speaker_activity"]
        response = demand.mT @ heard / len(demand)
        response = response if layer.mask is None else response * layer.mask
        found.append(response.norm(dim=1).numpy())
    return found


def length_spread(
    game_setup: GameSetup, trained_by: Profile, seed: int, rounds: Sequence[int], *, profile: Profile = "budgeted"
) -> pd.DataFrame:
    """Return the spread of the lengths in each layer, and the alignment of a budgeted round with backpropagation, over training.

    Args:
        game_setup: Settings of the game.
        trained_by: Policies by which the network is trained.
        seed: Seed of the network and of all other random draws.
        rounds: Numbers of rounds after which it is measured, ascending.
        profile: Policies of the round that is measured.

    Returns:
        One row per listening layer and number of rounds, with the columns round, seed, layer, neurons and
        moving: neurons whose change has a length above 1e-15; the next three concern these;
        length: their mean length;
        variation: standard deviation of the lengths relative to their mean; 0 where a budget changes nothing;
        ratio: longest length relative to the shortest;
        cosine, angle: between the layer's change and that of backpropagation, in degrees, as `Alignment` measures them.
    """
    starts = training_checkpoints(game_setup, trained_by, seed, rounds)
    return pd.concat([spread_of_lengths(game_setup, start, profile=profile) for start in starts], ignore_index=True)


def spread_of_lengths(game_setup: GameSetup, start: InitialState, *, profile: Profile = "budgeted") -> pd.DataFrame:
    """Return the spread of the lengths in each layer, and the alignment of a budgeted round, in one state.

    Args:
        game_setup: Settings of the game.
        start: State of the network.
        profile: Policies of the round that is measured.

    Returns:
        One row per listening layer, with the columns of `length_spread`.
    """
    rows: list[dict[str, Any]] = []
    aligned = _alignment(game_setup, start, parse_profile(profile).groups(start.network, start.seed))
    for layer, lengths in enumerate(response_lengths(game_setup, start, profile), start=1):
        index = {"round": start.round, "seed": start.seed, "layer": layer, "neurons": len(lengths)}
        rows.append({**index, **_spread(lengths), **aligned[layer]})
    return pd.DataFrame(rows)


def _spread(lengths: Floats) -> dict[str, float]:
    moving = lengths[lengths > ZERO_LENGTH]
    if not len(moving):
        return {"moving": 0, "length": np.nan, "variation": np.nan, "ratio": np.nan}
    mean = float(moving.mean())
    return {
        "moving": len(moving),
        "length": mean,
        "variation": float(moving.std()) / mean,
        "ratio": float(moving.max() / moving.min()),
    }


def _alignment(game_setup: GameSetup, start: InitialState, layers: Layers) -> dict[int, dict[str, float]]:
    """Return cosine and angle of each layer."""
    setup = setup_of(game_setup, layers, start.network, start.seed)
    assert start.state is not None  # checkpoints have one
    memoryless = tuple(replace(layer, memories=()) for layer in start.state.layers)
    measured = Alignment([setup], game_setup.environment).measure(replace(start.state, layers=memoryless), 0)
    rows = [row for row in measured if row["group"] == ALL_GROUPS and row["layer"] != WHOLE_NETWORK]
    return {row["layer"]: {"cosine": row["cosine"], "angle": row["angle"]} for row in rows}
