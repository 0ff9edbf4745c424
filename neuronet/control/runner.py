"""Training in a Gymnasium environment: a round is a batch of whole episodes, followed by one learning step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.control.config import ControlConfig
from neuronet.control.environments import VectorEnv, policy_gradient_feedback
from neuronet.control.record import EPISODE_TYPES, EPISODES, ControlRunDirectory
from neuronet.control.result import ControlResult
from neuronet.control.rollouts import DIVERGENCE_HINT, Episodes, check_finite, play_episodes
from neuronet.core import ConfigurationError, Purpose, StateError, generator
from neuronet.engines.base import Engine
from neuronet.execution import Interrupted, Interruption
from neuronet.training import network_labels

RECENT_EPISODES = 100
"""Number of episodes in the mean return that is compared with the target."""

RESETS, ACTIONS, EVALUATION = 0, 1, 2
"""Purposes of the random streams of a round."""

ProgressCallback = Callable[[int, float], None]
"""Function called after each round with its number and the mean return of the last 100 episodes."""


class ControlTrainer:
    """Training loop of a run.

    A round depends only on the state before it, the seed and the number of the round. A run can therefore be resumed between any
    two rounds, and an interrupted round is repeated exactly.

    Args:
        config: Configuration of the run.
        vector_env: Copies of the environment, one per episode of a round.
        engine: Engine of the network.
        run_directory: Folder of the run; None to record nothing.
        on_progress: Function called after each round.
    """

    def __init__(
        self,
        config: ControlConfig,
        vector_env: VectorEnv,
        engine: Engine,
        run_directory: ControlRunDirectory | None,
        on_progress: ProgressCallback | None = None,
    ) -> None:
        self.config = config
        self.vector_env = vector_env
        self.engine = engine
        self.run_directory = run_directory
        self.on_progress = on_progress
        self.rows: list[dict[str, Any]] = []
        targets = {"auto": vector_env.threshold, "never": None}
        target = config.target_return
        self._target_return = targets[target] if isinstance(target, str) else target
        self._seconds_before = 0.0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Return the time spent on this run, including time before it was resumed."""
        return self._seconds_before + time.perf_counter() - self._started

    @property
    def recent_return(self) -> float:
        """Return the mean return of the last 100 episodes, or of all if there are fewer."""
        return float(np.mean([row["return"] for row in self.rows[-RECENT_EPISODES:]]))

    @property
    def is_finished(self) -> bool:
        """Return whether all rounds are played, or the recent mean return has reached the target."""
        if self.engine.round_number >= self.config.rounds:
            return True
        return self._target_return is not None and len(self.rows) >= RECENT_EPISODES and self.recent_return >= self._target_return

    def resume(self) -> None:
        """Continue from the last checkpoint of the folder, or from the beginning if there is none.

        Raises:
            ConfigurationError: The configuration has fewer rounds than were played.
            StateError: The checkpoint cannot be read, or episodes are missing.
        """
        if self.run_directory is None:
            return
        checkpoint = self.run_directory.load()
        if checkpoint is not None:
            state, self._seconds_before = checkpoint
            if self.config.rounds < state.round:
                raise ConfigurationError(f"rounds must be at least the {state.round} played, got {self.config.rounds}")
            self.engine.restore(state)
        self.run_directory.truncate_after(self.engine.round_number)
        self.rows = self.run_directory.episodes().to_dict("records")
        if len(self.rows) != self.engine.round_number * self.config.episodes:
            path = self.run_directory.folder / EPISODES
            raise StateError(f"cannot read '{path}': it has {len(self.rows)} episodes in {self.engine.round_number} rounds")

    def run(self, interruption: Interruption) -> ControlResult:
        """Train to the end, evaluate, and return the result.

        Raises:
            Interrupted: A stop was requested; the running round is discarded, and the rounds before it are saved.
            DivergedError: Observations, rewards or outputs are not finite.
        """
        saved = self.engine.round_number
        while not self.is_finished:
            number = self.engine.round_number
            seeds = self._seeds(number, RESETS, self.config.episodes)
            with np.errstate(over="ignore", invalid="ignore"):  # values that are not finite are refused
                episodes = self._play(seeds, self._rng(number, ACTIONS), interruption)
                if episodes is None:
                    self._save()
                    raise Interrupted(self._result(np.zeros(0)))
                self._learn(episodes)
            self._append_rows(episodes)
            if self.engine.round_number % self.config.checkpoint_every == 0 or self.is_finished:
                self._save()
                saved = self.engine.round_number
        seconds = self.seconds
        eval_returns = self._evaluate(interruption)
        if eval_returns is None:
            if saved != self.engine.round_number:
                self._save()
            raise Interrupted(self._result(np.zeros(0)))
        return self._result(eval_returns, seconds)

    def _rng(self, number: int, purpose: int) -> np.random.Generator:
        return generator(self.config.seed, Purpose.CONTROL, number, purpose)

    def _seeds(self, number: int, purpose: int, count: int) -> list[int]:
        return [int(seed) for seed in self._rng(number, purpose).integers(2**31, size=count)]

    def _play(self, seeds: Sequence[int], rng: np.random.Generator | None, interruption: Interruption) -> Episodes | None:
        return play_episodes(
            self.vector_env,
            self.engine.outputs,
            seeds=seeds,
            rng=rng,
            max_steps=self.config.max_steps,
            stop=lambda: interruption.requested,
        )

    def _learn(self, episodes: Episodes) -> None:
        config, actions = self.config, self.vector_env.actions
        advantage = episodes.advantages(config.gamma, baseline=config.baseline, normalise=config.normalise)
        output_values = check_finite(self.engine.speak(episodes.observations[episodes.mask]), "outputs", DIVERGENCE_HINT)
        feedback, cost = policy_gradient_feedback(actions, output_values, episodes.actions[episodes.mask], advantage)
        self.engine.learn(feedback, cost)

    def _append_rows(self, episodes: Episodes) -> None:
        number, first = self.engine.round_number, len(self.rows) + 1
        rows = [
            {"episode": episode, "round": number, "return": total, "steps": steps}
            for episode, (total, steps) in enumerate(zip(episodes.returns.tolist(), episodes.steps.tolist(), strict=True), first)
        ]
        self.rows += rows
        if self.run_directory is not None:
            self.run_directory.append(rows)
        if self.on_progress is not None:
            self.on_progress(number, self.recent_return)

    def _evaluate(self, interruption: Interruption) -> NDArray[np.float64] | None:
        """Return the return of each evaluation episode, or None if a stop was requested."""
        seeds = self._seeds(0, EVALUATION, self.config.eval_episodes)
        returns = []
        for start in range(0, len(seeds), self.config.episodes):
            episodes = self._play(seeds[start : start + self.config.episodes], None, interruption)
            if episodes is None:
                return None
            returns.append(episodes.returns)
        return np.concatenate(returns)

    def _save(self) -> None:
        if self.run_directory is not None:
            state = self.engine.state()
            for name, array in state.to_arrays().items():  # do not overwrite the last checkpoint with a diverged state
                check_finite(array, name, DIVERGENCE_HINT)
            self.run_directory.save(state, self.seconds)

    def _result(self, eval_returns: NDArray[np.float64], seconds: float | None = None) -> ControlResult:
        return ControlResult(
            config=self.config,
            episodes=pd.DataFrame(self.rows, columns=list(EPISODE_TYPES)),
            eval_returns=eval_returns,
            threshold=self.vector_env.threshold,
            network=self.engine.network(),
            labels=network_labels(self.engine.setups[0], None),
            rounds=self.engine.round_number,
            seconds=self.seconds if seconds is None else seconds,
            folder=None if self.run_directory is None else self.run_directory.folder,
        )
