"""PettingZoo environment whose players are the neurons of a layer, for learners of other frameworks."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core import MAX_SEED, ConfigurationError, Group, MissingExtraError, check_number, check_seed, layer_groups
from neuronet.games.pettingzoo.controlled_policy import FEATURES, MODULATION, ControlledPolicy
from neuronet.games.simulation.batched_games import BatchedGames
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import INSTANT_KINDS, Floats, check_kind
from neuronet.games.simulation.profiles import Profile, parse_profile

try:
    from gymnasium.spaces import Box
    from pettingzoo import ParallelEnv
except ImportError:
    raise MissingExtraError("NeuronGame needs pettingzoo: pip install 'neuronet[games]'") from None

Observations = dict[str, NDArray[np.float32]]
Actions = dict[str, NDArray[np.float32]]


class NeuronGame(ParallelEnv[str, NDArray[np.float32], NDArray[np.float32]]):  # type: ignore[misc]
    """Parallel environment in which each neuron of a hidden layer is a player: a step is a round, an episode a game.

    An observation is a Box from -1 to 1: the player's last action in units of the bound, then the features in FEATURES. An
    action is one number from -bound to bound; the player's feedback is multiplied by one plus the action. At -1 the neuron
    sends no feedback, at 0 it follows its policy, at 1 its feedback is doubled. The reward is the increase of the player's
    payoff in the round. All players leave after the rounds of the game.

    Args:
        game_setup: Settings of the game.
        layer: Layer of the players, 1 for the first hidden layer.
        profile: Policies of all neurons; those of the players are modulated.
        payoff: "attention", "share" or "scaled".
        bound: Largest action (> 0).
        seed: Seed of the episodes, unless `reset` is given one.
        render_mode: "ansi" or None.

    Raises:
        ConfigurationError: A value is out of range.
        SpecError: The payoff is unknown.
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "neuron_game_v0", "render_modes": ["ansi"], "is_parallelizable": True}

    def __init__(
        self,
        game_setup: GameSetup,
        *,
        layer: int = 1,
        profile: Profile = "attention",
        payoff: str = "attention",
        bound: float = 1.0,
        seed: int = 0,
        render_mode: str | None = None,
    ) -> None:
        check_number("layer", layer, 1, len(game_setup.hidden), whole=True)
        check_number("bound", bound, 0, above=True)
        if render_mode not in (None, "ansi"):
            raise ConfigurationError(f"render_mode must be ansi or None, got {render_mode!r}")
        self.game_setup = game_setup
        self.layer = layer
        self.profile = parse_profile(profile)
        self.payoff = check_kind(payoff, INSTANT_KINDS)
        self.bound = float(bound)
        self.render_mode = render_mode
        self.possible_agents = [f"neuron_{index}" for index in range(game_setup.hidden[layer - 1])]
        self.agents: list[str] = []
        width = 1 + len(FEATURES)
        self._observation_spaces = {agent: Box(-1.0, 1.0, (width,), np.float32) for agent in self.possible_agents}
        self._action_spaces = {agent: Box(-self.bound, self.bound, (1,), np.float32) for agent in self.possible_agents}
        self._rng = np.random.default_rng(check_seed(seed))
        self._batched_games: BatchedGames | None = None
        self._members: list[tuple[int, NDArray[np.int64]]] = []
        self._payoffs: Floats = np.zeros(len(self.possible_agents))
        self._actions: Floats = self._payoffs
        self._round = 0

    def observation_space(self, agent: str) -> Box:
        """Return the observation space of a player: the last action in units of the bound, and the features in FEATURES."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> Box:
        """Return the action space of a player: one number from -bound to bound."""
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, dict[str, Any]]]:
        """Start an episode with a fresh network, and play a first round without modulation for the first observation.

        Args:
            seed: Seed of this and the following episodes; None to continue the present sequence.
            options: Ignored.
        """
        if seed is not None:
            self._rng = np.random.default_rng(check_seed(seed))
        game = int(self._rng.integers(MAX_SEED))
        self.close()
        network = self.game_setup.network(game)
        layers = list(self.profile.groups(network, game))
        groups = layer_groups(layers[self.layer - 1], len(self.possible_agents), self.layer)
        layers[self.layer - 1] = tuple(Group(ControlledPolicy(group.policy), group.members) for group in groups)
        self._members = [(number, np.array(group.members)) for number, group in enumerate(groups)]
        self._batched_games = BatchedGames(self.game_setup, [(tuple(layers), InitialState(network, game), game)])
        self._actions = np.zeros(len(self.possible_agents))
        self._batched_games.run(1)
        self._payoffs, self._round = self._current_payoffs(), 0
        self.agents = list(self.possible_agents)
        return self._observe(), {agent: {} for agent in self.agents}

    def step(
        self, actions: Actions
    ) -> tuple[Observations, dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Play one round.

        Args:
            actions: Action of each player; one beyond the bounds counts as the bound.

        Returns:
            Observations, rewards, terminations (always False), truncations (True after the last round), and infos with the
            loss of the round.

        Raises:
            ConfigurationError: There is no running episode, or an action is missing or not a finite number.
        """
        if self._batched_games is None or not self.agents:
            raise ConfigurationError("no episode is running: call reset() first")
        self._actions = self._parse_actions(actions)
        self._apply_actions(self._batched_games)
        loss = float(self._batched_games.run(1)[0])
        payoffs = self._current_payoffs()
        gains, self._payoffs = payoffs - self._payoffs, payoffs
        self._round += 1
        over = self._round >= self.game_setup.rounds
        agents = self.agents
        observations = self._observe()
        if over:
            self.agents = []
        return (
            observations,
            {agent: float(gain) for agent, gain in zip(agents, gains, strict=True)},
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, over),
            {agent: {"loss": loss} for agent in agents},
        )

    def _parse_actions(self, actions: Actions) -> Floats:
        try:
            given = {agent: np.asarray(actions[agent]) for agent in self.agents}
        except KeyError as error:
            raise ConfigurationError(f"missing action of the player {error.args[0]}") from None
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            raise ConfigurationError(f"actions must be a dict of a number for each player: {str(error)[:100]}") from None
        for agent, action in given.items():
            if action.size != 1 or action.dtype.kind not in "biuf" or np.ma.is_masked(actions[agent]):
                kind = f"{action.dtype} of shape {action.shape}"
                raise ConfigurationError(f"every action must be one number, got {kind} from the player {agent}")
        values = np.array([action.reshape(1)[0] for action in given.values()], dtype=np.float64)
        if not np.isfinite(values).all():
            raise ConfigurationError("every action must be a finite number")
        return np.asarray(np.clip(values, -self.bound, self.bound))

    def _apply_actions(self, batched_games: BatchedGames) -> None:
        """Write the actions into the memory of the players' policies."""
        state = batched_games.state()
        memories = list(state.layer(self.layer).memories)
        for group, members in self._members:
            modulation = self._actions[members].astype(memories[group][MODULATION].dtype)
            memories[group] = {**memories[group], MODULATION: modulation}
        batched_games.engine.restore(state.with_layer(self.layer, memories=tuple(memories)))

    def _current_payoffs(self) -> Floats:
        assert self._batched_games is not None
        return np.asarray(self._batched_games.attention_holdings().by_kind[self.payoff][self.layer - 1][0])

    def _observe(self) -> Observations:
        assert self._batched_games is not None
        state = self._batched_games.state()
        observations = np.empty((len(self.possible_agents), 1 + len(FEATURES)), dtype=np.float32)
        observations[:, 0] = self._actions / self.bound
        for group, members in self._members:
            memory = state.layer(self.layer).memories[group]
            for column, name in enumerate(FEATURES, start=1):
                observations[members, column] = memory[name]
        np.clip(observations, -1.0, 1.0, out=observations)
        return {agent: row.copy() for agent, row in zip(self.possible_agents, observations, strict=True)}

    def render(self) -> str | None:
        """Return one line about the state of the game; None without render_mode."""
        if self.render_mode is None:
            return None
        return f"round {self._round} of {self.game_setup.rounds}: mean {self.payoff} {self._payoffs.mean():.4g}"

    def close(self) -> None:
        """Release the network of the episode."""
        if self._batched_games is not None:
            self._batched_games.close()
            self._batched_games = None
