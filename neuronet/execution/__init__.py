"""Worker processes, distributed processes and signals."""
