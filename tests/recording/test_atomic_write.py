from __future__ import annotations

import os
import subprocess
import sys

import pytest

from neuronet.recording.atomic_write import remove_partial_files, write_atomically


def test_file_is_replaced_completely(tmp_path):
    file = tmp_path / "it"
    for data in (b"first", b"second", b""):
        write_atomically(file, data)
        assert file.read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_failed_write_keeps_the_old_content(tmp_path, monkeypatch):
    file = tmp_path / "it"
    write_atomically(file, b"first")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"second")
    assert file.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "it", b"")


def test_partial_files_of_dead_processes_are_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "cells").mkdir()
    removed = [tmp_path / f".a.csv.{ended.pid}.partial", tmp_path / "cells" / f".b.json.{ended.pid}.partial"]
    own = tmp_path / f".c.json.{os.getpid()}.partial"  # of an earlier process with the same id
    kept = [tmp_path / f".d.json.{os.getppid()}.partial", tmp_path / "e.partial", tmp_path / ".f.x.partial", tmp_path / "g"]
    for path in (*removed, own, *kept):
        path.write_text("")
    remove_partial_files(tmp_path)
    assert [path for path in (*removed, own) if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []


def test_partial_files_of_linked_folders_are_left(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    partial = outside / f".a.{ended.pid}.partial"
    partial.write_text("")
    (inside / "link").symlink_to(outside)
    remove_partial_files(inside)
    assert partial.exists()


def test_command_removes_partial_files_of_its_folder(tmp_path):
    import neuronet
    from neuronet.sweep import sweep

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    name = f".x.{ended.pid}.partial"
    run, swept = tmp_path / "run", tmp_path / "sweep"
    neuronet.train("xor", hidden=[3], epochs=1, out=run)
    (run / name).write_text("")
    neuronet.resume(run, epochs=2)
    assert not (run / name).exists()
    design = {"environment": "xor", "hidden": [3], "epochs": 1, "seeds": 1}
    sweep(design, out=swept)
    (swept / "cells" / name).write_text("")
    sweep(design, out=swept)
    assert not (swept / "cells" / name).exists()
