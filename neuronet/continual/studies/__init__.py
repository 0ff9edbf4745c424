"""Studies that compare methods over seeds and resume after an interruption."""
