"""Layers of sparse networks: a number for each connection, in compressed sparse rows."""
