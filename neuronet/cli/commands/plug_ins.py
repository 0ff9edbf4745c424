"""`neuronet policies`, `channels`, `update-schedules`, `interventions` and `environments`: lists of plug-ins."""

from __future__ import annotations

from neuronet.cli import console


def policies() -> None:
    """List the policies that neurons can follow."""
    from neuronet.cli.tables.plug_ins import policy_table
    from neuronet.registry import known_policies

    console.OUT.print(policy_table(known_policies()))


def channels() -> None:
    """List the channels that messages can pass."""
    from neuronet.channels import CHANNELS
    from neuronet.cli.tables.plug_ins import plug_in_table

    console.OUT.print(plug_in_table("channel", CHANNELS))


def update_schedules() -> None:
    """List the update schedules: which neurons act in a round."""
    from neuronet.cli.tables.plug_ins import plug_in_table
    from neuronet.core import UPDATE_SCHEDULES

    console.OUT.print(plug_in_table("update schedule", UPDATE_SCHEDULES))


def interventions() -> None:
    """List the interventions that can change a network during a run, as --intervene takes them."""
    from neuronet.cli.tables.plug_ins import plug_in_table
    from neuronet.interventions import INTERVENTIONS

    console.OUT.print(plug_in_table("intervention", INTERVENTIONS))


def environments() -> None:
    """List the environments in which networks can be trained."""
    from neuronet.cli.tables.plug_ins import plug_in_table
    from neuronet.registry import URI_SCHEMES, known_environments

    table = plug_in_table("environment", known_environments())
    for scheme, what in URI_SCHEMES.items():
        table.add_row(scheme, what, "")
    console.OUT.print(table)
