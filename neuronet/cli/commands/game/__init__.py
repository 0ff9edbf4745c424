"""The commands `neuronet game ...`."""
