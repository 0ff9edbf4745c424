"""Policies that seek their listeners' attention."""
