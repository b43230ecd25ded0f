"""New music in a gap of a piece, seeing both sides of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from musegen.corpus.given import (
    GIVEN,
    SIDE,
    WRITTEN,
    Stretch,
    around,
    one_after_another,
    rows_of_gap,
    stretch_of,
    toward,
)
from musegen.errors import UsageError
from musegen.score.bars import first_number, last_number
from musegen.score.excerpt import from_bar, held_over, silenced, until_bar
from musegen.score.score import STRUCTURE, Ints, Notes, Part, Score, rescaled
from musegen.vocabulary.vocabulary import Features, Tracker, Vocabulary, Words

from .plan import Plan, standing_at


@dataclass(frozen=True)
class Infill(Plan):
    """New music for some bars of the seed: `bars` of them, of which `first` is the first, from 0.

    Raises:
        UsageError: there is no seed, it has no such bars, or they differ in metre.
    """

    first: int = 0
    role: ClassVar[int] = WRITTEN

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seed is None:
            raise UsageError("--infill needs a piece", hint="Name one with --seed FILE.")
        last = self.first + self.bars
        if last > self.seed.n_bars:
            of_first = first_number(self.seed)
            reason = f"the seed has no bars {self.first + of_first} to {last - 1 + of_first}"
            raise UsageError(reason, hint=f"It has bars {of_first} to {last_number(self.seed)}.")
        start, end = self._gap(self.seed)
        metre = self.seed.metre[:, 0]
        if ((metre > start) & (metre < end)).any():
            hint = "Take bars of one metre."
            raise UsageError("the metre changes within the bars to be written", hint=hint)

    def words(self, vocabulary: Vocabulary) -> Words:
        """The words before the gap (T, F)."""
        if not self.first:
            return np.zeros((0, len(vocabulary.sizes)), np.int16)
        return vocabulary.prime(until_bar(self._in_words(vocabulary), self.first))

    def context(self, vocabulary: Vocabulary, words: Words) -> Stretch:
        """The music on both sides of the gap, and what of these words is in it."""
        old = len(self.words(vocabulary))
        new = stretch_of(vocabulary, words, WRITTEN)
        beside = self._toward(vocabulary, new.features)
        if beside is not None:
            roles = np.where(np.arange(len(words)) < old, GIVEN, WRITTEN)
            return Stretch(words, beside, roles).rows(slice(max(0, old - 2 * SIDE), None))
        score, last = self._in_words(vocabulary), self.first + self.bars - 1
        before, after = around(vocabulary, score, self.first, last)
        new = new.rows(slice(old, None))
        return one_after_another(before.rows(slice(-SIDE, None)), after.rows(slice(SIDE)), new)

    def tracker(self, vocabulary: Vocabulary, words: Words, join: int, n: int) -> Tracker:
        """See Plan; metre, key and tempo are those that stand where the gap begins."""
        assert self.seed is not None
        tracker = super().tracker(vocabulary, words[:join], join, n)
        if not self.first:
            tracker.ask(standing_at(self.seed, 0, vocabulary))
        beside = self._toward(vocabulary)
        if beside is not None:
            tracker.give(beside)
        for word in words[join:]:
            tracker.advance(np.repeat(word[None], n, axis=0))
        return tracker

    def join(self, vocabulary: Vocabulary, words: Words) -> Score:
        """The seed with the new music in its gap; all else of it is untouched.

        A new note at the end of the gap is tied to what is left there of an old one of its pitch.
        """
        assert self.seed is not None
        new = vocabulary.decode(words)
        (start, stop), (first, end) = self._gap(self.seed), self._gap(new)
        quiet = silenced(self.seed, self.first, self.first + self.bars - 1)
        per_quarter = new.ticks_per_quarter, quiet.ticks_per_quarter

        def ticks(steps: Ints) -> Ints:
            return start + rescaled(steps - first, *per_quarter)

        by_place = dict(zip(vocabulary.places(new), new.parts, strict=True))
        parts: list[Part] = []
        for part, place in zip(quiet.parts, vocabulary.places(self.seed), strict=True):
            notes = by_place[place].notes if place in by_place else Notes.of([])
            rows = notes.rows[(notes.onset >= first) & (notes.onset < end)]
            onset, until = ticks(rows[:, 0]), ticks(np.minimum(rows[:, 0] + rows[:, 1], end))
            its = np.stack([onset, until - onset, rows[:, 2], rows[:, 3]], axis=1)
            left = held_over(self.seed, self.seed.parts[len(parts)], start, stop)
            parts.append(replace(part, notes=_tied(part.notes.rows, its, left)))
        marks = (
            replace(mark, tick=int(ticks(np.array(mark.tick))))
            for mark in new.marks
            if first <= mark.tick < end and mark.kind not in STRUCTURE
        )
        return replace(quiet, parts=tuple(parts), marks=(*quiet.marks, *marks))

    @property
    def n_old(self) -> int:
        """See Plan: all but the gap."""
        assert self.seed is not None
        return self.seed.n_bars - self.bars

    @property
    def after_gap(self) -> int | None:
        """See Plan."""
        assert self.seed is not None
        after = self.first + self.bars
        return after if after < self.seed.n_bars else None

    def n_new(self, score: Score) -> int:
        """See Plan: all of the gap, a pickup too."""
        return self.bars

    def new(self, score: Score) -> Score:
        """See Plan: the bars of the gap."""
        cut = until_bar(score, min(self.first + self.bars, score.n_bars))
        return from_bar(cut, self.first) if self.first else cut

    def _toward(self, vocabulary: Vocabulary, features: Features | None = None) -> Features | None:
        """These features, or those of the whole seed, with what stands after the gap told."""
        score, last = self._in_words(vocabulary), self.first + self.bars - 1
        words = vocabulary.encode(score)
        whole = vocabulary.features_of(words)
        rows = rows_of_gap(vocabulary.bars(words, whole), self.first, last)
        given = whole if features is None else features
        return toward(vocabulary, score, given, (self.first, last), rows)

    def _gap(self, score: Score) -> tuple[int, int]:
        """Where it begins and ends in a score, or the score does."""
        lines = score.barlines
        start = int(lines[self.first - 1]) if self.first else 0
        last = min(self.first + self.bars, len(lines))
        return start, int(lines[last - 1]) if last else score.end

    def _in_words(self, vocabulary: Vocabulary) -> Score:
        """The seed as words say it."""
        assert self.seed is not None
        return vocabulary.decode(vocabulary.prime(self.seed))


def _tied(old: Ints, new: Ints, left: Ints) -> Notes:
    """Old and new notes; those of `left`, which are among the old ones, as ends of new ones."""
    for onset, length, pitch, velocity in left.tolist():
        meets = np.flatnonzero((new[:, 0] + new[:, 1] == onset) & (new[:, 2] == pitch))
        if len(meets):
            new[meets[0], 1] += length
            same = np.flatnonzero((old == [onset, length, pitch, velocity]).all(axis=1))
            old = np.delete(old, same[:1], axis=0)
    return Notes.of(np.concatenate([old, new]))
