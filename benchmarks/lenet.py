"""Test errors of a LeNet on Fashion-MNIST by each feedback rule, for docs/attention-budget.md.

The learning rates were the best after three epochs on 15,000 training images, by the error on held-out training images. FA
has two: that one, and the next lower, which is also BioTorch's for CIFAR-10.

python benchmarks/lenet.py benchmarks/reproduction/feedback-rules/errors.csv [--folder FOLDER] [--jobs N]
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from neuronet.reproduction.lenet import lenet_errors
from neuronet.reproduction.lenet_settings import RULES, LeNetSettings

RATES = {"BP": 0.01, "FA": 0.001, "DFA": 0.0001, "uSF": 0.0316, "brSF": 0.0316, "frSF": 0.01}
SHORT = LeNetSettings(epochs=8, milestones=(4, 6), learning_rates=RATES)
LONG_RULES = ("FA", "DFA", "brSF", "frSF")
LONG = LeNetSettings(learning_rates={rule: RATES[rule] for rule in LONG_RULES}, rules={rule: RULES[rule] for rule in LONG_RULES})
SECOND_BP = replace(SHORT, rules={"BP": RULES["BP"]}, learning_rates={"BP": RATES["BP"]})
FAST_FA = replace(SHORT, rules={"FA": RULES["FA"]}, learning_rates={"FA": 0.00316})
SLOW_DFA = replace(LONG, epochs=20, milestones=(), rules={"DFA": RULES["DFA"]}, learning_rates={"DFA": 0.0000316})
BUDGETED = tuple(replace(SHORT, rules={"budgeted": "budgeted"}, learning_rates={"budgeted": rate}) for rate in (0.001, 0.000316))
PLAN = (
    (SHORT, (0,)),
    (SECOND_BP, (1, 2)),
    (FAST_FA, (0,)),
    (LONG, (0,)),
    (SLOW_DFA, (0,)),
    *((settings, (0,)) for settings in BUDGETED),
)
"""Settings, and their seeds."""


def main(
    file: Annotated[Path, typer.Argument(help="Table to write, .csv")],
    folder: Annotated[Path | None, typer.Option(help="Folder that keeps what was played")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes")] = None,
) -> None:
    """Play all runs, about six hours of one core that is shared, and write a line for each epoch."""
    parts = []
    for settings, seeds in PLAN:
        kept = None if folder is None else folder / str(settings.epochs)
        table = lenet_errors(settings, seeds, kept, jobs, typer.echo)
        table.insert(0, "epochs", settings.epochs)
        table.insert(2, "learning_rate", table["rule"].map(settings.rate))
        parts.append(table)
    pd.concat(parts).round({"error": 2, "seconds": 1}).to_csv(file, index=False)


if __name__ == "__main__":
    typer.run(main)
