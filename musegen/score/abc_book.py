"""A tune book cut into its tunes: numbered lines, without comments, each with its book's header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from musegen.score.abc_fields import ESTIMATED

FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
_MOST_HEADER_LINES = 100  # each tune reads them; of more, those that came last
_RULING = "MLQ"
_COMMENT = re.compile(r"(?<!\\)%.*")
_ESTIMATED_KEY = re.compile(rf"K:[^%]*{ESTIMATED}\s*$")


@dataclass(frozen=True)
class TuneText:
    """One tune as it stands in its book.

    Attributes:
        lines: its lines with their numbers in the book; a directive `%%…` stands as `I:…`.
        header: the fields of the book's own header, as lines.
    """

    lines: tuple[tuple[int, str], ...]
    header: tuple[tuple[int, str], ...]


def tunes_in(text: str) -> Iterator[TuneText]:
    """The tunes of a book, in order.

    A tune begins at X:, or where that is missing at the first field after an empty line, and
    holds a K:. Fields in a block of their own stand for all tunes that follow: all of them before
    the first tune, later those alone that rule the music.
    """
    header: list[tuple[int, str]] = []
    is_begun = False
    for block in _blocks(text):
        fields = [FIELD.match(line) for _, line in block]
        letters = [match[1] if match else "" for match in fields]
        if "K" in letters or "X" in letters:
            first = next(place for place, letter in enumerate(letters) if letter)
            yield TuneText(tuple(block[first:]), tuple(header))
            is_begun = True
        elif all(letters):
            told = zip(block, letters, strict=True)
            header += [line for line, letter in told if letter in _RULING or not is_begun]
            del header[:-_MOST_HEADER_LINES]


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """Runs of numbered lines, parted by empty lines and before each X:, without comments."""
    block: list[tuple[int, str]] = []
    in_words = False  # between %%begintext and %%endtext
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if line.startswith(("%%begin", "%%end")):
            in_words = line.startswith("%%begin")
            continue
        is_directive = line.startswith("%%")
        bare = line.replace("%%", "I:", 1) if is_directive else line
        bare = (bare if _ESTIMATED_KEY.match(bare) else _COMMENT.sub("", bare)).rstrip()
        if block and (bare.startswith("X:") or not line.strip()):
            yield block
            block = []
        if bare and not in_words:
            block.append((number, bare))
    if block:
        yield block
