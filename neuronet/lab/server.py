"""Server of the page: on the loopback address unless another is asked for, and for those alone who have its token."""

from __future__ import annotations

import math
import os
import signal
import socket
import threading
import time
import warnings
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from types import FrameType
from typing import Any

from neuronet.core import ConfigurationError
from neuronet.execution import STOP_SIGNALS, note_signal
from neuronet.lab.access import AccessGuard, new_token
from neuronet.lab.launch_config import LaunchConfig

HOST = "127.0.0.1"

SECONDS_TO_END = 1.0
"""Seconds from a signal until the process is ended, even if a session is in the middle of a round."""

SETTINGS = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",  # no data leave this machine
    "SOLARA_KERNEL_CULL_TIMEOUT": "10m",  # time for a reader to reconnect
    "SOLARA_MODE": "production",
    "SOLARA_THEME_TITLE": "NeuroNet lab",
    "SOLARA_THEME_SHOW_BANNER": "false",
}


def serve_page(
    launch_config: LaunchConfig, port: int, *, host: str = HOST, browser: bool, log: Callable[[str], None] | None
) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        ConfigurationError: The host or the port cannot be used.
    """
    with bind_socket(port, host) as server_socket:
        address, port = server_socket.getsockname()[:2]
        token = new_token()
        os.environ.update(SETTINGS)  # solara reads them on import
        import torch
        import uvicorn

        warnings.filterwarnings("ignore", message="Cookies with samesite=none")  # the page is not embedded in another site
        torch.set_num_threads(1)  # layers are small and sessions many: more threads would wait for each other
        app = AccessGuard(_application(launch_config), token=token, host=host, port=port)
        patience = 2 * math.ceil(SECONDS_TO_END)
        config = uvicorn.Config(
            app, loop="asyncio", log_level="error", access_log=False, proxy_headers=False, timeout_graceful_shutdown=patience
        )
        server = uvicorn.Server(config)
        url = page_url(address, port, token)
        for line in _announcement(address, port, token) if log is not None else ():
            log(line)  # type: ignore[misc]  # it is there
        if browser:
            opening = threading.Timer(1.0, webbrowser.open, [url])
            opening.daemon = True
            opening.start()
        with ended_by_signals(server):
            server.run(sockets=[server_socket])


def page_url(address: str, port: int, token: str) -> str:
    """Return the address of the page on this machine, with the token."""
    if ip_address(address).is_unspecified:
        address = HOST
    return f"http://{f'[{address}]' if ':' in address else address}:{port}/?token={token}"


def _announcement(address: str, port: int, token: str) -> Iterator[str]:
    yield f"The lab is at {page_url(address, port, token)} (Ctrl-C ends it)"
    found = ip_address(address)
    if not found.is_loopback:
        elsewhere = socket.gethostname() if found.is_unspecified else address
        yield (
            f"Warning: other machines can reach the lab at port {port} of {elsewhere}. All who learn the token can use it, "
            "and the connection is not encrypted. Without --host it is on this machine alone."
        )


@contextmanager
def ended_by_signals(server: Any) -> Iterator[None]:
    """Context in which the first signal ends the server, and soon after it the process if a session is still at work.

    Ctrl-C is the usual end; another signal is raised again when the server has ended.
    """
    received: list[int] = []
    threads_before, returned = threading.enumerate(), threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        note_signal(number)
        server.should_exit = True
        if not received:
            status = 0 if number == signal.SIGINT else 128 + number
            threading.Thread(target=_end_process, args=(returned, threads_before, status), daemon=True).start()
        received.append(number)

    server.handle_exit = end  # the server installs it for some of the signals
    main = threading.current_thread() is threading.main_thread()
    old_handlers = {number: signal.signal(number, end) for number in STOP_SIGNALS} if main else {}
    try:
        yield
    finally:
        returned.set()
        for number, handler in old_handlers.items():
            signal.signal(number, handler)
    if received and received[0] != signal.SIGINT:
        signal.raise_signal(received[0])


def _end_process(returned: threading.Event, threads_before: Sequence[threading.Thread], status: int) -> None:
    """End the process if a session still plays a round after a while; there is nothing in it to save."""
    time.sleep(SECONDS_TO_END)
    at_work = [thread for thread in threading.enumerate() if not thread.daemon and thread not in threads_before]
    if at_work or not returned.is_set():
        os._exit(status)


def bind_socket(port: int, host: str = HOST) -> socket.socket:
    """Return a socket bound to a port of an address of this machine.

    Args:
        port: 1 to 65535, or 0 for any free port.
        host: Name or address, by default the loopback address.

    Raises:
        ConfigurationError: The port is out of range, or the host or the port cannot be used.
    """
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"port must be from 1 to 65535, or 0 for any free port, got {port}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise ConfigurationError(f"host must be a name or an address of this machine, got '{host[:200]}'") from None
    server_socket = socket.socket(family, socket.SOCK_STREAM)
    server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server_socket.bind(address)
    except OSError as error:
        server_socket.close()
        raise ConfigurationError(
            f"port {port} of {host[:200]} cannot be used ({error.strerror}): choose another with --port, or 0 for any"
        ) from None
    return server_socket


def _application(launch_config: LaunchConfig) -> Any:
    import solara.server.app
    import solara.server.cdn_helper
    import solara.server.starlette

    from neuronet.lab import app as page

    page.served.append(launch_config)
    solara.server.cdn_helper.fetch_from_cdn = _fetch_nothing
    solara.server.app.apps["__default__"] = solara.server.app.AppScript("neuronet.lab.app")
    return solara.server.starlette.app


def _fetch_nothing(url: str) -> bytes:
    """Stand in for solara's download of files that solara-assets does not contain."""
    raise FileNotFoundError(f"the lab downloads nothing, and '{url}' is not installed")
