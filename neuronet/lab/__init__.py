"""Page in the browser that shows a network while it trains, and lets its reader inspect and change single neurons.

It needs the extra [lab]; importing this package does not import solara.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from neuronet.core import Environment, MissingExtraError, Network
from neuronet.engines.agents import NeuronModel
from neuronet.lab.launch_config import LaunchConfig, make_launch_config
from neuronet.lab.session import Session
from neuronet.registry import Policies

__all__ = ["LaunchConfig", "Session", "make_launch_config", "page", "serve"]

REQUIRED_MODULES = ("solara", "ipyvuetify", "solara_assets")
"""Modules of the extra [lab]; the last contains the files that the browser needs, so that nothing is downloaded."""


def page(
    environment: str | Environment | tuple[Any, Any],
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    model: Callable[..., NeuronModel] = NeuronModel,
    **options: Any,
) -> Any:
    """Return the page as a solara component, for a notebook or an app; every reader has a separate model.

    Args:
        environment: A name ("digits"), an Environment, or a pair of arrays (inputs, targets).
        policy: Policy or population of the neurons, as for `neuronet.train`.
        network: Initial network; None for a new one.
        model: Called as `model(setup, environment=..., batch_size=...)`, such as a subclass of NeuronModel with another `step`.
        **options: Other fields of RunConfig: hidden, activation, connectivity, learning_rate, optimizer, batch_size, seed, ...

    Returns:
        A component without arguments: assign it to `Page` in an app, or call it in a notebook.

    Raises:
        MissingExtraError: The extra [lab] is not installed.
        NeuroNetError: An option is invalid, or the network does not fit the environment.
    """
    check_installed()
    from neuronet.lab.page import page_of

    return page_of(make_launch_config(environment, policy=policy, network=network, model=model, **options))


def serve(
    launch_config: LaunchConfig,
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    browser: bool = True,
    log: Callable[[str], None] | None = None,
) -> None:
    """Serve the page until Ctrl-C, to those alone who open it by its address with a new random token.

    Args:
        launch_config: Initial state of every session, from `make_launch_config`.
        port: Port, 1 to 65535; 0 for any free one.
        host: Name or address on which to listen; the default is reached from this machine alone.
        browser: Whether to open the page in the browser.
        log: Called with notes on the samples, with the address of the page, and with a warning if other machines can reach it.

    Raises:
        MissingExtraError: The extra [lab] is not installed.
        ConfigurationError: The host or the port cannot be used.
    """
    check_installed()
    from neuronet.lab.server import serve_page

    if log is not None:
        for note in launch_config.environment.notes:
            log(note)
    serve_page(launch_config, port, host=host, browser=browser, log=log)


def check_installed() -> None:
    """Check that the libraries of the extra [lab] are installed.

    Raises:
        MissingExtraError: One is missing.
    """
    missing = next((name for name in REQUIRED_MODULES if find_spec(name) is None), None)
    if missing is not None:
        raise MissingExtraError(
            f"the lab needs the library '{missing}', which is not installed: pip install 'neuronet[lab]', "
            "or pip install -e '.[lab]' in a clone"
        )
