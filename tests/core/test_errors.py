from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.core.errors import MAX_QUOTED, NeuroNetError, check_number, on_one_line, unknown_name_error


def test_unknown_name_error_is_a_value_error():
    assert issubclass(NeuroNetError, ValueError)


def test_unknown_name_gets_a_hint_and_the_sorted_known_names():
    error = unknown_name_error("policy", "atention", ["noisy", "greedy", "attention"])
    assert isinstance(error, NeuroNetError)
    assert str(error) == "unknown policy 'atention': did you mean 'attention'? known are attention, greedy, noisy"


def test_unsimilar_name_gets_no_hint():
    assert str(unknown_name_error("policy", "xyz", {"noisy": 1, "greedy": 2})) == "unknown policy 'xyz': known are greedy, noisy"


LETTERS = "aAb_-1 '\"{}%\\\nöß"


@given(name=st.text(LETTERS), known=st.lists(st.text(LETTERS, min_size=1), max_size=5))
def test_any_unknown_value_can_be_printed(name, known):
    text = str(unknown_name_error("thing", name, known))
    assert text.startswith(on_one_line(f"unknown thing '{name}': "))
    assert "\n" not in text
    assert all(on_one_line(other) in text for other in known)


def test_many_known_names_are_not_listed_where_one_is_meant_and_cut_where_none_is():
    names = [f"policy-number-{number:03}" for number in range(100)]
    assert str(unknown_name_error("policy", "policy-number-0200", names)) == (
        "unknown policy 'policy-number-0200': did you mean 'policy-number-020'?"
    )
    text = str(unknown_name_error("policy", "x" * 3000, names))
    assert len(text) <= 400
    assert text.endswith("policy-number-004, ...")


@pytest.mark.parametrize("long", ["x" * 900, "'" + "y z" * 300 + "'", '"' + "y z" * 300 + '"', "got " + "1, " * 300], ids=len)
def test_what_a_message_repeats_is_short(long):
    text = str(NeuroNetError(f"cell 3 ({long} of hidden"))
    assert len(text) < 260
    assert "..." in text
    assert len(str(NeuroNetError(f"cell 3 {long} of '{long}'"))) < 400


@pytest.mark.parametrize("name", [None, 3, ["relu"]])
def test_non_string_is_an_unknown_name(name):
    assert str(unknown_name_error("activation", name, ["relu"])).startswith("unknown activation '")


def test_it_can_be_caught_as_a_value_error():
    with pytest.raises(ValueError, match="no such thing"):
        raise NeuroNetError("no such thing")


@pytest.mark.parametrize(
    ("value", "options", "span"),
    [
        (0.5, {"low": 1}, "a finite number of 1 or more"),
        (0, {"low": 0, "above": True}, "a finite number above 0"),
        (1, {"low": 0, "high": 1, "below": True}, "a number from 0 to below 1"),
        (0, {"low": 0, "high": 1, "above": True}, "a number above 0 and at most 1"),
        (1.0, {"low": 0, "high": 1, "above": True, "below": True}, "a number above 0 and below 1"),
        (1.0, {"low": 1, "whole": True}, "an integer of 1 or more"),
        (True, {"low": 0, "high": 1}, "a number from 0 to 1"),
        (float("nan"), {"low": 0}, "a finite number of 0 or more"),
        ("1", {"low": 0}, "a finite number of 0 or more"),
    ],
)
def test_numbers_out_of_range_are_refused(value, options, span):
    with pytest.raises(NeuroNetError) as refusal:
        check_number("it", value, **options)
    assert str(refusal.value) == f"it must be {span}, got {value!r}"


@pytest.mark.parametrize(
    ("value", "options"),
    [
        (1, {"low": 1}),
        (0, {"low": 0, "high": 1}),
        (1, {"low": 0, "high": 1, "above": True}),
        (0, {"low": 0, "high": 1, "below": True}),
        (7, {"low": 1, "whole": True}),
    ],
)
def test_numbers_within_range_pass(value, options):
    check_number("it", value, **options)


RANGES = [
    ({"low": 1}, [1, 1.0, 7, 1e300], [0.999, 0, -1, float("inf")], "n must be a finite number of 1 or more, got "),
    ({"low": 0, "above": True}, [5e-324, 1, 1e300], [0, -0.0, -1], "n must be a finite number above 0, got "),
    ({"low": 0, "high": 1}, [0, 0.5, 1], [-5e-324, 1.0000000000000002, 2], "n must be a number from 0 to 1, got "),
    ({"low": 0, "high": 1, "below": True}, [0, 0.999], [1, 1.0], "n must be a number from 0 to below 1, got "),
    ({"low": 0, "high": 1, "above": True}, [1e-9, 1], [0, 1.5], "n must be a number above 0 and at most 1, got "),
    ({"low": 0, "high": 1, "above": True, "below": True}, [0.2], [0, 1], "n must be a number above 0 and below 1, got "),
    ({"low": -math.inf}, [-1e300, 0, 5.5], [], "n must be a finite number, got "),
    ({"low": 4, "whole": True}, [4, 10**15], [3, 4.0, 5.5], "n must be an integer of 4 or more, got "),
    ({"low": 1, "high": 9, "whole": True}, [1, 9], [0, 10, 2.0], "n must be an integer from 1 to 9, got "),
]


@pytest.mark.parametrize(("span", "inside", "outside", "message"), RANGES)
def test_a_number_must_be_in_its_range(span, inside, outside, message):
    for value in inside:
        check_number("n", value, **span)
    for value in [*outside, float("nan"), float("-inf"), 10**400, -(10**400), True, False, "1", None, [1], 1j]:
        with pytest.raises(NeuroNetError) as caught:
            check_number("n", value, **span)
        text = repr(value)
        assert str(caught.value) == message + (text if len(text) <= MAX_QUOTED else f"{text[:98]}...{text[-98:]}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("unknown 'gre\ndy'", r"unknown 'gre\ndy'"),
        ("unknown '\x1b[2Jx\0\x9b\u2028'", r"unknown '\x1b[2Jx\x00\x9b\u2028'"),
        ("got tensor([[1, 2],\n        [3, 4]])", "got tensor([[1, 2], [3, 4]])"),
        ("naïve 東京 ✓", "naïve 東京 ✓"),
    ],
)
def test_message_is_one_line_without_control_characters(text, shown):
    assert str(NeuroNetError(text)) == shown
