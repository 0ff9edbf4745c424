"""A benchmark names its machine, and keeps all of its threads to the same processors."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from benchmarks.products import row_of, write
from neuronet.benchmarking import machine_name, pinned, threads
from neuronet.engines.tensors import processor_family
from neuronet.engines.tensors.kernels import product_table
from neuronet.engines.tensors.kernels.product_table import ProductRow

can_pin = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot pin processes")


@can_pin
@pytest.mark.parametrize("context", [pinned, threads])
def test_threads_of_before_and_of_after_keep_to_one_processor(context):
    before, seen = os.sched_getaffinity(0), {}
    go = threading.Event()

    def look(name):
        go.wait()
        seen[name] = os.sched_getaffinity(0)

    early = threading.Thread(target=look, args=("early",))
    early.start()
    with context(1):
        late = threading.Thread(target=look, args=("late",))
        late.start()
        go.set()
        early.join()
        late.join()
        assert len(os.sched_getaffinity(0)) == 1
        assert seen == {"early": os.sched_getaffinity(0), "late": os.sched_getaffinity(0)}
    assert os.sched_getaffinity(0) == before


def test_name_has_family_threads_and_products():
    assert processor_family() in machine_name(2)
    assert "2 threads, large products by" in machine_name(2)


@pytest.mark.parametrize(
    "ratios, expected",
    [
        ({(32, 100, 100): 0.5, (128, 100, 100): 0.9}, 320_000),
        ({(32, 100, 100): 0.96, (128, 100, 100): 0.9}, 1_280_000),
        ({(32, 100, 100): 0.5, (128, 100, 100): 1.0}, None),
        ({(32, 10, 10): 1.5, (128, 100, 100): 0.5}, 1_280_000),
    ],
)
def test_row_is_the_least_work_from_which_onednn_is_faster(ratios, expected):
    assert row_of(ratios).min_work == expected
    assert row_of(ratios).basis == "measured"


def test_row_is_written_into_the_table(tmp_path, monkeypatch):
    copy = tmp_path / "product_table.py"
    copy.write_bytes(Path(product_table.__file__).read_bytes())
    monkeypatch.setattr(product_table, "__file__", str(copy))
    write("some new family", ProductRow(7, 10_000, "measured"))
    names = {}
    exec(copy.read_text("utf-8").replace("from __future__ import annotations\n", ""), names)
    assert names["PRODUCT_TABLE"]["some new family"] == (7, 10_000, "measured")
    assert {name: tuple(row) for name, row in names["PRODUCT_TABLE"].items() if name != "some new family"} == {
        name: tuple(row) for name, row in product_table.PRODUCT_TABLE.items()
    }
