"""The code speaks the standard language of its fields."""

from __future__ import annotations

import pytest

from tests.project.vocabulary import findings, retired_words


def test_no_retired_word_is_in_use():
    assert findings() == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("class TensorCourier:", "Courier"),
        ("def _check_wish(x):", "wish"),
        ("# nobody hears it", "nobody"),
        ("meddling = 1", "meddling"),
    ],
)
def test_retired_words_are_found_in_identifiers_and_comments(line, word):
    assert [found for found, _ in retired_words(line)] == [word]


@pytest.mark.parametrize(
    "line", ["space = np.linspace(0, 1)", "accuracy at chance level", "class AttentionHoldings:", "trace of the namespace"]
)
def test_other_words_pass(line):
    assert list(retired_words(line)) == []
