"""The grammar of specs: structure by Python's parser, atoms by one regular expression, nothing evaluated."""

from __future__ import annotations

import pytest

from neuronet.core.errors import SpecError
from neuronet.registry import Call, parse_call, split_list, split_prefix
from neuronet.registry.grammar import format_text, split_share


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dense", Call("dense", (), {})),
        ("k-winners(0.1)", Call("k-winners", (0.1,), {})),
        ("f(true, None, x=[1, (2, 3)])", Call("f", (True, None), {"x": (1, (2, 3))})),
        ("f(g(1), h=my.module:Class)", Call("f", (Call("g", (1,), {}),), {"h": Call("my.module:Class", (), {})})),
        ("f(007, 'a, (b', \"it's\")", Call("f", (7, "a, (b", "it's"), {})),
        ("f(\n 1,\n)", Call("f", (1,), {})),
    ],
)
def test_spec_is_parsed(text, expected):
    assert parse_call(text, "thing") == expected


@pytest.mark.parametrize(
    "text",
    [
        "f(x for x in y)",
        "f(lambda: 1)",
        "f(1)(2)",
        "f.g()()",
        "f[0]",
        "f(*a)",
        "f(**a)",
        "f(a := 1)",
        "f, g",
        "[f]",
        "1(2)",
        "f(1=2)",
    ],
)
def test_other_python_is_refused(text):
    with pytest.raises(SpecError, match="cannot parse the thing"):
        parse_call(text, "thing")


@pytest.mark.parametrize("brackets", [("f(", ")"), ("[", "]")])
def test_deep_nesting_is_refused(brackets):
    first, last = brackets
    with pytest.raises(SpecError, match="too deep"):
        parse_call(f"f({first * 5000}1{last * 5000})", "thing")


@pytest.mark.parametrize("text", ["plain", "it's", 'say "x"', "both ' and \"", "C:\\data"])
def test_texts_round_trip(text):
    assert parse_call(f"f({format_text(text)})", "thing").positional == (text,)


def test_prefix_share_and_list_are_split():
    assert split_prefix(" round 120 : f(x='a:b')", "thing", "1: f") == ("round 120", "f(x='a:b')")
    assert split_share("greedy(top=3):0.5") == ("greedy(top=3)", 0.5)
    assert split_share("my:Class") == ("my:Class", None)
    assert split_list("f(a, b), g([1, 2]), 'h, i'") == ["f(a, b)", "g([1, 2])", "'h, i'"]
    with pytest.raises(SpecError, match="1: f"):
        split_prefix("f(x=1)", "thing", "1: f")
