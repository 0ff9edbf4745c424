"""Best response: the exact optimum where attention-seeking follows the slope. Proposition 4 of docs/theory.md.

A neuron that may move its activity by `delta`, of length `eps` over the batch, holds `|u + A delta|^2 / 2` attention after its
listeners' response, with `A = eta / B S^T` and `u = w + eta c`. The best move obeys `(lam I - A^T A) delta = A^T u`, so that
`lam delta = A^T (u + A delta)`: the best move points along equation (1), taken at the attention which that very move will earn.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import check_number
from neuronet.core.policy import LinearPolicy, Observation
from neuronet.core.trust_region import solve_trust_region


@dataclass(frozen=True)
class BestResponse(LinearPolicy):
    """Moves to where it gains most attention of all that it can reach, all others fixed.

    Sees what its own listeners pay, demand and intend. The feedback is the best move, in units that make it attention-seeking
    with foresight 1 as the radius goes to 0. Of two moves that are equally good it takes the one that the most moved listener
    rewards. Each round takes a singular value decomposition for each neuron: meant for layers of some hundred neurons.

    Args:
        radius: How far the neuron may move its activity, as a root mean square over the batch; above 0.

    Raises:
        NeuroNetError: radius is out of range.
    """

    radius: float = 1.0

    needs = frozenset({"response"})

    def __post_init__(self) -> None:
        check_number("radius", self.radius, 0, above=True)

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """The attention after the response to the best move, `u + A delta`."""
        xp, batch = obs.xp, obs.demand.shape[-2]
        coming = obs.attention + obs.learning_rate * obs.response
        spanned = xp.linalg.qr(obs.demand).R  # (..., B or K, K): in as many directions as there are samples or listeners
        pays = obs.learning_rate / batch * xp.matrix_transpose(spanned)
        pays = xp.matrix_transpose(obs.listener_mask)[..., None] * pays[..., None, :, :]  # (..., J, K, B or K)
        expected = xp.matrix_transpose(coming)
        move = solve_trust_region(xp, pays, expected, self.radius * batch**0.5)
        return coming + xp.matrix_transpose((pays @ move.step[..., None])[..., 0])
