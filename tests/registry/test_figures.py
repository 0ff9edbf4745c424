"""Figures by name."""

from __future__ import annotations

from importlib import import_module

import pandas as pd
import pytest

from neuronet.core.errors import SpecError
from neuronet.registry.figures import FIGURES, draw


@pytest.mark.parametrize("kind", FIGURES)
def test_every_import_string_names_a_function(kind):
    module, _, function = FIGURES[kind].partition(":")
    assert callable(getattr(import_module(module), function))


def test_draw_hands_data_path_and_options_over(tmp_path):
    episodes = pd.DataFrame({"episode": [1, 2], "return": [3.0, 4.0]})
    path = draw("returns", episodes, path=tmp_path / "returns.svg", threshold=3.5)
    assert path == tmp_path / "returns.svg"
    assert "<!-- solved: 3.5" in path.read_text(encoding="utf-8")


def test_unknown_figure_is_refused(tmp_path):
    with pytest.raises(SpecError, match="'retruns'"):
        draw("retruns", path=tmp_path / "a.svg")
