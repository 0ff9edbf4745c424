"""Where files are looked for, and how they are downloaded: from a server on this machine."""

from __future__ import annotations

import builtins
import hashlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Cifar10, Mnist, download, sources
from neuronet.environments.sources import Download, Files, Source

CONTENT = bytes(range(256)) * 5000


def checksum(content: bytes) -> str:
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


@pytest.fixture
def nowhere(tmp_path, monkeypatch) -> Path:
    """No data on this machine, and a cache of the test's own: the folder of both."""
    monkeypatch.delenv(sources.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(sources, "SYSTEM_FOLDERS", (tmp_path / "system",))
    monkeypatch.setattr(sources, "cache", lambda lacking, url: tmp_path / "cache")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(str(folder), encoding="utf-8")
    return folder


def source(url: str = "http://127.0.0.1:9/file", content: bytes = CONTENT) -> Source:
    return Source("thing", ("file",), (Download("file", checksum(content), (url,)),), folders=("Other/raw",))


def found(data_dir: str = "") -> Path:
    return source().find(data_dir).path


def test_the_users_folders_come_first_then_those_of_the_system(nowhere, monkeypatch):
    last = put(nowhere / "system" / "thing", "file")
    assert found() == last
    other = put(nowhere / "b" / "Other" / "raw", "file")
    monkeypatch.setenv(sources.DATA_VARIABLE, f"{nowhere / 'a'}:{nowhere / 'b'}")
    assert found() == other
    put(nowhere / "a", "file")  # a folder of the variable is looked through for the data set's own folder alone
    assert found() == other
    mine = put(nowhere / "mine", "file")
    assert found(str(mine)) == mine
    named = put(mine / "thing", "file.gz")
    assert found(str(mine)) == named


def test_some_of_the_files_are_not_enough(nowhere):
    many = Source("thing", ("one", "two"), (Download("all.zip", checksum(b""), ("http://127.0.0.1:9/",)),))
    put(nowhere / "mine", "one")
    with pytest.raises(NeuroNetError, match=r"mine' has files of the data set 'thing', but no 'two' or 'two\.gz'"):
        many.find(str(nowhere / "mine"))
    put(nowhere / "mine", "all.zip")
    assert many.find(str(nowhere / "mine")).path.name == "all.zip"


def test_missing_folder_is_named(nowhere):
    with pytest.raises(NeuroNetError, match="folder '/no/such' for the data set 'thing' not found"):
        found("/no/such")


@pytest.mark.parametrize("world", [Mnist, Cifar10])
def test_offline_error_names_the_missing_files(nowhere, world, monkeypatch):
    def refuse(*_, **__):
        import requests

        raise requests.ConnectionError("no name\nno way")

    monkeypatch.setattr("requests.get", refuse)
    (nowhere / "mine").mkdir()
    with pytest.raises(
        NeuroNetError, match=r"needs '.*gz', which is not in .*mine, .*system, nor in the cache .*cache.*https://"
    ) as caught:
        _ = world(data_dir=str(nowhere / "mine")).train
    assert str(caught.value).endswith("there is no connection")
    assert "\n" not in str(caught.value)


def test_missing_pooch_names_the_extra(nowhere, monkeypatch):
    monkeypatch.setattr(sources, "cache", download.cache)
    really = builtins.__import__

    def without(name, *arguments):
        if name == "pooch":
            raise ImportError
        return really(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NeuroNetError, match=r"to download it from http://127.* pip install 'neuronet\[data\]'"):
        found()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; can break off, ignore ranges, or serve something else."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.breaks_off_after, self.knows_ranges, self.status = CONTENT, None, True, 200
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/file"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        rest = self.server.content[start:]
        if self.server.status != 200 or not rest:
            self.send_error(self.server.status if rest else 416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.server.breaks_off_after])

    def log_message(self, *_) -> None:
        """Not on the screen."""


@pytest.fixture
def server(nowhere):
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def content_of(files: Files) -> bytes:
    with files.open("file") as stream:
        return stream.read()


def test_a_download_is_kept(server, nowhere):
    for _ in range(2):
        assert content_of(source(server.url).find()) == CONTENT
    assert server.asked == [None]
    assert [path.name for path in (nowhere / "cache" / "thing").iterdir()] == ["file"]


def test_interrupted_download_resumes(server):
    server.breaks_off_after = 700_000
    with pytest.raises(NeuroNetError, match="interrupted; run again"):
        source(server.url).find()
    server.breaks_off_after = None
    assert content_of(source(server.url).find()) == CONTENT
    assert server.asked == [None, f"bytes={700_000 // download.CHUNK_SIZE * download.CHUNK_SIZE}-"]


def test_download_restarts_on_a_server_without_ranges(server):
    server.breaks_off_after, server.knows_ranges = 1000, False
    with pytest.raises(NeuroNetError, match="interrupted"):
        source(server.url).find()
    server.breaks_off_after = None
    assert content_of(source(server.url).find()) == CONTENT


@pytest.mark.parametrize("left", [b"something else", CONTENT + b"!"])
def test_partial_download_of_another_file_is_replaced(server, nowhere, left):
    put(nowhere / "cache" / "thing")
    (nowhere / "cache" / "thing" / "file.partial").write_bytes(left)
    assert content_of(source(server.url).find()) == CONTENT
    assert server.asked == [f"bytes={len(left)}-", None]


def test_broken_cached_file_is_downloaded_again(server, nowhere):
    put(nowhere / "cache" / "thing", "file")
    assert content_of(source(server.url).find()) == CONTENT


def test_a_wrong_file_is_refused_and_not_kept(server, nowhere):
    with pytest.raises(NeuroNetError, match=f"does not have the checksum {checksum(b'right')}"):
        source(server.url, b"right").find()
    assert not list((nowhere / "cache" / "thing").iterdir())


def test_the_next_address_is_tried_where_one_fails(server):
    server_down = "http://127.0.0.1:9/file"
    both = Source("thing", ("file",), (Download("file", checksum(CONTENT), (server_down, server.url)),))
    assert content_of(both.find()) == CONTENT


def test_error_names_the_answer_of_the_server(server):
    server.status = 403
    with pytest.raises(NeuroNetError, match="the server answers 403"):
        source(server.url).find()


def test_an_archive_without_the_file_or_that_is_none_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/file", "there")
    assert content_of(Files(tmp_path / "a.zip")) == b"there"
    with pytest.raises(NeuroNetError, match="'other' not found in the archive"), Files(tmp_path / "a.zip").open("other"):
        pass
    for name in ("b.zip", "b.tar.gz"):
        (tmp_path / name).write_bytes(b"no archive at all")
        with pytest.raises(NeuroNetError, match="broken or truncated"):
            content_of(Files(tmp_path / name))


def test_the_cache_is_a_folder_of_the_users(monkeypatch, tmp_path):
    assert download.cache("", "").name == "neuronet"
