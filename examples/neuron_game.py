"""Neurons that learn how eagerly to follow their feedback, as players of a PettingZoo environment: a dilemma.

    python neuron_game.py           a glimpse in a few seconds
    python neuron_game.py --full    longer, from three seeds

In every round each neuron of a hidden layer says how much of its feedback it gives, from nothing (-1) to twice as much (1), by a
rule: a linear function of what it sees. Each tries a rule of its own about the common one, and its mirror image in the same
episode played again; the common rule moves towards what has paid those who tried it (evolution strategies: Salimans et al. 2017).
Being eager pays whoever is, so that all become eager, teach the network sooner, and are all left with less attention than before.
"""

import sys

import numpy as np

from neuronet.core.learning.optimizers import SGD
from neuronet.environments import Xor
from neuronet.games import GameSetup
from neuronet.games.pettingzoo import NeuronGame

SPREAD = 0.5
STEP = 0.5


def episode(game, rules, seed):
    """Play by a rule for each player, (players, features + 1).

    Returns:
        Each player's mean move and sum of rewards, (players,), and the network's loss in the last round.
    """
    seen, _ = game.reset(seed=seed)
    players = list(game.agents)
    moved, earned, loss = [], [], 0.0
    while game.agents:
        features = np.column_stack((np.stack([seen[player] for player in players]), np.ones(len(players))))
        moves = np.clip(np.sum(features * rules, axis=1), -1, 1)
        actions = {player: np.array([move], dtype=np.float32) for player, move in zip(players, moves, strict=True)}
        seen, rewards, _, _, infos = game.step(actions)
        moved.append(moves)
        earned.append([rewards[player] for player in players])
        loss = infos[players[0]]["loss"]
    return np.mean(moved, axis=0), np.sum(earned, axis=0), loss


def improved(game, rule, rng, seed):
    """The rule after a step towards what has paid those who tried it."""
    tried = rng.standard_normal((len(game.possible_agents), len(rule)))
    (_, one, _), (_, other, _) = (episode(game, rule + sign * SPREAD * tried, seed) for sign in (1, -1))
    gain = (one - other) / (np.std(one - other) + 1e-12)
    return rule + STEP * np.mean(gain[:, None] * tried, axis=0)


def judged(game, rule, seeds):
    """On average over these episodes: the move, the attention that a player gains, and the network's last loss."""
    played = [episode(game, np.tile(rule, (len(game.possible_agents), 1)), seed) for seed in seeds]
    return [float(np.mean([each[part] for each in played])) for part in range(3)]


def main():
    full = "--full" in sys.argv[1:]
    steps, tests = (60, range(10_000, 10_040)) if full else (12, range(10_000, 10_005))
    game = NeuronGame(GameSetup(Xor(), hidden=(12,), optimizer=SGD(), learning_rate=0.5, batch_size=16, rounds=40))
    width = game.observation_space("neuron_0").shape[0] + 1
    for seed in range(3 if full else 1):
        rng, rule = np.random.default_rng(seed), np.zeros(width)
        for name, count in (("untrained", 0), ("trained", steps)):
            for number in range(count):
                rule = improved(game, rule, rng, 1000 * seed + number)
            move, gain, loss = judged(game, rule, tests)
            print(f"seed {seed}, {name:9}: mean move {move:+.2f}, attention gained {gain:.3f}, loss {loss:.3f}")
    game.close()


if __name__ == "__main__":
    main()
