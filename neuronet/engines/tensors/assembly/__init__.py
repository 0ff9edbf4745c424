"""What an engine is put together from: its layers, their passes for each batch size, and their state."""
