"""Some inputs of the campaign of bad inputs, in every run of the tests."""

from __future__ import annotations

import pytest

from tests.campaigns.bad_inputs import Campaign, play, violation_of

pytestmark = pytest.mark.slow


def test_spoiled_specs_command_lines_and_files_are_taken_or_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["neuronet"])
    campaign = Campaign(tmp_path, seed=0)
    for _ in range(60):
        campaign.try_one()
    assert campaign.counts.total() == 60
    assert campaign.violations == []


@pytest.mark.parametrize(
    ("code", "err", "part"),
    [
        (-1, "Traceback (most recent call last)", "Traceback"),
        (1, "", "0 sentences"),
        (2, "Error: a\nError: b", "2 sentences"),
        (2, f"Error: {'x' * 400}", "407 characters"),
        (139, "", "exit status 139"),
    ],
)
def test_the_campaign_would_notice(code, err, part):
    assert part in violation_of(code, err)


def test_a_refusal_and_a_success_are_no_violations(monkeypatch):
    monkeypatch.setattr("sys.argv", ["neuronet"])
    code, err = play(["run", "xor", "--epochs", "none"])
    assert code == 2
    assert violation_of(code, err) is None
    assert violation_of(0, "") is None
