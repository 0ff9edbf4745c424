"""Damped demands against autograd with a learning rate for each layer."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core import ConfigurationError
from neuronet.policies import Budgeted, Damped
from neuronet.theory.reference import descent
from neuronet.theory.test_case import ENGINES, make_case


@pytest.mark.parametrize("engine", ENGINES)
def test_layers_learn_at_powers_of_the_factor(engine):
    case = make_case([7, 6, 5, 4], policy=Damped(factor=0.3), learning_rate=2.0**20)
    for depth, (ours, gradient) in enumerate(zip(case.intents(engine)[::-1], descent(case)[::-1], strict=True), start=1):
        np.testing.assert_allclose(ours, 0.3**depth * gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


@pytest.mark.parametrize("engine", ENGINES)
def test_damped_budgets_have_damped_steps(engine):
    case = make_case([7, 6, 5, 4], policy=Damped(Budgeted(), factor=0.3), learning_rate=2.0**20)
    for layer in case.intents(engine):
        np.testing.assert_allclose(np.linalg.norm(layer[:, :-1], axis=1), 0.3, rtol=1e-9)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), "half"])
def test_other_factors_are_refused(factor):
    with pytest.raises(ConfigurationError, match="factor"):
        Damped(factor=factor)
