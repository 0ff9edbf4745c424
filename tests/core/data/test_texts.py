"""Texts of others: JSON and TOML that are nested too deeply, and numbers in other digits than 0 to 9."""

from __future__ import annotations

import json
import tomllib

import pytest

from neuronet.core import is_plain_number, parse_integer, parse_json, parse_toml

DEEP = (101, 500, 1000, 5000, 100_000)
"""Depths above the limit: some are read by Python's parsers, and some exceed its recursion."""


@pytest.mark.parametrize("text", ["1", "null", '"[[["', "[]", '{"a": [1, {"b": -2.5e3}]}', "[" * 100 + "]" * 100])
def test_json_is_read_as_by_the_standard_library(text):
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("depth", DEEP)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_json_that_is_nested_too_deeply_is_refused(depth, opening, closing):
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        parse_json(opening * depth + ("1" if opening.endswith(":") else "") + closing * depth)


def test_what_is_no_json_is_refused():
    with pytest.raises(ValueError, match="line 1 column 2"):
        parse_json("[")


def test_toml_is_read_as_by_the_standard_library():
    text = "epochs = 1_000\n[grid]\nrate = [0.1, 0.2]\n"
    assert parse_toml(text) == tomllib.loads(text) == {"epochs": 1000, "grid": {"rate": [0.1, 0.2]}}


@pytest.mark.parametrize("depth", DEEP[:-1])
@pytest.mark.parametrize("form", ["a = {}{}", "[{}]\nb = 1"], ids=["lists", "tables"])
def test_toml_that_is_nested_too_deeply_is_refused(depth, form):
    text = form.format("[" * depth, "]" * depth) if "=" in form.partition("\n")[0] else form.format(".".join("a" * depth))
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        parse_toml(text)


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("+3", 3), ("-12", -12), (" 7 ", 7), ("1_000", 1000), ("007", 7)])
def test_integer_in_plain_digits(text, number):
    assert parse_integer(text) == number


@pytest.mark.parametrize("text", ["", "٣", "\uff13", "²", "1__0", "_1", "1_", "1.0", "1e3", "0x3", "nan", "3 4", "\u22123"])
def test_other_integers_are_refused(text):
    with pytest.raises(ValueError, match="not an integer"):
        parse_integer(text)


@pytest.mark.parametrize(("text", "plain"), [("-1.5e3", True), ("1/3", True), ("٣", False), ("1_0", False), ("\uff13.5", False)])
def test_plain_numbers(text, plain):
    assert is_plain_number(text) is plain
    float(text.replace("1/3", "0.3"))  # Python takes them all
