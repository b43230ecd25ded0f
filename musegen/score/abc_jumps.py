"""How ABC writes jumps: decorations (standard 2.1, 4.14) ↔ the terms of `jumps`."""

from __future__ import annotations

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
_SHORT = {"S": "segno", "O": "coda", "!dacapo!": "D.C.", "!tocoda!": "To Coda"}


def _plain(decoration: str) -> str:
    """A decoration without what writers of ABC differ in: dots, capitals, the signs about it."""
    return decoration.strip("!+").replace(".", "").lower()


_TERM_OF = {_plain(d): term for term, d in DECORATION_OF.items()}
_TERM_OF |= {_plain(d): term for d, term in _SHORT.items() if len(d) > 1}


def term_of(ornament: str) -> str:
    """The jump that an ornament means: `!D.C.!` and `!dacapo!` are D.C.; nothing for others."""
    if len(ornament) == 1:
        return _SHORT.get(ornament, "")
    return _TERM_OF.get(_plain(ornament), "")
