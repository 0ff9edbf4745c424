"""benchmarks/gpu at a tiny size on the CPU: every section runs, agrees and keeps to its budget."""

from __future__ import annotations

import pytest

from benchmarks.gpu import __main__ as page
from benchmarks.gpu.sections import SECTIONS, tiny
from neuronet.policies import POLICIES

ROWS = {"parity": len(POLICIES), "tests": 1, "rounds": 5, "replicas": 2, "sparse": 1, "convert": 4, "study": 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_section_runs(name):
    rows, line = page.play(name, tiny("cpu"), share=10.0)
    assert "complete" in line
    assert len(rows) == ROWS[name]
    assert len({tuple(row) for row in rows}) == 1
    assert all("NO" not in row.values() for row in rows)
    if name == "convert":
        assert {row["backward signal"]: row["gradients differ by"] for row in rows}["attention"] == "0e+00"
        assert any(row["gradients differ by"] != "0e+00" for row in rows)


def test_section_ends_with_its_budget(monkeypatch):
    monkeypatch.setitem(SECTIONS, "parity", (lambda scale: iter([{"policy": "a"}, {"policy": "b"}]), 60.0))
    assert len(page.play("parity", tiny("cpu"))[0]) == 2
    rows, line = page.play("parity", tiny("cpu"), share=0.0)
    assert len(rows) == 1
    assert "left unfinished" in line


def test_failing_section_is_reported(monkeypatch, capsys):
    def fail(scale):
        yield {"policy": "a"}
        raise ValueError("no such number")

    monkeypatch.setitem(SECTIONS, "parity", (fail, 60.0))
    with pytest.raises(page.typer.Exit):
        page.main(device="cpu", matmul="highest", only=["parity"], is_tiny=True, share=1.0, markdown=None)
    assert "failed: ValueError: no such number" in capsys.readouterr().out


def test_budgets_leave_the_page_under_eight_minutes():
    assert sum(budget for _, budget in SECTIONS.values()) <= 7 * 60
