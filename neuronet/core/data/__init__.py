"""Samples and arrays: what enters, how it is checked, and how it becomes a network's inputs."""
