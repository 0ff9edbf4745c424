"""The layered network, its graph, and which neurons follow which policy."""
