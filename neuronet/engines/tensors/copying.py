"""Copies and pickles of tensor engines: engines of the same games, which continue from the same state."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neuronet.core import ConfigurationError
from neuronet.engines.base.engine import Engine
from neuronet.engines.base.state import State
from neuronet.engines.tensors.data_parallel.reducer import Reducer
from neuronet.engines.tensors.kernels.device import as_numpy
from neuronet.engines.tensors.kernels.precision import MatmulPrecision


class CopiedByState(Engine):
    """Base class of an engine whose buffers refer to each other, so that a copy is built from the games and the state."""

    learning_rate: float | Tensor
    _reducer: Reducer
    _matmul: MatmulPrecision
    kernels: str
    _study_rounds: int

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made.

        Raises:
            StateError: A round has begun and not ended.
            ConfigurationError: Several processes play together.
        """
        self.check_is_between_rounds()
        if self._reducer.is_distributed:
            raise ConfigurationError("an engine of several processes cannot be copied: use its state()")
        rate = as_numpy(self.learning_rate) if isinstance(self.learning_rate, Tensor) else self.learning_rate
        options: dict[str, Any] = {
            "device": self.device,
            "matmul": self._matmul.precision,
            "kernels": self.kernels,
            "rounds": self._study_rounds,
        }
        return _copied, (type(self), self.setups, options, self.state(), rate)


def _copied(kind: Any, setups: Any, options: dict[str, Any], state: State, rate: Any) -> Any:
    engine = kind(setups, **options)
    engine.restore(state)
    with torch.inference_mode():
        engine.learning_rate = rate if isinstance(rate, float) else engine._as_array(rate)
    return engine
