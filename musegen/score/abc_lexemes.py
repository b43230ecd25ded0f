"""What a music line of ABC is made of: notes, bars, tuplets, ties, marks, and what says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from musegen.score.abc_fields import LENGTH, NOTE

# Tried in this order. A bare M: is not in the standard, but in books.
_LEXEMES = re.compile(
    rf"""
      "(?P<quoted> [^"]* )"
    | (?P<field_> M:\s*(?:\d+/\d+|C\|?)(?=\s) )
    | (?P<ornament> ![^!\s|:\[\]]+! | \+[a-z0-9<>().]+\+ | [~.H-Wh-w] )
    | (?P<grace> \{{ [^}}]* \}} )
    | \[(?P<field> [A-Za-z]: [^\]]* )\]
    | (?P<bar> (?: :*\[?\|[|\]:]* | ::+ | :+\] ) (?: \d[\d,-]* )? )
    | \[(?P<ending> \d[\d,-]* )
    | (?P<chord> \[[^\]|]*\]{LENGTH} )
    | (?P<note> {NOTE}{LENGTH} )
    | (?P<rest> [zxZX]{LENGTH} )
    | \((?P<tuplet> \d (?: :\d? (?: :\d* )? )? )
    | (?P<broken> <+ | >+ )
    | (?P<tie> - )
    | (?P<overlay> & )
    | (?P<nothing> \s+ | [()\\`!*$;#?@:=^_,'}}\]] | y\d* )
    """,
    re.VERBOSE,
)
_CHORD_SYMBOL = re.compile(
    r"\(?[A-G][#b]?(?:maj|min|dim|aug|sus|add|[mMo°ø+\-#b\d()])*(?:/[A-Ga-g][#b+]?)?\)?"
)


def lexemes(line: str) -> Iterator[tuple[str, str]]:
    """The lexemes of a music line, as kind and text.

    Raises:
        ValueError: something in the line is no music.
    """
    place = 0
    while place < len(line):
        match = _LEXEMES.match(line, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"{line[place : place + 8]!r} is no music")
        yield match.lastgroup.rstrip("_"), match[match.lastgroup]
        place = match.end()


def is_chord_symbol(text: str) -> bool:
    """Whether a text in quotes is a chord (`Am7`, `D/F#`) and no remark."""
    return _CHORD_SYMBOL.fullmatch(text) is not None
