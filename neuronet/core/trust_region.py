"""The point of a ball that an affine map throws furthest: the trust-region problem of the best response, solved exactly.

More and Sorensen 1983, "Computing a trust region step", state when a point is the best one; the secular equation is solved here
in the coordinates of a singular value decomposition, with the multiplier counted from the largest eigenvalue, so that nothing is
lost to cancellation when it comes close to it (the "hard case"). Any number of problems are solved at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neuronet.core.array_types import Array, Namespace, reaches
from neuronet.core.errors import NeuroNetError

NEWTON_STEPS = 32
"""A million random problems needed 15 at most; those with a dozen eigenvalues, each much closer to the largest, 26."""


@dataclass(frozen=True, eq=False)
class TrustRegionStep:
    """A step to the edge of the ball, for each problem.

    Attributes:
        step: (..., N), its length is the radius; all 0 where no step makes a difference, nan where the problem was not finite.
        multiplier: (...), the lam of the optimality conditions `(lam I - M) step = g`, `lam >= lam_max(M)`.
    """

    step: Array
    multiplier: Array


def solve_trust_region(xp: Namespace, matrix: Array, start: Array, radius: float) -> TrustRegionStep:
    """The step that maximises `|start + matrix @ step|^2 / 2` over all steps no longer than the radius.

    In the words of the optimality conditions: `M = matrix.T @ matrix` and `g = matrix.T @ start`. Where two steps are equally
    good (the hard case: g has no part along M's leading eigenvector), the one is given that moves the most moved entry of
    `start` upwards, the first of several that move as much.

    Args:
        xp: The namespace of the arrays.
        matrix: (..., K, N).
        start: (..., K).
        radius: Above 0, finite.

    Raises:
        NeuroNetError: Shapes do not fit, or the radius is out of range.
    """
    if matrix.ndim < 2 or 0 in matrix.shape[-2:] or start.shape != matrix.shape[:-1]:
        shapes = f"{tuple(matrix.shape)} and {tuple(start.shape)}"
        raise NeuroNetError(f"matrix must be (..., K, N) and start (..., K), neither empty, got {shapes}")
    if not 0 < radius < math.inf:
        raise NeuroNetError(f"the radius must be a finite number above 0, got {radius!r}")
    finite = xp.all(xp.isfinite(matrix), axis=(-2, -1))[..., None] & xp.all(xp.isfinite(start), axis=-1, keepdims=True)
    matrix = xp.where(finite[..., None], matrix, xp.zeros_like(matrix))  # no decomposition of what is not finite
    start = xp.where(finite, start, xp.zeros_like(start))
    left, sizes, right = xp.linalg.svd(matrix, full_matrices=False)
    along = xp.matmul(start[..., None, :], left)[..., 0, :]
    largest = sizes[..., :1]
    share = sizes / xp.where(largest > 0, largest, xp.ones_like(largest))
    gradient = _normalized(xp, radius * largest, share * along)
    step = _on_unit_sphere(xp, gradient, (1.0 - share) * (1.0 + share), _sign_of_largest(xp, left[..., 0]))
    step = radius * xp.where(largest > 0, step, xp.zeros_like(step))
    step = xp.where(finite, step, xp.full_like(step, math.nan))
    multiplier = xp.linalg.vector_norm(sizes * (sizes * step + along), axis=-1) / radius
    return TrustRegionStep(xp.matmul(step[..., None, :], right)[..., 0, :], multiplier)


def _normalized(xp: Namespace, unit: Array, gradient: Array) -> Array:
    """The pull in units of radius and largest eigenvalue; one so strong that the lag is lost in rounding is scaled down."""
    strongest = xp.max(xp.abs(gradient), axis=-1, keepdims=True)
    unit = xp.maximum(unit, strongest * xp.finfo(gradient.dtype).eps ** 2)
    return gradient / xp.where(unit > 0, unit, xp.ones_like(unit))


def _sign_of_largest(xp: Namespace, vector: Array) -> Array:
    """The sign that makes the largest entry positive, (..., N) to (..., 1); of several that are as large, the first."""
    size = xp.abs(vector)
    largest = xp.astype(reaches(xp, size, xp.max(size, axis=-1, keepdims=True)), vector.dtype)
    first = xp.cumulative_sum(largest, axis=-1) * largest == 1
    up = xp.sum(xp.where(first, vector, xp.zeros_like(vector)), axis=-1, keepdims=True) >= 0
    return 2.0 * xp.astype(up, vector.dtype) - 1.0


def _on_unit_sphere(xp: Namespace, gradient: Array, gap: Array, side: Array) -> Array:
    """The unit vector `y = gradient / (gap + excess)` for the one excess of 0 or more that there is.

    Args:
        xp: The namespace of the arrays.
        gradient: (..., R), g in the eigenvectors of M, in units of radius and largest eigenvalue.
        gap: (..., R), how far each eigenvalue is below the largest, in units of it; the first is 0.
        side: (..., 1), 1 or -1: where to go along the leading eigenvector if nothing pulls there.
    """
    tiny = xp.finfo(gradient.dtype).smallest_normal
    none = xp.zeros_like(side)
    # a pull so small that division is no longer exact to rounding is as good as none
    gradient = xp.where(xp.abs(gradient) < tiny / xp.finfo(gradient.dtype).eps ** 2, xp.zeros_like(gradient), gradient)
    # no component may be longer than 1: the root is here or above
    excess = xp.maximum(xp.max(xp.abs(gradient) - gap, axis=-1, keepdims=True), none)
    step = gradient / xp.maximum(gap + excess, none + tiny)
    missing = 1.0 - xp.sum(step * step, axis=-1, keepdims=True)
    hard = (excess == 0) & (missing >= 0)  # what is missing to 1 goes along the leading eigenvector
    at_the_edge = xp.concat((side * xp.maximum(missing, none) ** 0.5, step[..., 1:]), axis=-1)
    gradient = xp.where(hard, xp.ones_like(gradient), gradient)  # anything that has a root: it is not looked at
    excess = xp.where(hard, none + 1.0, xp.maximum(excess, none + tiny))
    for _ in range(NEWTON_STEPS):
        # Newton on 1 / |y|, which is concave in the excess: from below it climbs to the root and never passes it
        step = gradient / (gap + excess)
        length = xp.linalg.vector_norm(step, axis=-1, keepdims=True)
        steepness = xp.sum(step * step / (gap + excess), axis=-1, keepdims=True)
        excess = excess + xp.maximum((length - 1.0) * length**2 / steepness, none)
    step = gradient / (gap + excess)
    return xp.where(hard, at_the_edge, step / xp.linalg.vector_norm(step, axis=-1, keepdims=True))
