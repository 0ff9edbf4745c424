"""Long searches for faults, run by hand and at night: `python -m tests.campaigns.NAME --help`."""
