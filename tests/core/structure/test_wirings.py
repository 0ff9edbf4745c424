"""Statistics of random connectivity: each wiring is seeded, and gives the same kind of network by mask and by connection."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core import WIRINGS, Dense, FixedInDegree, Modular, Patches, Pattern, ScaleFree, SmallWorld, Sparse, Spatial
from neuronet.core.errors import ConfigurationError
from neuronet.core.structure.sampling import sheet
from neuronet.registry import build_network, format_option, parse_wiring
from tests.helpers.paths import ROOT

STREAMING = [Sparse(0.01), SmallWorld(6, 0.2), FixedInDegree(6), ScaleFree(6), Spatial(6, 0.05), Modular(5, 6, 0.8)]

SEEDED = [*STREAMING, Patches(2, 4)]


def pattern_of(wiring, listeners=1500, speakers=1000, seed=0) -> Pattern:
    return wiring.pattern(listeners, speakers, np.random.default_rng(seed))


@pytest.mark.parametrize("wiring", SEEDED, ids=str)
def test_equal_seeds_give_equal_connections_and_others_do_not(wiring):
    one = pattern_of(wiring)
    assert one.equals(pattern_of(wiring))
    assert not one.equals(pattern_of(wiring, seed=1))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(WIRINGS)), st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_every_wiring_serves_layers_of_any_size(name, listeners, speakers, seed):
    wiring = WIRINGS[name]()
    pattern = wiring.pattern(listeners, speakers, np.random.default_rng(seed))
    mask = wiring.mask(listeners, speakers, np.random.default_rng(seed))
    assert pattern is None or pattern.shape == (listeners, speakers)
    assert mask is None or (mask.shape == (listeners, speakers) and mask.any(axis=1).all())
    if name in ("fixed-in-degree", "scale-free", "spatial", "modular", "patches"):
        np.testing.assert_array_equal(pattern.mask(), mask)
    if name in ("fixed-in-degree", "scale-free", "spatial", "modular"):
        assert (pattern.in_degrees == min(8, speakers)).all()


@pytest.mark.parametrize("wiring", STREAMING[2:], ids=str)
def test_in_degree_is_fixed_and_speakers_are_distinct(wiring):
    pattern = pattern_of(wiring)
    assert (pattern.in_degrees == 6).all()
    assert len(np.unique(pattern.rows.astype(np.int64) * 1000 + pattern.columns)) == pattern.count


def test_fixed_in_degree_is_uniform():
    degrees = pattern_of(FixedInDegree(10), 10000, 1000).out_degrees
    assert degrees.mean() == 100
    assert degrees.var() == pytest.approx(100 * 0.99, rel=0.15)  # hypergeometric


def test_sparse_is_a_binomial_of_the_probability():
    pattern = pattern_of(Sparse(0.02), 3000, 2000)
    assert pattern.count == pytest.approx(3000 * 2000 * 0.02, abs=5 * (3000 * 2000 * 0.02) ** 0.5)
    assert pattern.in_degrees.var() == pytest.approx(2000 * 0.02 * 0.98, rel=0.1)
    assert pattern.in_degrees.min() > 0 and pattern.out_degrees.min() > 0


def test_sparse_connects_isolated_neurons():
    pattern = pattern_of(Sparse(1e-6), 300, 200)
    assert pattern.in_degrees.min() == 1 and pattern.out_degrees.min() >= 1


def test_small_world_keeps_the_share_that_is_not_rewired():
    listeners, speakers = 2000, 2000
    pattern = pattern_of(SmallWorld(6, 0.25), listeners, speakers)
    gap = np.abs(pattern.rows.astype(float) / listeners - pattern.columns / speakers)
    near = np.minimum(gap, 1 - gap) <= 3.5 / speakers
    assert near.mean() == pytest.approx(0.75, abs=0.02)
    assert pattern_of(SmallWorld(6, 0.0), listeners, speakers).count == 6 * listeners


def test_small_world_has_the_nearest_speakers_of_the_mask():
    by_connection = pattern_of(SmallWorld(5, 0.0), 30, 90)
    by_mask = Pattern.of_mask(SmallWorld(5, 0.0).mask(30, 90, np.random.default_rng(0)))
    assert (by_connection.mask() & by_mask.mask()).sum() >= 5 * 30 * 0.9


@pytest.mark.parametrize("exponent", [2.5, 3.0, 4.0])
def test_scale_free_has_its_exponent(exponent):
    degrees = pattern_of(ScaleFree(10, exponent), 100_000, 50_000).out_degrees
    attractiveness = (exponent - 2) * 20  # the power law is one of a + k
    tail = degrees[degrees >= 60]
    logarithms = np.log((tail + attractiveness) / (59.5 + attractiveness))
    fitted = 1 + len(tail) / logarithms.sum()  # Clauset, Shalizi and Newman 2009, equation 3.7
    assert fitted == pytest.approx(exponent, abs=0.2)


def test_scale_free_order_says_nothing():
    pattern = pattern_of(ScaleFree(6), 20_000, 10_000)
    assert abs(np.corrcoef(np.arange(10_000), pattern.out_degrees)[0, 1]) < 0.05


def test_spatial_has_its_length():
    listeners, speakers = 60 * 50, 80 * 80
    pattern = pattern_of(Spatial(4, 0.08), listeners, speakers)
    (rows, columns), (rows_below, columns_below) = sheet(listeners), sheet(speakers)
    assert (rows, columns) == (50, 60)
    down = (pattern.rows // columns + 0.5) / rows - (pattern.columns // columns_below + 0.5) / rows_below
    right = (pattern.rows % columns + 0.5) / columns - (pattern.columns % columns_below + 0.5) / columns_below
    for distance in (down, right):
        around = (distance + 0.5) % 1 - 0.5
        assert around.std() == pytest.approx(0.08, rel=0.05)
        assert abs(around.mean()) < 0.005


def test_patches_are_rectangles_of_all_sizes_and_places():
    rows, columns, listeners = 24, 25, 6000
    pattern = pattern_of(Patches(2, 4), listeners, rows * columns)
    sizes, corners = set(), set()
    for listener in range(listeners):
        heard = pattern.columns[pattern.rows == listener]
        down, right = np.unique(heard // columns), np.unique(heard % columns)
        assert len(heard) == len(down) * len(right)
        assert np.ptp(down) == len(down) - 1 and np.ptp(right) == len(right) - 1
        sizes.add((len(down), len(right)))
        corners |= {(int(down[0]), int(right[0]))}
    assert sizes == {(height, width) for height in (2, 3, 4) for width in (2, 3, 4)}
    assert {place for place, _ in corners} == set(range(rows - 1)) and {place for _, place in corners} == set(range(columns - 1))


def test_patches_that_exceed_the_sheet_are_all_of_it():
    assert (pattern_of(Patches(9, 12), 5, 6 * 7).in_degrees == 42).all()
    assert set(pattern_of(Patches(2, 2), 50, 13).in_degrees) == {2}  # a line of 13


def test_modular_has_its_share_of_connections_within():
    modules, within = 5, 0.8
    pattern = pattern_of(Modular(modules, 6, within), 2000, 1003)
    own = pattern.rows.astype(np.int64) * modules // 2000 == pattern.columns.astype(np.int64) * modules // 1003
    assert own.mean() == pytest.approx(within + (1 - within) / modules, abs=0.02)


def test_modules_that_are_too_small_take_speakers_from_others():
    assert (pattern_of(Modular(50, 8, 1.0), 100, 60).in_degrees == 8).all()


@pytest.mark.parametrize(
    "spec",
    [
        "fixed-in-degree(0)",
        "scale-free(exponent=2)",
        "scale-free(speakers=0)",
        "spatial(length=0)",
        "modular(modules=0)",
        "patches(0, 4)",
        "patches(5, 4)",
        "modular(within=1.5)",
        "fixed-in-degree(1.5)",
    ],
)
def test_parameters_out_of_range_are_refused(spec):
    with pytest.raises(ConfigurationError):
        parse_wiring(spec)


@pytest.mark.parametrize("name", WIRINGS)
def test_every_wiring_has_a_spec(name):
    wiring = parse_wiring(name)
    assert parse_wiring(format_option(wiring, all_parameters=True)) == wiring


@pytest.mark.parametrize("wiring", SEEDED, ids=str)
def test_weights_of_large_layers_have_the_variance_of_their_initialisation(wiring):
    network = build_network((1200, 1000, 3), connectivity=wiring, seed=1, layout="sparse")
    pattern, values = network.patterns[0], network.values[0]
    assert (values * np.sqrt(pattern.in_degrees[pattern.rows] / 2)).std() == pytest.approx(1, rel=0.05)


def test_dense_wiring_has_no_pattern():
    assert Dense().pattern(10, 10, np.random.default_rng(0)) is None


@pytest.mark.parametrize("name", WIRINGS)
def test_every_wiring_is_documented(name):
    page = (ROOT / "docs" / "sparse-networks.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{name}[(`]", page, re.MULTILINE)
