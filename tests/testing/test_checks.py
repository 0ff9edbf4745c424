"""The checks for authors of plug-ins catch what breaks the contract, each with one clear sentence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core.errors import MissingExtraError, NeuroNetError
from neuronet.environments import ENVIRONMENTS, Table
from neuronet.testing import SyntheticLayer, check_environment, check_policy, example_observation
from neuronet.testing import policy as policy_check
from tests.helpers import dataset_writers, toys
from tests.helpers.faulty.environments import FAULTY_ENVIRONMENTS
from tests.helpers.faulty.forms import FAULTY_FORMS
from tests.helpers.faulty.invalid_behaviour import FAULTY_CONDUCT
from tests.helpers.faulty.traits import FAULTY_TRAITS

FAULTY_POLICIES = FAULTY_FORMS + FAULTY_CONDUCT + FAULTY_TRAITS


@pytest.mark.parametrize("policy", toys.TOYS, ids=repr)
def test_policies_that_keep_the_contract_pass(policy):
    check_policy(policy)


@pytest.mark.parametrize(("faulty", "complaint"), FAULTY_POLICIES, ids=[type(faulty).__name__ for faulty, _ in FAULTY_POLICIES])
def test_faulty_policies_are_caught(faulty, complaint):
    with pytest.raises(NeuroNetError, match=complaint) as caught:
        check_policy(faulty)
    assert "\n" not in str(caught.value)


def test_only_policies_are_checked():
    with pytest.raises(NeuroNetError, match="is not a policy"):
        check_policy(toys.Backprop)  # the class, not an instance


def test_a_missing_strict_library_is_left_out(monkeypatch):
    without = tuple(library for library in policy_check.OTHER_LIBRARIES if "strict" not in library.name)
    assert len(without) == len(policy_check.OTHER_LIBRARIES) - 1
    monkeypatch.setattr(policy_check, "OTHER_LIBRARIES", without)
    check_policy(toys.Saver())
    for faulty, complaint in FAULTY_POLICIES:
        with pytest.raises(NeuroNetError, match=complaint):
            check_policy(faulty)


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS.keys() - dataset_writers.WRITERS.keys()))
def test_shipped_environments_pass(name):
    """Those from files are checked in tests/environments/test_image_sets.py."""
    world = ENVIRONMENTS[name]()
    try:
        check_environment(world)
    except MissingExtraError as missing:
        pytest.skip(str(missing))
    check_environment(world.validation_split())


@pytest.mark.parametrize("targets", [[0, 1] * 20, [0.5, 1.5] * 20, [[0.5, 1.0, 2.5]] * 20 + [[1.5, 1.0, 0.5]] * 20])
def test_tables_pass(targets):
    inputs = [[float(i % 7), float(i % 5)] for i in range(40)]
    check_environment(Table(inputs, targets))


@pytest.mark.parametrize(
    ("faulty", "complaint"), FAULTY_ENVIRONMENTS, ids=[type(faulty).__name__ for faulty, _ in FAULTY_ENVIRONMENTS]
)
def test_faulty_environments_are_caught(faulty, complaint):
    with pytest.raises(NeuroNetError, match=complaint) as caught:
        check_environment(faulty)
    assert "\n" not in str(caught.value)


def test_example_observation_has_all_fields():
    obs = example_observation(SyntheticLayer(lengths={"B": 7, "J": 3, "K": 2, "O": 5}))
    assert obs.activity.shape == obs.potential.shape == obs.slope.shape == (7, 3)
    assert obs.demand.shape == (7, 2)
    assert obs.attention.shape == obs.response.shape == (2, 3)
    assert obs.broadcast.shape == (7, 5)
    assert obs.reward.shape == (7,)
    assert obs.draws.normal("any", "BJ").shape == (7, 3)
    np.testing.assert_allclose(obs.response, obs.demand.T @ obs.activity / 7)


def test_in_a_sparse_scene_some_do_not_listen():
    scene = SyntheticLayer((3,), sparse=True, lengths={"J": 20, "K": 20})
    obs = example_observation(scene)
    there = scene.connections["KJ"]
    assert 0.3 < there.mean() < 0.9
    assert not obs.attention[~there].any()
    assert not obs.response[~there].any()
    assert obs.attention[there].all()


def test_silent_sights_are_zero_and_rounds_differ():
    assert not example_observation(SyntheticLayer(zero_fields=("attention",))).attention.any()
    assert not np.array_equal(example_observation(number=0).demand, example_observation(number=1).demand)
    np.testing.assert_array_equal(example_observation().demand, example_observation().demand)


def test_example_observation_in_another_library():
    obs = example_observation(SyntheticLayer((1, 2)), xp=torch)
    assert isinstance(obs.demand, torch.Tensor)
    assert obs.demand.dtype == torch.float64
    assert obs.demand.shape == (2, 5, 3)
    assert isinstance(obs.draws.normal("any", "BJ"), torch.Tensor)
    assert toys.Backprop().feedback(obs, {}).shape == (2, 5, 4)
