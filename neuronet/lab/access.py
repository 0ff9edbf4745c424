"""Access to the lab: only a browser that was given the token, and only from the lab's own page.

A page of another site may open connections to this machine, also to the loopback address. It knows neither the token nor its
cookie, and the browser names its origin; each of these alone keeps it out.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY_VIOLATION = 1008
"""Code with which a websocket is closed that may not connect."""

HEADERS = (
    (b"content-security-policy", b"frame-ancestors 'self'"),  # no other page shows this one in a frame
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),  # the address has the token
)


def new_token() -> str:
    """Return a random token of 192 bits."""
    return secrets.token_hex(24)


class AccessGuard:
    """ASGI application that lets only the lab's owner through to another one.

    A request needs a Host header that names this machine, no Origin header of another page, and the token: in the address
    (`?token=...`) or in the cookie that the page with that address sets.

    Args:
        app: The application.
        token: The token.
        host: Name or address on which the server listens, as its owner gave it.
        port: Port on which the server listens; cookies of one machine are shared by all its ports.
    """

    def __init__(self, app: Application, *, token: str, host: str, port: int) -> None:
        self._app = app
        self._token = token
        self._cookie = f"neuronet-lab-{port}"
        self._port = port
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a websocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, refusal)
        elif scope["type"] == "http" and scope["path"] == "/" and self._given_token(scope) is not None:
            await self._set_cookie(send)
        else:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)

    def _refusal(self, scope: Scope) -> str | None:
        """Return why a request is refused, or None."""
        host = _header(scope, b"host")
        if host is None or not self._is_this_machine(host):
            return "This name is not one of the lab: open the address that neuronet lab printed."
        origin = _header(scope, b"origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "The lab does not talk to pages of another origin."
        given = self._given_token(scope)
        if given is None:
            given = self._cookie_token(scope)
        if given is None or not secrets.compare_digest(given.encode(), self._token.encode()):
            return "The lab is open to its owner alone: open the address that neuronet lab printed, with its token."
        return None

    def _is_this_machine(self, host: str) -> bool:
        """Return whether a Host header has the port and a name or address of this machine.

        A foreign name may be made to lead here (DNS rebinding), an address cannot.
        """
        try:
            parts = urlsplit(f"http://{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        return port == self._port and (name in self._names or _is_address(name))

    def _given_token(self, scope: Scope) -> str | None:
        """Return the token in the address, or None."""
        query: bytes = scope.get("query_string", b"")
        tokens = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("token")
        return None if tokens is None else tokens[0]

    def _cookie_token(self, scope: Scope) -> str | None:
        """Return the token in the cookie, or None."""
        for name, value in scope["headers"]:
            if name == b"cookie":
                for part in value.decode("latin-1").split(";"):
                    try:
                        found = SimpleCookie(part.strip()).get(self._cookie)
                    except CookieError:  # of another program on this machine
                        continue
                    if found is not None:
                        return found.value
        return None

    async def _set_cookie(self, send: Send) -> None:
        """Lead the browser to the page without the token, which is then in a cookie and not in the address bar."""
        cookie = f"{self._cookie}={self._token}; HttpOnly; SameSite=Lax; Path=/"
        headers = [(b"location", b"/"), (b"set-cookie", cookie.encode()), (b"cache-control", b"no-store"), *HEADERS]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # the request to connect
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": sentence})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return send_with_headers


def _header(scope: Scope, name: bytes) -> str | None:
    """Return a header; None if it is missing, an empty text if it is there more than once."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return None if not values else values[0] if len(values) == 1 else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
