"""Findings: intervals, p-values and conclusions beside published figures."""

import numpy as np
import pytest
from scipy import stats

from neuronet.reproduction import Published
from neuronet.reproduction.findings import adjust, difference
from neuronet.statistics import holm

PUBLISHED = Published(2.0, "+2.0", "a paper")
NOISE = np.array([-0.3, 0.1, 0.2, -0.1, 0.4, -0.3])


@pytest.mark.parametrize(
    ("mean", "conclusion"),
    [
        (2.0, "reproduced"),
        (1.0, "same direction, smaller"),
        (4.0, "same direction, larger"),
        (0.05, "not reproduced: no difference found"),
        (-1.0, "not reproduced: the opposite"),
    ],
)
def test_conclusion_follows_from_interval_and_published_difference(mean, conclusion):
    finding = difference("setting", "claim", mean + NOISE, PUBLISHED)
    assert finding.conclusion == conclusion
    assert finding.published == "+2.0"
    assert finding.source == "a paper"


@pytest.mark.parametrize(
    ("mean", "conclusion"),
    [
        (0.05, "reproduced: no difference found"),
        (0.45, "reproduced"),
        (1.0, "not reproduced: more, where none was"),
        (-1.0, "not reproduced: less, where none was"),
    ],
)
def test_published_difference_within_its_error_is_none(mean, conclusion):
    assert difference("setting", "claim", mean + NOISE, Published(0.5, "+0.5", "a paper", 0.3)).conclusion == conclusion
    assert Published(0.5, "+0.5", "a paper", 0.25).sign == 1
    assert Published(-0.5, "-0.5", "a paper").sign == -1


@pytest.mark.parametrize(("mean", "conclusion"), [(1.0, "more"), (-1.0, "less"), (0.05, "no difference found")])
def test_conclusion_without_published_figure_names_the_sign(mean, conclusion):
    assert difference("setting", "claim", mean + NOISE).conclusion == conclusion


def test_interval_and_p_value_are_those_of_the_paired_t_test():
    differences = 0.5 + NOISE
    finding = difference("setting", "claim", differences)
    expected = stats.ttest_1samp(differences, 0.0)
    low, high = expected.confidence_interval(0.95)
    np.testing.assert_allclose([finding.value, finding.low, finding.high], [differences.mean(), low, high])
    assert finding.p == pytest.approx(expected.pvalue)


def test_single_seed_is_undecided():
    assert difference("setting", "claim", np.array([3.0]), PUBLISHED).conclusion == "undecided"


def test_p_values_are_adjusted_for_all_findings():
    findings = [difference("setting", str(gap), gap + NOISE) for gap in (0.1, 0.3, 1.0)]
    assert [finding.p for finding in adjust(findings)] == holm([finding.p for finding in findings])


def test_difference_that_does_not_survive_the_adjustment_is_said():
    clear, weak = 1.0 + NOISE, 0.35 + NOISE
    assert difference("setting", "weak", weak).conclusion == "more"
    several = adjust([difference("setting", "clear", clear), *(difference("setting", f"weak {k}", weak) for k in range(4))])
    assert [finding.conclusion for finding in several] == ["more", *["more, not for all claims together"] * 4]
    assert several[1].p > 0.05
