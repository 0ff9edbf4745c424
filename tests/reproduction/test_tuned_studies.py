"""Studies of capacity and depth: tiny settings, tuned in the same way, with records that are read again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuronet.core import DataError
from neuronet.plotting.reproduction import accuracy_figure, depth_figure
from neuronet.reproduction import REPRODUCTIONS, read_reproduction, reproduce
from neuronet.reproduction.capacity import CAPACITY
from neuronet.reproduction.depth import DEPTH, DepthSetting
from neuronet.reproduction.tuned_comparison import ComparisonSetting

RULES = ("budgeted", "direct-feedback")
SETTING = ComparisonSetting("digits", "digits", (8,), 128, 1, 2, RULES)
STUDIES = {
    "budgeted-capacity": replace(CAPACITY, settings={"small": (SETTING,)}),
    "budgeted-depth": replace(DEPTH, settings={"small": (DepthSetting("digits", (1, 2), 8, 128, 1, 2, RULES),)}),
}


@pytest.fixture(scope="module", params=sorted(STUDIES))
def finished(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REPRODUCTIONS, request.param, STUDIES[request.param])
        yield reproduce(request.param, out=tmp_path_factory.mktemp(request.param))


def test_every_rule_and_seed_has_a_row_and_a_finding(finished):
    keys = ["setting", "method", "seed"]
    assert not finished.records.duplicated(keys).any()
    settings, methods = finished.records["setting"].nunique(), finished.records["method"].nunique()
    assert len(finished.records) == 2 * settings * methods
    assert len(finished.findings) == settings * (methods - 1)


def test_findings_are_paired_differences_of_the_records(finished):
    part = finished.records[finished.records["setting"] == finished.findings[0].setting]
    means = part.groupby("method")["accuracy"].mean()
    assert finished.findings[0].value == pytest.approx(means["budgeted"] - means["backprop"])


def test_records_read_again_give_the_same_findings(finished):
    again = read_reproduction(finished.folder)
    np.testing.assert_allclose([f.value for f in again.findings], [f.value for f in finished.findings])


def test_figure_is_drawn(finished, tmp_path):
    assert finished.plot(tmp_path / "figure.svg").read_text().count("<path") > 5


def test_table_is_that_of_the_stored_comparison(finished):
    found = finished.tables["accuracy"].set_index(["setting", "method"])
    for setting in finished.records["setting"].unique():
        stored = pd.read_csv(finished.folder / setting / "table.csv").set_index("policy")
        assert set(stored.index) == {"backprop", *RULES}
        for name, row in stored.iterrows():
            assert found.loc[(setting, name), "learning_rate"] == pytest.approx(row["learning_rate"])
            assert found.loc[(setting, name), "at_edge"] == row["at_edge"]
            assert found.loc[(setting, name), "accuracy"] == pytest.approx(100 * row["mean"])
            assert found.loc[(setting, name), "difference"] == pytest.approx(100 * row["difference"], nan_ok=True)


@pytest.mark.parametrize(("name", "make"), [("budgeted-capacity", accuracy_figure), ("budgeted-depth", depth_figure)])
def test_figures_need_their_columns(name, make):
    with pytest.raises(DataError, match="method"):
        make(pd.DataFrame({"seed": [0]}))
