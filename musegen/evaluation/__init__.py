"""How likely, how like, how new: figures about a trained model and its music."""
