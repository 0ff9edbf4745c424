"""Large single-precision products by torch's own library and by oneDNN, on one processor; the table that the engine chooses by.

    python -m benchmarks.products [--write]

Blocks of both alternate. oneDNN is chosen from the least number of multiplications on from which it is faster in every product
that is as large and has 10,000 weights or more. `--write` puts that into neuronet/engines/tensors/kernels/product_table.py.
"""

from __future__ import annotations

import os

if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

import re
from pathlib import Path
from typing import Annotated

import torch
import typer

from neuronet.benchmarking import machine_name, pinned
from neuronet.benchmarking.timing import time_interleaved
from neuronet.engines.tensors import processor_family
from neuronet.engines.tensors.kernels import product_table
from neuronet.engines.tensors.kernels.matmul import ANY_PROCESSOR, _linear

BATCHES = (32, 128, 1024)
SHAPES = ((64, 32), (128, 128), (256, 256), (784, 256), (784, 1000), (1000, 1000))
FASTER = 0.95
"""Ratio below which oneDNN counts as faster."""


def ratio(batch: int, speakers: int, neurons: int) -> tuple[float, float]:
    """Return the seconds of torch's product into a buffer, and the ratio of oneDNN's."""
    heard, weights, bias = torch.randn(batch, speakers), torch.randn(neurons, speakers), torch.randn(neurons)
    out, onednn = torch.empty(batch, neurons), _linear()

    def by_torch(count: int) -> None:
        for _ in range(count):
            torch.addmm(bias, heard, weights.mT, out=out)

    def by_onednn(count: int) -> None:
        for _ in range(count):
            onednn(heard, weights, bias, "none", [], "")

    with torch.inference_mode():
        times = time_interleaved({"torch": by_torch, "onednn": by_onednn}, blocks=30, seconds=0.005)
    return times["torch"].minimum, times["onednn"].minimum / times["torch"].minimum


def row_of(ratios: dict[tuple[int, int, int], float]) -> product_table.ProductRow:
    """Return the row of the table that the ratios of (batch, speakers, neurons) lead to."""
    large = {(b * i * j): found for (b, i, j), found in sorted(ratios.items()) if i * j >= ANY_PROCESSOR.min_weights}
    least = None
    for work in sorted(large, reverse=True):
        if large[work] > FASTER:
            break
        least = work
    return product_table.ProductRow(least, ANY_PROCESSOR.min_weights if least else 0, "measured")


def write(family: str, row: product_table.ProductRow) -> None:
    path = Path(product_table.__file__)
    rows = {**product_table.PRODUCT_TABLE, family: row}
    lines = "".join(
        f'    "{name}": ProductRow({r.min_work!r}, {r.min_weights!r}, "{r.basis}"),\n' for name, r in sorted(rows.items())
    )
    text = re.sub(r"(PRODUCT_TABLE: .*? = \{\n).*?(\})", rf"\g<1>{lines}\g<2>", path.read_text("utf-8"), flags=re.S)
    path.write_text(text, "utf-8")


def main(
    to_table: Annotated[bool, typer.Option("--write", help="Write the row of this processor into the table.")] = False,
) -> None:
    torch.set_num_threads(1)
    if _linear() is None:
        raise typer.BadParameter("this build of torch has no oneDNN")
    ratios = {}
    with pinned(1):
        print(machine_name(1))
        for batch in BATCHES:
            for speakers, neurons in SHAPES:
                seconds, found = ratio(batch, speakers, neurons)
                ratios[batch, speakers, neurons] = found
                print(f"batch {batch:5}, {speakers:4} x {neurons:4}: torch {1e6 * seconds:8.1f} us, oneDNN {found:.2f} of that")
    row = row_of(ratios)
    print(f"{processor_family()}: {row}")
    if to_table:
        write(processor_family(), row)


if __name__ == "__main__":
    typer.run(main)
