"""Interventions: change a network between two rounds, equally on every engine.

Each function takes an engine and the fields of the class of the same name. The class is the intervention itself, which a run
schedules in a pair with a time, such as (5, Lesion(layer=1)), or as a text, "5: lesion(layer=1)".
"""

from neuronet.interventions.base import Event, Intervention, apply_intervention, apply_to_setups
from neuronet.interventions.executor import InterventionExecutor, InterventionLog, build_schedule
from neuronet.interventions.functions import (
    INTERVENTIONS,
    add,
    add_layer,
    connect,
    disconnect,
    freeze,
    lesion,
    noise,
    remove,
    remove_layer,
    revive,
    rewire,
    switch,
    thaw,
)
from neuronet.interventions.network_structure import Structure, policy_repr
from neuronet.interventions.neuron_interventions import Freeze, Lesion, Noise, Revive, Switch, Thaw
from neuronet.interventions.parser import (
    ScheduledIntervention,
    is_timed,
    parse_intervention,
    parse_scheduled_intervention,
    schedule_intervention,
)
from neuronet.interventions.schedule import InterventionSchedule
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
    "InterventionExecutor",
    "InterventionLog",
    "InterventionSchedule",
    "Lesion",
    "Noise",
    "Remove",
    "RemoveLayer",
    "Revive",
    "Rewire",
    "ScheduledIntervention",
    "Structure",
    "Switch",
    "Thaw",
    "add",
    "add_layer",
    "apply_intervention",
    "apply_to_setups",
    "build_schedule",
    "connect",
    "disconnect",
    "freeze",
    "is_timed",
    "lesion",
    "noise",
    "parse_intervention",
    "parse_scheduled_intervention",
    "policy_repr",
    "remove",
    "remove_layer",
    "revive",
    "rewire",
    "schedule_intervention",
    "switch",
    "thaw",
]
