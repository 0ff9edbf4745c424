"""NeuroNet: what if every neuron were a self-interested agent?"""
