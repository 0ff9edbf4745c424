"""Conditions of the study of feedback rules in a LeNet, apart from its training, which needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from neuronet.core import ConfigurationError, Policy, check_flag, check_number
from neuronet.registry import parse_policy

MIN_SIZE = 32
"""Smallest side of an image: the third convolution then has one place."""

RULES: Mapping[str, str | None] = MappingProxyType(
    {
        "BP": None,
        "FA": "random-feedback",
        "DFA": "direct-feedback",
        "uSF": "sign-symmetric",
        "brSF": "random-sign-symmetric",
        "frSF": "random-sign-symmetric(fixed=true)",
    }
)
"""Policies by the names that the literature has for them; None is torch's backpropagation, not converted."""


@dataclass(frozen=True)
class LeNetSettings:
    """Conditions that the rules of a study share.

    Attributes:
        environment: Spec of an environment of grey images, such as "fashion-mnist" or "mnist5k".
        epochs: Number of epochs (>= 1).
        milestones: Numbers of epochs after which the learning rate is multiplied by 0.1.
        batch_size: Images a round (>= 1); the last images of an epoch are left out if they are fewer.
        learning_rate: Initial learning rate (> 0).
        learning_rates: Initial learning rates of single rules, by name, in place of learning_rate.
        momentum: Of torch's SGD, 0 to below 1.
        weight_decay: Of torch's SGD, on weights and biases (>= 0).
        image_size: Side (>= 32) to which images are resized.
        samples: Number of training images, drawn once for all seeds; 0 for all.
        validation: Whether a sixth of the training images is held out and replaces the test images, to choose learning rates.
        rules: Spec of a policy by name; None for torch's backpropagation. The parameter `scale` of a policy counts in units of
            the standard deviation of the layer's initial weights.

    Raises:
        ConfigurationError: A value is out of range.
        SpecError: A rule is not a policy.
    """

    environment: str = "fashion-mnist"
    epochs: int = 100
    milestones: tuple[int, ...] = (50, 75)
    batch_size: int = 64
    learning_rate: float = 0.01
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    momentum: float = 0.9
    weight_decay: float = 1e-3
    image_size: int = MIN_SIZE
    samples: int = 0
    validation: bool = False
    rules: Mapping[str, str | None] = field(default_factory=lambda: dict(RULES))

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("image_size", MIN_SIZE), ("samples", 0)):
            check_number(name, getattr(self, name), least, whole=True)
        for milestone in self.milestones:
            check_number("milestones", milestone, 1, whole=True)
        check_number("momentum", self.momentum, 0, 1, below=True)
        check_number("weight_decay", self.weight_decay, 0)
        check_flag("validation", self.validation)
        if not self.rules:
            raise ConfigurationError("a study of feedback rules needs a rule")
        if unknown := sorted(self.learning_rates.keys() - self.rules.keys()):
            raise ConfigurationError(f"learning_rates has '{unknown[0]}', which is not one of the rules: {', '.join(self.rules)}")
        for rule in self.rules:
            check_number("learning_rate", self.rate(rule), 0, above=True)
            self.policy(rule)

    def rate(self, rule: str) -> float:
        """Return the initial learning rate of a rule."""
        return self.learning_rates.get(rule, self.learning_rate)

    def policy(self, rule: str) -> Policy | None:
        """Return the policy of a rule; None for torch's backpropagation."""
        spec = self.rules[rule]
        return None if spec is None else parse_policy(spec)

    def shared(self) -> dict[str, Any]:
        """Return what all rules have in common, as plain data."""
        names = (item.name for item in fields(self))
        return {name: getattr(self, name) for name in names if name not in ("rules", "learning_rate", "learning_rates")}
