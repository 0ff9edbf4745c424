"""Playing whole episodes, and what every step in them was worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.control.environments import Floats, Worlds
from neuronet.core.array_types import Array
from neuronet.core.errors import NeuroNetError

SMALLER = "choose a smaller learning_rate, or a policy with smaller answers"
"""What to do where numbers are no longer finite."""

LEAST_SPREAD = 1e-8
"""Advantages that differ by less than this are not blown up."""


@dataclass(frozen=True, eq=False)
class Episodes:
    """Episodes played side by side, E of them for T steps at most.

    Attributes:
        seen: (T, E, I), what the input neurons saw.
        done: (T, E) or (T, E, O), what was done, as targets of the actions' payoff.
        rewards: (T, E), 0 after an episode's end.
        going: (T, E), whether the episode was still going on.
    """

    seen: Floats
    done: NDArray[Any]
    rewards: Floats
    going: NDArray[np.bool_]

    @property
    def returns(self) -> Floats:
        """The sum of each episode's rewards, (E,)."""
        total: Floats = self.rewards.sum(axis=0)
        return total

    @property
    def steps(self) -> NDArray[np.int64]:
        """The length of each episode, (E,)."""
        length: NDArray[np.int64] = self.going.sum(axis=0)
        return length

    def to_go(self, gamma: float) -> Floats:
        """The rewards from each step on, discounted, (T, E): `G_t = r_t + gamma G_(t+1)`."""
        worth = np.zeros_like(self.rewards)
        after = np.zeros(self.rewards.shape[1])
        for step in reversed(range(len(self.rewards))):
            after = self.rewards[step] + gamma * after
            worth[step] = after
        return worth

    def advantages(self, gamma: float, *, baseline: str, normalise: bool) -> Floats:
        """How much better each step went than usual, (N,), N the steps of all episodes.

        Args:
            gamma: Discount.
            baseline: What is usual: the mean of what was still to come, over the episodes that were going on at the same
                "step", over all steps of the "batch", or "none".
            normalise: Whether they are divided by their root mean square.
        """
        worth = self.to_go(gamma)
        if baseline == "step":
            worth = worth - np.sum(worth * self.going, axis=1, keepdims=True) / self.going.sum(axis=1, keepdims=True)
        elif baseline == "batch":
            worth = worth - worth[self.going].mean()
        advantage: Floats = worth[self.going]
        return advantage / max(float(np.sqrt(np.mean(advantage**2))), LEAST_SPREAD) if normalise else advantage


def play_episodes(
    worlds: Worlds,
    outputs: Callable[[Floats], Array],
    *,
    seeds: Sequence[int],
    chance: np.random.Generator | None,
    max_steps: int,
    stop: Callable[[], bool] = lambda: False,
) -> Episodes | None:
    """Play an episode in each of the first worlds, from its beginning to its end.

    No world is begun anew before all have ended: every episode counts once, however long it is. Whoever has ended is still shown
    to the network, so that every call has the same shape, but nothing comes of it.

    Args:
        worlds: Where.
        outputs: What the output neurons say to observations, (E, I) to (E, O).
        seeds: What each world begins with; as many as episodes are wanted, at most as many as there are worlds.
        chance: Of the actions; None for the most likely ones.
        max_steps: When an episode is cut off, 1 or more.
        stop: Asked at every step whether to give it all up.

    Returns:
        The episodes; None if they were given up.

    Raises:
        NeuroNetError: Outputs, observations or rewards are no finite numbers.
    """
    copies = list(worlds.copies)[: len(seeds)]
    see, source = worlds.senses.see, f"they come from '{worlds.name}'"
    shown = np.stack([see(copy.reset(seed=seed)[0]) for copy, seed in zip(copies, seeds, strict=True)])
    alive = np.ones(len(copies), dtype=np.bool_)
    seen: list[Floats] = []
    done: list[NDArray[Any]] = []
    rewards: list[Floats] = []
    going: list[NDArray[np.bool_]] = []
    while alive.any() and len(seen) < max_steps:
        if stop():
            return None
        said = finite(outputs(finite(shown, "observations", source)), "outputs", SMALLER)
        targets = worlds.actions.best(said) if chance is None else worlds.actions.draw(said, chance)
        seen.append(shown)
        done.append(targets)
        going.append(alive.copy())
        shown, reward = shown.copy(), np.zeros(len(copies))
        for place in np.flatnonzero(alive):
            observation, gained, ended, cut, _ = copies[place].step(worlds.actions.act(targets[place]))
            shown[place], reward[place], alive[place] = see(observation), float(gained), not (ended or cut)
        rewards.append(reward)
    return Episodes(np.stack(seen), np.stack(done), finite(np.stack(rewards), "rewards", source), np.stack(going))


def finite(numbers: Any, what: str, hint: str) -> Floats:
    """The numbers in double precision.

    Args:
        numbers: An array of either engine.
        what: What they are.
        hint: What is to be done.

    Raises:
        NeuroNetError: One is not finite.
    """
    array = numbers if isinstance(numbers, np.ndarray) else numbers.detach().cpu().numpy()
    array = np.asarray(array, dtype=np.float64)
    if not np.isfinite(array).all():
        raise NeuroNetError(f"{what} must be finite numbers, got {array[~np.isfinite(array)].flat[0]}: {hint}")
    return array
