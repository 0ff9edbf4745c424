"""`neuronet check`: verify policies, or the theory."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.core import NeuroNetError

HELP = "Policies to check, such as mine:MyPolicy or greedy(top=3) [default: none; the theory is verified]"


def check(policies: Annotated[list[str] | None, typer.Argument(help=escape(HELP))] = None) -> None:
    """Check that policies keep their contract, or verify the theory by computation.

    Exit status 0 if every policy keeps it, or every proposition holds, 1 if not.
    """
    passed = _check_policies(policies) if policies else _check_theory()
    if not passed:
        raise typer.Exit(1)


def _check_policies(specs: list[str]) -> bool:
    from neuronet.registry import parse_policy
    from neuronet.testing import check_policy

    found = [(spec, parse_policy(spec)) for spec in specs]  # what cannot be parsed is refused before anything is checked
    passed = True
    for spec, policy in found:
        with console.ERR.status(f"{escape(spec)}: begins") as status:
            try:
                check_policy(policy, log=lambda line, spec=spec, status=status: status.update(f"{escape(spec)}: {line}"))  # type: ignore[misc]
            except NeuroNetError as error:
                passed, words = False, f"breaks its contract: {error}"
            else:
                words = "keeps its contract"
        console.OUT.print(f"{spec} {words}", soft_wrap=True, markup=False, highlight=False)
    return passed


def _check_theory() -> bool:
    from neuronet.theory import check_all

    with console.ERR.status("Verifying the theory"):
        checks = check_all()
    console.OUT.print(console.checks_table(checks))
    return all(result.passed for result in checks)
