"""Published tables that stand beside ours, with the command that plays each where the data are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedTable:
    """Table of a publication.

    Attributes:
        title: What was measured.
        source: Publication, and where its figures were read.
        unit: Unit of the figures, and what follows ±.
        columns: Names of its columns after the first, which names methods.
        rows: Figures of each method, as published.
        command: Command that plays the same here; "" where there is none.
        reason: Why it has not been run here.
    """

    title: str
    source: str
    unit: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]
    command: str
    reason: str


NEEDS_MNIST = "not run here: needs MNIST"

PUBLISHED_TABLES: tuple[PublishedTable, ...] = (
    PublishedTable(
        "Split and permuted MNIST: van de Ven and Tolias",
        "van de Ven and Tolias 2018 (arXiv 1809.10635), tables 3 and 4, full text",
        "final accuracy in %, standard error in brackets, 20 seeds",
        ("split, task", "split, domain", "split, class", "permuted, task", "permuted, domain", "permuted, class"),
        {
            "none": ("85.15 (1.00)", "57.33 (1.66)", "19.90 (0.02)", "81.79 (0.48)", "78.51 (0.24)", "17.26 (0.19)"),
            "EWC": ("85.48 (1.20)", "57.80 (1.61)", "19.90 (0.02)", "94.74 (0.05)", "94.31 (0.11)", "25.04 (0.50)"),
            "online EWC": ("85.22 (1.06)", "57.60 (1.66)", "19.90 (0.02)", "95.96 (0.06)", "94.42 (0.13)", "33.88 (0.49)"),
            "SI": ("99.14 (0.11)", "63.77 (1.18)", "20.04 (0.08)", "94.75 (0.14)", "95.33 (0.11)", "29.31 (0.62)"),
            "LwF": ("99.60 (0.03)", "71.02 (1.26)", "24.17 (0.51)", "69.84 (0.46)", "72.64 (0.52)", "22.64 (0.23)"),
            "joint": ("99.64 (0.03)", "98.41 (0.06)", "97.93 (0.04)", "97.68 (0.01)", "97.59 (0.01)", "97.59 (0.02)"),
        },
        "neuronet continual split-domain mnist --preset vandeven-split --policies ewc,ewc-online,si,lwf,joint --seeds 20",
        f"{NEEDS_MNIST}; a part of it is played on 5,000 images of it above",
    ),
    PublishedTable(
        "Split MNIST: Hsu and others",
        "Hsu, Liu, Ramasamy, Kira 2018 (arXiv 1810.12488), table 2, in their repository",
        "final accuracy in %, ± standard deviation, 10 runs",
        ("task", "domain", "class"),
        {
            "Adam": ("93.46 ± 2.01", "55.16 ± 1.38", "19.71 ± 0.08"),
            "SGD": ("97.98 ± 0.09", "63.20 ± 0.35", "19.46 ± 0.04"),
            "EWC": ("97.70 ± 0.81", "58.85 ± 2.59", "19.80 ± 0.05"),
            "online EWC": ("98.04 ± 1.10", "57.33 ± 1.44", "19.77 ± 0.04"),
            "SI": ("98.56 ± 0.49", "64.76 ± 3.09", "19.67 ± 0.09"),
            "MAS": ("99.22 ± 0.21", "68.57 ± 6.85", "19.52 ± 0.29"),
            "LwF": ("99.60 ± 0.03", "71.02 ± 1.26", "24.17 ± 0.33"),
            "naive rehearsal": ("99.40 ± 0.08", "95.16 ± 0.49", "90.78 ± 0.85"),
            "offline": ("99.52 ± 0.16", "98.59 ± 0.15", "97.53 ± 0.30"),
        },
        "neuronet continual split-domain mnist --preset hsu-split --policies ewc,ewc-online,si,mas,lwf,joint --seeds 10",
        NEEDS_MNIST,
    ),
    PublishedTable(
        "Streams of twenty tasks: the paper of dark experience replay",
        "Buzzega et al. 2020 (arXiv 2004.07211), table 2, as two public files quote it",
        "final accuracy in %, ± standard deviation where it is quoted",
        ("permuted MNIST", "rotated MNIST"),
        {"SGD": ("40.70 ± 2.33", "67.66 ± 8.53"), "joint": ("94.33", "95.76")},
        'neuronet continual "permuted(tasks=20)" mnist --policies joint --hidden 100,100 --seeds 10',
        NEEDS_MNIST,
    ),
    PublishedTable(
        "Control by self-interested units: Chung",
        "Chung 2022, README of the official repository",
        "mean return over all episodes of learning, standard deviation in brackets, 10 runs",
        ("Multiplexer", "CartPole-v1", "Acrobot", "LunarLander"),
        {"weight maximization": ("0.81 (0.01)", "390.38 (43.25)", "-97.05 (2.90)", "111.23 (16.58)")},
        "",
        "not run here: those units have a critic and learn at each step, `neuronet control` has none and learns by episodes",
    ),
)
"""Tables that cannot be played on the data that come with NeuroNet; the registered reproductions have the others."""
