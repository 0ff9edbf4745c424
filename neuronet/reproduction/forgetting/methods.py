"""Methods of the study of forgetting: forms of the attention budget, and controls that separate its parts."""

from __future__ import annotations

from neuronet.registry import BASELINE

BUDGETED, RELATIVE, ROWS = "budgeted", "budgeted(budget=0.5,relative=true)", "budgeted(demands=false)"
MESSAGES, HALVED, DOUBLED = "budgeted(steps=false)", "damped", "damped(factor=2.0)"
HALF_BUDGET, SCALED_ROWS, CLIPPED = "budgeted(budget=0.5)", "budgeted(demands=false,bias=scaled)", "clipped(bound=0.01)"

LOWEST_RATE: dict[str, float] = {
    BASELINE: -3.5,
    BUDGETED: -4.5,
    HALF_BUDGET: -4.5,
    RELATIVE: -3.5,
    ROWS: -4.5,
    SCALED_ROWS: -4.5,
    MESSAGES: -4.5,
    HALVED: -3.5,
    DOUBLED: -4.5,
    CLIPPED: -3.5,
}
"""Every method, with the decimal logarithm of its lowest rate. Steps of fixed length learn as much at a tenth of the rate."""

MAIN_METHODS = (BASELINE, BUDGETED, RELATIVE, ROWS, MESSAGES, HALVED)

MOST_RETAINED = (BASELINE, BUDGETED, ROWS, MESSAGES)
"""Error backpropagation, and the forms of the budget that kept more than it with 256 neurons a layer."""
