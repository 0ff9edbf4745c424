"""The cards about the network and about one neuron."""
