from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from gymnasium.envs.classic_control import CartPoleEnv
from gymnasium.wrappers import TimeLimit
from safetensors.numpy import load_file

from neuronet import control
from neuronet.cli.main import start
from neuronet.core.errors import ConfigurationError, DivergedError, NeuroNetError, StudyMismatchError
from neuronet.core.policy import LinearPolicy
from neuronet.policies import AttentionSeeking, NodePerturbation, RandomFeedback
from tests.control.fixtures import SignalEnv, TargetEnv

SMALL = {"hidden": (8,), "episodes": 4, "rounds": 7, "eval_episodes": 5, "checkpoint_every": 3}


def short_pole():
    return TimeLimit(CartPoleEnv(), 30)


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.episodes, other.episodes, check_exact=True)
    np.testing.assert_array_equal(one.eval_returns, other.eval_returns)
    for weights, expected in zip(one.network.weights, other.network.weights, strict=True):
        np.testing.assert_array_equal(weights, expected)


@pytest.mark.slow
def test_attention_seeking_solves_cartpole():
    result = control.train("CartPole-v1", seed=0)
    assert result.rounds < 200
    assert result.eval_returns.size == 100
    assert result.mean_return >= 475
    assert result.solved
    assert result.episodes["return"].tail(100).mean() >= 475  # the reason to stop


def test_engines_agree():
    slow, fast = (control.train("CartPole-v1", engine=engine, seed=3, **SMALL) for engine in ("agents", "tensors"))
    pd.testing.assert_frame_equal(slow.episodes, fast.episodes, check_exact=True)
    np.testing.assert_array_equal(slow.eval_returns, fast.eval_returns)
    for weights, expected in zip(slow.network.weights, fast.network.weights, strict=True):
        np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-9)


def test_equal_seeds_give_equal_runs():
    first = control.train(short_pole, seed=5, **SMALL)
    assert_same(control.train(short_pole, seed=5, **SMALL), first)
    assert (control.train(short_pole, seed=6, **SMALL).network.weights[0] != first.network.weights[0]).all()


@pytest.mark.parametrize("policy", [AttentionSeeking(), RandomFeedback(), NodePerturbation()], ids=repr)
def test_discrete_actions_are_learnt(policy):
    result = control.train(SignalEnv, policy=policy, hidden=(16,), episodes=64, rounds=60, learning_rate=0.03, target_return=0.99)
    first = result.episodes["return"].head(64).mean()
    assert first < 0.6
    assert result.mean_return > 0.9


def test_real_valued_actions_are_learnt():
    result = control.train(TargetEnv, hidden=(16,), episodes=64, rounds=80, learning_rate=0.02, action_std=0.3)
    assert result.episodes["return"].head(64).mean() < -0.8
    assert result.mean_return > -0.02
    assert result.solved is None


def interrupted(folder, *, after, options):
    def interrupt(number, recent):
        if number == after:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(control.Interrupted, match=f"after round {after}") as caught:
        control.train("CartPole-v1", out=folder, on_progress=interrupt, **options)
    return caught.value.result


@pytest.mark.parametrize("policy", ["attention", "node-perturbation"])
def test_resumed_run_equals_an_uninterrupted_run(tmp_path, policy):
    options = {**SMALL, "policy": policy, "seed": 8}
    uninterrupted = control.train("CartPole-v1", out=tmp_path / "uninterrupted", **options)
    partial = interrupted(tmp_path / "run", after=2, options=options)
    assert (partial.rounds, len(partial.episodes), partial.mean_return) == (2, 8, None)
    assert_same(control.resume(tmp_path / "run"), uninterrupted)
    ours, theirs = (load_file(tmp_path / name / "checkpoint.safetensors") for name in ("run", "uninterrupted"))
    assert all((ours[name] == array).all() for name, array in theirs.items())
    assert (tmp_path / "run" / "episodes.csv").read_text() == (tmp_path / "uninterrupted" / "episodes.csv").read_text()


def test_killed_run_resumes_from_its_last_checkpoint(tmp_path):
    class Killed(Exception):
        pass

    def kill(number, recent):
        if number == 5:  # two rounds after the last checkpoint
            raise Killed

    with pytest.raises(Killed):
        control.train("CartPole-v1", out=tmp_path / "run", on_progress=kill, seed=8, **SMALL)
    with (tmp_path / "run" / "episodes.csv").open("a") as file:
        file.write("21,6,3")  # an incomplete row
    assert_same(control.resume(tmp_path / "run"), control.train("CartPole-v1", seed=8, **SMALL))


def test_run_can_be_extended(tmp_path):
    control.train(short_pole, out=tmp_path / "run", seed=2, **{**SMALL, "rounds": 3})
    longer = control.resume(tmp_path / "run", rounds=7, environment=short_pole)
    assert_same(longer, control.train(short_pole, seed=2, **SMALL))
    with pytest.raises(ConfigurationError, match="rounds must be at least the 7 played, got 6"):
        control.resume(tmp_path / "run", rounds=6, environment=short_pole)
    with pytest.raises(NeuroNetError, match="resume"):
        control.resume(tmp_path / "run")
    with pytest.raises(StudyMismatchError, match="its policy was attention"):
        control.resume(tmp_path / "run", environment=short_pole, policy=NodePerturbation())
    with pytest.raises(StudyMismatchError, match="holds a run"):
        control.train(short_pole, out=tmp_path / "run", **SMALL)


def test_diverged_state_does_not_replace_the_checkpoint(tmp_path):
    with pytest.raises(DivergedError, match=r"finite numbers, got .*learning_rate"):
        control.train("CartPole-v1", out=tmp_path / "run", optimizer="sgd", activation="relu", learning_rate=1e200, **SMALL)
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_run_stops_at_the_target_return():
    result = control.train(short_pole, target_return=20, **{**SMALL, "rounds": 60})
    assert result.rounds >= 25  # 100 episodes, 4 a round
    assert result.rounds < 60
    assert result.episodes["return"].tail(100).mean() >= 20
    assert control.train(short_pole, target_return="never", **{**SMALL, "rounds": 30}).rounds == 30


def command(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["neuronet", "control", *arguments])
    status = start()
    return status, capsys.readouterr()


def test_command_writes_a_run_and_resumes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = ("--hidden", "8", "--episodes", "4", "--eval-episodes", "3")
    status, captured = command(monkeypatch, capsys, "CartPole-v1", *few, "--rounds", "2", "--json", "--out", "here")
    assert status == 0, captured.err
    summary = json.loads(captured.out.splitlines()[-1])
    assert summary["mean_return"] == control.train("CartPole-v1", hidden=8, episodes=4, eval_episodes=3, rounds=2).mean_return
    assert (summary["rounds"], summary["episodes"], summary["eval_episodes"], summary["out"]) == (2, 8, 3, "here")
    found = {path.name for path in (tmp_path / "here").iterdir()}
    assert found == {"config.json", "manifest.json", "episodes.csv", "checkpoint.safetensors", "returns.png", "network.png"}
    status, captured = command(monkeypatch, capsys, "--resume", "here", "--rounds", "3")
    assert status == 0, captured.err
    assert "12 episodes" in captured.out
    assert "solved" in captured.out


CASES = {
    "no environment": ([], "environment is missing"),
    "unknown environment": (["CartPol-v1"], "'CartPol-v1'"),
    "other observations": (["Blackjack-v1"], "'Blackjack-v1'"),
    "unknown policy": (["CartPole-v1", "--policy", "greddy"], "did you mean 'greedy'"),
    "one policy too many": (["CartPole-v1", *["--policy", "greedy"] * 3], "2 listening layers"),
    "unknown engine": (["CartPole-v1", "--engine", "quantum"], "engine should be"),
    "agents on a gpu": (["CartPole-v1", "--engine", "agents", "--device", "cuda"], "use engine tensors"),
    "gamma above 1": (["CartPole-v1", "--gamma", "1.5"], "gamma should be"),
    "no spread": (["CartPole-v1", "--action-std", "0"], "action_std should be"),
    "no rounds": (["CartPole-v1", "--rounds", "0"], "rounds should be"),
    "one episode": (["CartPole-v1", "--episodes", "1"], "baseline 'step' needs episodes >= 2"),
    "unknown baseline": (["CartPole-v1", "--baseline", "median"], "baseline should be"),
    "odd goal": (["CartPole-v1", "--target-return", "soon"], "got 'soon'"),
    "goal nan": (["CartPole-v1", "--target-return", "nan"], "target_return must be"),
    "no run": (["--resume", "."], "there is no run in '.'"),
    "resume with more": (["--resume", ".", "--gamma", "0.5"], "leave out gamma"),
}


@pytest.mark.parametrize("arguments, fragment", CASES.values(), ids=CASES.keys())
def test_invalid_options_are_refused_in_one_sentence(arguments, fragment, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, captured = command(monkeypatch, capsys, *arguments)
    assert status == 2
    assert captured.err.startswith("Error: ")
    assert fragment in captured.err
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())  # nothing was written


def test_run_with_a_mixed_population_can_be_resumed(tmp_path):
    options = {**SMALL, "policy": "attention:0.5,free-rider:0.5", "seed": 1}
    uninterrupted = control.train("CartPole-v1", **options)
    unchanged = control.train("CartPole-v1", **{**options, "rounds": 1}).network.weights[0] == uninterrupted.network.weights[0]
    assert sorted(unchanged.all(axis=1).tolist()) == [False] * 4 + [True] * 4  # free riders never change their synapses
    interrupted(tmp_path / "run", after=2, options=options)
    assert_same(control.resume(tmp_path / "run"), uninterrupted)


@dataclass(frozen=True)
class UnregisteredPolicy(LinearPolicy):
    """Policy of a class that cannot be imported by name."""

    about: object = None

    def feedback_weights(self, obs, memory):
        return obs.attention


def test_unregistered_policy_is_passed_again_on_resume(tmp_path):
    policy = UnregisteredPolicy(about={1})
    control.train(short_pole, policy=policy, out=tmp_path / "run", **SMALL)
    with pytest.raises(NeuroNetError, match=r"resume\(folder, policy=...\)"):
        control.resume(tmp_path / "run", environment=short_pole)
    assert control.resume(tmp_path / "run", environment=short_pole, policy=policy).rounds == 7


@pytest.mark.parametrize("policy", [7, [], [7]])
def test_invalid_policies_are_refused(policy):
    with pytest.raises(NeuroNetError, match="policy must be"):
        control.train("CartPole-v1", policy=policy)
