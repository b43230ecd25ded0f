"""How new music meets the seed that it goes on from: part by part, to the tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from musegen.score.excerpt import closed, with_join
from musegen.score.play_order import stretches_of
from musegen.score.score import Ints, Mark, Notes, Part, Score, rescaled
from musegen.vocabulary.vocabulary import Vocabulary


def join(seed: Score, whole: Score, old: Score, vocabulary: Vocabulary) -> Score:
    """The seed untouched, and after its last barline the new music, in whole bars.

    Args:
        seed: what was gone on from.
        whole: it and the new music, as words say them.
        old: it alone, as words say it.
        vocabulary: whose words they are.
    """
    new = closed(_after(whole, _rescaled(old, whole.ticks_per_quarter), vocabulary, seed))
    by_place = dict(zip(vocabulary.places(whole), new.parts, strict=True))
    parts = tuple(
        _append(part, by_place.pop(place, None))
        for part, place in zip(seed.parts, vocabulary.places(seed), strict=True)
    )
    end = int(seed.barlines[-1])
    joined = replace(
        seed,
        parts=parts,
        metre=_then(seed.metre, new.metre, end),
        key=_then(seed.key, new.key, end),
        barlines=np.concatenate([seed.barlines, new.barlines[new.barlines > end]]),
        marks=seed.marks + new.marks,
        characters=0,
    )
    return with_join(_repeating_from(joined, seed.marks, end), end)


def _repeating_from(joined: Score, old: Sequence[Mark], start: int) -> Score:
    """The score with a repeat opened at the join, if a composed one would go back beyond it.

    Not where the seed itself opened one that was left to be closed.
    """
    repeats = [mark.text for mark in old if mark.kind == "repeat"]
    goes_back = any(
        stop > start > again for (_, stop), (again, _) in pairwise(stretches_of(joined))
    )
    if not goes_back or repeats[-1:] == ["start"]:
        return joined
    return replace(joined, marks=(*joined.marks, Mark(start, "repeat", "start")))


def in_tempo(score: Score, tempo: float | None, start: int) -> Score:
    """The score at so many quarters a minute from a tick on; None: as it is."""
    if tempo is None:
        return score
    asked: Ints = np.array([[start, round(60e6 / tempo)]])
    return replace(score, tempo=_then(score.tempo, asked, start))


def in_parts_of(movements: Sequence[Score], new: Score, vocabulary: Vocabulary) -> Score:
    """New music in the parts of earlier movements, those that pause in it included."""
    music = dict(zip(vocabulary.places(new), new.parts, strict=True))
    parts: dict[tuple[int, int], Part] = {}
    for score in movements:
        for part, place in zip(score.parts, vocabulary.places(score), strict=True):
            its = music.get(place, Part("", 0, Notes.of([])))
            named = replace(its, name=part.name, program=part.program, is_drums=part.is_drums)
            parts.setdefault(place, named)
    return replace(new, parts=tuple(parts.values()))


def _rescaled(score: Score, ticks_per_quarter: int) -> Score:
    """The notes, pedals, barlines and marks of a score in other ticks, which suit them."""

    def ticks(column: Ints) -> Ints:
        return rescaled(column, score.ticks_per_quarter, ticks_per_quarter)

    parts: list[Part] = []
    for part in score.parts:
        onset, end = ticks(part.notes.onset), ticks(part.notes.end)
        pedal = np.stack([ticks(part.pedal[:, 0]), part.pedal[:, 1]], axis=1)
        notes = Notes(onset, end - onset, part.notes.pitch, part.notes.velocity)
        parts.append(replace(part, notes=notes, pedal=pedal))
    return replace(
        score,
        ticks_per_quarter=ticks_per_quarter,
        parts=tuple(parts),
        barlines=ticks(score.barlines),
        marks=tuple(replace(m, tick=int(ticks(np.array(m.tick)))) for m in score.marks),
    )


def _after(whole: Score, old: Score, vocabulary: Vocabulary, seed: Score) -> Score:
    """What `whole` has more than `old`, the seed in the same words and ticks, in those of the seed.

    What is held over the join begins anew there.
    """
    start, at = int(old.barlines[-1]), int(seed.barlines[-1])

    def ticks(steps: Ints) -> Ints:
        return at + rescaled(steps - start, whole.ticks_per_quarter, seed.ticks_per_quarter)

    before = dict(zip(vocabulary.places(old), old.parts, strict=True))
    parts: list[Part] = []
    for part, place in zip(whole.parts, vocabulary.places(whole), strict=True):
        known = before.get(place)
        notes = Notes.of(np.array(_more(part.notes.rows, known.notes.rows if known else ())))
        onset, end = ticks(np.maximum(notes.onset, start)), ticks(notes.end)
        pedal: Ints = np.array(_more(part.pedal, known.pedal if known else ())).reshape(-1, 2)
        pedal[:, 0] = ticks(pedal[:, 0])
        new = Notes(onset, end - onset, notes.pitch, notes.velocity)
        parts.append(replace(part, notes=new, pedal=pedal))
    marks = tuple(
        replace(mark, tick=int(ticks(np.array(mark.tick))))
        for mark in whole.marks
        if mark.tick >= start and mark not in old.marks
    )
    lines = ticks(whole.barlines[whole.barlines >= start])
    return replace(
        whole,
        ticks_per_quarter=seed.ticks_per_quarter,
        parts=tuple(parts),
        barlines=lines,
        marks=marks,
        metre=np.concatenate([whole.metre[:1], _at(ticks, whole.metre, start)]),
        key=_at(ticks, whole.key, start),
    )


def _at(ticks: Callable[[Ints], Ints], rows: Ints, start: int) -> Ints:
    """Rows of tick and more (K, …) from `start` on, in other ticks."""
    rows = rows[rows[:, 0] >= start]
    return np.concatenate([ticks(rows[:, :1]), rows[:, 1:]], axis=1)


def _then(rows: Ints, later: Ints, start: int) -> Ints:
    """Rows of tick and more (K, …) before a tick, and the later ones from it on."""
    return np.concatenate([rows[rows[:, 0] < start], later[later[:, 0] >= start]])


def _more(rows: Iterable[Ints], known: Iterable[Ints]) -> list[tuple[int, ...]]:
    """The rows that are not among those known, in order of time."""
    return sorted((Counter(map(tuple, rows)) - Counter(map(tuple, known))).elements())


def _append(part: Part, new: Part | None) -> Part:
    """A part and new music; a new note of a pitch that still sounds begins where that ends.

    MIDI cannot tell two notes of one pitch apart: the new one would end the old.
    """
    if new is None:
        return part
    until = np.zeros(128, np.int64)
    np.maximum.at(until, part.notes.pitch, part.notes.end)
    onset, end = np.maximum(new.notes.onset, until[new.notes.pitch]), new.notes.end
    kept = (onset == new.notes.onset) | (end > onset)
    later = np.stack([onset, end - onset, new.notes.pitch, new.notes.velocity], axis=1)[kept]
    rows: Ints = np.concatenate([part.notes.rows, later])
    pedal: Ints = np.concatenate([part.pedal, new.pedal])
    return replace(part, notes=Notes.of(rows), pedal=pedal)
