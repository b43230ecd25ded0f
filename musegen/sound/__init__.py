"""From a score to what one can hear."""
