"""Mixed population: accuracy and shares of attention as more neurons of a network follow another policy.

    python mixed_population.py           a preview in a few seconds
    python mixed_population.py --full    the figures of docs/populations.md: 5 seeds, 20 epochs

It draws free-rider.png, greedy.png and contrarian.png in the folder where it is started, and writes mixed_population.csv.
"""

import sys

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import neuronet
from neuronet.core import Population
from neuronet.plotting import style
from neuronet.policies import AttentionSeeking, Contrarian, FreeRider, Greedy

OTHERS = {"free-rider": FreeRider(), "greedy": Greedy(), "contrarian": Contrarian()}
QUICK = {"shares": (0.0, 0.5), "seeds": 2, "epochs": 1}
FULL = {"shares": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), "seeds": 5, "epochs": 20}


def train_mixture(name: str, share: float, seeds: int, epochs: int) -> pd.DataFrame:
    """A line for each seed: its test accuracy, the group's part of the attention, and what is lost when it falls silent."""
    policy = Population.shares([(AttentionSeeking(), 1 - share), (OTHERS[name], share)])
    result = neuronet.train("digits", policy=policy, epochs=epochs, replicas=seeds, engine="tensors", alignment=True)
    last = result.last.set_index("replica")
    measured = result.alignment[result.alignment["epoch"] == epochs]
    hidden = measured[measured["layer"] == 1]
    group = hidden[hidden["policy"] == name].set_index("replica").reindex(last.index)
    return pd.DataFrame(
        {
            "policy": name,
            "share": share,
            "seed": last.index,
            "accuracy": last["test_accuracy"],
            "attention": group["attention_share"].fillna(0.0),  # no neuron follows it
            "lost": group["accuracy_lost"].fillna(0.0),
        }
    )


def draw(name: str, table: pd.DataFrame) -> None:
    """Accuracy on the left; on the right what the group holds, against its share of the neurons."""
    figure = style.new_figure(9.6, 3.6, pads=style.PADS)
    left, right = figure.subplots(1, 2)
    share = f"{name} neurons (% of the hidden layer)"
    style.format_axes(left, title="The network's accuracy", x=share, y="test accuracy (% of samples)")
    line(left, table, "accuracy", style.BLUE, "solid", "mean, and least to most")
    style.format_axes(right, title=f"What the {name} neurons hold", x=share, y="share (%)")
    right.plot([0, 100], [0, 100], color=style.MUTED, linewidth=0.8, linestyle="dotted", label="as much as their share")
    line(right, table, "attention", style.BLUE, "solid", "of the attention paid to the layer")
    line(right, table, "lost", style.ORANGE, (0.0, (4.0, 1.6)), "accuracy lost when they fall silent")
    for axes in (left, right):
        style.add_legend(axes)
    style.save(figure, f"{name}.png")


def line(axes: Axes, table: pd.DataFrame, column: str, colour: str, dashes: object, label: str) -> None:
    spread = 100 * table.groupby("share")[column].agg(["mean", "min", "max"])
    shares = 100 * spread.index.to_numpy()
    options = {"linestyle": dashes, "marker": "o", "markersize": 3.5, "label": label}
    style.mean_with_band(axes, shares, spread["mean"], (spread["min"], spread["max"]), colour=colour, **options)


def main() -> None:
    plan = FULL if "--full" in sys.argv[1:] else QUICK
    tables = []
    for name in OTHERS:
        shares = plan["shares"]
        table = pd.concat([train_mixture(name, float(np.round(share, 3)), plan["seeds"], plan["epochs"]) for share in shares])
        draw(name, table)
        tables.append(table)
        means = 100 * table.groupby("share")[["accuracy", "attention", "lost"]].mean()
        print(f"{name}\n{means.round(1).to_string()}\n")
    pd.concat(tables).to_csv("mixed_population.csv", index=False)


if __name__ == "__main__":
    main()
