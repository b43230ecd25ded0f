"""A composer you can train on your own folder of music."""

__version__ = "0.1.0"
