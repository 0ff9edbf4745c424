"""The soak tells memory that grows from memory that varies."""

from __future__ import annotations

import numpy as np
import pytest

from tests.campaigns.soak import memory, slope

HOURS = np.linspace(0, 0.2, 200)


@pytest.mark.parametrize(("growth", "conclusion"), [(0.0, "flat"), (1.0, "flat"), (40.0, "growing")])
def test_slope_and_conclusion(growth, conclusion):
    noise = np.random.default_rng(0).normal(0, 0.5, HOURS.size)
    found = slope(HOURS, 300 + growth * HOURS + noise)
    assert found.low <= growth <= found.high
    assert found.estimate == pytest.approx(np.polyfit(HOURS, growth * HOURS + noise, 1)[0], abs=2)
    assert found.conclusion(2.0) == conclusion


def test_a_step_is_no_growth():
    """A cache that is filled once, in the middle."""
    noise = np.random.default_rng(1).normal(0, 0.5, HOURS.size)
    assert slope(HOURS, 300 + 3 * (HOURS > 0.06) + noise).conclusion(2.0) == "flat"


def test_memory_counts_what_is_allocated():
    before, processes = memory()
    held = np.ones(8_000_000)
    after, _ = memory()
    assert processes >= 1
    assert after - before == pytest.approx(held.nbytes / 2**20, rel=0.2)
