"""Figure of a finished study with a long stream of tasks: accuracy of each new task, and average accuracy so far.

python benchmarks/continual/stream.py FOLDER FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from neuronet.continual import average_accuracy, summarize_studies
from neuronet.plotting import style
from neuronet.plotting.continual import draw_line, line_styles


def draw(folder: str, picture: str) -> Path:
    """Draw the figure; print the accuracy on the first, middle and last ten tasks, and the average after 10, half and all."""
    (study,) = summarize_studies([folder]).studies
    figure = style.new_figure(9.6, 3.6, pads=(0.08, 0.04))
    new_axes, average_axes = figure.subplots(1, 2, sharey=True)
    style.format_axes(new_axes, title="learned: each task right after it", x="task", y="accuracy (%)")
    style.format_axes(average_axes, title="kept: all tasks so far", x="tasks learned", y="")
    for name, (hue, dashes) in line_styles(study.matrices).items():
        matrices = study.matrices[name]
        new, so_far = 100 * np.diagonal(matrices[:, 1:], axis1=1, axis2=2), 100 * average_accuracy(matrices)
        draw_line(new_axes, name, new, hue, dashes, 0.2)
        draw_line(average_axes, name, so_far, hue, dashes, 0.2)
        middle = new.shape[1] // 2
        tens = [new[:, :10], new[:, middle - 5 : middle + 5], new[:, -10:]]
        print(
            name,
            "learned",
            *(f"{ten.mean():.1f}" for ten in tens),
            "kept",
            *(f"{so_far[:, at].mean():.1f}" for at in (9, middle - 1, -1)),
        )
    style.name_below(figure, ncols=4)
    return style.save(figure, picture)


if __name__ == "__main__":
    draw(*sys.argv[1:])
