"""From words to the distribution of the next word."""
