"""Playing whole episodes, and what every step in them was worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.control.environments import Floats, VectorEnv
from neuronet.core.array_types import Array
from neuronet.core.errors import NeuroNetError

DIVERGENCE_HINT = "choose a smaller learning_rate, or a policy with smaller answers"
"""What to do where numbers are no longer finite."""

MIN_ADVANTAGE_RMS = 1e-8
"""Advantages that differ by less than this are not blown up."""


@dataclass(frozen=True, eq=False)
class Episodes:
    """Episodes played side by side, E of them for T steps at most.

    Attributes:
        observations: (T, E, I), what the input neurons saw.
        actions: (T, E) or (T, E, O), what was done, as targets of the actions' payoff.
        rewards: (T, E), 0 after an episode's end.
        mask: (T, E), whether the episode was still going on.
    """

    observations: Floats
    actions: NDArray[Any]
    rewards: Floats
    mask: NDArray[np.bool_]

    @property
    def returns(self) -> Floats:
        """The sum of each episode's rewards, (E,)."""
        total: Floats = self.rewards.sum(axis=0)
        return total

    @property
    def steps(self) -> NDArray[np.int64]:
        """The length of each episode, (E,)."""
        length: NDArray[np.int64] = self.mask.sum(axis=0)
        return length

    def returns_to_go(self, gamma: float) -> Floats:
        """The rewards from each step on, discounted, (T, E): `G_t = r_t + gamma G_(t+1)`."""
        discounted = np.zeros_like(self.rewards)
        after = np.zeros(self.rewards.shape[1])
        for step in reversed(range(len(self.rewards))):
            after = self.rewards[step] + gamma * after
            discounted[step] = after
        return discounted

    def advantages(self, gamma: float, *, baseline: str, normalise: bool) -> Floats:
        """How much better each step went than usual, (N,), N the steps of all episodes.

        Args:
            gamma: Discount.
            baseline: What is usual: the mean of what was still to come, over the episodes that were going on at the same
                "step", over all steps of the "batch", or "none".
            normalise: Whether they are divided by their root mean square.
        """
        discounted = self.returns_to_go(gamma)
        if baseline == "step":
            discounted = discounted - np.sum(discounted * self.mask, axis=1, keepdims=True) / self.mask.sum(axis=1, keepdims=True)
        elif baseline == "batch":
            discounted = discounted - discounted[self.mask].mean()
        advantage: Floats = discounted[self.mask]
        return advantage / max(float(np.sqrt(np.mean(advantage**2))), MIN_ADVANTAGE_RMS) if normalise else advantage


def play_episodes(
    vector_env: VectorEnv,
    outputs: Callable[[Floats], Array],
    *,
    seeds: Sequence[int],
    rng: np.random.Generator | None,
    max_steps: int,
    stop: Callable[[], bool] = lambda: False,
) -> Episodes | None:
    """Play an episode in each of the first worlds, from its beginning to its end.

    No world is begun anew before all have ended: every episode counts once, however long it is. Whoever has ended is still shown
    to the network, so that every call has the same shape, but nothing comes of it.

    Args:
        vector_env: Where.
        outputs: What the output neurons say to observations, (E, I) to (E, O).
        seeds: What each world begins with; as many as episodes are wanted, at most as many as there are worlds.
        rng: Of the actions; None for the most likely ones.
        max_steps: When an episode is cut off, 1 or more.
        stop: Asked at every step whether to give it all up.

    Returns:
        The episodes; None if they were given up.

    Raises:
        NeuroNetError: Outputs, observations or rewards are no finite numbers.
    """
    envs = list(vector_env.envs)[: len(seeds)]
    encode, source = vector_env.encoder.encode, f"they come from '{vector_env.name}'"
    encoded = np.stack([encode(env.reset(seed=seed)[0]) for env, seed in zip(envs, seeds, strict=True)])
    active = np.ones(len(envs), dtype=np.bool_)
    observations: list[Floats] = []
    taken: list[NDArray[Any]] = []
    rewards: list[Floats] = []
    mask: list[NDArray[np.bool_]] = []
    while active.any() and len(observations) < max_steps:
        if stop():
            return None
        output_values = check_finite(outputs(check_finite(encoded, "observations", source)), "outputs", DIVERGENCE_HINT)
        targets = vector_env.actions.most_likely(output_values) if rng is None else vector_env.actions.sample(output_values, rng)
        observations.append(encoded)
        taken.append(targets)
        mask.append(active.copy())
        encoded, reward = encoded.copy(), np.zeros(len(envs))
        for index in np.flatnonzero(active):
            observation, step_reward, terminated, truncated, _ = envs[index].step(vector_env.actions.to_env(targets[index]))
            encoded[index], reward[index], active[index] = encode(observation), float(step_reward), not (terminated or truncated)
        rewards.append(reward)
    return Episodes(np.stack(observations), np.stack(taken), check_finite(np.stack(rewards), "rewards", source), np.stack(mask))


def check_finite(values: Any, what: str, hint: str) -> Floats:
    """The numbers in double precision.

    Args:
        values: An array of either engine.
        what: What they are.
        hint: What is to be done.

    Raises:
        NeuroNetError: One is not finite.
    """
    array = values if isinstance(values, np.ndarray) else values.detach().cpu().numpy()
    array = np.asarray(array, dtype=np.float64)
    if not np.isfinite(array).all():
        raise NeuroNetError(f"{what} must be finite numbers, got {array[~np.isfinite(array)].flat[0]}: {hint}")
    return array
