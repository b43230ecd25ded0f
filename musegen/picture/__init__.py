"""From arrays to what one can see."""
