"""What neurons gain in rounds in which all others react: demands, and later activities, are recomputed."""
