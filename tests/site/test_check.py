"""The checks of a built site find what they are for."""

from __future__ import annotations

import pytest

from docs.site import check


def site(folder, body):
    (folder / "index.html").write_text(f"<html><body id='top'>{body}</body></html>", encoding="utf-8")
    (folder / "other.html").write_text("<p id='here'></p>", encoding="utf-8")
    (folder / "a.png").write_bytes(b"")
    pages = check.read(folder)
    return [*check._links(folder, pages), *check._loaded(folder, pages), *check._pictures(pages)]


@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        ("<a href='absent.html'>x</a>", "leads to no file"),
        ("<a href='../outside.html'>x</a>", "leads to no file"),
        ("<a href='other.html#there'>x</a>", "leads to no anchor"),
        ("<a href='#nowhere'>x</a>", "leads to no anchor"),
        ("<script src='https://cdn.example.org/x.js'></script>", "loaded from the network"),
        ("<link rel='stylesheet' href='//fonts.example.org/x.css'>", "loaded from the network"),
        ("<img src='b.png' alt='a picture'>", "does not exist"),
        ("<img src='a.png'>", "no alternative text"),
    ],
)
def test_faults_are_found(body, fragment, tmp_path):
    found = site(tmp_path, body)
    assert len(found) == 1
    assert fragment in found[0]


def test_sound_page_has_no_findings(tmp_path):
    body = (
        "<a href='other.html#here'>x</a><a href='#top'>x</a><a href='https://example.org'>x</a><img src='a.png' alt='a picture'>"
    )
    assert site(tmp_path, body) == []


def test_names_absent_from_the_reference_are_found(tmp_path):
    site(tmp_path, "")
    found = list(check._absent(check.read(tmp_path)))
    assert "the reference lacks the public name neuronet.core.Policy" in found
    assert any("lacks 'greedy'" in finding for finding in found)
