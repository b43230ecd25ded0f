"""Damaged ABC for `fuzz`: awkward tunes and real ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from tests.fault import texts

_HEADER = "X:1\nT:Caf\\'e\nM:6/8\nL:1/8\nQ:3/8=80\nK:Dmix =c\n"
TUNES = [
    _HEADER
    + "A2|:d2f (3ABc|1 [d2f2]>g {ag}~f!trill!e:|2 d6||\nw:la-la _ * ti~ta|\n[K:Gm]G,3-G,3|]\n",
    'X:2\nM:C\nV:1 name="Flute" clef=treble-8\nV:2\nK:C\n%%MIDI program 73\n'
    'V:1\n"Am"c4 & E4|Z2|\nV:2\n[C4E4]- [C4E4]|z8|x8|\n',
    "X:3\nM:none\nL:1/4\nU:T=!trill!\nK:F exp ^f\n"
    "TA>B c<<d|\\\ne/f//g3/2 (5:4:6abcdef|[1-3 a:|[4 b|]\n",
    "T:No number\nM:(2+3)/8\nK:Hp\n::+CEG+2 ^/A _B =c ^^d .|A|[M:2/4]A4|[L:1/16]A8:|[|]:|\n",
]
_ALPHABET = [
    *"ABCDEFGabcdefgzxZXyHTuv0123456789/'\",.^_=<>()[]{}|:!+~-&*\\%$ \n\t",
    *"KMLQVw:é\0\ud7ff🎵\u2028\x85",
    *("K:", "[r:", "M:", "V:", "w:", "[K:", "%%MIDI ", "!D.C.!", "|:", ":|", "(3", "[1"),
]
_OF_A_BOOK = 20  # tunes


def sources(data: Path) -> list[str]:
    """Awkward tunes, and some of each book of the folder and of music21's corpus."""
    from music21.corpus import getCorePaths

    own = sorted(Path(path) for path in getCorePaths() if Path(path).suffix == ".abc")
    books = [*sorted(data.rglob("*.abc")), *own[::10]]
    return TUNES * 20 + [tune for book in books for tune in islice(_tunes(book), _OF_A_BOOK)]


def damaged(tunes: Sequence[str], rng: np.random.Generator) -> bytes:
    """A tune with one to eight faults."""
    return texts.damaged(tunes, rng, _ALPHABET, r"[A-GZa-gz(|\[:]")


def _tunes(book: Path) -> Iterator[str]:
    text = book.read_text(encoding="utf-8", errors="replace")
    return (tune for tune in re.split(r"\n(?=X:)", text) if "K:" in tune)
