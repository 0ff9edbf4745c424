"""Playing a run in a Gymnasium environment: a round is a batch of episodes, played to their ends and then learnt from."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.control.config import ControlConfig
from neuronet.control.environments import Worlds, wish
from neuronet.control.record import HEADER, ControlRecord, Line
from neuronet.control.result import ControlResult, Interrupted
from neuronet.control.rollouts import SMALLER, Episodes, finite, play_episodes
from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import Purpose, generator
from neuronet.engines.base.engine import Engine
from neuronet.execution.signals import Interruption

LAST = 100
"""Episodes over which the mean return is taken, to tell whether the run has come far enough."""

BEGINNINGS, ACTIONS, JUDGED = 0, 1, 2
"""What a round's chance is for."""

Watcher = Callable[[int, float], None]
"""Told the number of the round that has ended, and the mean return of the last 100 episodes."""


class ControlRunner:
    """Plays a run.

    Everything in a round depends on the state before it, the seed and the round's number alone. A run can therefore be taken up
    again between any two rounds, and a round that was given up half-way is played again as it was.

    Args:
        config: The run's configuration.
        worlds: As many copies of the environment as there are episodes in a round.
        engine: Which plays.
        record: Where it is recorded; None for nowhere.
        watcher: Told after every round.
    """

    def __init__(
        self,
        config: ControlConfig,
        worlds: Worlds,
        engine: Engine,
        record: ControlRecord | None,
        watcher: Watcher | None = None,
    ) -> None:
        self.config = config
        self.worlds = worlds
        self.engine = engine
        self.record = record
        self.watcher = watcher
        self.lines: list[Line] = []
        self._goal = worlds.threshold if config.stop_at == "auto" else None if config.stop_at == "never" else config.stop_at
        self._seconds_before = 0.0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time spent on this run, earlier sittings included."""
        return self._seconds_before + time.perf_counter() - self._started

    @property
    def recent(self) -> float:
        """The mean return of the last 100 episodes, or of all there are."""
        return float(np.mean([line.total for line in self.lines[-LAST:]]))

    @property
    def over(self) -> bool:
        """Whether all rounds are played, or the returns have come far enough."""
        if self.engine.round_number >= self.config.rounds:
            return True
        return self._goal is not None and len(self.lines) >= LAST and self.recent >= self._goal

    def resume(self) -> None:
        """Go on from the record's last checkpoint, or from the beginning if there is none."""
        if self.record is None:
            return
        checkpoint = self.record.load()
        if checkpoint is not None:
            state, self._seconds_before = checkpoint
            if self.config.rounds < state.round:
                raise NeuroNetError(f"rounds must be at least the {state.round} played, got {self.config.rounds}")
            self.engine.restore(state)
        self.lines = self.record.lines_until(self.engine.round_number)

    def run(self, interruption: Interruption) -> ControlResult:
        """Play to the end, and judge.

        Raises:
            Interrupted: Someone asked to stop; the round at hand is given up, and those before it are saved.
            NeuroNetError: Observations, rewards or outputs are no longer finite numbers.
        """
        saved = self.engine.round_number
        while not self.over:
            with np.errstate(over="ignore", invalid="ignore"):  # what is no number is refused
                episodes = self._play(interruption)
                if episodes is None:
                    self._save()
                    raise Interrupted(self._result(np.zeros(0)))
                self._learn(episodes)
            self._note(episodes)
            if self.engine.round_number % self.config.checkpoint_every == 0 or self.over:
                self._save()
                saved = self.engine.round_number
        seconds = self.seconds
        judged = self._judge(interruption)
        if judged is None:
            if saved != self.engine.round_number:
                self._save()
            raise Interrupted(self._result(np.zeros(0)))
        return self._result(judged, seconds)

    def _chance(self, number: int, purpose: int) -> np.random.Generator:
        return generator(self.config.seed, Purpose.CONTROL, number, purpose)

    def _seeds(self, number: int, purpose: int, count: int) -> list[int]:
        return [int(seed) for seed in self._chance(number, purpose).integers(2**31, size=count)]

    def _play(self, interruption: Interruption) -> Episodes | None:
        number = self.engine.round_number
        return play_episodes(
            self.worlds,
            self.engine.outputs,
            seeds=self._seeds(number, BEGINNINGS, self.config.episodes),
            chance=self._chance(number, ACTIONS),
            max_steps=self.config.max_steps,
            stop=lambda: interruption.asked,
        )

    def _learn(self, episodes: Episodes) -> None:
        config, actions = self.config, self.worlds.actions
        advantage = episodes.advantages(config.gamma, baseline=config.baseline, normalise=config.normalise)
        said = finite(self.engine.speak(episodes.seen[episodes.going]), "outputs", SMALLER)
        feedback, cost = wish(actions, said, episodes.done[episodes.going], advantage)
        self.engine.learn(feedback, cost)

    def _note(self, episodes: Episodes) -> None:
        number, before = self.engine.round_number, len(self.lines)
        lines = [
            Line(before + place, number, float(total), int(steps))
            for place, (total, steps) in enumerate(zip(episodes.returns, episodes.steps, strict=True), start=1)
        ]
        self.lines += lines
        if self.record is not None:
            self.record.append(lines)
        if self.watcher is not None:
            self.watcher(number, self.recent)

    def _judge(self, interruption: Interruption) -> NDArray[np.float64] | None:
        """The return of each judged episode, as many at once as there are worlds; None if someone asked to stop."""
        seeds = self._seeds(0, JUDGED, self.config.judged)
        returns = []
        for start in range(0, len(seeds), self.config.episodes):
            part = seeds[start : start + self.config.episodes]
            episodes = play_episodes(
                self.worlds,
                self.engine.outputs,
                seeds=part,
                chance=None,
                max_steps=self.config.max_steps,
                stop=lambda: interruption.asked,
            )
            if episodes is None:
                return None
            returns.append(episodes.returns)
        return np.concatenate(returns)

    def _save(self) -> None:
        if self.record is not None:
            state = self.engine.state()
            for name, array in state.arrays.items():  # a ruin must not replace the last good checkpoint
                finite(array, name, SMALLER)
            self.record.save(state, self.seconds)

    def _result(self, judged: NDArray[np.float64], seconds: float | None = None) -> ControlResult:
        rows = [(line.episode, line.round, line.total, line.steps) for line in self.lines]
        folder: Path | None = None if self.record is None else self.record.folder
        return ControlResult(
            config=self.config,
            episodes=pd.DataFrame(rows, columns=HEADER.split(",")),
            judged=judged,
            threshold=self.worlds.threshold,
            network=self.engine.network(),
            rounds=self.engine.round_number,
            seconds=self.seconds if seconds is None else seconds,
            folder=folder,
        )
