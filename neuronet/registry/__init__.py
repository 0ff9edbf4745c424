"""Names and texts for objects, and back: one grammar for every spec."""
