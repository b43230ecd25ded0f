"""Lyrics of MIDI ↔ marks, as the syllables of other formats are.

Marks are those that stand where a note of their part begins, or is held over a barline, and that
are written to the same bytes as they were read from; the others stay events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter, itemgetter

import numpy as np

from musegen.score.score import Event, Ints, Mark, Part, Score

_LYRIC = b"\xff\x05"
_LINE_STARTS = "/\\"  # of karaoke: a new line, a new page
_WORD_STARTS = _LINE_STARTS + " \r\n"
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


def sung(score: Score) -> Score:
    """The score with lyric events where a note of their part begins as marks, to be written.

    Where a part's lyrics have spaces at their ends, those end its words, and all other syllables
    get hyphens. What is not UTF-8 is taken for Latin-1. Lyrics that find no note stay events.
    """
    parts: list[Part] = []
    marks = list(score.marks)
    for number, part in enumerate(score.parts):
        onsets = set(part.notes.onset.tolist())
        found = [e for e in part.events if e.message[:2] == _LYRIC and e.tick in onsets]
        if any(_words(text_of(event.message[2:])) for event in found):
            own = [mark for mark in marks if mark.kind == "lyric" and mark.part == number]
            told = [(event.tick, text_of(event.message[2:])) for event in found]
            told = sorted([*told, *((mark.tick, mark.text) for mark in own)], key=itemgetter(0))
            marks = [mark for mark in marks if mark not in own]
            marks += [Mark(tick, "lyric", text, number) for tick, text in _syllables(told)]
            gone = {event for event in found if _words(text_of(event.message[2:]))}
            part = replace(part, events=tuple(e for e in part.events if e not in gone))
        parts.append(part)
    return replace(score, parts=tuple(parts), marks=tuple(marks))


def text_of(data: bytes) -> str:
    """Text as UTF-8, or as Latin-1 where it is not that."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _words(text: str) -> str:
    """A lyric less the spaces and signs about it."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.lstrip(_LINE_STARTS + " ").split())


def _syllables(told: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lyrics (tick, text) of a part as syllables, one a tick, hyphens where words go on."""
    together = [(t, "".join(text for _, text in same)) for t, same in groupby(told, itemgetter(0))]
    texts = [text for _, text in together]
    has_spaces = any(" " in (text[:1], text[-1:]) for text in texts if _words(text))
    for (tick, text), following in zip(together, [*texts[1:], " "], strict=True):
        goes_on = has_spaces and not text[-1:].isspace() and following[:1] not in _WORD_STARTS
        if words := _words(text):
            yield tick, words + "-" * (goes_on and not words.endswith("-"))
