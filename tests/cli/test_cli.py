from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest

import neuronet as package
from neuronet.training.config import make_config
from neuronet.training.engine_selection import MAX_AGENT_SECONDS, select_engine

KEYS = {"environment", "policy", "engine", "device", "seed", "epochs", "rounds", "loss", "accuracy", "seconds", "out"}


def test_run_writes_a_folder_and_ends_with_json(neuronet, tmp_path):
    answer = neuronet("run", "xor", "--epochs", "3", "--hidden", "8", "--json", "--out", "here")
    assert answer.status == 0, answer.err
    summary = json.loads(answer.out.splitlines()[-1])
    assert summary.keys() >= KEYS
    assert (summary["environment"], summary["epochs"], summary["rounds"], summary["out"]) == ("xor", 3, 21, "here")
    found = {path.name for path in (tmp_path / "here").iterdir()}
    arrays = {"checkpoint.safetensors", "model.safetensors"}
    assert found == {"config.json", "manifest.json", "metrics.csv", *arrays, "curves.png", "network.png"}


def test_run_ends_with_a_table(neuronet):
    answer = neuronet("run", "xor", "--epochs", "2")
    assert answer.status == 0
    assert "test accuracy" in answer.out
    assert "2-64-2 relu" in answer.out
    assert "Engine agents: small enough for an agent for each neuron." in answer.err


def test_command_equals_python(neuronet):
    answer = neuronet("run", "xor", "--epochs", "3", "--hidden", "8,4", "--policy", "greedy(top=2)", "--json")
    result = package.train("xor", epochs=3, hidden=[8, 4], policy=package.Greedy(top=2))
    assert json.loads(answer.out)["loss"] == result.loss


def test_configuration_from_a_file_and_from_a_run(neuronet, tmp_path):
    (tmp_path / "mine.toml").write_text('environment = "xor"\nhidden = [7]\nepochs = 9\npolicy = ["greedy", "attention"]\n')
    first = neuronet("run", "--config", "mine.toml", "--epochs", "2", "--json", "--out", "first")
    assert json.loads(first.out)["epochs"] == 2
    again = neuronet("run", "--config", "first/config.json", "--json", "--out", "second")
    assert json.loads(again.out)["loss"] == json.loads(first.out)["loss"]
    assert json.loads(again.out)["policy"] == ["greedy", "attention"]


def test_table_from_a_file(neuronet, tmp_path):
    rows = [f"{i % 7},{(i * 3) % 5},{'big' if i % 7 + (i * 3) % 5 > 4 else 'small'}" for i in range(200)]
    (tmp_path / "sizes.csv").write_text("\n".join(["a,b,size", *rows]))
    answer = neuronet("run", "table:sizes.csv", "--target", "size", "--hidden", "16", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["accuracy"] > 0.9


def test_replicas_are_reported_one_by_one(neuronet):
    answer = neuronet("run", "xor", "--epochs", "2", "--replicas", "3", "--seed", "5", "--json")
    assert [each["seed"] for each in json.loads(answer.out)["replicas"]] == [5, 6, 7]
    assert "Engine tensors: 3 replicas, in one batch." in answer.err


def test_resume_continues_and_redraws(neuronet, tmp_path):
    neuronet("run", "xor", "--epochs", "2", "--out", "run")
    (tmp_path / "run" / "curves.png").unlink()
    answer = neuronet("run", "--resume", "run", "--epochs", "4", "--json")
    assert answer.status == 0
    assert json.loads(answer.out)["rounds"] == 28
    assert "Resuming after round 14." in answer.err
    assert (tmp_path / "run" / "curves.png").exists()


@pytest.mark.parametrize("command", ["policies", "environments"])
def test_lists_name_every_plug_in(neuronet, command, monkeypatch):
    from neuronet.environments import ENVIRONMENTS
    from neuronet.policies import POLICIES

    monkeypatch.setenv("COLUMNS", "160")
    answer = neuronet(command)
    assert answer.status == 0
    for name in {"policies": POLICIES, "environments": ENVIRONMENTS}[command]:
        assert name in answer.out


def test_help_and_version(neuronet):
    for arguments in (["--help"], ["run", "--help"], ["check", "-h"]):
        assert neuronet(*arguments).status == 0
    assert neuronet("--version").out.strip() == package.__version__
    assert "Usage" in neuronet().out


@pytest.mark.parametrize("command", ["run", "sweep", "compare", "predict"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_help_fits_the_width_and_cuts_nothing(neuronet, command, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", width)
    lines = neuronet(command, "--help").out.splitlines()
    assert max(map(len, lines)) == width
    assert "…" not in "".join(lines)
    prose = [line.strip() for line in "\n".join(lines).partition("╭")[0].splitlines()]
    broken = [line for line, after in pairwise(prose) if line and after and len(line) < width / 2]
    assert command == "sweep" or not broken  # by the width alone; a sweep's help shows a file
    assert any(re.search(r"--[a-z-]+  <", line) for line in lines)  # no empty columns between names and types


def test_import_loads_no_heavy_library():
    program = (
        "import sys, neuronet; heavy = {'torch', 'mesa', 'matplotlib', 'numpy', 'pandas', 'pydantic'} & set(sys.modules); "
        "assert not heavy, heavy; neuronet.Greedy; assert 'torch' not in sys.modules and 'mesa' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_every_public_name_exists():
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_auto_engine_depends_on_the_size_of_the_work():
    small = select_engine(make_config({"environment": "digits"}), neurons=74, connections=4736, rounds=900)
    large = select_engine(make_config({"environment": "digits"}), neurons=522, connections=268_800, rounds=18_750)
    assert (small.engine, small.dtype) == ("agents", "float64")
    assert (large.engine, large.dtype) == ("tensors", "float32")
    assert "would take about" in large.reason
    just = int(MAX_AGENT_SECONDS / (74 * 20e-6 + 4736 * 32 * 3e-10))
    assert select_engine(make_config({"environment": "digits"}), 74, 4736, just - 10).engine == "agents"
    assert select_engine(make_config({"environment": "digits"}), 74, 4736, just + 10).engine == "tensors"


def test_module_in_the_current_folder_is_found(neuronet, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(tmp_path))])
    (tmp_path / "my_own_policies.py").write_text(
        "from dataclasses import dataclass\nimport neuronet\n\n\n@dataclass(frozen=True)\nclass Deaf(neuronet.LinearPolicy):\n"
        "    def feedback_weights(self, obs, memory):\n        return 0 * obs.attention\n"
    )
    answer = neuronet("run", "xor", "--policy", "my_own_policies:Deaf", "--epochs", "1", "--json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)["policy"] == "my_own_policies:Deaf"


@pytest.mark.slow
def test_check_says_for_each_policy_whether_it_keeps_its_contract(neuronet, tmp_path, monkeypatch):
    lines = ["import neuronet", "from dataclasses import dataclass", "@dataclass(frozen=True)", "class Odd(neuronet.Policy):"]
    (tmp_path / "odd_rule.py").write_text("\n".join([*lines, "    def feedback(self, obs):", "        return obs.demand"]))
    monkeypatch.syspath_prepend(tmp_path)
    answer = neuronet("check", "greedy(top=2)", "odd_rule:Odd")
    good, bad = answer.out.splitlines()
    assert answer.status == 1
    assert good == "greedy(top=2) keeps its contract"
    assert bad.startswith("odd_rule:Odd breaks its contract: policy Odd: feedback must take (self, obs, memory)")
    assert neuronet("check", "greedy").status == 0
    assert neuronet("check", "odd_rule:Even").status == 2
