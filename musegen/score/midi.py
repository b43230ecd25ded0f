"""MIDI files: `read_midi` and `write_midi`, each in a file of its own."""

from __future__ import annotations

from musegen.score.midi_read import read_midi
from musegen.score.midi_write import write_midi

__all__ = ["read_midi", "write_midi"]
