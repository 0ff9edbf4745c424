"""Reproductions: registered studies of published claims, with their settings, published figures and conclusions."""

from neuronet.reproduction.api import FIGURE, ReproductionResult, get_reproduction, read_reproduction, reproduce
from neuronet.reproduction.findings import Finding, Published
from neuronet.reproduction.forgetting.analysis import frontiers, level_of_backprop
from neuronet.reproduction.forgetting.frontier import Frontier
from neuronet.reproduction.registry import REPRODUCTIONS
from neuronet.reproduction.scripted import SCRIPTED_RESULTS, ScriptedResult
from neuronet.reproduction.study import Reproduction, RunOptions

__all__ = [
    "FIGURE",
    "REPRODUCTIONS",
    "SCRIPTED_RESULTS",
    "Finding",
    "Frontier",
    "Published",
    "Reproduction",
    "ReproductionResult",
    "RunOptions",
    "ScriptedResult",
    "frontiers",
    "get_reproduction",
    "level_of_backprop",
    "read_reproduction",
    "reproduce",
]
