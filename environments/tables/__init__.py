"""Data sets of rows and columns."""
