"""Mechanisms: what neurons are paid for, what rules bind them, and what the channels between them do.

A mechanism is written as its parts with plus signs in between, each a spec of its own:

    attention                              neurons are paid attention, and nothing binds them
    credit                                 a payoff: neurons are paid their Shapley values
    budgeted(budget=0.3)                   a policy that wraps another is a rule: every neuron obeys it, deviators, too
    activity:normalize                     a channel
    budgeted(budget=0.3) + priced(0.1)     several at once
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce

from neuronet.channels import DIRECTIONS, ChannelAt
from neuronet.core import Policy, SpecError, Wrapper
from neuronet.games.simulation.network_payoffs import NETWORK_PAYOFFS, GamePayoff
from neuronet.games.simulation.own_functions import parse_payoff_kind
from neuronet.games.simulation.payoffs import KINDS
from neuronet.registry import parse_channel, parse_policy

EXAMPLE = "budgeted(budget=0.3) + credit"


@dataclass(frozen=True)
class Mechanism:
    """Payoff, rules and channels of a game.

    Attributes:
        name: Text of the mechanism.
        payoff: Payoff of the neurons, one of KINDS or a payoff of its own.
        rules: Wrappers that every policy is put into, the innermost first.
        channels: Channels between the layers.
    """

    name: str
    payoff: str | GamePayoff = "attention"
    rules: tuple[Wrapper, ...] = ()
    channels: tuple[ChannelAt, ...] = ()

    @property
    def kind(self) -> str:
        """Return the name of the payoff."""
        return self.payoff if isinstance(self.payoff, str) else self.payoff.name

    def bound(self, policy: Policy) -> Policy:
        """Return a policy as the rules let it play."""
        return reduce(_wrapped, self.rules, policy)


def _wrapped(policy: Policy, rule: Wrapper) -> Policy:
    """Return the rule with another policy inside."""
    values = {field.name: getattr(rule, field.name) for field in fields(rule) if field.init}  # type: ignore[arg-type]
    return type(rule)(**{**values, "policy": policy})


def parse_mechanism(text: str) -> Mechanism:
    """Return the mechanism of a text such as "budgeted(budget=0.3) + credit".

    Raises:
        SpecError: A part is unknown, a policy that wraps no other is named, or there are two payoffs.
        ConfigurationError: A parameter is out of range.
    """
    payoffs: list[str | GamePayoff] = []
    rules: list[Wrapper] = []
    channels: list[ChannelAt] = []
    for part in _split(text):
        if part.partition(":")[0].partition("@")[0].strip() in DIRECTIONS:
            channels.append(parse_channel(part))
        elif ":" in part or part.partition("(")[0].strip() in (*KINDS, *NETWORK_PAYOFFS):
            payoffs.append(parse_payoff_kind(part))
        else:
            rules.append(_rule(part))
    if len(payoffs) > 1:
        raise SpecError(f"a mechanism has one payoff, but '{text}' has {len(payoffs)}: write {EXAMPLE}")
    return Mechanism(" + ".join(_split(text)), payoffs[0] if payoffs else "attention", tuple(rules), tuple(channels))


def _rule(part: str) -> Wrapper:
    policy = parse_policy(part)
    if not isinstance(policy, Wrapper):
        raise SpecError(
            f"a mechanism has payoffs, channels, and policies that wrap others, but '{part}' wraps none: write {EXAMPLE}"
        )
    return policy


def _split(text: str) -> Sequence[str]:
    """Split a text at the plus signs that are outside of brackets; the parts are stripped."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "+" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
