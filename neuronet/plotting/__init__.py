"""Pictures of runs and of networks."""
