"""From a folder of music to data to learn from."""
