"""What of keeping-promises keeps earlier tasks? The full matrix, parts of it, and one layer alone, with equal tuning.

    python benchmarks/continual/ablation.py FOLDER [--protocol split-domain] [--jobs N]

Five tasks of two digits of mnist5k, 784-100-100 relus, 40 rounds of 64 samples a task, 5 seeds from 900; 20 games of tuning for
each row (optimizer, learning rate, kappa), else as `neuronet reproduce continual-domain --size small`. Prints a row for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

import pandas as pd
import typer

from neuronet import AttentionSeeking, Observation, Policy, Wrapper
from neuronet.continual import Learner, LearnerConfig, Method, continual_study, parse_method
from neuronet.core import Array, Memory
from neuronet.statistics import interval, paired

REFERENCE = "keeping-promises"


@dataclass(frozen=True)
class Charged(Wrapper):
    """Changes are divided by 1 and kappa times a part of the matrix C of keeping-promises.

    Args:
        policy: The wrapped policy.
        kappa: Strength, as in keeping-promises.
        part: "diagonal": each synapse by its own entry of C; "trace": all by the mean of these entries; "rounds": all by the
            number of rounds so far, which is the entry of the bias: a falling learning rate.
    """

    policy: Policy = field(default_factory=AttentionSeeking)
    kappa: float = 0.01
    part: str = "diagonal"

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Diagonal of C, (S,)."""
        return {"charge": "S"}

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the divided change."""
        charge = memory["charge"][..., None, :]
        if self.part == "trace":
            charge = obs.xp.mean(charge, axis=-1, keepdims=True)
        elif self.part == "rounds":
            charge = charge[..., -1:]
        return super().adapt(response, obs, memory) / (1.0 + self.kappa * charge)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the diagonal with the squared inputs of the batch's first sample added."""
        inputs = obs.speaker_activity[..., 0, :]
        squares = obs.xp.concat([inputs**2, obs.xp.ones_like(inputs[..., :1])], axis=-1)
        return {**super().remember(change, response, obs, memory), "charge": memory["charge"] + squares}


@dataclass(frozen=True)
class Part(Method):
    """Networks of neurons whose changes are divided by a part of the matrix.

    Args:
        kappa: Strength, as in keeping-promises.
        part: As in `Charged`.
    """

    kappa: float = 0.01
    part: str = "diagonal"

    ranges: ClassVar = {"kappa": (1e-4, 1.0)}

    def learner(self, config: LearnerConfig) -> Learner:
        """Return a game for each replica."""
        return parse_method(f"ablation:Charged(kappa={self.kappa}, part={self.part})").learner(config)


METHODS = {
    "the matrix (keeping-promises)": REFERENCE,
    "its diagonal": "ablation:Part(part=diagonal)",
    "the mean of its diagonal": "ablation:Part(part=trace)",
    "a falling rate": "ablation:Part(part=rounds)",
    "the matrix, hidden layers alone": f"layered(hidden={REFERENCE}, outputs=attention)",
    "the matrix, outputs alone": f"layered(hidden=attention, outputs={REFERENCE})",
    "nothing (backprop)": "backprop",
}


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of the study")],
    protocol: Annotated[str, typer.Option(help="Protocol")] = "split-domain",
    jobs: Annotated[int, typer.Option(help="Processes")] = 1,
) -> None:
    """Play the study, or read it if it is finished, and print the table."""
    result = continual_study(
        protocol,
        "mnist5k",
        list(METHODS.values()),
        jobs=jobs,
        out=folder,
        seeds=5,
        seed=900,
        hidden=(100, 100),
        batch_size=64,
        iterations=40,
        tune=True,
        trials=20,
        max_range_extensions=0,
        tuning_seeds=1,
        optimizers=("sgd", "momentum", "adam"),
    )
    rows = {row["policy"]: row for row in result.table.to_dict("records")}
    final = {spec: 100 * result.matrix(spec)[:, -1].mean(axis=-1) for spec in METHODS.values()}
    table = []
    for name, spec in METHODS.items():
        mean, _, high = interval(final[spec])
        gap = paired(final[spec] - final[REFERENCE])
        difference = "" if spec == REFERENCE else f"{gap.mean:+.1f} ± {gap.high - gap.mean:.1f}"
        row = rows[spec]
        chosen = f"rate {row['learning_rate']:g}, {row['settings']}"
        edge = "at an edge" if row["at_edge"] else ""
        table.append((name, f"{mean:.1f} ± {high - mean:.1f}", difference, chosen, edge))
    print(pd.DataFrame(table, columns=["protected by", "final, %", "to the matrix", "chosen", ""]).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
