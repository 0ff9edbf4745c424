"""The laboratory: a page in the browser on which a network is watched while it plays, looked into, and meddled with.

It needs the extra [lab]; importing this package does not import solara.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.engines.agents import NeuronModel
from neuronet.lab.launch_config import LaunchConfig, make_launch_config
from neuronet.registry import Policies

__all__ = ["LaunchConfig", "make_launch_config", "page", "serve"]

REQUIRED_MODULES = ("solara", "ipyvuetify", "solara_assets")
"""Modules of the extra [lab]; the last brings what the browser needs, so that nothing is fetched from elsewhere."""


def page(
    environment: str | Environment | tuple[Any, Any],
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    model: Callable[..., NeuronModel] = NeuronModel,
    **options: Any,
) -> Any:
    """The page as a solara component, for a notebook or an app of one's own; every reader gets a model of their own.

    Args:
        environment: A name ("digits"), an Environment, or a pair of arrays (inputs, targets).
        policy: What the neurons follow, as for `neuronet.train`.
        network: A network to start from; without, a fresh one for the seed.
        model: What makes the model, called as `model(setup, environment=..., batch_size=...)`: a subclass of NeuronModel with a
            `step` of its own, say.
        **options: Other fields of RunConfig: hidden, activation, wiring, learning_rate, optimizer, batch_size, seed, ...

    Returns:
        A component without arguments: give it to solara as `Page`, or call it in a notebook.

    Raises:
        NeuroNetError: The extra is not installed, or something does not fit.
    """
    check_installed()
    from neuronet.lab.page import page_of

    return page_of(make_launch_config(environment, policy=policy, network=network, model=model, **options))


def serve(
    launch_config: LaunchConfig, *, port: int = 8765, browser: bool = True, log: Callable[[str], None] | None = None
) -> None:
    """Serve the page on the loopback address until Ctrl-C.

    Args:
        launch_config: What every reader's model begins with, as `make_launch_config` makes it.
        port: Of the page, 1 to 65535; 0 for any that is free.
        browser: Whether to open the page in the browser.
        log: Called with a line that says where the page is.

    Raises:
        NeuroNetError: The extra is not installed, or the port cannot be used.
    """
    check_installed()
    from neuronet.lab.server import serve_page

    serve_page(launch_config, port, browser=browser, log=log)


def check_installed() -> None:
    """Refuse to go on without the libraries of the extra [lab].

    Raises:
        NeuroNetError: One is missing.
    """
    missing = next((name for name in REQUIRED_MODULES if find_spec(name) is None), None)
    if missing is not None:
        raise NeuroNetError(
            f"the lab needs the library '{missing}', which is not installed: pip install 'neuronet[lab]', "
            "or pip install -e '.[lab]' in a clone"
        )
