"""Music in memory, and its files. Knows nothing of learning."""
