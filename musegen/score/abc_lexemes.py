"""What a music line of ABC is made of: notes, bars, tuplets, ties, marks, and what says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from musegen.score.abc_fields import LENGTH, NOTE

_DECORATION = r"""![^!\s|:\[\]"]+! | \+[a-z0-9<>().]+\+"""

# Tried in this order. A bare M: is not in the standard, but in books; so are chords between +.
_LEXEMES = re.compile(
    rf"""
      "(?P<quoted> [^"]* )"
    | (?P<field_> M:\s*(?:\d+/\d+|C\|?)(?=\s) )
    | (?P<bar> \.?(?: :*\[?\|[|\]:]* | ::+ | :+\] ) (?: \d[\d,-]* )? )
    | (?P<chord_> \+(?!(?:d|f|ff|fff|a|accent|fade|da|dacapo|dacoda)\+)(?:{NOTE}{LENGTH}-?)+\+ )
    | (?P<ornament> {_DECORATION} | [~.H-Wh-w] )
    | (?P<grace> \{{ [^{{}}]* \}} )
    | \[(?P<field> [A-Za-z]: [^\]]{{0,999}} )\]
    | \[(?P<ending> \d[\d,-]* )
    | (?P<chord> \[[^\[\]|]*\]{LENGTH} )
    | (?P<microtone> [\^_]\d?/\d?(?={NOTE}) )
    | (?P<note> {NOTE}{LENGTH} )
    | (?P<rest> [zxZX]{LENGTH} )
    | \((?P<tuplet> \d (?: :\d? (?: :\d* )? )? )
    | (?P<slur> \( )
    | (?P<broken> <{{1,4}} | >{{1,4}} )
    | (?P<tie> - )
    | (?P<overlay> & )
    | (?P<open_chord> \[ (?: {NOTE}{LENGTH}-? )+ )
    | (?P<open_grace> \{{ (?: {NOTE}{LENGTH} )+ )
    | "(?P<open_quoted> [^"]* )$
    | (?P<nothing> \s+ | [)\\`!*$;#?@:=^_,'}}\]] | y\d* )
    """,
    re.VERBOSE,
)
_OPEN = {"open_chord": ("chord", "]"), "open_grace": ("grace", "}"), "open_quoted": ("quoted", "")}
_CHORD_SYMBOL = re.compile(
    r"\(?[A-G][#b]?(?:maj|min|dim|aug|sus|add|[mMo°ø+\-#b\d()])*(?:/[A-Ga-g][#b+]?)?\)?"
)


def scan(line: str) -> Iterator[tuple[str, str, str]]:
    """The lexemes of a music line, as kind, text, and what is wrong (nothing, where all is well).

    What is no music is of the kind `unknown`; a chord, grace or text that is left open ends where
    its notes or the line do.
    """
    place = 0
    while place < len(line):
        match = _LEXEMES.match(line, place)
        begin = place
        while match is None and place < len(line):
            place += 1
            match = _LEXEMES.match(line, place)
        if place > begin:
            text = line[begin:place]
            yield "unknown", text, f"{text[:20]!r} is no music"
        if match is None or match.lastgroup is None:
            continue
        kind, text = match.lastgroup.rstrip("_"), match[match.lastgroup]
        place = match.end()
        if kind in _OPEN:
            kind, end = _OPEN[kind]
            what = {"chord": "chord", "grace": "grace", "quoted": "text in quotes"}[kind]
            yield kind, text + end, f"the {what} {text[:20]!r} is not closed"
        elif kind == "chord" and text[0] == "+":
            yield kind, f"[{text[1:-1]}]", ""
        else:
            yield kind, text, ""


def lexemes(line: str) -> Iterator[tuple[str, str]]:
    """The lexemes of a music line that has no faults, as kind and text.

    Raises:
        ValueError: something in the line is no music.
    """
    for kind, text, fault in scan(line):
        if fault:
            raise ValueError(fault)
        yield kind, text


def is_decoration(text: str) -> bool:
    """Whether a text is an ornament between marks: `!trill!`, `+trill+`."""
    return re.fullmatch(_DECORATION, text, re.VERBOSE) is not None


def is_chord_symbol(text: str) -> bool:
    """Whether a text in quotes is a chord (`Am7`, `D/F#`) and no remark."""
    return _CHORD_SYMBOL.fullmatch(text) is not None


def marks_of_bar(signs: str) -> Iterator[tuple[str, str]]:
    """The kinds and texts of the marks that a bar line means: repeats, double bars."""
    if signs[0] == ":" or ":|" in signs:
        yield "repeat", "end"
    if signs[-1] == ":":
        yield "repeat", "start"
    if ":" not in signs and signs != "[|]":
        if signs.endswith("]"):
            yield "bar", "|]"
        elif len(signs) > 1:
            yield "bar", "||"
