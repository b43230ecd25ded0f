"""Damaged texts for `fuzz`: characters, lines and numbers changed, dropped, doubled and spliced."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

_LONGEST = 20_000  # characters: more is slow, not different
_NUMBERS = ("0", "7", "99", "999", "99999", "4294967296", "9" * 40, "1/0", "65535/65536", "-1")


def damaged(
    texts: Sequence[str], rng: np.random.Generator, alphabet: Sequence[str], numbered: str
) -> bytes:
    """A text with one to eight faults, in one of three encodings.

    `alphabet` holds what is strewn in, `numbered` is a pattern of what a number may follow.
    """
    text = _any(texts, rng)
    for _ in range(_below(8, rng) + 1):
        way = _WAYS[_below(len(_WAYS), rng)]
        text = way(text, rng, texts, alphabet, numbered)[:_LONGEST]
    encoding = ("utf-8", "utf-8", "utf-8", "latin-1", "utf-16")[_below(5, rng)]
    return text.encode(encoding, errors="replace")


def _below(number: int, rng: np.random.Generator) -> int:
    return int(rng.integers(number))


def _any(texts: Sequence[str], rng: np.random.Generator) -> str:
    return texts[_below(len(texts), rng)]


def _characters(
    text: str, rng: np.random.Generator, _: object, alphabet: Sequence[str], __: str
) -> str:
    place = _below(len(text) + 1, rng)
    new = "".join(_any(alphabet, rng) for _ in range(_below(5, rng)))
    return text[:place] + new + text[place + _below(5, rng) :]


def _lines(text: str, rng: np.random.Generator, *_: object) -> str:
    lines = text.split("\n")
    line = lines.pop(_below(len(lines), rng))
    for _ in range(_below(3, rng)):
        lines.insert(_below(len(lines) + 1, rng), line)
    return "\n".join(lines)


def _splice(text: str, rng: np.random.Generator, texts: Sequence[str], *_: object) -> str:
    other = _any(texts, rng)
    return text[: _below(len(text) + 1, rng)] + other[_below(len(other) + 1, rng) :]


def _number(text: str, rng: np.random.Generator, _: object, __: object, numbered: str) -> str:
    places = [match.span() for match in re.finditer(rf"\d+|(?<={numbered})", text)]
    if not places:
        return text
    start, end = places[_below(len(places), rng)]
    return text[:start] + _any(_NUMBERS, rng) + text[end:]


def _repeat(text: str, rng: np.random.Generator, *_: object) -> str:
    start = _below(len(text) + 1, rng)
    piece = text[start : start + _below(12, rng) + 1]
    return text[:start] + piece * (2, 10, 300)[_below(3, rng)] + text[start:]


_WAYS: tuple[Callable[..., str], ...] = (
    *(_characters, _characters, _lines, _splice, _number, _number, _repeat),
)
