"""What is lost when neurons fall silent, and how the others make up for it: docs/interventions.md has the table.

`python examples/lesions.py` is a taste; `--full` plays all of it, which takes about ten seconds.
"""

from __future__ import annotations

import sys

import neuronet


def accuracies(plan, seeds, epochs):
    """Test accuracy by epoch, the mean over the seeds, in percent."""
    options = {"replicas": seeds, "epochs": epochs, "lr_schedule": "constant", "engine": "tensors"}
    metrics = neuronet.train("digits", interventions=plan, **options).metrics
    return 100 * metrics.groupby("epoch")["test_accuracy"].mean()


def main(full):
    shares, seeds, after, last = ((0.25, 0.5, 0.75), 5, 10, 14) if full else ((0.5,), 1, 2, 4)
    print(f"without lesions: {accuracies([], seeds, last)[last]:.1f} %")
    for share in shares:
        for select in ("least", "random", "most"):
            lesion = f"{after}: lesion(layer=1, share={share}, select='{select}')"
            still = [lesion, f"{after}: freeze(layer=1)", f"{after}: freeze(layer=2)"]  # no neuron compensates
            lost = accuracies(still, seeds, after + 1)[after + 1]
            mended = accuracies([lesion], seeds, last)
            print(
                f"{share:.0%} {select:>6}: {mended[after]:.1f} -> {lost:.1f} -> {mended[after + 1]:.1f} -> {mended[last]:.1f} %"
            )


if __name__ == "__main__":
    main("--full" in sys.argv)
