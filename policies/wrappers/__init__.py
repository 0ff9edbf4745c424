"""Policies that change the answers of another policy."""
