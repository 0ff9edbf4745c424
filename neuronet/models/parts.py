"""Parts of a trained network, as its file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Encoding
from neuronet.engines.base import Setup, State


@dataclass(frozen=True, eq=False)
class ModelParts:
    """Trained network, with how its inputs are scaled and what its outputs mean.

    Attributes:
        setup: Game of the network after training.
        encoding: Scaling of inputs, names of features and classes.
        round: Number of rounds that were played.
        state: State of the neurons, if their policies decide what they say; None if networks alone do.
        facts: Facts about the run for `neuronet show`: configuration, results, versions.
        confusion: (O, O), number of test samples of each class (row) by predicted class (column); None for values.
    """

    setup: Setup
    encoding: Encoding
    round: int = 0
    state: State | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    confusion: NDArray[np.int64] | None = None
