"""Parts of the matrix of keeping-promises, against the definition and the checker of policies."""

import importlib.util
import sys
from types import SimpleNamespace

import array_api_compat.numpy as xp
import numpy as np
import pytest

from neuronet.testing import check_policy
from tests.helpers.paths import ROOT


@pytest.fixture(scope="module")
def charged():
    spec = importlib.util.spec_from_file_location("ablation", ROOT / "benchmarks" / "continual" / "ablation.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ablation", module)
        spec.loader.exec_module(module)
        yield module.Charged


@pytest.mark.slow
@pytest.mark.parametrize("part", ["diagonal", "trace", "rounds"])
def test_policy_is_valid(charged, part):
    check_policy(charged(kappa=0.3, part=part))


@pytest.mark.parametrize("part", ["diagonal", "trace", "rounds"])
def test_change_is_divided_by_what_earlier_rounds_charge(charged, part):
    rng = np.random.default_rng(0)
    policy = charged(kappa=0.3, part=part)
    response, memory, charge = rng.normal(size=(5, 4)), {"charge": np.zeros(4)}, np.zeros(4)
    for rounds in range(4):
        obs = SimpleNamespace(xp=xp, speaker_activity=rng.normal(size=(6, 3)), for_wrapped_policy=lambda _: None)
        weight = {"diagonal": charge, "trace": charge.mean(), "rounds": rounds}[part]
        expected = np.stack([row / (1 + 0.3 * weight) for row in response])
        np.testing.assert_allclose(policy.adapt(response, obs, memory), expected, rtol=1e-12)
        memory = policy.remember(response, response, obs, memory)
        charge = charge + np.append(obs.speaker_activity[0], 1.0) ** 2
