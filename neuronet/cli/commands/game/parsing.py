"""Lists with commas on the command line of `neuronet game`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neuronet.cli.commands.compare import split_policies
from neuronet.core import ConfigurationError, parse_integer

if TYPE_CHECKING:
    from neuronet.core import Policy


def parse_policies(texts: Sequence[str]) -> list[Policy]:
    """Return the policies of several lists with commas.

    Raises:
        SpecError: A policy cannot be parsed.
        ConfigurationError: A policy is named twice.
    """
    from neuronet.registry import parse_policy

    found: list[Policy] = []
    for text in split_policies(list(texts)):
        policy = parse_policy(text)
        if policy in found:
            raise ConfigurationError(f"policy '{text}' is named twice")
        found.append(policy)
    return found


def parse_epochs(text: str | None) -> list[int]:
    """Return numbers of epochs, ascending, from a text such as "0,5".

    Raises:
        ConfigurationError: They are not integers of 0 or more.
    """
    return parse_integers("at_epochs", text or "0", least=0)


def parse_integers(name: str, text: str, *, least: int) -> list[int]:
    """Return different integers, ascending, from a text such as "1,5".

    Args:
        name: Name of the option, for the message.
        text: The integers with commas in between.
        least: Smallest integer allowed.

    Raises:
        ConfigurationError: They are not such integers.
    """
    try:
        found = sorted(set(map(parse_integer, text.split(","))))
    except ValueError:
        found = [least - 1]
    if found[0] < least:
        raise ConfigurationError(f"{name} must be integers of {least} or more with commas in between, got '{text}'")
    return found
