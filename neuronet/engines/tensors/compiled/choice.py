"""Choice between torch's rounds and compiled ones, by the work of a whole study."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise

from neuronet.core import SGD, ConfigurationError, CrossEntropy, FeedbackForm, Momentum, form_of
from neuronet.engines.base.setup import Setup

KERNELS = ("auto", "compiled", "torch", "onednn")
"""Kernels of the tensor engine: what is faster, compiled rounds, or torch's rounds by its own products or by oneDNN's."""

ACTIVATIONS = frozenset({"relu", "tanh", "sigmoid", "leaky-relu", "identity"})
"""Activations of compiled rounds."""

MAX_COMPILED_WORK = 4_000_000
"""Multiplications in the largest product of a round up to which compiled rounds are faster than torch's."""

COMPILE_SECONDS = 8.0
"""Cost of the first use of compiled rounds in one precision on a machine. Later uses cost less, but a choice that depended on
what is on disk would give the second run other last digits than the first."""

SAVED_SINGLE, SAVED_REPLICA, SAVED_MIXED = 30e-6, 8e-6, 50e-6
"""Seconds that a compiled round saves at least: of a single network, of one of several replicas, and with several policies."""


def check_kernels(name: str) -> str:
    """Return the name of kernels.

    Raises:
        ConfigurationError: It is not one of KERNELS.
    """
    if name not in KERNELS:
        raise ConfigurationError(f"kernels must be one of {', '.join(KERNELS)}, got {name!r}")
    return name


def select_compiled(setups: Sequence[Setup], batch_size: int, device: str, kernels: str = "auto", rounds: int = 0) -> bool:
    """Return whether the replicas are played by compiled rounds.

    Args:
        setups: The game of each replica.
        batch_size: Samples a round.
        device: Device of the engine.
        kernels: One of KERNELS.
        rounds: Rounds of all networks in the study of which these replicas are a part; 0 if they are not known.
    """
    if kernels in ("torch", "onednn") or not device.startswith("cpu") or not _numba() or not supports(setups):
        return False
    if kernels == "compiled":
        return True
    if batch_size * max(a * b for a, b in pairwise(setups[0].network.sizes)) > MAX_COMPILED_WORK:
        return False
    mixed = any(len(setups[0].groups(layer)) > 1 for layer in range(1, len(setups[0].network.sizes)))
    saved = SAVED_MIXED if mixed else SAVED_REPLICA if len(setups) > 1 else SAVED_SINGLE
    return rounds * saved > COMPILE_SECONDS


def why_not_compiled(setups: Sequence[Setup], device: str) -> str:
    """Return in a few words why kernels "compiled" do not apply to these games."""
    if not _numba():
        return "numba is not installed (pip install 'neuronet[fast]')"
    if not device.startswith("cpu") or supports(setups):
        return "compiled rounds need the tensor engine on one CPU, and matmul highest"
    return "compiled rounds have softmax cross-entropy, sgd or momentum, and policies with a form alone"


def supports(setups: Sequence[Setup]) -> bool:
    """Return whether compiled rounds can play these games: what policies do must be in their forms."""
    first = setups[0]
    *hidden, output = first.network.activations
    return (
        output == "identity"
        and ACTIVATIONS.issuperset(hidden)
        and type(first.payoff) is CrossEntropy
        and type(first.optimizer) in (SGD, Momentum)
        and first.update_schedule.is_synchronous
        and not any(setup.channels or setup.silent or setup.network.is_sparse for setup in setups)
        and all(_has_forms(setup) for setup in setups)
    )


def _has_forms(setup: Setup) -> bool:
    for layer in range(1, len(setup.network.sizes)):
        forms: list[FeedbackForm | None] = [form_of(group.policy) for group in setup.groups(layer)]
        if None in forms or len({form.draw for form in forms if form is not None and form.noise}) > 1:
            return False
    return True


@cache
def _numba() -> str:
    """Return the version of numba; an empty text if it is not installed."""
    try:
        return version("numba")
    except PackageNotFoundError:
        return ""
