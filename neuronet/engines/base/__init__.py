"""What all engines share: setups, states, checks, and the contract of an engine; no torch and no Mesa."""

from neuronet.engines.base.checks import check_replicas
from neuronet.engines.base.engine import Engine, LayerSnapshot
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import (
    State,
    check_state,
    expected_arrays,
    memory_name,
    parse_memory_name,
    stack_replicas,
    synapse_name,
)
from neuronet.engines.base.state_transfer import transfer_state

__all__ = [
    "Engine",
    "LayerSnapshot",
    "Setup",
    "State",
    "check_replicas",
    "check_state",
    "expected_arrays",
    "memory_name",
    "parse_memory_name",
    "stack_replicas",
    "synapse_name",
    "transfer_state",
]
