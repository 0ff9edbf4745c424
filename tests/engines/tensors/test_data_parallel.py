"""Two processes agree with one: every policy, optimizer and precision."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

import neuronet
from neuronet.core.errors import ConfigurationError
from neuronet.core.policy import Policy
from neuronet.engines.tensors.data_parallel.engine import local_device
from neuronet.engines.tensors.data_parallel.shard import BatchShard, GatheredPolicy
from neuronet.policies import POLICIES
from tests.helpers.paths import ROOT
from tests.helpers.workers import LOOPBACK


@pytest.mark.parametrize(
    "cases", ["few", pytest.param("some", marks=pytest.mark.slow), pytest.param("all", marks=pytest.mark.exhaustive)]
)
def test_two_processes_agree_with_one(tmp_path, cases):
    script = str(ROOT / "tests" / "engines" / "tensors" / "shard_process.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **LOOPBACK}
    command = [sys.executable, script, "cpu", str(tmp_path / "two"), cases]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert ran.returncode == 0, ran.stderr
    gaps = json.loads(ran.stdout)
    assert cases == "few" or {f"policy {name}" for name in POLICIES} <= gaps.keys()
    far = {name: gap for name, gap in gaps.items() if not gap <= (2e-6 if name.startswith("single") else 1e-12)}
    assert far == {}
    assert_same_run(tmp_path / "two", run_alone(tmp_path / "one"))


def run_alone(folder):
    options = {"hidden": 24, "policy": "noisy", "batch_size": 100, "engine": "tensors", "device": "cpu"}
    neuronet.train("digits", **options, epochs=2, out=folder)
    return folder


def assert_same_run(ours, theirs):
    metrics, expected = (pd.read_csv(folder / "metrics.csv").drop(columns="seconds") for folder in (ours, theirs))
    pd.testing.assert_frame_equal(metrics, expected, rtol=1e-9)
    states = [load_file(folder / "checkpoint.safetensors") for folder in (ours, theirs)]
    assert states[0].keys() == states[1].keys()
    for name, array in states[0].items():
        np.testing.assert_allclose(array, states[1][name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 32])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_partition_the_batch(batch, count):
    shards = [BatchShard(rank, count) for rank in range(count)]
    whole = torch.arange(batch)
    played = []
    for shard in shards:
        with shard.for_batch(batch):
            assert shard.weight == pytest.approx(len(shard.local(whole, -1)) / batch if shard.weight else 0)
            assert len(shard.local(whole, -1)) >= 1  # an empty shard plays sample 0
            played += shard.local(whole, -1).tolist() if shard.weight else []
        assert (shard.batch, shard.weight) == (0, 1.0)
        assert shard.local(whole, -1) is not None
    assert played == whole.tolist()
    with shards[0].for_batch(batch):
        assert sum(shard.weight for shard in shards if shard is not shards[0]) == count - 1  # `for_batch` ended for the others


def test_local_slices_along_the_samples():
    shard = BatchShard(1, 2)
    whole = torch.arange(30).reshape(1, 5, 6)
    with shard.for_batch(5):
        assert torch.equal(shard.local(whole, -2), whole[:, 3:])
        assert torch.equal(shard.local(whole[..., 0], -1), whole[:, 3:, 0])


def test_shards_are_whole_outside_of_rounds():
    whole = torch.arange(12.0).reshape(4, 3)
    shard = BatchShard(1, 2)
    assert shard.gather(whole, -2) is whole
    assert torch.equal(shard.local(whole, -2), whole)


def test_local_device_follows_the_local_rank(monkeypatch):
    assert local_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for name, text in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, text)
    assert local_device("cuda") == local_device("auto") == "cuda:1"
    with pytest.raises(ConfigurationError, match="'cuda:0'"):
        local_device("cuda:0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigurationError, match="'cuda:1' is not available"):
        local_device("cuda")


def test_gathered_policy_wraps_every_member_of_a_policy():
    members = {name for name in vars(Policy) if not name.startswith("_")}
    assert members  # none of them is inherited from Policy itself, whose answers are not those of the policy
    assert all(getattr(GatheredPolicy, name) is not getattr(Policy, name) for name in members)
