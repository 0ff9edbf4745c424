"""One game played by several processes, each with a shard of every batch."""
