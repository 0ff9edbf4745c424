"""Deviations of single neurons: exploitability, local best responses, and the price of anarchy."""
