"""From a trained model to new music."""
