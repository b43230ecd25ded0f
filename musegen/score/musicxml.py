"""MusicXML and kern: reading and writing, each in a file of its own."""

from __future__ import annotations

from musegen.score.musicxml_read import read_kern, read_musicxml
from musegen.score.musicxml_write import compressed, write_musicxml

__all__ = ["compressed", "read_kern", "read_musicxml", "write_musicxml"]
