"""The potential-game test: Jacobians by finite differences, the loss as a potential, and the command."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from neuronet.cli.main import start as start_cli
from neuronet.core import ConfigurationError
from neuronet.environments import Xor
from neuronet.games import GameSetup, InitialState, potential_test, train_profile
from neuronet.games.reaction.differentiable_round import DifferentiableRound, as_tensors
from neuronet.games.reaction.lone_moves import LoneMoves, slope
from neuronet.games.reaction.potential import antisymmetric_share, field_jacobian, intended_field, real_field
from neuronet.games.simulation.profiles import parse_profile

SETUP = GameSetup(Xor(), hidden=(3, 2), activation="tanh", rounds=5)
START = train_profile(SETUP, "attention", 0, 20)
BATCH = as_tensors(SETUP.probe_samples.inputs[:16], SETUP.probe_samples.targets[:16])


def game_of(profile):
    layers = parse_profile(profile).groups(START.network, START.seed)
    return DifferentiableRound.of_game(SETUP, START, layers)


@pytest.mark.parametrize("kind", [intended_field, real_field])
@pytest.mark.parametrize("profile", ["attention", "attention(p=3)", "budgeted"])
def test_jacobian_equals_finite_differences(kind, profile):
    game = game_of(profile)
    field, synapses = kind(game, *BATCH), [part.clone() for part in game.synapses]
    exact, column, step = field_jacobian(field, synapses), 0, 1e-6
    for layer, part in enumerate(synapses[:-1]):
        for index in np.ndindex(*part.shape):
            ends = []
            for sign in (1, -1):
                moved = [other.clone() for other in synapses]
                moved[layer][index] += sign * step
                ends.append(field([own.requires_grad_() for own in moved]).detach().numpy())
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(exact[:, column], abs=1e-6)
            column += 1
    assert column == exact.shape[1]


def test_attention_seeking_climbs_minus_the_loss():
    """What neurons intend is the negative gradient of the loss: its Jacobian is a Hessian, and symmetric."""
    game = game_of("attention")
    free = [part.clone().requires_grad_() for part in game.synapses]
    outputs = game.play(*BATCH, free).fields[3]["activity"]
    loss = torch.nn.functional.cross_entropy(outputs, BATCH[1].long())
    gradients = torch.autograd.grad(loss, free[:-1])
    intended = intended_field(game, *BATCH)(free)
    expected = -torch.cat([part.reshape(-1) for part in gradients])
    assert intended.detach().numpy() == pytest.approx(expected.numpy(), abs=1e-12)
    assert potential_test(SETUP, START)["intended"] < 1e-10


def test_real_slopes_equal_those_of_lone_moves():
    game = game_of("attention")
    field = real_field(game, *BATCH)([part.clone().requires_grad_() for part in game.synapses]).detach().numpy()
    parts = []
    for layer in (1, 2):
        moves = LoneMoves(game, layer, *BATCH)
        parts.append(slope(moves.synapse_gain, torch.zeros_like(game.synapses[layer - 1])).numpy().reshape(-1))
    assert field == pytest.approx(np.concatenate(parts) / game.learning_rate, abs=1e-9)


@pytest.mark.parametrize("profile", ["attention(p=1)", "attention(p=3)", "budgeted", "random-feedback"])
def test_other_policies_turn(profile):
    found = potential_test(SETUP, START, profile)
    assert found["intended"] > 0.01
    assert 0.01 < found["real"] < 1


def test_demands_that_react_turn_what_attention_seekers_want():
    assert potential_test(SETUP, START)["real"] > 0.01


def test_share_of_known_matrices():
    assert antisymmetric_share(np.array([[0.0, 1], [-1, 0]])) == 1
    assert antisymmetric_share(np.array([[1.0, 2], [2, -3]])) == 0
    assert antisymmetric_share(np.array([[1.0, 1], [-1, 1]])) == pytest.approx(np.sqrt(0.5))
    assert np.isnan(antisymmetric_share(np.zeros((2, 2))))


def test_large_networks_and_missing_policies_are_refused():
    large = GameSetup(Xor(), hidden=(700,))
    fresh = InitialState(large.network(0), 0)
    with pytest.raises(ConfigurationError, match="2,000 synapses"):
        potential_test(large, fresh, "attention")
    with pytest.raises(ConfigurationError, match="profile"):
        potential_test(large, fresh)


def test_command(tmp_path, monkeypatch, capsys):
    words = ["neuronet", "game", "potential", "xor", "--hidden", "3", "--policies", "attention,greedy", "--json", "--out"]
    monkeypatch.setattr(sys, "argv", [*words, str(tmp_path)])
    assert start_cli() == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["policy"] for row in found["means"]] == ["attention", "greedy"]
    assert found["means"][0]["intended"] < 1e-10
    assert "for attention (share" in found["headline"]
