"""The lab answers its owner alone: requests and websockets with other names, origins and tokens, without a browser."""

from __future__ import annotations

import asyncio
import base64
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from queue import Queue
from threading import Thread

import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.lab import REQUIRED_MODULES, server
from neuronet.lab.access import AccessGuard, new_token

pytestmark = pytest.mark.slow  # whole commands in processes of their own

INSTALLED = all(find_spec(name) for name in (*REQUIRED_MODULES, "uvicorn"))
needs_lab = pytest.mark.skipif(not INSTALLED, reason="the extra [lab] is not installed")

TOKEN = "a" * 48
OWN = "http://127.0.0.1:8765"
COOKIE = f"neuronet-lab-8765={TOKEN}"


async def inner(scope, receive, send):
    """Application behind the guard."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inner"})


def ask(kind, path="/", query="", host="127.0.0.1:8765", at="127.0.0.1", **headers):
    """Return the messages that the guard sends."""
    sent = []
    given = [(b"host", host.encode())] if host is not None else []
    given += [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": given, "method": "GET"}

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    asyncio.run(AccessGuard(inner, token=TOKEN, host=at, port=8765)(scope, receive, send))
    return sent


def lets_in(kind, **request):
    messages = ask(kind, **request)
    if kind == "websocket":
        return messages == [{"type": "websocket.accept"}]
    return messages[0]["status"] == 200 and messages[1]["body"] == b"inner"


REFUSED = {
    "no token": {},
    "another token": {"query": f"token={'b' * 48}"},
    "empty token": {"query": "token="},
    "token that is not ASCII": {"query": "token=%C3%A9"},
    "part of the token": {"query": f"token={TOKEN[:-1]}"},
    "another token beside the cookie": {"query": "token=b", "cookie": COOKIE},
    "cookie of another port": {"cookie": f"neuronet-lab-8766={TOKEN}"},
    "foreign origin": {"origin": "http://evil.example"},
    "foreign origin with the cookie": {"origin": "http://evil.example", "cookie": COOKIE},
    "another port of this machine": {"origin": "http://127.0.0.1:80", "cookie": COOKIE},
    "origin of a file": {"origin": "null", "cookie": COOKIE},
    "name that leads here": {"host": "evil.example:8765", "origin": "http://evil.example:8765", "cookie": COOKIE},
    "another port in the name": {"host": "127.0.0.1:80", "cookie": COOKIE},
    "no name": {"host": None, "cookie": COOKIE},
    "name that cannot be parsed": {"host": "[::1:8765", "cookie": COOKIE},
}


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("case", REFUSED)
def test_strangers_get_nothing(case, kind):
    messages = ask(kind, path="/_solara/api/close/x", **REFUSED[case])
    if kind == "websocket":
        assert [message["type"] for message in messages] == ["websocket.close"]
    else:
        assert messages[0]["status"] == 403
        assert b"inner" not in messages[1]["body"]
        assert len(messages[1]["body"].splitlines()) == 1


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_owner_is_let_in(kind):
    assert lets_in(kind, path="/x", query=f"token={TOKEN}")
    assert lets_in(kind, cookie=COOKIE)
    assert lets_in(kind, cookie=f'other="quoted; text"; b@d[]; {COOKIE}')
    assert lets_in(kind, cookie=COOKIE, origin=OWN)
    assert lets_in(kind, cookie=COOKIE, host="localhost:8765", origin="http://localhost:8765")
    assert lets_in(kind, cookie=COOKIE, host="192.168.7.7:8765", at="0.0.0.0")
    assert lets_in(kind, cookie=COOKIE, host="lab.example:8765", at="lab.example")


def test_page_with_the_token_sets_a_cookie_and_leaves_the_address():
    start, _ = ask("http", query=f"token={TOKEN}")
    headers = dict(start["headers"])
    assert (start["status"], headers[b"location"]) == (303, b"/")
    assert headers[b"set-cookie"].startswith(COOKIE.encode())
    assert b"HttpOnly" in headers[b"set-cookie"]
    assert b"SameSite" in headers[b"set-cookie"]


def test_pages_cannot_be_framed_by_others():
    start, _ = ask("http", cookie=COOKIE)
    assert (b"content-security-policy", b"frame-ancestors 'self'") in start["headers"]


def test_tokens_differ():
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 32


def test_address_of_the_page_and_the_warning():
    assert server.page_url("127.0.0.1", 8765, "t") == "http://127.0.0.1:8765/?token=t"
    assert server.page_url("0.0.0.0", 8765, "t") == "http://127.0.0.1:8765/?token=t"
    assert server.page_url("::1", 8765, "t") == "http://[::1]:8765/?token=t"
    assert len(list(server._announcement("127.0.0.1", 8765, "t"))) == 1
    _, warning = server._announcement("0.0.0.0", 8765, "t")
    assert "other machines" in warning


def test_host_that_is_not_this_machine_is_refused():
    with pytest.raises(ConfigurationError, match="host must be"):
        server.bind_socket(0, "no such host")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        server.bind_socket(0, "192.0.2.1")


class Lab:
    """A lab in a process of its own."""

    def __init__(self, folder, *command):
        self.process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True, cwd=folder)
        lines = Queue()
        self._reader = Thread(target=lambda: [lines.put(line) for line in self.process.stderr], daemon=True)
        self._reader.start()
        line = lines.get(timeout=120)
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\w+)", line)
        assert found, line
        self.port, self.token = int(found[1]), found[2]

    def close(self):
        self.process.kill()
        self.process.wait()
        self._reader.join(timeout=60)
        self.process.stderr.close()

    def get(self, path, **headers):
        """Return the status and the Set-Cookie header."""
        deadline = time.monotonic() + 60
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                response.read()
                return response.status, response.getheader("set-cookie")
            except ConnectionRefusedError:  # the port is bound before the server listens
                assert time.monotonic() < deadline
                time.sleep(0.05)
            finally:
                connection.close()

    def websocket_status(self, query="", **headers):
        """Return the HTTP status with which a websocket to a new kernel is answered; 101 is a connection."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET /jupyter/api/kernels/k/channels?session_id=s{query} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            return int(connection.recv(1000).split()[1])


@needs_lab
@pytest.mark.timeout(240)
def test_served_lab_answers_its_owner_alone(tmp_path):
    lab = Lab(tmp_path, "-m", "neuronet", "lab", "xor", "--port", "0", "--no-browser")
    own = {"Origin": f"http://127.0.0.1:{lab.port}"}
    try:
        assert lab.get("/") == (403, None)
        status, cookie = lab.get(f"/?token={lab.token}")
        assert status == 303
        with_cookie = {"Cookie": cookie.split(";")[0]}
        assert lab.get("/", **with_cookie)[0] == 200
        assert lab.get("/", **with_cookie, Origin="http://evil.example")[0] == 403
        assert lab.websocket_status(Origin="http://evil.example") == 403
        assert lab.websocket_status(Origin="http://evil.example", **with_cookie) == 403
        assert lab.websocket_status(**own) == 403
        assert lab.websocket_status(**own, **with_cookie) == 101
        assert lab.websocket_status(f"&token={lab.token}") == 101
        lab.process.send_signal(signal.SIGTERM)
        assert lab.process.wait(timeout=60) == 143
    finally:
        lab.close()


BUSY = """
import threading, time
from neuronet.lab import make_launch_config, serve, server

async def busy(scope, receive, send):
    threading.Thread(target=time.sleep, args=(600,)).start()  # as a session in a long round
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})

async def app(scope, receive, send):
    if scope["type"] == "http":
        await busy(scope, receive, send)

server._application = lambda launch_config: app
serve(make_launch_config("xor"), port=0, browser=False, log=lambda line: print(line, file=__import__("sys").stderr, flush=True))
"""


@needs_lab
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_lab_ends_at_once_in_the_middle_of_a_step(number, status, tmp_path):
    lab = Lab(tmp_path, "-c", BUSY)
    try:
        assert lab.get(f"/x?token={lab.token}")[0] == 200
        started = time.monotonic()
        lab.process.send_signal(number)
        ended = lab.process.wait(timeout=60)
        assert ended in (status, -number) if status else ended == 0
        assert time.monotonic() - started < 10  # a second, on a machine that is not busy
    finally:
        lab.close()
