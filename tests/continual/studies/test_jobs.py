"""Games in several processes: the same results, written the moment they are there."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

from neuronet.continual.evaluation.runner import Played
from neuronet.continual.methods.registry import method_named
from neuronet.continual.studies import jobs
from neuronet.continual.studies.api import forget
from neuronet.continual.studies.jobs import Game, crew_of, keep, kept, play_all, work_of
from neuronet.core.errors import NeuroNetError
from tests.continual.fixtures import SEEDS, course
from tests.continual.fixtures_environments import Glyphs

SMALL = {"seeds": 2, "iterations": 5, "batch_size": 8, "hidden": (8,), "tune": True, "tries": 2, "tuning_seeds": 2, "widen": 1}
LONG = "permuted(tasks=2) --data digits --seeds 9 --iterations 100 --hidden 300,300 --policies ewc --jobs 2"


def test_two_processes_give_the_results_of_one_to_the_last_digit(tmp_path):
    found = [
        forget("split-class(tasks=3)", Glyphs(), ["income-protecting", "ewc"], jobs=jobs, out=tmp_path / str(jobs), **SMALL)
        for jobs in (1, 2)
    ]
    for name in ("table", "accuracy", "tuning"):
        one, two = (getattr(each, name) for each in found)
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    files = [sorted(path.name for path in (tmp_path / jobs / "games").iterdir()) for jobs in "12"]
    assert files[0] == files[1]
    for name in files[0]:
        one, two = (json.loads((tmp_path / jobs / "games" / name).read_text()) for jobs in "12")
        assert one == two if "cost" not in name else one["bytes"] == two["bytes"]


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
def test_ctrl_c_stops_all_processes_and_what_was_played_is_kept(tmp_path):
    asked = subprocess.Popen(
        [sys.executable, "-m", "neuronet", "forget", *LONG.split(), "--out", "here"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    games = tmp_path / "here" / "games"
    for _ in range(1200):
        if games.exists() and len(list(games.glob("final-*.json"))) >= 1:
            break
        time.sleep(0.05)
    os.killpg(asked.pid, signal.SIGINT)  # as a terminal does
    _, err = asked.communicate(timeout=60)
    assert asked.returncode == 130, err
    assert "--out here" in err
    assert "Traceback" not in err and "Interrupt" not in err
    parts = [json.loads(path.read_text()) for path in games.iterdir()]
    assert 1 <= len(parts) < 36  # two files each of 18 games
    for _ in range(100):
        if not subprocess.run(["pgrep", "-s", str(asked.pid)], check=False, capture_output=True).stdout:
            break
        time.sleep(0.05)
    else:
        pytest.fail("processes are left")


def game(seeds=SEEDS, **options):
    return Game(course(**options), method_named("backprop"), 0.1, seeds)


def test_in_how_many_processes(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 6)
    games = [game()] * 4
    assert crew_of(games, None) == 1  # these are over before another process has begun
    assert crew_of(games, 3) == 3
    assert crew_of(games, 9) == 4
    assert crew_of([], 9) == 1
    assert crew_of([replace(game(), course=course(device="cuda"))] * 4, 3) == 1
    monkeypatch.setattr(jobs, "WORTH_A_PROCESS", 3 * work_of(game()))
    assert crew_of(games, None) == 4
    assert crew_of(games * 2, None) == 6
    assert crew_of(games[:3], None) == 1


def test_the_work_of_a_game():
    of = game(hidden=(7, 5), rounds=6)
    weights = 25 * 7 + 7 * 5 + 5 * 6
    assert work_of(of) == 3 * weights * 6 * 8 * 3 * len(SEEDS)


def test_games_are_played_as_the_course_plays_them(tmp_path):
    files = tuple(tmp_path / f"game-{seed}" for seed in SEEDS)
    for place, played in play_all([replace(game(), files=files), game((3,))], 1):
        seeds = (SEEDS, (3,))[place]
        np.testing.assert_array_equal(played.accuracy, course().play(method_named("backprop"), 0.1, seeds))
        assert played.seconds > 0 and played.kept == 0
    for file, accuracy in zip(files, course().play(method_named("backprop"), 0.1, SEEDS), strict=True):
        np.testing.assert_array_equal(kept(file, 3).accuracy, accuracy)


def test_what_is_kept_comes_back_even_where_nobody_judged(tmp_path):
    accuracy = np.array([[0.1, np.nan], [1 / 3, np.nan], [0.5, 1.0]])
    keep(tmp_path / "part", Played(accuracy, 1.25, 96))
    found = kept(tmp_path / "part", 2)
    np.testing.assert_array_equal(found.accuracy, accuracy)
    assert (found.seconds, found.kept) == (1.25, 96)
    assert "NaN" not in (tmp_path / "part.json").read_text()  # which is no JSON
    (tmp_path / "part.cost.json").unlink()  # as in the studies of earlier versions
    assert math.isnan(kept(tmp_path / "part", 2).seconds)
    assert kept(tmp_path / "other", 2) is None
    with pytest.raises(NeuroNetError, match="3 tasks"):
        kept(tmp_path / "part", 3)


def test_a_process_that_is_ended_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(Game, "play", _ends)
    with pytest.raises(NeuroNetError, match="fewer jobs"):
        list(play_all([Ending(*(getattr(game(), name) for name in ("course", "method", "learning_rate", "seeds")))] * 2, 2))


def _ends(self):
    raise AssertionError("this is played here")


class Ending(Game):
    def play(self):
        os._exit(1)


def test_a_world_that_cannot_be_sent_is_told_in_a_sentence():
    world = Glyphs()
    world.generator = (number for number in range(3))
    with pytest.raises(NeuroNetError, match="jobs=1"):
        list(play_all([replace(game(), course=course(world=world))] * 2, 2))
