"""Methods that add a quadratic penalty to the loss."""
