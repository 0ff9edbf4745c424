"""Cards of the page: the network, and one neuron."""
