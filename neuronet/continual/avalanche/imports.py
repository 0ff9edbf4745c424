"""Avalanche itself, imported where it can be."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import torch

from neuronet.core.errors import NeuroNetError

MISSING = (
    "the bridge to Avalanche needs avalanche-lib: pip install --no-deps torchvision==0.28.0 (for torch 2.13), "
    "then pip install 'neuronet[avalanche]'"
)

OPERATORS = ("nms", "qnms")
"""Of torchvision, those that its import speaks of; both take boxes, their scores and a threshold."""

_DEFINED: list[torch.library.Library] = []  # a definition lasts as long as its library does


def load(name: str) -> Any:
    """A module of Avalanche.

    Args:
        name: Such as "avalanche.training".

    Raises:
        NeuroNetError: It is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qpsolvers: that it has no solver, which GEM alone asks for
        try:
            _import_torchvision()
            return import_module(name)
        except ImportError as error:
            raise NeuroNetError(MISSING) from error


def _import_torchvision() -> None:
    """Import torchvision, with or without its compiled operators.

    Avalanche imports it for its data sets, which are not used here. The torchvision of PyPI is compiled for torch with CUDA:
    beside a torch without, it cannot load its operators, and its import stops where it describes two of them to torch's tracer.
    Once they have a name and a signature it goes on; nobody calls them.
    """
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if _DEFINED or "torchvision::" not in str(error):
            raise
        _DEFINED.append(torch.library.Library("torchvision", "FRAGMENT"))  # type: ignore[no-untyped-call]
        for name in OPERATORS:
            signature = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            _DEFINED[0].define(signature)  # type: ignore[no-untyped-call]
        import_module("torchvision")


benchmarks: Any = load("avalanche.benchmarks")
data: Any = load("avalanche.benchmarks.utils")
plugins: Any = load("avalanche.training.plugins")
templates: Any = load("avalanche.training.templates")
