"""Colours of policies: stable over figures, and distinct lines and markers within one."""

from __future__ import annotations

from itertools import combinations

from neuronet.plotting import style
from neuronet.plotting.policy_styles import POLICY_HUES, policy_hues, policy_lines, policy_styles, run_lines
from neuronet.policies import POLICIES


def test_a_policy_has_the_same_colour_whatever_the_order_and_its_parameters():
    one = policy_hues(["attention", "free-rider"])
    other = policy_hues(["greedy(top=3)", "free-rider", "damped(attention, rate=0.5)", "attention(p=4)"])
    assert one["free-rider"] == other["free-rider"]
    assert one["attention"] == other["attention(p=4)"]
    assert set(POLICY_HUES) <= set(POLICIES)
    assert not {style.BLUE, style.ORANGE} & set(policy_hues(POLICIES).values())


def test_policies_of_one_figure_differ_in_colour_or_mark():
    names = [*POLICIES, *(f"greedy(top={top})" for top in range(1, 9))]
    for styles in (policy_styles(names), policy_lines(names)):
        assert len(set(map(str, styles.values()))) == len(names)
    for one, two in combinations(POLICY_HUES, 2):
        assert POLICY_HUES[one] != POLICY_HUES[two]


def test_runs_that_differ_in_other_options_keep_the_usual_lines():
    assert run_lines(["hidden 64", "hidden 8"]) == {"hidden 64": style.line_style(0), "hidden 8": style.line_style(1)}
    assert run_lines(["free-rider (5 seeds)"])["free-rider (5 seeds)"][0] == POLICY_HUES["free-rider"]
