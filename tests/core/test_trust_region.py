"""The exact solution against three others: a grid, a search from many starts, and the textbook's secular equation."""

from __future__ import annotations

import array_api_compat.numpy as xp
import array_api_compat.torch as torch_xp
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from neuronet.core import trust_region
from neuronet.core.errors import NeuroNetError

RADII = st.floats(-3, 3).map(lambda power: 10.0**power)


def solve_trust_region(matrix, start, radius):
    return trust_region.solve_trust_region(xp, matrix, start, radius)


def worth(matrix, start, step):
    return 0.5 * np.sum((start + matrix @ step) ** 2)


@st.composite
def problems(draw, most_columns=6):
    """Random matrices and starts; some of low rank, some with equal singular values, some with g across the leading direction."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, most_columns))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix, start = rng.standard_normal((rows, columns)), rng.standard_normal(rows)
    left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    kind = draw(st.sampled_from(["plain", "low rank", "equal", "hard", "nearly hard"]))
    if kind == "low rank":
        sizes[1:] = 0.0
    if kind == "equal":
        sizes[:2] = 1.0
    if kind == "hard":
        start = start - left[:, 0] * (left[:, 0] @ start)
    if kind == "nearly hard":
        share = 10.0 ** draw(st.integers(-18, -3))
        start = start + left[:, 0] * (share - left[:, 0] @ start)
    return (left * sizes) @ right * 10.0 ** draw(st.integers(-3, 3)), start


@settings(max_examples=120, deadline=None)
@given(problems(), RADII)
def test_optimality_conditions_hold(problem, radius):
    matrix, start = problem
    move = solve_trust_region(matrix, start, radius)
    M, g = matrix.T @ matrix, matrix.T @ start
    scale = move.multiplier * radius + np.linalg.norm(matrix, 2) * np.linalg.norm(
        start
    )  # g is known to the rounding of the second
    assert np.linalg.norm(move.step) == pytest.approx(radius, rel=1e-12)
    assert np.linalg.norm(move.multiplier * move.step - M @ move.step - g) <= 1e-12 * scale
    assert move.multiplier >= np.linalg.eigvalsh(M)[-1] * (1 - 1e-12)


@settings(max_examples=40, deadline=None)
@given(problems(most_columns=2), RADII)
def test_no_point_of_a_fine_grid_is_better(problem, radius):
    matrix, start = problem
    angles = np.linspace(0, 2 * np.pi, 20001)
    circle = np.stack((np.cos(angles), np.sin(angles)))[: matrix.shape[1]]
    grid = radius * circle if matrix.shape[1] == 2 else np.array([[-radius, radius]])
    best = np.max(0.5 * np.sum((start[:, None] + matrix @ grid) ** 2, axis=0))
    ours = worth(matrix, start, solve_trust_region(matrix, start, radius).step)
    assert ours >= best * (1 - 1e-12)
    assert ours == pytest.approx(best, rel=1e-6)  # a step of the grid is 3e-4, and what it misses of the order of its square


@settings(max_examples=15, deadline=None)
@given(problems(most_columns=4), RADII)
def test_numerical_optimizer_finds_no_better_step(problem, radius):
    matrix, start = problem
    step = solve_trust_region(matrix, start, radius).step
    ours, size = worth(matrix, start, step), worth(matrix, start, 0.0 * step) + worth(matrix, 0.0 * start, step)

    def loss(direction):
        return -worth(matrix, start, radius * direction / np.linalg.norm(direction)) / size

    rng = np.random.default_rng(0)
    found = [minimize(loss, rng.standard_normal(matrix.shape[1]), method="BFGS").fun for _ in range(8)]
    assert np.linalg.norm(step) <= radius * (1 + 1e-12)
    assert ours / size >= -min(found) - 1e-12


@settings(max_examples=80, deadline=None)
@given(problems(), RADII)
def test_step_solves_the_secular_equation(problem, radius):
    matrix, start = problem
    M, g = matrix.T @ matrix, matrix.T @ start
    eigenvalues, vectors = np.linalg.eigh(M)
    along, largest = vectors.T @ g, eigenvalues[-1]

    def beyond(multiplier):
        return np.linalg.norm(along / (multiplier - eigenvalues)) / radius - 1.0

    close = largest * (1 + 1e-6)
    assume(beyond(close) > 0)  # away from the hard case, where this form loses its digits
    multiplier = brentq(beyond, close, largest + 2 * np.linalg.norm(g) / radius, rtol=1e-14, xtol=1e-300)
    move = solve_trust_region(matrix, start, radius)
    assert move.multiplier == pytest.approx(multiplier, rel=1e-9)
    np.testing.assert_allclose(move.step, vectors @ (along / (multiplier - eigenvalues)), atol=1e-7 * radius)


@settings(max_examples=50, deadline=None)
@given(RADII, st.sampled_from([0.0, 1e-320, 1e-300, 1e-200, 1e-30]))
def test_the_hard_case_by_hand(radius, trace):
    """M = diag(4, 1), g = (2 trace, 1): the hard case from radius 1/3 on, where the second coordinate stays 1/3."""
    matrix, start = np.diag([2.0, 1.0]), np.array([trace, 1.0])
    assume(abs(radius - 1 / 3) > 1e-6)
    move = solve_trust_region(matrix, start, radius)
    if radius < 1 / 3:
        np.testing.assert_allclose(move.step, [0.0, radius], rtol=1e-12, atol=1e-15)
        assert move.multiplier == pytest.approx(1 + 1 / radius)
    else:
        np.testing.assert_allclose(np.abs(move.step), [np.sqrt(radius**2 - 1 / 9), 1 / 3], rtol=1e-9)
        assert move.step[1] > 0
        assert move.multiplier == pytest.approx(4.0)


def test_zero_gradient_with_positive_curvature_steps_along_the_leading_eigenvector():
    """With g = 0 every direction is level at first, and the steepest curve wins."""
    move = solve_trust_region(np.diag([1.0, 3.0, 2.0]), np.zeros(3), 0.5)
    np.testing.assert_allclose(np.abs(move.step), [0.0, 0.5, 0.0], atol=1e-15)


def test_zero_problem_gives_a_zero_step():
    move = solve_trust_region(np.zeros((3, 4)), np.ones(3), 2.0)
    assert move.multiplier == 0.0
    np.testing.assert_array_equal(move.step, np.zeros(4))


def test_upward_step_is_chosen_among_two_equal_ones():
    for sign in (1.0, -1.0):
        step = solve_trust_region(np.array([[1.0, 0.0], [-3.0 * sign, 0.0], [0.0, 1.0]]), np.array([0.0, 0.0, 0.1]), 1.0).step
        assert -3.0 * sign * step[0] > 0


@pytest.mark.parametrize("space", [xp, torch_xp], ids=["numpy", "torch"])
def test_first_of_entries_tied_up_to_rounding_moves_upwards(space):
    for other in (0.7, np.nextafter(0.7, 0), np.nextafter(0.7, 1)):
        matrix = space.asarray([[-0.7, 0.0], [other, 0.0], [0.0, 0.1]], dtype=space.float64)
        step = trust_region.solve_trust_region(space, matrix, 0 * matrix[:, 0], 1.0).step
        np.testing.assert_allclose(np.asarray(step), [-1.0, 0.0], atol=1e-15)
        opposite = trust_region.solve_trust_region(space, -matrix, 0 * matrix[:, 0], 1.0).step
        np.testing.assert_allclose(np.asarray(opposite), [1.0, 0.0], atol=1e-15)


@given(st.integers(0, 2**20))
def test_batched_problems_equal_single_ones(seed):
    rng = np.random.default_rng(seed)
    matrix, start = rng.standard_normal((2, 5, 4, 3)), rng.standard_normal((2, 5, 4))
    matrix[0, 0] = 0.0
    start[0, 1] = 0.0  # the hard case
    start[1, 2] = np.nan
    moves = solve_trust_region(matrix, start, 0.7)
    for place in np.ndindex(2, 5):
        single = solve_trust_region(matrix[place], start[place], 0.7)
        np.testing.assert_allclose(moves.step[place], single.step, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(moves.multiplier[place], single.multiplier, rtol=1e-12)
    assert np.isnan(moves.step[1, 2]).all()
    assert np.isfinite(np.delete(moves.step.reshape(10, 3), 7, axis=0)).all()


@pytest.mark.parametrize(("dtype", "slack"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e3])
def test_torch_equals_numpy(dtype, slack, scale):
    rng = np.random.default_rng(3)
    matrix, start = scale * rng.standard_normal((6, 4, 5)), rng.standard_normal((6, 4))
    expected = solve_trust_region(matrix, start, 0.1).step
    step = trust_region.solve_trust_region(
        torch_xp, torch.tensor(matrix, dtype=dtype), torch.tensor(start, dtype=dtype), 0.1
    ).step
    assert step.dtype == dtype
    np.testing.assert_allclose(step.numpy(), expected, atol=0.1 * slack)


def test_overflowing_curvature_in_single_precision_is_handled():
    """Without demands the gain is flat, and yet there is a best direction."""
    rng = np.random.default_rng(3)
    matrix, start = 1e-36 * rng.standard_normal((4, 5)), 1e4 * rng.standard_normal(4)
    expected = solve_trust_region(matrix, start, 1e-3).step
    single = trust_region.solve_trust_region(xp, matrix.astype(np.float32), start.astype(np.float32), 1e-3).step
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=1e-8)


@pytest.mark.parametrize("pull", [1e-3, 1e-8, 1e-15, 1e-30])
def test_nearly_hard_problems_have_steps_of_the_radius(pull):
    """A dozen eigenvalues, each much closer to the largest than the one before, and just enough pull on all of them."""
    lag = np.append(0.0, 10.0 ** -np.arange(12.0, 0.0, -1.0))
    sizes = np.sqrt(1.0 - lag)
    start = np.append(pull, 0.9 * lag[1:] / sizes[1:])
    move = solve_trust_region(np.diag(sizes), start, 1.0)
    assert np.linalg.norm(move.step) == pytest.approx(1.0, rel=1e-12)
    residual = move.multiplier * move.step - sizes**2 * move.step - sizes * start
    assert np.linalg.norm(residual) < 1e-14


@pytest.mark.parametrize("broken", [(np.full((2, 3), np.nan), np.ones(2)), (np.ones((2, 3)), np.array([1.0, np.inf]))])
def test_non_finite_problems_give_nan(broken):
    assert np.isnan(solve_trust_region(*broken, 1.0).step).all()


@pytest.mark.parametrize(
    ("matrix", "start", "radius"),
    [
        (np.ones((2, 3)), np.ones(3), 1.0),
        (np.ones(3), np.ones(3), 1.0),
        (np.ones((0, 3)), np.ones(0), 1.0),
        (np.ones((2, 3)), np.ones(2), 0.0),
        (np.ones((2, 3)), np.ones(2), -1.0),
        (np.ones((2, 3)), np.ones(2), float("nan")),
        (np.ones((2, 3)), np.ones(2), float("inf")),
    ],
)
def test_bad_input_is_refused(matrix, start, radius):
    with pytest.raises(NeuroNetError, match=r"must be"):
        solve_trust_region(matrix, start, radius)
