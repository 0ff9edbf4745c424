"""Commands whose output or messages are no longer read end as they would have; output that a full disk cuts is an error."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys

import pytest

from neuronet.cli.main import start

NAMES = [("stdout",), ("stderr",), ("stdout", "stderr")]
RUN = ("run", "xor", "--epochs", "1", "--hidden", "4", "--out", "out")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs a command in an empty folder with given streams, and returns its status."""
    monkeypatch.chdir(tmp_path)

    def call(*words, **streams):
        monkeypatch.setattr(sys, "argv", ["neuronet", *words])
        for name, stream in streams.items():
            monkeypatch.setattr(sys, name, stream)
        return start()

    return call


@pytest.fixture
def unread():
    """A function that makes a pipe without a reader, as behind `head`."""
    made = []

    def make():
        reader, writer = os.pipe()
        os.close(reader)
        made.append(os.fdopen(writer, "w"))
        return made[-1]

    yield make
    for stream in made:
        stream.close()


class Full(io.TextIOWrapper):
    """Text of a file on a disk without room."""

    def __init__(self, path):
        super().__init__(path.open("wb"))

    def write(self, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.slow
@pytest.mark.parametrize("names", NAMES)
def test_run_whose_streams_are_not_read_is_complete(command, unread, tmp_path, names):
    assert command(*RUN, **{name: unread() for name in names}) == 0
    assert (tmp_path / "out" / "model.safetensors").exists()
    assert command("show", "out", **{name: unread() for name in names}) == 0


@pytest.mark.parametrize("words", [("policies",), ("--version",), ("run", "--help"), ("game", "--help")])
@pytest.mark.parametrize("names", NAMES)
def test_command_that_only_prints_succeeds_unread(command, unread, words, names):
    assert command(*words, **{name: unread() for name in names}) == 0


def test_refusal_that_is_not_read_keeps_its_status(command, unread):
    assert command("run", "nope", stderr=unread()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("names", NAMES)
def test_streams_closed_from_the_start_drop_what_is_written(command, tmp_path, names):
    assert command(*RUN, **dict.fromkeys(names)) == 0
    assert (tmp_path / "out" / "model.safetensors").exists()


@pytest.mark.parametrize("names", NAMES)
def test_status_is_kept_where_streams_are_closed_from_the_start(command, names):
    assert command("policies", **dict.fromkeys(names)) == 0
    assert command("run", "nope", **dict.fromkeys(names)) == 2


@pytest.mark.parametrize("words", [("policies",), ("--version",), ("run", "--help")])
def test_output_on_a_full_disk_is_an_error(command, capfd, tmp_path, words):
    with Full(tmp_path / "output.txt") as full:
        assert command(*words, stdout=full) == 1
    assert capfd.readouterr().err == f"Error: cannot use 'standard output': {os.strerror(errno.ENOSPC)}\n"


@pytest.mark.slow
def test_messages_on_a_full_disk_are_dropped(command, tmp_path):
    with Full(tmp_path / "messages.txt") as full:
        assert command(*RUN, stderr=full) == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_that_an_encoding_lacks_is_refused(command, capfd, tmp_path, monkeypatch, encoding):
    monkeypatch.setattr("neuronet.theory.check_all", lambda: print("\u6771"))
    with (tmp_path / "output.txt").open("w", encoding=encoding) as stream:
        assert command("check", stdout=stream) == 2
    assert capfd.readouterr().err == (
        f"Error: standard output is in {encoding}, which has no '\\u6771': set PYTHONIOENCODING=utf-8\n"
    )


def test_names_that_are_not_in_the_encoding_are_written_as_they_are(command, tmp_path, monkeypatch):
    monkeypatch.setattr("neuronet.theory.check_all", lambda: print(os.fsdecode(b"caf\xe9")) or [])
    with (tmp_path / "output.txt").open("w", encoding="utf-8") as stream:
        assert command("check", stdout=stream) == 0
    assert (tmp_path / "output.txt").read_bytes().startswith(b"caf\xe9")


@pytest.mark.slow
def test_run_as_a_process_behind_head_succeeds(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "neuronet", *RUN], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=120) == 0
    assert (tmp_path / "out" / "network.png").exists()
