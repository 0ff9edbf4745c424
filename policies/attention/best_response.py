"""Best response: the exact optimum where attention-seeking follows the slope. Proposition 4 of docs/theory.md.

A neuron may change its activity by `delta`, of length at most `eps` over the batch. After its listeners' response it holds
`|u + A delta|^2 / 2` attention, with `A = eta / B S^T` and `u = w + eta c`. The optimum satisfies `(lam I - A^T A) delta = A^T
u`, so `lam delta = A^T (u + A delta)`: the best move follows equation (1), evaluated at the attention that results from this
move.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core import Array, LinearPolicy, Memory, Observation, check_number, solve_trust_region


@dataclass(frozen=True)
class BestResponse(LinearPolicy):
    """Best response in attention, all other neurons fixed: an exact trust-region step (More and Sorensen 1983).

    It uses its own listeners' attention, demands and intended response. The feedback is the best move, in units in which it
    equals attention-seeking with foresight 1 as the radius goes to 0. Of two equally good moves it takes the one that increases
    the most moved listener's weight. Each round computes a singular value decomposition for each neuron: use it for layers of a
    few hundred neurons.

    Args:
        radius: Bound on the change of activity, as a root mean square over the batch; above 0.

    Raises:
        ConfigurationError: radius is out of range.
    """

    radius: float = 1.0

    needs = frozenset({"response"})

    def __post_init__(self) -> None:
        check_number("radius", self.radius, 0, above=True)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the attention after the response to the best move, `u + A delta`."""
        xp, batch = obs.xp, obs.demand.shape[-2]
        expected = obs.attention + obs.learning_rate * obs.response
        factor = xp.linalg.qr(obs.demand).R  # (..., min(B, K), K)
        gain = obs.learning_rate / batch * xp.matrix_transpose(factor)
        gain = xp.matrix_transpose(obs.listener_mask)[..., None] * gain[..., None, :, :]  # (..., J, K, min(B, K))
        move = solve_trust_region(xp, gain, xp.matrix_transpose(expected), self.radius * batch**0.5)
        return expected + xp.matrix_transpose((gain @ move.step[..., None])[..., 0])
