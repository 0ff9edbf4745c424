"""The folder of a game's results has one writer, and is not left behind by a command that fails."""

from pathlib import Path

from neuronet.recording import lock_folder
from neuronet.recording.files import LOCK

GAME = ("distances", "xor", "--hidden", "3", "--policies", "attention", "--at-epochs", "0", "--json")


def test_second_writer_is_refused_and_changes_nothing(neuronet):
    folder = Path("found")
    with lock_folder(folder):
        (folder / "mine.csv").write_text("a\n")
        status, _, errors = neuronet(*GAME, "--out", folder)
        assert (status, "'found' is in use, since another process writes it" in errors) == (2, True)
        assert sorted(path.name for path in folder.iterdir()) == sorted([LOCK, "mine.csv"])
    assert neuronet(*GAME, "--out", folder)[0] == 0
    assert not (folder / LOCK).exists()
    assert (folder / "mine.csv").exists()


def test_command_that_fails_leaves_no_folder(neuronet):
    assert neuronet(*GAME[:4], "--out", "new/inner", "--policies", "gredy")[0] == 2
    assert not Path("new").exists()
    Path("old").mkdir()
    assert neuronet(*GAME[:4], "--out", "old/inner", "--policies", "gredy")[0] == 2
    assert Path("old").exists()
    assert not Path("old/inner").exists()
