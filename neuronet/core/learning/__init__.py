"""Optimizers, learning-rate schedules and update schedules."""
