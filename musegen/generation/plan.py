"""What is asked for: a seed to go on from, how many bars, and how the new meets the old."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from musegen.errors import UsageError
from musegen.score.score import Ints, Mark, Notes, Part, Score, standing
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_tracker import NotesTracker
from musegen.vocabulary.vocabulary import Tracker, Vocabulary, Words


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        bars: how many new bars.
        seed: the piece to go on from, or None for one from nothing.
        omit_seed: whether the result is the new music alone.

    Raises:
        UsageError: the seed has no notes or no bars, or the bars are none.
    """

    bars: int = 16
    seed: Score | None = None
    omit_seed: bool = False

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise UsageError(f"at least one bar must be asked for, not {self.bars}")
        if self.seed is not None and not self.seed.n_notes:
            raise UsageError("the seed has no notes", hint="Give a piece with music in it.")
        if self.seed is not None and not self.seed.n_bars:
            raise UsageError("the seed has no bars", hint="Give a piece that has a metre.")

    def words(self, vocabulary: Vocabulary) -> Words:
        """The words of the seed (T, F), its end left out.

        Raises:
            ModelError: the seed does not fit the vocabulary.
        """
        if self.seed is None:
            return np.zeros((0, len(vocabulary.sizes)), np.int16)
        return vocabulary.encode(self.seed)[:-1]

    def tracker(self, vocabulary: Vocabulary, n: int) -> Tracker:
        """A tracker of `n` pieces that end after the asked bars, with the seed's parts alone."""
        tracker = vocabulary.start(n)
        before = 0
        if self.seed is not None:
            ahead = vocabulary.start(1)
            for word in self.words(vocabulary):
                ahead.advance(word[None])
            before = int(ahead.bars[0])
            tracker.keep_time = True
        tracker.last_bar = before + self.bars
        if isinstance(tracker, NotesTracker) and self.seed is not None:
            assert isinstance(vocabulary, NotesVocabulary)
            parts = np.zeros((129, 16), bool)
            for part, place in zip(self.seed.parts, vocabulary.places(self.seed), strict=True):
                parts[place] |= len(part.notes) > 0
            tracker.parts = parts
        return tracker

    def join(self, vocabulary: Vocabulary, words: Words) -> Score:
        """All words → a score: the seed untouched and the new music after it.

        From nothing, or where the seed is omitted, it is the new music alone.
        """
        whole = vocabulary.decode(words)
        if self.seed is None:
            return whole
        new = _after(whole, vocabulary.decode(self.words(vocabulary)).barlines[-1:], self.seed)
        by_place = dict(zip(vocabulary.places(whole), new.parts, strict=True))
        places = vocabulary.places(self.seed)
        parts = tuple(
            _append(part, by_place.get(place))
            for part, place in zip(self.seed.parts, places, strict=True)
        )
        joined = replace(
            self.seed,
            parts=parts,
            barlines=np.concatenate([self.seed.barlines, new.barlines]),
            marks=self.seed.marks + new.marks,
        )
        return from_bar(joined, self.seed.n_bars) if self.omit_seed else joined


def until_bar(score: Score, bar: int) -> Score:
    """The first `bar` bars of a score; notes that sound over the last barline keep their length.

    Raises:
        UsageError: the score has no such bar.
    """
    if not 1 <= bar <= score.n_bars:
        raise UsageError(
            f"the seed has bars 1 to {score.n_bars}; it cannot be continued from bar {bar + 1}"
        )
    end = int(score.barlines[bar - 1])
    parts = tuple(
        replace(
            part,
            notes=Notes.of(part.notes.rows[part.notes.onset < end]),
            pedal=part.pedal[part.pedal[:, 0] < end],
            events=tuple(event for event in part.events if event.tick < end),
        )
        for part in score.parts
    )
    return replace(
        score,
        parts=parts,
        tempo=score.tempo[score.tempo[:, 0] < end],
        metre=score.metre[score.metre[:, 0] < end],
        key=score.key[score.key[:, 0] < end],
        barlines=score.barlines[:bar],
        marks=tuple(mark for mark in score.marks if mark.tick < end),
        events=tuple(event for event in score.events if event.tick < end),
        characters=0,
    )


def from_bar(score: Score, bar: int) -> Score:
    """A score without its first `bar` bars, with the tempo, metre and key that stand there."""
    start = int(score.barlines[bar - 1])

    def shifted(column: Ints) -> Ints:
        now, later = standing(column, start), column[column[:, 0] > start].tolist()
        rows = [[0, *now]] if now else []
        return np.array([*rows, *([tick - start, *row] for tick, *row in later)])

    parts = tuple(
        replace(
            part,
            notes=_moved(part.notes.rows[part.notes.onset >= start], -start),
            pedal=part.pedal[part.pedal[:, 0] >= start] - np.array([start, 0]),
            events=tuple(replace(e, tick=max(e.tick - start, 0)) for e in part.events),
        )
        for part in score.parts
    )
    return replace(
        score,
        parts=parts,
        tempo=shifted(score.tempo),
        metre=shifted(score.metre),
        key=shifted(score.key),
        barlines=score.barlines[bar:] - start,
        marks=tuple(replace(m, tick=m.tick - start) for m in score.marks if m.tick >= start),
        events=(),
    )


def _after(whole: Score, join: Ints, seed: Score) -> Score:
    """What `whole` has after tick `join`, in the ticks of the seed and after its last barline."""
    start, at = int(join[0]), int(seed.barlines[-1])

    def ticks(steps: Ints) -> Ints:
        scale = seed.ticks_per_quarter
        return at + (2 * (steps - start) * scale + whole.ticks_per_quarter) // (
            2 * whole.ticks_per_quarter
        )

    parts: list[Part] = []
    for part in whole.parts:
        notes = Notes.of(part.notes.rows[part.notes.onset >= start])
        onset, end = ticks(notes.onset), ticks(notes.end)
        pedal = part.pedal[part.pedal[:, 0] >= start].copy()
        pedal[:, 0] = ticks(pedal[:, 0])
        new = Notes(onset, end - onset, notes.pitch, notes.velocity)
        parts.append(replace(part, notes=new, pedal=pedal))
    marks = tuple(
        Mark(int(ticks(np.array([m.tick]))[0]), m.kind, m.text, m.part)
        for m in whole.marks
        if m.tick > start
    )
    return replace(
        whole,
        ticks_per_quarter=seed.ticks_per_quarter,
        parts=tuple(parts),
        barlines=ticks(whole.barlines[whole.barlines > start]),
        marks=marks,
    )


def _append(part: Part, new: Part | None) -> Part:
    if new is None:
        return part
    rows: Ints = np.concatenate([part.notes.rows, new.notes.rows])
    pedal: Ints = np.concatenate([part.pedal, new.pedal])
    return replace(part, notes=Notes.of(rows), pedal=pedal)


def _moved(rows: Ints, ticks: int) -> Notes:
    return Notes.of(rows + np.array([ticks, 0, 0, 0]))
