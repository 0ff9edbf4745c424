from __future__ import annotations

import pytest

from neuronet.recording.atomic_write import write_atomically


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
