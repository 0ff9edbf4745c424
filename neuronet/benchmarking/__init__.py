"""What `neuronet bench` measures."""
