"""Damaged kern for `fuzz`: pieces of music21's corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.fault import texts

_SHORTEST = 100  # pieces: longer ones are slow, not different
_ALPHABET = [
    *"abcdefgABCDEFGr0123456789.-#n[]_()LJ;=:|*!\t\n é\0🎵",
    *("\t", "*-", "*^", "*v", "*+", "**kern", "==", "*M", "*k[", "*clef", "qq", "%"),
]


def sources(_: Path) -> list[str]:
    """The shortest pieces of music21's corpus."""
    from music21.corpus import getCorePaths

    scores = [Path(path) for path in getCorePaths() if Path(path).suffix == ".krn"]
    paths = sorted(scores, key=lambda path: (path.stat().st_size, path))
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths[:_SHORTEST]]


def damaged(pieces: Sequence[str], rng: np.random.Generator) -> bytes:
    """A piece with one to eight faults."""
    return texts.damaged(pieces, rng, _ALPHABET, r"[a-gA-G/\[*]")
