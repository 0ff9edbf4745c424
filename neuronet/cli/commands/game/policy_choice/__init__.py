"""Commands about mechanisms, and about what neurons would rather have played."""
