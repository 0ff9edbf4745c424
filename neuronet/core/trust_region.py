"""Exact solution of trust-region problems: the point of a ball that maximises the norm of an affine map.

More and Sorensen 1983, "Computing a trust region step", give the optimality conditions. The secular equation is solved in the
coordinates of a singular value decomposition. The multiplier is counted from the largest eigenvalue, which avoids cancellation
close to it (the "hard case"). Any number of problems are solved together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neuronet.core.array_types import Array, Namespace, reaches
from neuronet.core.errors import ConfigurationError

NEWTON_STEPS = 32
"""A million random problems needed at most 15; problems with a dozen eigenvalues close to the largest needed 26."""


@dataclass(frozen=True, eq=False)
class TrustRegionStep:
    """Optimal step to the edge of the ball, for each problem.

    Attributes:
        step: (..., N), its length is the radius; all 0 where no step makes a difference, nan where the problem was not finite.
        multiplier: (...), lam of the optimality conditions `(lam I - M) step = g`, `lam >= lam_max(M)`.
    """

    step: Array
    multiplier: Array


def solve_trust_region(xp: Namespace, matrix: Array, start: Array, radius: float) -> TrustRegionStep:
    """Return the step that maximises `|start + matrix @ step|^2 / 2` over all steps no longer than the radius.

    In the notation of the optimality conditions, `M = matrix.T @ matrix` and `g = matrix.T @ start`. In the hard case, where g
    has no part along M's leading eigenvector, two steps are equally good. The result is the one that increases the most moved
    entry of `start`, the first of several that move as much.

    Args:
        xp: The namespace of the arrays.
        matrix: (..., K, N).
        start: (..., K).
        radius: Above 0, finite.

    Raises:
        ConfigurationError: Shapes do not fit, or the radius is out of range.
    """
    if matrix.ndim < 2 or 0 in matrix.shape[-2:] or start.shape != matrix.shape[:-1]:
        shapes = f"{tuple(matrix.shape)} and {tuple(start.shape)}"
        raise ConfigurationError(f"matrix must be (..., K, N) and start (..., K), neither empty, got {shapes}")
    if not 0 < radius < math.inf:
        raise ConfigurationError(f"the radius must be a finite number above 0, got {radius!r}")
    finite = xp.all(xp.isfinite(matrix), axis=(-2, -1))[..., None] & xp.all(xp.isfinite(start), axis=-1, keepdims=True)
    matrix = xp.where(finite[..., None], matrix, xp.zeros_like(matrix))  # no decomposition of what is not finite
    start = xp.where(finite, start, xp.zeros_like(start))
    left, sizes, right = xp.linalg.svd(matrix, full_matrices=False)
    projection = xp.matmul(start[..., None, :], left)[..., 0, :]
    largest = sizes[..., :1]
    ratio = sizes / xp.where(largest > 0, largest, xp.ones_like(largest))
    gradient = _normalized(xp, radius * largest, ratio * projection)
    step = _on_unit_sphere(xp, gradient, (1.0 - ratio) * (1.0 + ratio), _sign_of_largest(xp, left[..., 0]))
    step = radius * xp.where(largest > 0, step, xp.zeros_like(step))
    step = xp.where(finite, step, xp.full_like(step, math.nan))
    multiplier = xp.linalg.vector_norm(sizes * (sizes * step + projection), axis=-1) / radius
    return TrustRegionStep(xp.matmul(step[..., None, :], right)[..., 0, :], multiplier)


def _normalized(xp: Namespace, unit: Array, gradient: Array) -> Array:
    """Return the gradient in units of radius and largest eigenvalue; scale it down where rounding would lose the gap."""
    strongest = xp.max(xp.abs(gradient), axis=-1, keepdims=True)
    unit = xp.maximum(unit, strongest * xp.finfo(gradient.dtype).eps ** 2)
    return gradient / xp.where(unit > 0, unit, xp.ones_like(unit))


def _sign_of_largest(xp: Namespace, vector: Array) -> Array:
    """Return the sign that makes the largest entry positive, (..., N) to (..., 1); the first of several that are as large."""
    size = xp.abs(vector)
    largest = xp.astype(reaches(xp, size, xp.max(size, axis=-1, keepdims=True)), vector.dtype)
    first = xp.cumulative_sum(largest, axis=-1) * largest == 1
    up = xp.sum(xp.where(first, vector, xp.zeros_like(vector)), axis=-1, keepdims=True) >= 0
    return 2.0 * xp.astype(up, vector.dtype) - 1.0


def _on_unit_sphere(xp: Namespace, gradient: Array, gap: Array, side: Array) -> Array:
    """Return the unit vector `y = gradient / (gap + excess)` for the unique excess of 0 or more.

    Args:
        xp: The namespace of the arrays.
        gradient: (..., R), g in the eigenvectors of M, in units of radius and largest eigenvalue.
        gap: (..., R), distance of each eigenvalue below the largest, in units of it; the first is 0.
        side: (..., 1), 1 or -1: direction along the leading eigenvector if the gradient is 0 there.
    """
    tiny = xp.finfo(gradient.dtype).smallest_normal
    zero = xp.zeros_like(side)
    # a gradient so small that division is no longer exact to rounding counts as 0
    gradient = xp.where(xp.abs(gradient) < tiny / xp.finfo(gradient.dtype).eps ** 2, xp.zeros_like(gradient), gradient)
    # no component may be longer than 1: the root is here or above
    excess = xp.maximum(xp.max(xp.abs(gradient) - gap, axis=-1, keepdims=True), zero)
    step = gradient / xp.maximum(gap + excess, zero + tiny)
    missing = 1.0 - xp.sum(step * step, axis=-1, keepdims=True)
    hard = (excess == 0) & (missing >= 0)  # the remainder to length 1 goes along the leading eigenvector
    hard_step = xp.concat((side * xp.maximum(missing, zero) ** 0.5, step[..., 1:]), axis=-1)
    gradient = xp.where(hard, xp.ones_like(gradient), gradient)  # any value that has a root; the result is not used
    excess = xp.where(hard, zero + 1.0, xp.maximum(excess, zero + tiny))
    for _ in range(NEWTON_STEPS):
        # Newton on 1 / |y|, which is concave in the excess: from below it climbs to the root and never passes it
        step = gradient / (gap + excess)
        length = xp.linalg.vector_norm(step, axis=-1, keepdims=True)
        steepness = xp.sum(step * step / (gap + excess), axis=-1, keepdims=True)
        excess = excess + xp.maximum((length - 1.0) * length**2 / steepness, zero)
    step = gradient / (gap + excess)
    return xp.where(hard, hard_step, step / xp.linalg.vector_norm(step, axis=-1, keepdims=True))
