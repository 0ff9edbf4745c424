"""The registry of figures names functions that exist, and refuses other names."""

from __future__ import annotations

from importlib import import_module

import pytest

from neuronet.core.errors import SpecError
from neuronet.recording.figures import FIGURES, draw


@pytest.mark.parametrize("target", FIGURES.values(), ids=list(FIGURES))
def test_every_figure_names_a_function(target):
    module, function = target.split(":")
    assert callable(getattr(import_module(module), function))


def test_unknown_figure_is_refused():
    with pytest.raises(SpecError, match="comparisons"):
        draw("comparisons", None, "comparisons.png")
