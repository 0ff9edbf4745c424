"""Functions that apply an intervention to an engine between two rounds, and the registry of interventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from neuronet.core import Policy
from neuronet.engines.base import Engine
from neuronet.interventions.base import Event, Intervention, apply_intervention
from neuronet.interventions.neuron_interventions import Freeze, Lesion, Noise, Revive, Switch, Thaw
from neuronet.interventions.structural_interventions import Add, AddLayer, Connect, Disconnect, Remove, RemoveLayer, Rewire
from neuronet.interventions.targeting import Neurons

Parameters = ParamSpec("Parameters")

_CLASSES = (Lesion, Revive, Freeze, Thaw, Noise, Switch, Rewire, Connect, Disconnect, Add, Remove, AddLayer, RemoveLayer)

INTERVENTIONS: dict[str, type[Intervention]] = {cls.name: cls for cls in _CLASSES}
"""Every intervention by its name."""


def _function(cls: Callable[Parameters, Intervention]) -> Callable[Concatenate[Engine, Parameters], Event]:
    """Return the function that applies an intervention of a class; it takes an engine and the fields of the class."""

    def function(engine: Engine, /, *args: Parameters.args, **fields: Parameters.kwargs) -> Event:
        return apply_intervention(engine, cls(*args, **fields))

    function.__doc__ = cls.__doc__
    return function


lesion = _function(Lesion)
revive = _function(Revive)
freeze = _function(Freeze)
thaw = _function(Thaw)
noise = _function(Noise)
rewire = _function(Rewire)
connect = _function(Connect)
disconnect = _function(Disconnect)
add = _function(Add)
remove = _function(Remove)
add_layer = _function(AddLayer)
remove_layer = _function(RemoveLayer)


def switch(
    engine: Engine,
    policy: Policy,
    *,
    layer: int | None = None,
    neurons: Neurons = None,
    share: float | None = None,
    select: str = "random",
) -> Event:
    """Assign another policy to neurons, and re-initialise their memory.

    Args:
        engine: The engine to change.
        policy: Their new policy.
        layer: As for `lesion`, like the rest.
        neurons: Likewise.
        share: Likewise.
        select: Likewise.
    """
    return apply_intervention(engine, Switch(layer, neurons, share, select, policy))
