"""The point of a ball that an affine map throws furthest: the trust-region problem of the best response, solved exactly.

More and Sorensen 1983, "Computing a trust region step", state when a point is the best one; the secular equation is solved here
in the coordinates of a singular value decomposition, with the multiplier counted from the largest eigenvalue, so that nothing is
lost to cancellation when it comes close to it (the "hard case").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neuronet.errors import NeuroNetError
from neuronet.theory.comparison import Floats

_NEGLIGIBLE = 1e-280
"""Below this, division is no longer exact to rounding; such a share of the pull is as good as none."""


@dataclass(frozen=True, eq=False)
class Move:
    """A step to the edge of the ball.

    Attributes:
        step: (N,), its length is the radius; all 0 where no step makes a difference.
        multiplier: The lam of the optimality conditions `(lam I - M) step = g`, `lam >= lam_max(M)`.
    """

    step: Floats
    multiplier: float


def furthest(matrix: Floats, start: Floats, radius: float) -> Move:
    """The step that maximises `|start + matrix @ step|^2 / 2` over all steps no longer than the radius.

    In the words of the optimality conditions: `M = matrix.T @ matrix` and `g = matrix.T @ start`. Where two steps are equally
    good (the hard case: g has no part along M's leading eigenvector), one of them is given.

    Args:
        matrix: (K, N), finite.
        start: (K,), finite.
        radius: Above 0, finite.

    Raises:
        NeuroNetError: Shapes do not fit, or a number is out of range.
    """
    if matrix.ndim != 2 or 0 in matrix.shape or start.shape != matrix.shape[:1]:
        raise NeuroNetError(f"matrix must be (K, N) and start (K,), neither empty, got {matrix.shape} and {start.shape}")
    if not 0 < radius < math.inf or not np.isfinite(matrix).all() or not np.isfinite(start).all():
        raise NeuroNetError(f"matrix and start must be finite and the radius a finite number above 0, got radius {radius!r}")
    left, sizes, directions = np.linalg.svd(matrix, full_matrices=False)
    largest = sizes[0]
    if largest == 0:
        return Move(np.zeros(matrix.shape[1]), 0.0)
    share = sizes / largest
    pull = share * (left.T @ start) / (radius * largest)
    step, excess = _on_unit_sphere(pull, (1.0 - share) * (1.0 + share))
    return Move(radius * (step @ directions), float(largest**2 * (1.0 + excess)))


def _on_unit_sphere(pull: Floats, lag: Floats) -> tuple[Floats, float]:
    """The unit vector `y = pull / (lag + excess)` and its excess, 0 or more.

    Args:
        pull: (R,), g in the eigenvectors of M, in units of radius and largest eigenvalue.
        lag: (R,), how far each eigenvalue is below the largest, in units of it; lag[0] is 0.
    """
    pull = np.where(np.abs(pull) < _NEGLIGIBLE, 0.0, pull)
    excess = max(float(np.max(np.abs(pull) - lag)), 0.0)  # no component may be longer than 1: the root is here or above
    step = _at(pull, lag, excess)
    if excess == 0.0 and np.linalg.norm(step) <= 1.0:  # the hard case: what is missing to 1 goes along the leading eigenvector
        step[0] = math.sqrt(max(0.0, 1.0 - float(step @ step)))
        return step, 0.0
    for _ in range(100):
        # Newton on 1 / |y|, which is concave in the excess: from below it climbs to the root and never passes it
        length = np.linalg.norm(step)
        steepness = float(step @ _at(step, lag, excess))
        further = excess + float((length - 1.0) * length**2) / steepness
        if not further > excess:
            break
        excess = further
        step = _at(pull, lag, excess)
    return step / np.linalg.norm(step), excess


def _at(pull: Floats, lag: Floats, excess: float) -> Floats:
    below = lag + excess
    return np.divide(pull, below, out=np.zeros_like(pull), where=below > 0)
