"""Names of one's own plug-ins that are wrong are answered with what is there, or with what to write."""

from __future__ import annotations

import sys

import pytest

from neuronet.core import SpecError
from neuronet.registry import parse_environment, parse_policy

SOURCE = """
from dataclasses import dataclass
import neuronet


@dataclass(frozen=True)
class Agreeable(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention


class Half(neuronet.Policy):
    pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "own_names.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_names"
    sys.modules.pop("own_names", None)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("own_names:Nope", "module own_names has no Nope; its policies are Agreeable, Half"),
        ("own_names.py:Agreeable", "names a file: write own_names:Agreeable"),
        ("own_names:Half", "policy 'own_names:Half' has no method feedback"),
        ("agreeable", "a class of your own is module:Class"),
        ("greedyy", "did you mean 'greedy'[?] a class of your own is module:Class"),
    ],
)
def test_wrong_name_of_a_policy(module, spec, message):
    with pytest.raises(SpecError, match=message):
        parse_policy(spec)


def test_wrong_name_of_an_environment(module):
    with pytest.raises(SpecError, match="module own_names has no Nope; it has no environment"):
        parse_environment("own_names:Nope")
    with pytest.raises(SpecError, match="a class of your own is module:Class, or table:PATH"):
        parse_environment("nowhere")
