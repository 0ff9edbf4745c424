from __future__ import annotations

import pytest

from neuronet.recording.atomic_write import write_atomically


def test_a_file_is_replaced_whole(tmp_path):
    file = tmp_path / "it"
    for data in (b"first", b"second", b""):
        write_atomically(file, data)
        assert file.read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_what_was_there_stays_if_writing_fails(tmp_path, monkeypatch):
    file = tmp_path / "it"
    write_atomically(file, b"first")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"second")
    assert file.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "it", b"")
