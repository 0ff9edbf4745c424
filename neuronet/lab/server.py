"""Server of the page on the loopback address."""

from __future__ import annotations

import os
import socket
import threading
import warnings
import webbrowser
from collections.abc import Callable

from neuronet.core import ConfigurationError
from neuronet.lab.launch_config import LaunchConfig

HOST = "127.0.0.1"

SETTINGS = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",  # no data leave this machine
    "SOLARA_KERNEL_CULL_TIMEOUT": "10m",  # time for a reader to reconnect
    "SOLARA_MODE": "production",
    "SOLARA_THEME_TITLE": "NeuroNet lab",
    "SOLARA_THEME_SHOW_BANNER": "false",
}


def serve_page(launch_config: LaunchConfig, port: int, *, browser: bool, log: Callable[[str], None] | None) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        ConfigurationError: The port cannot be used.
    """
    with bind_socket(port) as server_socket:
        address = f"http://{HOST}:{server_socket.getsockname()[1]}"
        os.environ.update(SETTINGS)  # solara reads them on import
        import torch
        import uvicorn

        warnings.filterwarnings("ignore", message="Cookies with samesite=none")  # the page is not embedded in another site
        torch.set_num_threads(1)  # layers are small and sessions many: more threads would wait for each other
        app = _application(launch_config)
        config = uvicorn.Config(app, loop="asyncio", log_level="error", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        if log is not None:
            log(f"The lab is at {address} (Ctrl-C ends it)")
        if browser:
            threading.Timer(1.0, webbrowser.open, [address]).start()
        try:
            server.run(sockets=[server_socket])
        except KeyboardInterrupt:
            return


def bind_socket(port: int) -> socket.socket:
    """Return a socket bound to a port of the loopback address.

    Raises:
        ConfigurationError: The port is out of range, or cannot be used.
    """
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"port must be from 1 to 65535, or 0 for any free port, got {port}")
    server_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server_socket.bind((HOST, port))
    except OSError as error:
        server_socket.close()
        raise ConfigurationError(
            f"port {port} cannot be used ({error.strerror}): choose another with --port, or 0 for any"
        ) from None
    return server_socket


def _application(launch_config: LaunchConfig) -> object:
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
