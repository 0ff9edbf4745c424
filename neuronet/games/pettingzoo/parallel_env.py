"""The neurons of a layer as the players of a PettingZoo environment, so that learners of other frameworks can play them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.random_streams import MAX_SEED, check_seed
from neuronet.games.pettingzoo.controlled_policy import MODULATION, SUMMARIES, Played
from neuronet.games.simulation.payoffs import HELD, Floats, check_kind
from neuronet.games.simulation.play import Match, Profile, Situation, Start, from_policies, layers_of, policies_of

try:
    from gymnasium.spaces import Box
    from pettingzoo import ParallelEnv
except ImportError:
    raise NeuroNetError("NeuronGame needs pettingzoo: pip install 'neuronet[games]'") from None

Observations = dict[str, NDArray[np.float32]]
Moves = dict[str, NDArray[np.float32]]


class NeuronGame(ParallelEnv[str, NDArray[np.float32], NDArray[np.float32]]):  # type: ignore[misc]
    """Each neuron of a hidden layer is a player: a step is a round of the network, an episode a game.

    A player sees what its policy sees in a round, summed up in a Box from -1 to 1: its last move, then what `SUMMARIES` of
    neuronet.games.pettingzoo.controlled_policy names. Its move, one number from -bound to bound, multiplies its feedback by one
    plus the move: at -1 it asks for nothing, at 0 it follows its policy, at 1 it asks for twice as much. Its reward is how much
    its payoff has grown in this round. All players leave together after as many rounds as a game lasts.

    Args:
        situation: The network, its world, and how long a game lasts.
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
        situation: Situation,
        *,
        layer: int = 1,
        profile: Profile = "attention",
        payoff: str = "attention",
        bound: float = 1.0,
        seed: int = 0,
        render_mode: str | None = None,
    ) -> None:
        check_number("layer", layer, 1, len(situation.hidden), whole=True)
        check_number("bound", bound, 0, above=True)
        if render_mode not in (None, "ansi"):
            raise NeuroNetError(f"render_mode must be ansi or None, got {render_mode!r}")
        self.situation = situation
        self.layer = layer
        self.profile = profile
        self.payoff = check_kind(payoff, HELD)
        self.bound = float(bound)
        self.render_mode = render_mode
        self.possible_agents = [f"neuron_{place}" for place in range(situation.hidden[layer - 1])]
        self.agents: list[str] = []
        width = 1 + len(SUMMARIES)
        self._seen_in = {agent: Box(-1.0, 1.0, (width,), np.float32) for agent in self.possible_agents}
        self._moves_in = {agent: Box(-self.bound, self.bound, (1,), np.float32) for agent in self.possible_agents}
        self._chance = np.random.default_rng(check_seed(seed))
        self._match: Match | None = None
        self._members: list[tuple[int, NDArray[np.int64]]] = []
        self._held: Floats = np.zeros(len(self.possible_agents))
        self._moved: Floats = self._held
        self._round = 0

    def observation_space(self, agent: str) -> Box:
        """From -1 to 1: the last move, in units of the largest, and what SUMMARIES names."""
        return self._seen_in[agent]

    def action_space(self, agent: str) -> Box:
        """One number, from -bound to bound."""
        return self._moves_in[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, dict[str, Any]]]:
        """Begin an episode with a fresh network; a first round is played without modulation, for the players to see.

        Args:
            seed: Of this episode and those that follow; None for the next one.
            options: None are known.
        """
        if seed is not None:
            self._chance = np.random.default_rng(check_seed(seed))
        game = int(self._chance.integers(MAX_SEED))
        self.close()
        network = self.situation.network(game)
        policies = policies_of(layers_of(self.profile, network, game), self.situation.sizes)
        policies[self.layer - 1] = [Played(policy) for policy in policies[self.layer - 1]]
        layers = from_policies(policies)
        groups = layers[self.layer - 1]
        self._members = [(number, np.array(group.members)) for number, group in enumerate(groups)]  # type: ignore[arg-type]
        self._match = Match(self.situation, [(layers, Start(network, game), game)])
        self._moved = np.zeros(len(self.possible_agents))
        self._match.go(1)
        self._held, self._round = self._holdings(), 0
        self.agents = list(self.possible_agents)
        return self._observed(), {agent: {} for agent in self.agents}

    def step(
        self, actions: Moves
    ) -> tuple[Observations, dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Play a round.

        Args:
            actions: A move for every player.

        Returns:
            What each sees, its reward, whether it is out (never), whether the game is over, and the network's loss in this round.

        Raises:
            NeuroNetError: No episode was begun, or a move is missing or no number.
        """
        if self._match is None or not self.agents:
            raise NeuroNetError("the game is over, or has not begun: call reset() first")
        self._moved = self._read(actions)
        self._write(self._match)
        loss = float(self._match.go(1)[0])
        held = self._holdings()
        gains, self._held = held - self._held, held
        self._round += 1
        over = self._round >= self.situation.rounds
        agents = self.agents
        seen = self._observed()
        if over:
            self.agents = []
        return (
            seen,
            {agent: float(gain) for agent, gain in zip(agents, gains, strict=True)},
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, over),
            {agent: {"loss": loss} for agent in agents},
        )

    def _read(self, actions: Moves) -> Floats:
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

    def _name(self, group: int, what: str) -> str:
        return f"{self.layer}.group{group}.{what}"

    def _write(self, match: Match) -> None:
        """Put the moves into the players' memory."""
        state = match.state()
        arrays = dict(state.arrays)
        for group, members in self._members:
            name = self._name(group, MODULATION)
            arrays[name] = self._moved[members].astype(arrays[name].dtype)
        match.engine.restore(type(state)(state.round, arrays))

    def _holdings(self) -> Floats:
        assert self._match is not None
        held: Floats = self._match.holdings().held[self.payoff][self.layer - 1][0]
        return held

    def _observed(self) -> Observations:
        assert self._match is not None
        arrays = self._match.state().arrays
        seen = np.empty((len(self.possible_agents), 1 + len(SUMMARIES)), dtype=np.float32)
        seen[:, 0] = self._moved / self.bound
        for group, members in self._members:
            for column, name in enumerate(SUMMARIES, start=1):
                seen[members, column] = arrays[self._name(group, name)]
        np.clip(seen, -1.0, 1.0, out=seen)
        return {agent: row.copy() for agent, row in zip(self.possible_agents, seen, strict=True)}

    def render(self) -> str | None:
        """A line about the game as it stands; None without render_mode."""
        if self.render_mode is None:
            return None
        return f"round {self._round} of {self.situation.rounds}: mean {self.payoff} {self._held.mean():.4g}"

    def close(self) -> None:
        """Give up the network of the episode."""
        if self._match is not None:
            self._match.close()
            self._match = None
