"""A full disk ends a command with one sentence that names the file; with room again, it goes on to the same result."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager

import pytest

from neuronet.core.errors import DataError
from neuronet.recording import StudyStore
from tests.campaigns.victims import VICTIMS, content, prepare

resource = pytest.importorskip("resource", reason="the size of files cannot be limited on this system")

LIMITS = (0, 700, 4_000, 20_000)
"""Bytes of the largest file: hardly anything can be written, or most, but for tables, checkpoints or pictures."""

FULL = re.compile(
    r"Error: cannot write (to the folder )?'(?P<file>[^']+)': (File too large|No space left on device); "
    r"what was recorded before is kept: make room, then --resume continues, and a study with the same --out\n"
)


@contextmanager
def files_of_at_most(size):
    """Limit the size of files that this process writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def refused(answer, folder):
    """Check the sentence, and that it names a file of the folder, which the disk had no room for."""
    found = FULL.fullmatch("".join(line for line in answer.err.splitlines(keepends=True) if "Error" in line))
    assert (answer.status, "Traceback" in answer.err) == (2, False), answer.err
    assert found is not None, answer.err
    assert found["file"].startswith("out"), answer.err
    assert not list(folder.rglob(".*.partial"))


def check_goes_on(name, neuronet, folder, monkeypatch):
    """Play a command to its end, and check that its folder holds what an unbroken command leaves."""
    unbroken = folder / "unbroken"
    unbroken.mkdir()
    for place in (folder, unbroken):
        monkeypatch.chdir(place)
        prepare(place)
        answer = neuronet(*VICTIMS[name].command(place).split())
        assert answer.status == 0, answer.err
    assert content(folder / "out") == content(unbroken / "out")


@pytest.mark.slow
@pytest.mark.parametrize("name", VICTIMS)
def test_command_goes_on_when_there_is_room(name, neuronet, tmp_path, monkeypatch):
    prepare(tmp_path)
    met = 0
    for limit in LIMITS:
        with files_of_at_most(limit):
            answer = neuronet(*VICTIMS[name].command(tmp_path).split())
        if answer.status:
            refused(answer, tmp_path)
            met += 1
    assert met >= 2  # at several files
    check_goes_on(name, neuronet, tmp_path, monkeypatch)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of some pages."""
    folder = tmp_path / "out"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", VICTIMS)
def test_command_on_a_small_disk_goes_on_when_that_is_larger(name, neuronet, small_disk, tmp_path, monkeypatch):
    prepare(tmp_path)
    answer = neuronet(*VICTIMS[name].command(tmp_path).split())
    refused(answer, tmp_path)
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    check_goes_on(name, neuronet, tmp_path, monkeypatch)


def test_append_that_the_disk_cuts_is_left_out(tmp_path):
    store = StudyStore(tmp_path, "run")
    columns = {"epoch": "count", "words": "object"}
    store.append_rows("table.csv", [{"epoch": 1, "words": "x" * 10}], columns)
    with files_of_at_most(35), pytest.raises(DataError, match=r"cannot write '.*table\.csv': File too large; .* is kept"):
        store.append_rows("table.csv", [{"epoch": 2, "words": "y" * 10}], columns)
    assert (tmp_path / "table.csv").read_text() == "epoch,words\n1,xxxxxxxxxx\n2,yyyyyyyy"
    assert list(store.read_table("table.csv", columns, is_growing=True)["epoch"]) == [1]
