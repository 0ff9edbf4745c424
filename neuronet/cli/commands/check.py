"""`neuronet check`: verify the theory."""

from __future__ import annotations

import typer

from neuronet.cli import console


def check() -> None:
    """Verify the theory by computation: exit status 0 if every proposition holds, 1 if not."""
    from neuronet.theory import check_all

    with console.ERR.status("Verifying the theory"):
        checks = check_all()
    console.OUT.print(console.checks_table(checks))
    if not all(result.passed for result in checks):
        raise typer.Exit(1)
