"""Worker processes, distributed processes and signals."""

from neuronet.execution import distributed
from neuronet.execution.distributed import is_main_process
from neuronet.execution.executor import LOKY, MIN_SECONDS_FOR_POOL, Executor
from neuronet.execution.signals import Interrupted, Interruption
from neuronet.stop_signals import STOP_SIGNALS, count_received, exit_status, note_signal

__all__ = [
    "LOKY",
    "MIN_SECONDS_FOR_POOL",
    "STOP_SIGNALS",
    "Executor",
    "Interrupted",
    "Interruption",
    "count_received",
    "distributed",
    "exit_status",
    "is_main_process",
    "note_signal",
]
