"""Meddling with a network that is at play: lesions, freezing, noise, other policies; each the same on either engine.

Each function takes an engine and acts between two rounds; the class of the same name is the intervention itself, for a plan.
"""

from __future__ import annotations

from collections.abc import Iterable

from neuronet.engines.engine import Engine
from neuronet.interventions.acts import Freeze, Lesion, Noise, Revive, Switch, Thaw
from neuronet.interventions.contract import Event, Intervention, changed, perform
from neuronet.policy import Policy

__all__ = [
    "INTERVENTIONS",
    "Event",
    "Freeze",
    "Intervention",
    "Lesion",
    "Noise",
    "Revive",
    "Switch",
    "Thaw",
    "changed",
    "freeze",
    "lesion",
    "noise",
    "perform",
    "revive",
    "switch",
    "thaw",
]

INTERVENTIONS: dict[str, type[Intervention]] = {cls.name: cls for cls in (Lesion, Revive, Freeze, Thaw, Noise, Switch)}
"""Every intervention by its name."""

Neurons = int | Iterable[int] | None


def _several(neurons: Neurons) -> int | tuple[int, ...] | None:
    return neurons if neurons is None or isinstance(neurons, int) else tuple(neurons)


def lesion(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, by: str = "chance"
) -> Event:
    """Silence neurons: they say 0, demand nothing and do not adapt, but keep what they have; inputs (layer 0) can be, too.

    Args:
        engine: Whose neurons.
        layer: Which layer, 1 for the first that listens; without it, every hidden layer.
        neurons: Their places within the layer; without these, everybody, or a share.
        share: A part of the layer instead, above 0 to 1.
        by: How the share is chosen: by "chance", or the "most" or the "least" attention received.

    Raises:
        NeuroNetError: There are none such.
    """
    return perform(engine, Lesion(layer, _several(neurons), share, by))


def revive(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, by: str = "chance"
) -> Event:
    """Let silent neurons speak again, as they were; without a layer, in all layers. The rest is as for `lesion`."""
    return perform(engine, Revive(layer, _several(neurons), share, by))


def freeze(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, by: str = "chance"
) -> Event:
    """Let neurons speak and demand as ever, but no longer adapt. The rest is as for `lesion`, but for the inputs."""
    return perform(engine, Freeze(layer, _several(neurons), share, by))


def thaw(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, by: str = "chance"
) -> Event:
    """Let frozen neurons adapt again; without a layer, in all layers. The rest is as for `freeze`."""
    return perform(engine, Thaw(layer, _several(neurons), share, by))


def noise(
    engine: Engine,
    *,
    sigma: float = 0.1,
    layer: int | None = None,
    neurons: Neurons = None,
    share: float | None = None,
    by: str = "chance",
) -> Event:
    """Shake the attention that neurons pay, once.

    Args:
        engine: Whose neurons.
        sigma: Standard deviation, in units of the root mean square of the layer's attention, above 0.
        layer: As for `freeze`, like the rest.
        neurons: Likewise.
        share: Likewise.
        by: Likewise.
    """
    return perform(engine, Noise(layer, _several(neurons), share, by, sigma))


def switch(
    engine: Engine,
    policy: Policy,
    *,
    layer: int | None = None,
    neurons: Neurons = None,
    share: float | None = None,
    by: str = "chance",
) -> Event:
    """Let neurons follow another policy; whoever changes is born anew as far as memory goes.

    Args:
        engine: Whose neurons.
        policy: Which.
        layer: As for `freeze`, like the rest.
        neurons: Likewise.
        share: Likewise.
        by: Likewise.
    """
    return perform(engine, Switch(layer, _several(neurons), share, by, policy))
