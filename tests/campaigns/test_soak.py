"""The soak tells memory that grows from memory that varies."""

from __future__ import annotations

import numpy as np
import pytest

from tests.campaigns.soak import WARM_UP, memory, slope

HOURS = np.linspace(0, 0.2, 200)


@pytest.mark.parametrize(("growth", "conclusion"), [(0.0, "flat"), (1.0, "flat"), (40.0, "growing")])
def test_slope_and_conclusion(growth, conclusion):
    noise = np.random.default_rng(0).normal(0, 0.5, HOURS.size)
    found = slope(HOURS, 300 + growth * HOURS + noise)
    assert found.low <= growth <= found.high
    assert found.estimate == pytest.approx(np.polyfit(HOURS, growth * HOURS + noise, 1)[0], abs=2)
    assert found.conclusion(2.0) == conclusion


def test_caches_that_are_filled_at_the_beginning_are_no_growth():
    noise = np.random.default_rng(1).normal(0, 0.5, HOURS.size)
    kept = slice(int(WARM_UP * HOURS.size), None)
    assert slope(HOURS[kept], (300 + 3 * (HOURS > 0.05) + noise)[kept]).conclusion(2.0) == "flat"


def test_memory_counts_what_is_allocated():
    before, processes = memory()
    held = np.ones(8_000_000)
    after, _ = memory()
    assert processes >= 1
    assert after - before == pytest.approx(held.nbytes / 2**20, rel=0.2)
