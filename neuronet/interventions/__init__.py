"""Meddling with a network that is at play: lesions, other policies, other connections; each the same on either engine.

Each function takes an engine and acts between two rounds; the class of the same name is the intervention itself, for a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuronet.core.policy import Policy
from neuronet.engines.base import Engine
from neuronet.interventions.base import Event, Intervention, apply_intervention, apply_to_setups
from neuronet.interventions.neuron_interventions import Freeze, Lesion, Noise, Revive, Switch, Thaw
from neuronet.interventions.structural_interventions import Add, AddLayer, Connect, Disconnect, Remove, RemoveLayer, Rewire

__all__ = [
    "INTERVENTIONS",
    "Add",
    "AddLayer",
    "Connect",
    "Disconnect",
    "Event",
    "Freeze",
    "Intervention",
    "Lesion",
    "Noise",
    "Remove",
    "RemoveLayer",
    "Revive",
    "Rewire",
    "Switch",
    "Thaw",
    "add",
    "add_layer",
    "apply_intervention",
    "apply_to_setups",
    "connect",
    "disconnect",
    "freeze",
    "lesion",
    "noise",
    "remove",
    "remove_layer",
    "revive",
    "rewire",
    "switch",
    "thaw",
]

_ALL = (Lesion, Revive, Freeze, Thaw, Noise, Switch, Rewire, Connect, Disconnect, Add, Remove, AddLayer, RemoveLayer)

INTERVENTIONS: dict[str, type[Intervention]] = {cls.name: cls for cls in _ALL}
"""Every intervention by its name."""

Neurons = int | Iterable[int] | None


def _as_tuple(neurons: Neurons) -> int | tuple[int, ...] | None:
    return neurons if neurons is None or isinstance(neurons, int) else tuple(neurons)


def lesion(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, select: str = "random"
) -> Event:
    """Silence neurons: they say 0, demand nothing and do not adapt, but keep what they have; inputs (layer 0) can be, too.

    Args:
        engine: Whose neurons.
        layer: Which layer, 1 for the first that listens; without it, every hidden layer.
        neurons: Their places within the layer; without these, everybody, or a share.
        share: A part of the layer instead, above 0 to 1.
        select: How the share is chosen: "random", or the "most" or the "least" attention received.

    Raises:
        NeuroNetError: There are none such.
    """
    return apply_intervention(engine, Lesion(layer, _as_tuple(neurons), share, select))


def revive(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, select: str = "random"
) -> Event:
    """Let silent neurons speak again, as they were; without a layer, in all layers. The rest is as for `lesion`."""
    return apply_intervention(engine, Revive(layer, _as_tuple(neurons), share, select))


def freeze(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, select: str = "random"
) -> Event:
    """Let neurons speak and demand as ever, but no longer adapt. The rest is as for `lesion`, but for the inputs."""
    return apply_intervention(engine, Freeze(layer, _as_tuple(neurons), share, select))


def thaw(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, select: str = "random"
) -> Event:
    """Let frozen neurons adapt again; without a layer, in all layers. The rest is as for `freeze`."""
    return apply_intervention(engine, Thaw(layer, _as_tuple(neurons), share, select))


def noise(
    engine: Engine,
    *,
    sigma: float = 0.1,
    layer: int | None = None,
    neurons: Neurons = None,
    share: float | None = None,
    select: str = "random",
) -> Event:
    """Shake the attention that neurons pay, once.

    Args:
        engine: Whose neurons.
        sigma: Standard deviation, in units of the root mean square of the layer's attention, above 0.
        layer: As for `freeze`, like the rest.
        neurons: Likewise.
        share: Likewise.
        select: Likewise.
    """
    return apply_intervention(engine, Noise(layer, _as_tuple(neurons), share, select, sigma))


def switch(
    engine: Engine,
    policy: Policy,
    *,
    layer: int | None = None,
    neurons: Neurons = None,
    share: float | None = None,
    select: str = "random",
) -> Event:
    """Let neurons follow another policy; whoever changes is born anew as far as memory goes.

    Args:
        engine: Whose neurons.
        policy: Which.
        layer: As for `freeze`, like the rest.
        neurons: Likewise.
        share: Likewise.
        select: Likewise.
    """
    return apply_intervention(engine, Switch(layer, _as_tuple(neurons), share, select, policy))


def rewire(
    engine: Engine,
    *,
    fraction: float = 0.1,
    which: str = "any",
    layer: int | None = None,
    neurons: Neurons = None,
    share: float | None = None,
    select: str = "random",
) -> Event:
    """Let neurons leave a part of their speakers for as many others, chosen by chance, to whom they pay nothing yet.

    Args:
        engine: Whose neurons.
        fraction: Of each neuron's connections, above 0 to 1.
        which: Whom they leave: "any" speakers, or the "weakest", to whom they pay least.
        layer: As for `freeze`, like the rest.
        neurons: Likewise.
        share: Likewise.
        select: Likewise.
    """
    return apply_intervention(engine, Rewire(layer, _as_tuple(neurons), share, select, fraction, which))


def connect(engine: Engine, *, layer: int, pairs: Sequence[tuple[int, int]]) -> Event:
    """Let neurons of a layer begin to listen to some of the layer before; they pay them nothing yet.

    Args:
        engine: Whose neurons.
        layer: The listeners' layer.
        pairs: A listener and a speaker each, as places within their layers.
    """
    return apply_intervention(engine, Connect(layer, pairs))


def disconnect(engine: Engine, *, layer: int, pairs: Sequence[tuple[int, int]]) -> Event:
    """Let neurons no longer listen to some of the layer before; the rest is as for `connect`."""
    return apply_intervention(engine, Disconnect(layer, pairs))


def add(engine: Engine, *, layer: int, neurons: int = 1, policy: Policy | None = None) -> Event:
    """Let new neurons join a hidden layer: they listen at once, but nobody pays them any attention yet.

    Args:
        engine: Whose layer.
        layer: Which.
        neurons: How many.
        policy: Theirs; without it, the one that most of the layer follow.
    """
    return apply_intervention(engine, Add(layer, neurons, policy))


def remove(
    engine: Engine, *, layer: int | None = None, neurons: Neurons = None, share: float | None = None, select: str = "random"
) -> Event:
    """Let neurons leave a hidden layer, and all connections with them. The rest is as for `lesion`, but for the inputs."""
    return apply_intervention(engine, Remove(layer, _as_tuple(neurons), share, select))


def add_layer(engine: Engine, *, after: int, activation: str = "auto", policy: Policy | None = None) -> Event:
    """Put a new layer between two, as wide as the one before it, whose words it repeats at first.

    Args:
        engine: Whose network.
        after: After which layer, 0 for the inputs.
        activation: Of the new layer; "auto" for one that changes nothing at first: relu after relu, else identity.
        policy: That its neurons follow; without it, that of most in the layer before, or, after the inputs, behind.
    """
    return apply_intervention(engine, AddLayer(after, activation, policy))


def remove_layer(engine: Engine, *, layer: int) -> Event:
    """Take out a hidden layer: its listeners listen to its speakers, with the product of the attention paid on the way.

    Args:
        engine: Whose network.
        layer: Which.
    """
    return apply_intervention(engine, RemoveLayer(layer))
