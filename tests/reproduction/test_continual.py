"""Comparison of methods against forgetting: tiny settings, records that are read again, and numbers of the tables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from neuronet.continual import parse_method
from neuronet.reproduction import REPRODUCTIONS, read_reproduction, reproduce
from neuronet.reproduction.continual import (
    AT_ANY_MEMORY,
    BY_CONTEXT,
    ContinualSetting,
    methods_table,
    search_table,
)
from neuronet.reproduction.continual_studies import CONTINUAL_DOMAIN

pytestmark = pytest.mark.slow

NAME = "continual-domain"
TINY = ContinualSetting("digits", "split-domain", "digits", (6,), 8, 3, 3, memory=20_000, trials=2)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REPRODUCTIONS, NAME, replace(CONTINUAL_DOMAIN, settings={"small": (TINY,)}))
        yield reproduce(NAME, out=tmp_path_factory.mktemp("study"), jobs=1)


def test_every_method_has_the_same_number_of_games_and_a_row_for_each_seed(finished):
    records = finished.records
    assert not records.duplicated(["method", "seed"]).any()
    assert set(records["seed"]) == {200, 201, 202}
    assert len(records) == 3 * len(TINY.methods)
    games = records.groupby("method")["games"].first()
    assert games.nunique() == 1
    assert (records["found"] >= records["found_half"]).all()


def test_memory_of_methods_with_a_buffer_or_sums_is_at_most_the_same(finished):
    kept = finished.records.groupby("method")["bytes"].max()
    for method in AT_ANY_MEMORY:
        least = 0.3 if method.startswith(BY_CONTEXT) else 0.5  # it is sized for ten outputs
        assert least * TINY.memory < kept[method] <= TINY.memory


def test_table_is_computed_from_the_records(finished):
    table = methods_table(finished.records).set_index("method")
    wide = finished.records.pivot(index="seed", columns="method", values="accuracy")
    for method, row in table.iterrows():
        assert row["accuracy"] == pytest.approx(wide[method].mean())
        if method != BY_CONTEXT:
            gap = wide[method] - wide[BY_CONTEXT]
            assert row["to_context"] == pytest.approx(gap.mean())
            if gap.std() > 0:
                low, high = stats.t.interval(0.95, 2, gap.mean(), gap.sem())
                assert (row["to_context_low"], row["to_context_high"]) == pytest.approx((low, high))
        first = finished.records[finished.records["method"] == method].iloc[0]
        assert row["note"].startswith("not tuned") == bool(first["at_edge"] or (wide[method] == 0).any())
    assert (np.diff(table["accuracy"]) <= 1e-9).all()


def test_finished_study_is_read_again(finished):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REPRODUCTIONS, NAME, replace(CONTINUAL_DOMAIN, settings={"small": (TINY,)}))
        again = read_reproduction(finished.folder)
    assert len(again.findings) == len(TINY.methods) - 1
    assert again.tables["methods"]["accuracy"].tolist() == pytest.approx(finished.tables["methods"]["accuracy"].tolist())
    assert len(search_table(again.records)) == len(TINY.methods)


@pytest.mark.parametrize(
    "name", [f"continual-{part}" for part in ("domain", "class", "lenet", "memory", "others", "permuted", "stream")]
)
def test_specs_of_every_size_are_valid(name):
    for settings in REPRODUCTIONS[name].settings.values():
        for setting in settings:
            for spec in setting.methods.values():
                parse_method(spec)
