"""Worker processes, distributed processes and signals."""

from neuronet.execution import distributed
from neuronet.execution.distributed import is_main_process
from neuronet.execution.executor import LOKY, MIN_SECONDS_FOR_POOL, Executor
from neuronet.execution.signals import Interrupted, Interruption

__all__ = ["LOKY", "MIN_SECONDS_FOR_POOL", "Executor", "Interrupted", "Interruption", "distributed", "is_main_process"]
