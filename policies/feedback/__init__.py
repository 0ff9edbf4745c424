"""Policies with feedback weights other than the listeners' weights."""
