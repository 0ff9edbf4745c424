"""What callers of the training functions may pass: environments, networks and functions, checked and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx

from neuronet.core import (
    ConfigurationError,
    Environment,
    Network,
    Unseen,
    is_frame,
    shown,
)
from neuronet.environments import Missing, Table
from neuronet.registry import spec_of

if TYPE_CHECKING:
    import pandas as pd

Arrays = tuple[Any, Any]

ARRAYS, FRAME = "arrays", "frame"
"""Names of environments that are a pair of arrays or a frame, in configurations."""


def network_options(network: object, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a run with a given initial network: those given, with the network's own shape.

    Args:
        network: Initial network.
        options: Options as `train` takes them.

    Raises:
        ConfigurationError: It is not a network, or an option would shape it, too.
    """
    if isinstance(network, nx.Graph):
        kind = type(network).__name__
        raise ConfigurationError(f"network must be a Network, got a networkx {kind}: use neuronet.from_graph(graph)")
    if not isinstance(network, Network):
        raise ConfigurationError(f"network must be a Network, as build_network and from_graph return it, got {network!r}")
    shaping = next((name for name in ("hidden", "activation", "connectivity", "init") if name in options), None)
    if shaping is not None:
        raise ConfigurationError(f"{shaping} is given twice, as an option and by the network: leave the option out")
    return {**options, "hidden": network.sizes[1:-1], "activation": network.activations[0]}


def coerce_environment(
    environment: str | Environment | Arrays | pd.DataFrame,
    payoff: str = "auto",
    *,
    target: str | None = None,
    data_dir: str | None = None,
    missing: Missing = "refuse",
    unseen: Unseen = "refuse",
) -> tuple[Environment | None, str]:
    """Return the given environment, None if it is a name, and its text in a configuration.

    Args:
        environment: A name, an Environment, a pair of arrays (inputs, targets), or a pandas.DataFrame.
        payoff: Payoff of arrays and frames, as in RunConfig.
        target: Column of targets of a frame.
        data_dir: Folder of an environment that is a name.
        missing: What becomes of missing inputs of arrays and frames.
        unseen: What becomes of categories that no training sample of arrays or a frame has.

    Raises:
        ConfigurationError: It is not an environment, or an option is none of this kind of environment.
        DataError: Arrays or a frame do not have what they need.
    """
    if isinstance(environment, str):
        return None, environment
    frame = is_frame(environment)
    if target is not None and not frame:
        raise ConfigurationError(
            "target is an option of table:PATH and frames, but arrays and environments have their own targets"
        )
    if data_dir is not None:
        raise ConfigurationError("data_dir is an option of environments given by name, but this one has its samples already")
    if isinstance(environment, Environment):
        if payoff != "auto":
            raise ConfigurationError(f"payoff is an option of arrays and table:PATH: {type(environment).__name__} has its own")
        if (missing, unseen) != ("refuse", "refuse"):
            name = type(environment).__name__
            raise ConfigurationError(
                f"missing and unseen are options of arrays, frames and table:PATH: {name} has its samples already"
            )
        return environment, spec_of(environment) or type(environment).__name__
    if frame:
        options: dict[str, Any] = {"payoff": payoff, "missing": missing, "unseen": unseen}
        return Table.from_frame(environment, target=target, name=FRAME, **options), FRAME
    if isinstance(environment, tuple) and len(environment) == 2:
        return Table(*environment, payoff=payoff, name=ARRAYS, missing=missing, unseen=unseen), ARRAYS
    raise ConfigurationError(f"environment must be a name, an Environment, a frame or a pair of arrays, got {_kind(environment)}")


def _kind(given: object) -> str:
    return shown(given) if isinstance(given, type) else type(given).__name__


def check_functions(**functions: object) -> None:
    """Raise an error unless each of these is a function or None."""
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise ConfigurationError(f"{name} must be a function, got {shown(function)}")
