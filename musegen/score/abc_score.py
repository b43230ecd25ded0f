"""Voices of an ABC tune, as they were read → a score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from musegen.score.abc_clef import shift_of, usual_clef
from musegen.score.abc_rhythm import TimeOverflow
from musegen.score.abc_voice import Voice
from musegen.score.musicxml_unread import TRANSPOSED
from musegen.score.score import DEFAULT_TEMPO_US, STRUCTURE, Ints, Mark, Notes, Part, Score

_TICKS_PER_WHOLE = 1920  # unless lengths need finer ticks
_MOST_TICKS_PER_QUARTER = 32_767  # what a MIDI file can say
_LAST_TICK = 2**28

COMMON = (*STRUCTURE, "metre")  # the marks of all parts together
_Value = TypeVar("_Value")


def score_of(
    voices: list[Voice],
    title: str,
    characters: int,
    faults: Sequence[str] = (),
    unread: Counter[str] | None = None,
) -> Score:
    """Voices → a score; the voice with the most bar lines gives the bars and their marks.

    Raises:
        TimeOverflow: ticks cannot say the lengths.
    """
    ends = [s.onset + s.length for voice in voices for s in voice.sounds]
    end = max([voice.clock for voice in voices] + ends)
    ticks_per_whole = _ticks_per_whole(voices, end)

    def tick(time: Fraction) -> int:
        return int(time * ticks_per_whole)

    lead = max(voices, key=lambda voice: len(voice.barlines))
    barlines = [*lead.barlines, *([end] if end > lead.bar_start else [])]
    parts = tuple(_part(voice, ticks_per_whole) for voice in voices)
    marks = {
        Mark(tick(time), kind, text, 0 if kind in (*COMMON, "jump") else number)
        for number, (voice, part) in enumerate(zip(voices, parts, strict=True))
        for time, kind, text in _marks(voice, part)
        if kind not in COMMON or voice is lead
    }
    tempos = {Fraction(0): DEFAULT_TEMPO_US, **_changes(v.tempos for v in voices)}
    keys = _changes(voice.keys for voice in voices)
    if not keys[Fraction(0)].given:
        del keys[Fraction(0)]
    metres = _changes(voice.metres for voice in voices)
    counts = sum((voice.unread for voice in voices), unread or Counter())
    counts[TRANSPOSED] += sum(map(_is_transposed, voices))
    return Score(
        ticks_per_whole // 4,
        parts,
        _rows([(tick(time), tempo_us) for time, tempo_us in tempos.items()]),
        _rows([(tick(time), *metre) for time, metre in metres.items()]),
        _rows([(tick(time), key.fifths, key.mode, key.is_estimated) for time, key in keys.items()]),
        _rows([tick(time) for time in barlines]),
        tuple(marks),
        title=title,
        characters=characters,
        faults=(*faults, *_unlike_bars(voices, lead)),
        unread={kind: number for kind, number in sorted(counts.items()) if number},
        says_tempo=any(Fraction(0) in voice.tempos for voice in voices),
    )


def _is_transposed(voice: Voice) -> bool:
    """Whether a voice sounds elsewhere than is written, beside the octaves that its clef says."""
    clefs = [text for _, kind, text in voice.marks if kind == "clef"]
    shifts = [shift for clef in clefs if (shift := shift_of(f"clef={clef}")) is not None]
    return voice.shift != (shifts or [0])[-1]


def _part(voice: Voice, ticks_per_whole: int) -> Part:
    notes = {  # a set, for a unison within a chord is one note
        (int(s.onset * ticks_per_whole), int(s.length * ticks_per_whole), s.pitch, 80)
        for s in voice.sounds
    }
    return Part(voice.name, voice.program or 0, Notes.of(notes), is_drums=voice.is_drums)


def _marks(voice: Voice, part: Part) -> Iterator[tuple[Fraction, str, str]]:
    """The marks of a voice, and of its clefs those that change something.

    The first does where it is not the one that the range of the part suggests.
    """
    yield from (mark for mark in voice.marks if mark[1] != "clef")
    standing = usual_clef(part)
    clefs = {time: text for time, kind, text in voice.marks if kind == "clef"}
    for time, clef in sorted(clefs.items()):
        if clef != standing:
            yield time, "clef", clef
        standing = clef


def _unlike_bars(voices: list[Voice], lead: Voice) -> list[str]:
    """For each voice whose bars end elsewhere than the leading one's, the first such bar."""
    faults = []
    for number, voice in enumerate(voices, start=1):
        pairs = enumerate(zip(voice.barlines, lead.barlines, strict=False), start=1)
        unlike = next((bar for bar, (own, leading) in pairs if own != leading), None)
        if unlike is not None:
            faults.append(f"bar {unlike} of voice {voice.name or number} ends beside the others'")
    return faults


def _ticks_per_whole(voices: list[Voice], end: Fraction) -> int:
    """The fewest ticks a whole note, a multiple of 1920, that make every time an integer."""
    times = {end}
    for voice in voices:
        times.update(voice.barlines, voice.metres, voice.keys, voice.tempos)
        times.update(time for time, _, _ in voice.marks)
        for sound in voice.sounds:
            times.update((sound.onset, sound.length))
    ticks = _TICKS_PER_WHOLE
    for denominator in {time.denominator for time in times}:
        ticks = math.lcm(ticks, denominator)
        if ticks > 4 * _MOST_TICKS_PER_QUARTER or end * ticks > _LAST_TICK:
            raise TimeOverflow("its note lengths are too many or too odd for ticks")
    return ticks


def _changes(columns: Iterable[dict[Fraction, _Value]]) -> dict[Fraction, _Value]:
    """What changes when, in order: the first voice counts, and a repetition is no change."""
    union: dict[Fraction, _Value] = {}
    for column in columns:
        for time, value in column.items():
            union.setdefault(time, value)
    changes: dict[Fraction, _Value] = {}
    for time, value in sorted(union.items(), key=lambda item: item[0]):
        if not changes or value != next(reversed(changes.values())):
            changes[time] = value
    return changes


def _rows(rows: list[Any]) -> Ints:
    return np.array(rows, dtype=np.int64)
