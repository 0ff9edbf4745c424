"""Modules of Avalanche, imported if it is installed."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import torch

from neuronet.core import MissingExtraError

MISSING = (
    "the bridge to Avalanche needs avalanche-lib: pip install --no-deps torchvision==0.28.0 (for torch 2.13), "
    "then pip install 'neuronet[avalanche]'"
)

OPERATORS = ("nms", "qnms")
"""Operators that torchvision describes to torch on import; both take boxes, their scores and a threshold."""

_DEFINED: list[torch.library.Library] = []  # a definition lasts as long as its library object


def load(name: str) -> Any:
    """Return a module of Avalanche.

    Args:
        name: Full name, such as "avalanche.training".

    Raises:
        MissingExtraError: Avalanche is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qpsolvers warns that it has no solver; only GEM needs one
        try:
            _import_torchvision()
            return import_module(name)
        except ImportError as error:
            raise MissingExtraError(MISSING) from error


def _import_torchvision() -> None:
    """Import torchvision, with or without its compiled operators.

    Avalanche imports it for data sets that are not used here. The torchvision of PyPI is compiled for torch with CUDA: with a
    torch without CUDA its operators cannot be loaded, and its import fails where it describes two of them to torch. Once they
    are defined by name and signature, the import succeeds; they are never called.
    """
    try:
        import_module("torchvision")
    except RuntimeError as error:
        if _DEFINED or "torchvision::" not in str(error):
            raise
        library: Any = torch.library.Library
        _DEFINED.append(library("torchvision", "FRAGMENT"))
        define: Any = _DEFINED[0].define
        for name in OPERATORS:
            define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import_module("torchvision")


benchmarks: Any = load("avalanche.benchmarks")
data: Any = load("avalanche.benchmarks.utils")
plugins: Any = load("avalanche.training.plugins")
templates: Any = load("avalanche.training.templates")
