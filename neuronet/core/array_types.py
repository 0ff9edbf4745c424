"""Names for arrays whose library (numpy, torch, or another of the array API) is known only when a round is played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Array = Any
"""An array of any library that follows the array API standard. Its shape stands in the comment or docstring beside it."""

Namespace = Any
"""The module of functions that belongs to an array: `xp.sign`, `xp.where`, ..."""

Memory = Mapping[str, Array]
"""What a policy keeps from round to round, by name; each array has the neuron axis first."""
