"""What is asked for: a seed to go on from, how many bars, and how the new meets the old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from musegen.corpus.conditions import Conditions
from musegen.errors import ModelError, UsageError
from musegen.score.excerpt import closed, from_bar, until_bar, with_join
from musegen.score.score import Ints, Notes, Part, Score, rescaled
from musegen.vocabulary.vocabulary import Tracker, Vocabulary, Words


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        bars: how many new bars.
        seed: the piece to go on from, or None for one from nothing.
        omit_seed: whether the result is the new music alone.
        finish: whether a model that can be told how many bars are to come must be, so that the
            piece draws to its close; a piece from nothing tells it where it can.
        style: the style that is told; empty for none.
        density: the density that is told; empty for none.

    Raises:
        UsageError: the seed has no notes or no bars, or the bars are none.
    """

    bars: int = 16
    seed: Score | None = None
    omit_seed: bool = False
    finish: bool = False
    style: str = ""
    density: str = ""

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise UsageError(f"at least one bar must be asked for, not {self.bars}")
        if self.seed is not None and not self.seed.n_notes:
            raise UsageError("the seed has no notes", hint="Give a piece with music in it.")
        if self.seed is not None and not self.seed.n_bars:
            raise UsageError("the seed has no bars", hint="Give a piece that has a metre.")

    def words(self, vocabulary: Vocabulary) -> Words:
        """The words of the seed up to its last barline (T, F), its end left out.

        Raises:
            ModelError: the seed does not fit the vocabulary.
        """
        if self.seed is None:
            return np.zeros((0, len(vocabulary.sizes)), np.int16)
        try:
            return vocabulary.prime(until_bar(self.seed, self.seed.n_bars))
        except ModelError as error:
            reason = f"the seed does not suit the model: {error.message}"
            raise ModelError(reason, hint=error.hint) from error

    def tracker(self, vocabulary: Vocabulary, words: Words, join: int, n: int) -> Tracker:
        """A tracker of `n` pieces that have these words and end after the asked bars.

        The first `join` words are those of the seed, whose parts alone may play, in its metre,
        tempo and key.
        """
        tracker = vocabulary.start(n)
        for word in words[:join]:
            tracker.advance(np.repeat(word[None], n, axis=0))
        tracker.last_bar = int(tracker.bars[0]) + self.bars
        for word in words[join:]:
            tracker.advance(np.repeat(word[None], n, axis=0))
        tracker.keep_time = self.seed is not None
        if self.seed is not None:
            tracker.keep_parts(vocabulary.places(self.seed))
        return tracker

    def told(self, conditions: Conditions, to_come: Ints) -> Ints:
        """What is told beside words at which so many bars are to come (N,): (N, C).

        Raises:
            UsageError: the style or the density has a name that the model does not know.
            ModelError: what is asked for cannot be told.
        """
        closes = self.finish or (self.seed is None and conditions.bars)
        return conditions.columns(
            len(to_come),
            style=self.style,
            density=self.density,
            to_come=to_come if closes else None,
        )

    def join(self, vocabulary: Vocabulary, words: Words) -> Score:
        """All words → a score: the seed untouched and the new music after it, in whole bars.

        From nothing, or where the seed is omitted, it is the new music alone.
        """
        whole = vocabulary.decode(words)
        if self.seed is None:
            return closed(whole)
        old = _rescaled(vocabulary.decode(self.words(vocabulary)), whole.ticks_per_quarter)
        new = closed(_after(whole, old, vocabulary, self.seed))
        by_place = dict(zip(vocabulary.places(whole), new.parts, strict=True))
        parts = tuple(
            _append(part, by_place.pop(place, None))
            for part, place in zip(self.seed.parts, vocabulary.places(self.seed), strict=True)
        )
        join = int(self.seed.barlines[-1])
        joined = replace(
            self.seed,
            parts=parts,
            metre=self.seed.metre[self.seed.metre[:, 0] < join],
            barlines=np.concatenate([self.seed.barlines, new.barlines[new.barlines > join]]),
            marks=self.seed.marks + new.marks,
            characters=0,
        )
        if self.omit_seed:
            return from_bar(joined, self.seed.n_bars)
        return with_join(joined, join)


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
        replace(mark, tick=int(ticks(np.int64(mark.tick))))
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
    )


def _more(rows: Iterable[Ints], known: Iterable[Ints]) -> list[tuple[int, ...]]:
    """The rows that are not among those known, in order of time."""
    return sorted((Counter(map(tuple, rows)) - Counter(map(tuple, known))).elements())


def _append(part: Part, new: Part | None) -> Part:
    if new is None:
        return part
    rows: Ints = np.concatenate([part.notes.rows, new.notes.rows])
    pedal: Ints = np.concatenate([part.pedal, new.pedal])
    return replace(part, notes=Notes.of(rows), pedal=pedal)
