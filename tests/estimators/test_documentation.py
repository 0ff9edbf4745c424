"""The page and the docstrings name every parameter and attribute."""

from __future__ import annotations

import inspect
import re

import pytest

from neuronet import NeuronClassifier, NeuronRegressor
from tests.estimators.samples import blobs
from tests.helpers.paths import ROOT

PAGE = (ROOT / "docs" / "scikit-learn.md").read_text(encoding="utf-8")


def rows(section):
    """Return the cells of a section's table, without the head."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("cls", [NeuronClassifier, NeuronRegressor])
def test_every_parameter_is_described_with_its_default(cls):
    written = {}
    for names, _, defaults in rows("Parameters"):
        found = re.findall(r"`(.*?)`", defaults)
        written |= dict(zip(re.findall(r"`(\w+)`", names), map(eval, found), strict=True))
    assert written == {name: parameter.default for name, parameter in inspect.signature(cls).parameters.items()}
    described = re.findall(r"^ {4}(\w+): ", inspect.getdoc(cls.__init__), re.MULTILINE)
    assert described == list(inspect.signature(cls).parameters)


def test_every_attribute_is_described():
    fitted = NeuronClassifier(epochs=1).fit(*blobs())
    attributes = {name for name in vars(fitted) if name.endswith("_")} | {"feature_names_in_"}
    written = {name for names, _ in rows("Attributes") for name in re.findall(r"`(\w+)`", names)}
    assert written == attributes
    assert all(name in inspect.getdoc(NeuronClassifier) for name in attributes)
