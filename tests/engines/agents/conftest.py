"""Fixtures of the agent engine's tests."""

from __future__ import annotations

import pytest

from neuronet.engines.agents import NeuronModel


@pytest.fixture
def models():
    """Makes models that are closed after the test."""
    made = []

    def make(*args, **options):
        made.append(NeuronModel(*args, **options))
        return made[-1]

    yield make
    for model in made:
        model.close()
