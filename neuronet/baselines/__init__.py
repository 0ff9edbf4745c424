"""Error backpropagation by torch's autograd, the reference that policies are compared with."""
