"""The neurons of a layer as the players of a PettingZoo environment, so that learners of other frameworks can play them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.random_streams import MAX_SEED, check_seed
from neuronet.games.pettingzoo.controlled_policy import FEATURES, MODULATION, ControlledPolicy
from neuronet.games.simulation.payoffs import INSTANT_KINDS, Floats, check_kind
from neuronet.games.simulation.play import (
    BatchedGames,
    GameSetup,
    InitialState,
    Profile,
    layers_from_policies,
    layers_of,
    policies_of,
)

try:
    from gymnasium.spaces import Box
    from pettingzoo import ParallelEnv
except ImportError:
    raise NeuroNetError("NeuronGame needs pettingzoo: pip install 'neuronet[games]'") from None

Observations = dict[str, NDArray[np.float32]]
Actions = dict[str, NDArray[np.float32]]


class NeuronGame(ParallelEnv[str, NDArray[np.float32], NDArray[np.float32]]):  # type: ignore[misc]
    """Each neuron of a hidden layer is a player: a step is a round of the network, an episode a game.

    A player sees what its policy sees in a round, summed up in a Box from -1 to 1: its last move, then what `FEATURES` of
    neuronet.games.pettingzoo.controlled_policy names. Its move, one number from -bound to bound, multiplies its feedback by one
    plus the move: at -1 it asks for nothing, at 0 it follows its policy, at 1 it asks for twice as much. Its reward is how much
    its payoff has grown in this round. All players leave together after as many rounds as a game lasts.

    Args:
        game_setup: The network, its world, and how long a game lasts.
        layer: Whose neurons play, 1 for the first hidden layer.
        profile: What everybody follows; the players' own policies are modulated.
        payoff: "attention", "share" or "scaled", as `neuronet.games.simulation.payoffs` has them.
        bound: The largest move, above 0.
        seed: Of the episodes, as long as `reset` is given none.
        render_mode: "ansi" or None.

    Raises:
        NeuroNetError: Something is out of range.
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
            raise NeuroNetError(f"render_mode must be ansi or None, got {render_mode!r}")
        self.game_setup = game_setup
        self.layer = layer
        self.profile = profile
        self.payoff = check_kind(payoff, INSTANT_KINDS)
        self.bound = float(bound)
        self.render_mode = render_mode
        self.possible_agents = [f"neuron_{place}" for place in range(game_setup.hidden[layer - 1])]
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
        """From -1 to 1: the last move, in units of the largest, and what SUMMARIES names."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> Box:
        """One number, from -bound to bound."""
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, dict[str, Any]]]:
        """Begin an episode with a fresh network; a first round is played without modulation, for the players to see.

        Args:
            seed: Of this episode and those that follow; None for the next one.
            options: None are known.
        """
        if seed is not None:
            self._rng = np.random.default_rng(check_seed(seed))
        game = int(self._rng.integers(MAX_SEED))
        self.close()
        network = self.game_setup.network(game)
        policies = policies_of(layers_of(self.profile, network, game), self.game_setup.sizes)
        policies[self.layer - 1] = [ControlledPolicy(policy) for policy in policies[self.layer - 1]]
        layers = layers_from_policies(policies)
        groups = layers[self.layer - 1]
        self._members = [(number, np.array(group.members)) for number, group in enumerate(groups)]  # type: ignore[arg-type]
        self._batched_games = BatchedGames(self.game_setup, [(layers, InitialState(network, game), game)])
        self._actions = np.zeros(len(self.possible_agents))
        self._batched_games.run(1)
        self._payoffs, self._round = self._attention_holdings(), 0
        self.agents = list(self.possible_agents)
        return self._observe(), {agent: {} for agent in self.agents}

    def step(
        self, actions: Actions
    ) -> tuple[Observations, dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Play a round.

        Args:
            actions: A move for every player.

        Returns:
            What each sees, its reward, whether it is out (never), whether the game is over, and the network's loss in this round.

        Raises:
            NeuroNetError: No episode was begun, or a move is missing or no number.
        """
        if self._batched_games is None or not self.agents:
            raise NeuroNetError("the game is over, or has not begun: call reset() first")
        self._actions = self._parse_actions(actions)
        self._apply_actions(self._batched_games)
        loss = float(self._batched_games.run(1)[0])
        held = self._attention_holdings()
        gains, self._payoffs = held - self._payoffs, held
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
            moves = np.array([np.asarray(actions[agent], dtype=np.float64).reshape(1)[0] for agent in self.agents])
        except KeyError as error:
            raise NeuroNetError(f"a move is missing: {error.args[0]}") from None
        except (TypeError, ValueError):
            raise NeuroNetError("every move must be one number") from None
        if not np.isfinite(moves).all():
            raise NeuroNetError("every move must be a finite number")
        bounded: Floats = np.clip(moves, -self.bound, self.bound)
        return bounded

    def _array_name(self, group: int, quantity: str) -> str:
        return f"{self.layer}.group{group}.{quantity}"

    def _apply_actions(self, batched_games: BatchedGames) -> None:
        """Put the moves into the players' memory."""
        state = batched_games.state()
        arrays = dict(state.arrays)
        for group, members in self._members:
            name = self._array_name(group, MODULATION)
            arrays[name] = self._actions[members].astype(arrays[name].dtype)
        batched_games.engine.restore(type(state)(state.round, arrays))

    def _attention_holdings(self) -> Floats:
        assert self._batched_games is not None
        held: Floats = self._batched_games.attention_holdings().by_kind[self.payoff][self.layer - 1][0]
        return held

    def _observe(self) -> Observations:
        assert self._batched_games is not None
        arrays = self._batched_games.state().arrays
        observations = np.empty((len(self.possible_agents), 1 + len(FEATURES)), dtype=np.float32)
        observations[:, 0] = self._actions / self.bound
        for group, members in self._members:
            for column, name in enumerate(FEATURES, start=1):
                observations[members, column] = arrays[self._array_name(group, name)]
        np.clip(observations, -1.0, 1.0, out=observations)
        return {agent: row.copy() for agent, row in zip(self.possible_agents, observations, strict=True)}

    def render(self) -> str | None:
        """A line about the game as it stands; None without render_mode."""
        if self.render_mode is None:
            return None
        return f"round {self._round} of {self.game_setup.rounds}: mean {self.payoff} {self._payoffs.mean():.4g}"

    def close(self) -> None:
        """Give up the network of the episode."""
        if self._batched_games is not None:
            self._batched_games.close()
            self._batched_games = None
