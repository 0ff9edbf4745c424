"""Games in normal form and their solutions: correlated equilibria, quantal response, best-response oracles."""
