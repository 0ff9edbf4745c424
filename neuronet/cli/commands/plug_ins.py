"""`neuronet policies`, `channels`, `update-schedules` and `environments`: lists of plug-ins."""

from __future__ import annotations

from neuronet.cli import console


def policies() -> None:
    """List the policies that neurons can follow."""
    from neuronet.registry import known_policies

    console.OUT.print(console.policy_table(known_policies()))


def channels() -> None:
    """List the channels that messages can pass."""
    from neuronet.channels import CHANNELS

    console.OUT.print(console.plug_in_table("channel", CHANNELS))


def update_schedules() -> None:
    """List the update schedules: which neurons act in a round."""
    from neuronet.core import UPDATE_SCHEDULES

    console.OUT.print(console.plug_in_table("update schedule", UPDATE_SCHEDULES))


def environments() -> None:
    """List the environments in which networks can be trained."""
    from neuronet.registry import URI_SCHEMES, known_environments

    table = console.plug_in_table("environment", known_environments())
    for scheme, what in URI_SCHEMES.items():
        table.add_row(scheme, what, "")
    console.OUT.print(table)
