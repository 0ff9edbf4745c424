from __future__ import annotations

import pytest

from neuronet.theory import Above, Below, Check, Near

NAN = float("nan")


@pytest.mark.parametrize(
    ("bound", "measured", "holds"),
    [
        (Below(1e-12), 0.0, True),
        (Below(1e-12), 1e-12, False),
        (Below(1e-12), 1.0, False),
        (Below(0.0), -1e-300, True),
        (Below(0.0), 0.0, False),
        (Below(1.0), NAN, False),
        (Below(1.0), float("inf"), False),
        (Above(0.05), 0.06, True),
        (Above(0.05), 0.05, False),
        (Above(0.05), 0.0, False),
        (Above(0.05), NAN, False),
        (Above(0.05), float("inf"), True),
        (Near(1.0, 0.05), 1.04, True),
        (Near(1.0, 0.05), 0.96, True),
        (Near(1.0, 0.05), 1.06, False),
        (Near(1.0, 0.05), 0.94, False),
        (Near(1.0, 0.05), NAN, False),
    ],
)
def test_check_passes_if_its_bound_holds(bound, measured, holds):
    assert Check("1 equivalence", "a gap", measured, bound).passed is holds


@pytest.mark.parametrize(
    ("bound", "text"),
    [(Below(1e-12), "< 1e-12"), (Below(0.99), "< 0.99"), (Above(0.05), "> 0.05"), (Near(1.0, 0.05), "1.00 +- 0.05")],
)
def test_required_text_of_a_bound(bound, text):
    assert Check("1 equivalence", "a gap", 0.0, bound).required == text
