"""A tune as the lexemes of its ABC, in one canonical order, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from musegen.errors import ModelError
from musegen.score.abc_fields import key_text
from musegen.score.abc_lexemes import is_chord_symbol, lexemes
from musegen.score.abc_score import score_of
from musegen.score.abc_sheet import Marks, Sheet, bar_signs
from musegen.score.abc_voice import Voice
from musegen.score.score import DEFAULT_TEMPO_US, Ints, Score, standing

from .abc_lexicon import NO_KEY, note_text

BEFORE_A_NOTE = ("chord", "grace", "ornament")  # in the order in which they stand


def fits(score: Score) -> bool:
    """Whether a score is a tune: one line, with chords whose notes begin and end together."""
    if len(score.parts) != 1 or score.parts[0].is_drums:
        return False
    notes = score.parts[0].notes
    together = notes.onset[1:] == notes.onset[:-1]
    same_end = notes.end[1:] == notes.end[:-1]
    after = notes.onset[1:] >= notes.end[:-1]
    distinct = notes.pitch[1:] != notes.pitch[:-1]
    is_line = np.where(together, same_end & distinct, after)
    return bool(is_line.all() and (notes.duration > 0).all())


def no_tune(what: str = "it is no") -> ModelError:
    """The error of a score that does not fit."""
    return ModelError(
        f"{what} tune of one line, which is all that an abc model knows",
        hint="Take a model of notes (-m ensemble), or train one with --vocabulary notes.",
    )


def texts_of(score: Score) -> Iterator[str]:
    """The lexemes of a tune: metre, key, then the music.

    Raises:
        ModelError: it is no tune.
    """
    if not fits(score):
        raise no_tune()
    metre, key = _changes(score.metre), _changes(score.key)
    untimed = np.array([[0, DEFAULT_TEMPO_US]])  # a tempo would cut the notes it falls into
    sheet = Sheet.of(replace(score, metre=metre, key=key, tempo=untimed), 0)
    fields = _fields(metre, key)
    fields[0] = fields[0] if len(fields[0]) == 2 else [*fields[0], NO_KEY]
    yield from fields.pop(0)
    lines = set(sheet.lines)
    for segment in sheet.segments:
        yield from _boundary(segment.start, sheet, lines, fields)
        yield from _marks(sheet.marks.get(segment.start, []))
        fifths = (*standing(key, segment.start), 0)[0]
        units = Fraction(2 * (segment.end - segment.start), score.ticks_per_quarter)
        yield note_text(segment.pitches, fifths, units, bool(segment.held))
    yield from _boundary(sheet.end, sheet, lines, fields)


def score_of_texts(texts: Iterable[str]) -> Score:
    """The score that lexemes say: one part, the last bar closed."""
    voice = Voice()
    voice.change("M", "4/4")
    voice.change("K", "none")
    for text in texts:
        if text[:2] in ("M:", "K:"):
            voice.change(text[0], text[2:])
            continue
        for kind, lexeme in lexemes(text):
            voice.read(kind, lexeme)
        voice.forget_accidentals()
    return score_of([voice], "", 0)


def mark_text(kind: str, text: str) -> str | None:
    """The lexeme of a mark; None for one that ABC cannot say."""
    written = {"chord": f'"{text}"', "ending": f"[{text}"}.get(kind, text)
    try:
        found = [name for name, _ in lexemes(written)]
    except ValueError:
        return None
    if kind == "chord":
        return written if found == ["quoted"] and is_chord_symbol(text) else None
    return written if found == [kind] else None


def _changes(column: Ints) -> Ints:
    """The rows of a metre or key column that say something new."""
    new = [True, *(column[1:, 1:3] != column[:-1, 1:3]).any(axis=1).tolist()]
    changes: Ints = column[np.array(new[: len(column)], dtype=bool)]
    return changes


def _fields(metre: Ints, key: Ints) -> dict[int, list[str]]:
    """The metres and keys by the tick at which they begin."""
    fields: dict[int, list[str]] = {}
    for tick, numerator, denominator in metre.tolist():
        fields.setdefault(tick, []).append(f"M:{numerator}/{denominator}")
    for tick, fifths, mode, _ in key.tolist():
        fields.setdefault(tick, []).append(f"K:{key_text(fifths, mode)}")
    return fields


def _boundary(
    tick: int, sheet: Sheet, lines: set[int], fields: dict[int, list[str]]
) -> Iterator[str]:
    """What stands between two notes: bar line, endings, metre, key."""
    marks = sheet.marks.get(tick, [])
    ends, begins = bar_signs(marks, tick in lines)
    if ends == ["|"] and begins:
        ends = []
    if ends or begins:
        yield "::" if (ends, begins) == ([":|"], ["|:"]) else " ".join(ends + begins)
    written = {mark_text(kind, text) for kind, text in marks if kind == "ending"}
    yield from sorted(text for text in written if text)
    yield from fields.get(tick, [])


def _marks(marks: Marks) -> Iterator[str]:
    for wanted in BEFORE_A_NOTE:
        written = {mark_text(kind, text) for kind, text in marks if kind == wanted}
        yield from sorted(text for text in written if text)
