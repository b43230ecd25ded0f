"""Lyrics of MIDI ↔ marks, as the syllables of other formats are.

Marks are those that stand where a note of their part begins, or is held over a barline, and that
are written to the same bytes as they were read from; the others stay events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

import numpy as np

from musegen.score.score import Event, Ints, Mark, Part

_LYRIC = b"\xff\x05"
_tick = attrgetter("tick")


def with_lyrics(parts: Iterable[Part], marks: Iterable[Mark]) -> Iterator[Part]:
    """The parts with the lyrics among the marks as events, the first of their ticks."""
    lyrics: dict[int, list[Event]] = defaultdict(list)
    for mark in marks:
        if mark.kind == "lyric":
            lyrics[mark.part].append(Event(mark.tick, _LYRIC + mark.text.encode()))
    for number, part in enumerate(parts):
        events = [*lyrics.get(number, ()), *part.events]
        yield replace(part, events=tuple(sorted(events, key=_tick))) if number in lyrics else part


def without_lyrics(
    parts: Iterable[Part], barlines: Ints
) -> tuple[tuple[Part, ...], tuple[Mark, ...]]:
    """The parts and the marks that `with_lyrics` made parts of; `barlines` are ticks (K,)."""
    rest: list[Part] = []
    marks: list[Mark] = []
    for number, part in enumerate(parts):
        own = _marks(part, number, barlines)
        if own:
            words = {(mark.tick, _LYRIC + mark.text.encode()) for mark in own}
            part = replace(part, events=tuple(e for e in part.events if e not in words))
        rest.append(part)
        marks += own
    return tuple(rest), tuple(marks)


def _marks(part: Part, number: int, barlines: Ints) -> list[Mark]:
    if not any(event.message[:2] == _LYRIC for event in part.events):
        return []
    onset, end = part.notes.onset, np.sort(part.notes.end)
    begun, ended = np.searchsorted(onset, barlines), np.searchsorted(end, barlines, side="right")
    places = {*onset.tolist(), *barlines[begun > ended].tolist()}
    marks = []
    for tick, together in groupby(part.events, key=_tick):
        first, *others = (event.message for event in together)
        is_alone = not any(message[:2] == _LYRIC for message in others)
        if tick in places and first[:2] == _LYRIC and is_alone and (text := _syllable(first[2:])):
            marks.append(Mark(tick, "lyric", text, number))
    return marks


def _syllable(data: bytes) -> str:
    """The words of a lyric; nothing where no other format would keep them, or not in UTF-8."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() and text == " ".join(text.split()) else ""
