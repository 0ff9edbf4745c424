"""Registered reproductions, by name."""

from __future__ import annotations

from neuronet.reproduction.capacity import CAPACITY
from neuronet.reproduction.continual_studies import (
    CONTINUAL_CLASS,
    CONTINUAL_DOMAIN,
    CONTINUAL_LENET,
    CONTINUAL_MEMORY,
    CONTINUAL_OTHERS,
    CONTINUAL_PERMUTED,
    CONTINUAL_STREAM,
)
from neuronet.reproduction.depth import DEPTH
from neuronet.reproduction.feedback_rules import FEEDBACK_RULES
from neuronet.reproduction.forgetting.study import FORGETTING
from neuronet.reproduction.published_forgetting import PUBLISHED_FORGETTING
from neuronet.reproduction.study import Reproduction

REPRODUCTIONS: dict[str, Reproduction] = {
    "budgeted-capacity": CAPACITY,
    "budgeted-depth": DEPTH,
    "budgeted-forgetting": FORGETTING,
    "continual-class": CONTINUAL_CLASS,
    "continual-domain": CONTINUAL_DOMAIN,
    "continual-lenet": CONTINUAL_LENET,
    "continual-memory": CONTINUAL_MEMORY,
    "continual-others": CONTINUAL_OTHERS,
    "continual-permuted": CONTINUAL_PERMUTED,
    "continual-stream": CONTINUAL_STREAM,
    "feedback-rules": FEEDBACK_RULES,
    "published-forgetting": PUBLISHED_FORGETTING,
}
"""Every reproduction by its name."""
