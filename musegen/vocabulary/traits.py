"""What the choice of a vocabulary goes by: a few numbers of each score, which add up.

So a corpus of any size can be gone through in pieces, by many processes, and no score is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from musegen.score.score import Score

from .abc_tables import key_value, signature_row
from .abc_texts import fits, texts_of

COARSE_GRID, FINE_GRID = 24, 48  # steps to the quarter
VOICE_GRID = 4
_NO_RANGE = (128, -1)


@dataclass(frozen=True)
class Traits:
    """Of one score or of many.

    Attributes:
        scores: how many.
        notes: how many they hold.
        lines: scores that are one line, as a tune is.
        tunes: those of them that come from ABC.
        lexemes: the lexemes of the lines, each with the fifths of its key and whether there is one.
        off_coarse: onsets off the grid of 24 steps to the quarter.
        off_fine: onsets off that of 48.
        low: the lowest pitch of parts that are no drums; above `high` where there is none.
        high: the highest.
        n_parts: how many parts the scores have.
        voices: name and program of each part of the first score.
        ranges: lowest and highest pitch of each place among the parts.
        metres: numerator and denominator with which the scores begin.
        instruments: their programs, 128 for drums.
        drummed: scores with drums.
        unsteady: scores without bars, or whose metre changes.
        off_voices: notes that a grid of 4 steps to the quarter, one note a voice, would change.
    """

    scores: int = 0
    notes: int = 0
    lines: int = 0
    tunes: int = 0
    lexemes: frozenset[tuple[str, int, bool]] = frozenset()
    off_coarse: int = 0
    off_fine: int = 0
    low: int = _NO_RANGE[0]
    high: int = _NO_RANGE[1]
    n_parts: frozenset[int] = frozenset()
    voices: tuple[tuple[str, int], ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    metres: frozenset[tuple[int, int]] = frozenset()
    instruments: frozenset[int] = frozenset()
    drummed: int = 0
    unsteady: int = 0
    off_voices: int = 0

    def __add__(self, other: Traits) -> Traits:
        """The traits of these scores and then those."""
        if not self.scores or not other.scores:
            return self if self.scores else other
        return Traits(
            self.scores + other.scores,
            self.notes + other.notes,
            self.lines + other.lines,
            self.tunes + other.tunes,
            self.lexemes | other.lexemes,
            self.off_coarse + other.off_coarse,
            self.off_fine + other.off_fine,
            min(self.low, other.low),
            max(self.high, other.high),
            self.n_parts | other.n_parts,
            self.voices,
            tuple(
                (min(a, c), max(b, d))
                for (a, b), (c, d) in zip(self.ranges, other.ranges, strict=False)
            ),
            self.metres | other.metres,
            self.instruments | other.instruments,
            self.drummed + other.drummed,
            self.unsteady + other.unsteady,
            self.off_voices + other.off_voices,
        )


def traits(scores: Iterable[Score]) -> Traits:
    """The traits of all scores, each looked at once."""
    return sum((_traits(score) for score in scores), Traits())


def onsets_off(score: Score, steps: int) -> int:
    """How many notes begin off a grid of `steps` to the quarter."""
    tpq = score.ticks_per_quarter
    return sum(int((part.notes.onset * steps % tpq != 0).sum()) for part in score.parts)


def notes_changed(score: Score, steps: int) -> int:
    """How many notes a grid of `steps` to the quarter with one note a voice moves or drops."""
    changed = 0
    for part in score.parts:
        grid = np.stack([part.notes.onset, part.notes.end]) * steps
        moved = (grid % score.ticks_per_quarter != 0).any(axis=0) | (part.notes.duration == 0)
        hidden = np.zeros(len(part.notes), bool)
        hidden[:-1] = part.notes.onset[1:] < part.notes.end[:-1]
        changed += int((moved | hidden).sum())
    return changed


def _traits(score: Score) -> Traits:
    ranges = tuple(
        (int(part.notes.pitch.min()), int(part.notes.pitch.max())) if len(part.notes) else _NO_RANGE
        for part in score.parts
    )
    melodic = [its for part, its in zip(score.parts, ranges, strict=True) if not part.is_drums]
    is_line = fits(score)
    numerator, denominator = score.metre[0, 1:].tolist()
    return Traits(
        scores=1,
        notes=score.n_notes,
        lines=int(is_line),
        tunes=int(is_line and score.characters > 0),
        lexemes=frozenset(_in_their_keys(score)) if is_line else frozenset(),
        off_coarse=onsets_off(score, COARSE_GRID),
        off_fine=onsets_off(score, FINE_GRID),
        low=min((low for low, _ in melodic), default=_NO_RANGE[0]),
        high=max((high for _, high in melodic), default=_NO_RANGE[1]),
        n_parts=frozenset([len(score.parts)]),
        voices=tuple((part.name, part.program) for part in score.parts),
        ranges=ranges,
        metres=frozenset([(numerator, denominator)]),
        instruments=frozenset(part.instrument for part in score.parts if len(part.notes)),
        drummed=int(any(part.is_drums for part in score.parts)),
        unsteady=int(len(score.metre) > 1 or not score.n_bars),
        off_voices=notes_changed(score, VOICE_GRID),
    )


def _in_their_keys(score: Score) -> Iterator[tuple[str, int, bool]]:
    """The lexemes of a line, each with the fifths of its key and whether there is one."""
    key = 1
    for text in texts_of(score):
        yield text, int(signature_row(np.array(key))) - 7, key > 1
        if text.startswith("K:"):
            key = key_value(text[2:])
