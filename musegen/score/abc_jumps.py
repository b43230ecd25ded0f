"""How ABC writes jumps: decorations (standard 2.1, 4.14) ↔ the terms of `jumps`.

Most books say them in quotes instead, `"_D.C."`: such words are read as what they mean.
"""

from __future__ import annotations

import re

DECORATION_OF = {
    "segno": "!segno!",
    "coda": "!coda!",
    "Fine": "!fine!",
    "To Coda": "!dacoda!",
    "D.C.": "!D.C.!",
    "D.C. al Fine": "!D.C.alfine!",
    "D.C. al Coda": "!D.C.alcoda!",
    "D.S.": "!D.S.!",
    "D.S. al Fine": "!D.S.alfine!",
    "D.S. al Coda": "!D.S.alcoda!",
}
SYMBOLS = {"S": "!segno!", "O": "!coda!"}  # what letters mean where no U: field says otherwise


def _letters(text: str) -> str:
    """A text without what books differ in: dots, spaces, capitals, the signs about it."""
    return re.sub(r"[^a-z]", "", text.lower())


_TERM_OF = {_letters(term): term for term in DECORATION_OF}
_TERM_OF |= {
    term.replace(short, full): meant
    for short, full in (("dc", "dacapo"), ("ds", "dalsegno"))
    for term, meant in _TERM_OF.items()
}
_TERM_OF["dacoda"] = "To Coda"


def term_of(text: str) -> str:
    """The jump that an ornament or words mean, `!dacapo!` or `_D.C.`; nothing for others."""
    return _TERM_OF.get(_letters(text), "")
