"""The study of forgetting under a budget of attention."""
