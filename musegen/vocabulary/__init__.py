"""From a score to words and back."""
