"""Methods that project gradients or weight changes."""
