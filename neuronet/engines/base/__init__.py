"""What all engines share: setups, states, checks, and the contract of an engine; no torch and no Mesa."""

from neuronet.engines.base.checks import check_replicas
from neuronet.engines.base.engine import Engine, LayerSnapshot
from neuronet.engines.base.ragged import dense_game, to_dense_state, to_sparse_state
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state import LayerState, State, SynapseArrays, stack_replicas
from neuronet.engines.base.state_checks import check_state, expected_arrays
from neuronet.engines.base.state_transfer import transfer_state

__all__ = [
    "Engine",
    "LayerSnapshot",
    "LayerState",
    "Setup",
    "State",
    "SynapseArrays",
    "check_replicas",
    "check_state",
    "dense_game",
    "expected_arrays",
    "stack_replicas",
    "to_dense_state",
    "to_sparse_state",
    "transfer_state",
]
