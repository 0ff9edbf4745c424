"""Rollouts of whole episodes, and the advantage of each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.control.environments import Floats, VectorEnv
from neuronet.core import Array, DivergedError

DIVERGENCE_HINT = "choose a smaller learning_rate, or a policy with smaller feedback"
"""Advice for numbers that are not finite."""

MIN_ADVANTAGE_RMS = 1e-8
"""Lower bound of the root mean square by which advantages are divided."""


@dataclass(frozen=True, eq=False)
class Episodes:
    """E parallel episodes of at most T steps.

    Attributes:
        observations: Network inputs, (T, E, I).
        actions: Actions as targets of their payoff, (T, E) or (T, E, O).
        rewards: Rewards, (T, E), 0 after an episode's end.
        mask: Whether each step belongs to an episode that has not ended, (T, E).
    """

    observations: Floats
    actions: NDArray[Any]
    rewards: Floats
    mask: NDArray[np.bool_]

    @property
    def returns(self) -> Floats:
        """Return the sum of each episode's rewards, (E,)."""
        return np.asarray(self.rewards.sum(axis=0))

    @property
    def steps(self) -> NDArray[np.int64]:
        """Return the length of each episode, (E,)."""
        return np.asarray(self.mask.sum(axis=0))

    def returns_to_go(self, gamma: float) -> Floats:
        """Return the discounted sum of rewards from each step on, (T, E): `G_t = r_t + gamma G_(t+1)`."""
        discounted = np.zeros_like(self.rewards)
        after = np.zeros(self.rewards.shape[1])
        for step in reversed(range(len(self.rewards))):
            after = self.rewards[step] + gamma * after
            discounted[step] = after
        return discounted

    def advantages(self, gamma: float, *, baseline: str, normalise: bool) -> Floats:
        """Return the advantage of each of the N steps of all episodes, (N,).

        Args:
            gamma: Discount factor, 0 to 1.
            baseline: Baseline of the returns to go: their mean over the running episodes at the same "step", over all steps of
                the "batch", or "none".
            normalise: Whether advantages are divided by their root mean square.
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
    """Play one whole episode in each of the first environments.

    No environment is reset before all episodes have ended, so that each episode counts once. Observations of ended episodes are
    still passed to the network to keep the shape of its batch, but have no effect.

    Args:
        vector_env: Environments.
        outputs: Function from inputs, (E, I), to outputs of the network, (E, O).
        seeds: Seed of each episode, E of them, at most the number of environments.
        rng: Random generator of the actions; None for the most likely actions.
        max_steps: Largest number of steps of an episode, 1 or more.
        stop: Function that is called before each step and returns whether to abort.

    Returns:
        The episodes, or None after an abort.

    Raises:
        DataError: An environment breaks Gymnasium's contract.
        DivergedError: Outputs, observations or rewards are not finite.
    """
    count, source = len(seeds), f"they come from '{vector_env.name}'"
    encoded = np.stack([vector_env.reset(index, seed) for index, seed in enumerate(seeds)])
    active = np.ones(count, dtype=np.bool_)
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
        encoded, reward = encoded.copy(), np.zeros(count)
        for index in np.flatnonzero(active).tolist():
            encoded[index], reward[index], ended = vector_env.step(index, targets[index])
            active[index] = not ended
        rewards.append(reward)
    return Episodes(np.stack(observations), np.stack(taken), check_finite(np.stack(rewards), "rewards", source), np.stack(mask))


def check_finite(values: Any, what: str, hint: str) -> Floats:
    """Return values in double precision, and refuse those that are not finite.

    Args:
        values: Array of numpy or torch.
        what: Name of the values, for the message.
        hint: Advice, for the message.

    Raises:
        DivergedError: A value is not finite.
    """
    array = values if isinstance(values, np.ndarray) else values.detach().cpu().numpy()
    array = np.asarray(array, dtype=np.float64)
    if not np.isfinite(array).all():
        raise DivergedError(f"{what} must be finite numbers, got {array[~np.isfinite(array)].flat[0]}: {hint}")
    return array
