"""Train external players of a PettingZoo environment, who choose the strength of their neurons' feedback: a social dilemma.

    python neuron_game.py           short run of a few seconds
    python neuron_game.py --full    longer run from three seeds

In each round, every neuron of a hidden layer chooses the strength of its feedback, from none (-1) to double (1), by a rule: a
linear function of its observation. All players share a mean rule, and each tries a random perturbation of it and the mirrored
perturbation in a repetition of the episode. The mean rule moves towards the perturbations with higher rewards (evolution
strategies: Salimans et al. 2017). Stronger feedback pays for each single player. All players therefore learn to choose it; the
network learns faster, and all receive less attention than before.
"""

import sys

import numpy as np

from neuronet.core import SGD
from neuronet.environments import Xor
from neuronet.games import GameSetup
from neuronet.games.pettingzoo import NeuronGame

SPREAD = 0.5
STEP = 0.5


def episode(game, rules, seed):
    """Play one episode with one rule per player, (players, features + 1).

    Returns:
        Mean action and sum of rewards of each player, (players,), and the network's loss in the last round.
    """
    observations, _ = game.reset(seed=seed)
    players = list(game.agents)
    chosen, earned, loss = [], [], 0.0
    while game.agents:
        features = np.column_stack((np.stack([observations[player] for player in players]), np.ones(len(players))))
        values = np.clip(np.sum(features * rules, axis=1), -1, 1)
        actions = {player: np.array([value], dtype=np.float32) for player, value in zip(players, values, strict=True)}
        observations, rewards, _, _, infos = game.step(actions)
        chosen.append(values)
        earned.append([rewards[player] for player in players])
        loss = infos[players[0]]["loss"]
    return np.mean(chosen, axis=0), np.sum(earned, axis=0), loss


def improve(game, rule, rng, seed):
    """Return the mean rule after one step of evolution strategies."""
    perturbations = rng.standard_normal((len(game.possible_agents), len(rule)))
    (_, one, _), (_, other, _) = (episode(game, rule + sign * SPREAD * perturbations, seed) for sign in (1, -1))
    gain = (one - other) / (np.std(one - other) + 1e-12)
    return rule + STEP * np.mean(gain[:, None] * perturbations, axis=0)


def evaluate(game, rule, seeds):
    """Return means over episodes of the action, the attention gained by a player, and the network's last loss."""
    episodes = [episode(game, np.tile(rule, (len(game.possible_agents), 1)), seed) for seed in seeds]
    return [float(np.mean([results[part] for results in episodes])) for part in range(3)]


def main():
    full = "--full" in sys.argv[1:]
    steps, tests = (60, range(10_000, 10_040)) if full else (12, range(10_000, 10_005))
    game = NeuronGame(GameSetup(Xor(), hidden=(12,), optimizer=SGD(), learning_rate=0.5, batch_size=16, rounds=40))
    width = game.observation_space("neuron_0").shape[0] + 1
    for seed in range(3 if full else 1):
        rng, rule = np.random.default_rng(seed), np.zeros(width)
        for name, count in (("untrained", 0), ("trained", steps)):
            for number in range(count):
                rule = improve(game, rule, rng, 1000 * seed + number)
            action, gain, loss = evaluate(game, rule, tests)
            print(f"seed {seed}, {name:9}: mean action {action:+.2f}, attention gained {gain:.3f}, loss {loss:.3f}")
    game.close()


if __name__ == "__main__":
    main()
