"""One page of tables about a GPU, in under eight minutes: parity, speed, replicas, sparse layers, convert and a study.

    python -m benchmarks.gpu [--device cuda] [--matmul high] [--only parity --only sparse] [--markdown FILE]
    python -m benchmarks.gpu --device cpu --tiny    # a test of the script, in seconds

Every section has a budget. It is over after the row in which its budget ends, and the page says which sections are
unfinished. A section that fails is reported with its error, and the next one begins.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.gpu.sections import SECTIONS, Row, Scale, full, tiny
from neuronet.core import ConfigurationError


def play(name: str, scale: Scale, share: float = 1.0) -> tuple[list[Row], str]:
    """Return the rows of a section, and a line about its time.

    Args:
        name: Name of the section.
        scale: How large everything is.
        share: Share of the section's budget that it may take.
    """
    section, budget = SECTIONS[name]
    start, rows, note = time.perf_counter(), list[Row](), "complete"
    try:
        for row in section(scale):
            rows.append(row)
            if time.perf_counter() - start > share * budget:
                note = "left unfinished if more was to come"
                break
    except Exception as error:  # the other sections are still worth their time
        note = f"failed: {type(error).__name__}: {error}"
    return rows, f"{time.perf_counter() - start:.1f} s of {share * budget:.0f} s, {note}"


def as_markdown(name: str, rows: list[Row], line: str) -> str:
    """Return a section of the page."""
    parts = [f"## {name}", "", line, ""]
    if rows:
        parts += [f"| {' | '.join(rows[0])} |", "|---" * len(rows[0]) + "|"]
        parts += [f"| {' | '.join(row.values())} |" for row in rows]
    return "\n".join([*parts, ""])


def main(
    device: Annotated[str, typer.Option(help="cuda, or cpu to test the script.")] = "cuda",
    matmul: Annotated[str, typer.Option(help="Precision of matrix products: highest, high or medium.")] = "highest",
    only: Annotated[list[str] | None, typer.Option(help=f"Section: {', '.join(SECTIONS)}; all if not given.")] = None,
    is_tiny: Annotated[bool, typer.Option("--tiny", help="Everything tiny, to test the script.")] = False,
    share: Annotated[float, typer.Option(min=0.0, help="Share of each section's budget (>= 0).")] = 1.0,
    markdown: Annotated[Path | None, typer.Option(help="File for the page.")] = None,
) -> None:
    if unknown := [name for name in only or () if name not in SECTIONS]:
        raise typer.BadParameter(f"unknown section '{unknown[0]}': the sections are {', '.join(SECTIONS)}")
    if device != "cpu" and not torch.cuda.is_available():
        raise ConfigurationError(f"device '{device}' is not available: use --device cpu --tiny to test the script")
    torch.set_float32_matmul_precision(matmul)
    machine = torch.cuda.get_device_name() if device != "cpu" else platform.processor() or platform.machine()
    page = [f"# {machine}, torch {torch.__version__}, matmul {matmul}\n"]
    print(page[0])
    failed = False
    for name in only or SECTIONS:
        rows, line = play(name, tiny(device) if is_tiny else full(device), share)
        failed |= "failed:" in line or any("NO" in row.values() for row in rows)
        page.append(as_markdown(name, rows, line))
        print(page[-1], flush=True)
    if markdown is not None:
        markdown.write_text("\n".join(page))
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
