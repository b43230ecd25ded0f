"""What is asked for: a seed to go on from, how many bars, and how the new meets the old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from musegen.errors import ModelError, UsageError
from musegen.score.score import Event, Ints, Mark, Notes, Part, Score, bar_ticks, standing
from musegen.vocabulary.grid import GridVocabulary
from musegen.vocabulary.grid_tracker import REST
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
        """The words of the seed up to its last barline (T, F), its end left out.

        Raises:
            ModelError: the seed does not fit the vocabulary.
        """
        if self.seed is None:
            return np.zeros((0, len(vocabulary.sizes)), np.int16)
        try:
            return _words(until_bar(self.seed, self.seed.n_bars), vocabulary)
        except ModelError as error:
            reason = f"the seed does not suit the model: {error.message}"
            raise ModelError(reason, hint=error.hint) from error

    def tracker(self, vocabulary: Vocabulary, n: int) -> Tracker:
        """A tracker of `n` pieces that have read the seed and end after the asked bars.

        Only the parts that play in the seed may go on, in its metre, tempo and key.
        """
        tracker = vocabulary.start(n)
        for word in self.words(vocabulary):
            tracker.advance(np.repeat(word[None], n, axis=0))
        tracker.last_bar = int(tracker.bars[0]) + self.bars
        tracker.keep_time = self.seed is not None
        if isinstance(tracker, NotesTracker) and self.seed is not None:
            assert isinstance(vocabulary, NotesVocabulary)
            parts = np.zeros((129, 16), bool)
            for part, place in zip(self.seed.parts, vocabulary.places(self.seed), strict=True):
                parts[place] |= len(part.notes) > 0
            tracker.parts = parts
        return tracker

    def join(self, vocabulary: Vocabulary, words: Words) -> Score:
        """All words → a score: the seed untouched and the new music after it, in whole bars.

        From nothing, or where the seed is omitted, it is the new music alone.
        """
        whole = vocabulary.decode(words)
        if self.seed is None:
            return _closed(whole)
        new = _closed(
            _after(whole, vocabulary.decode(self.words(vocabulary)), vocabulary, self.seed)
        )
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
        return from_bar(joined, self.seed.n_bars) if self.omit_seed else joined


def until_bar(score: Score, bar: int) -> Score:
    """The first `bar` bars of a score; notes that sound over the last barline keep their length.

    Raises:
        UsageError: the score has no such bar.
    """
    if not 1 <= bar <= score.n_bars:
        raise UsageError(
            f"the seed has {score.n_bars} bars; it cannot be continued from bar {bar + 1}",
            hint=f"Take a bar from 2 to {score.n_bars + 1}.",
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
        marks=tuple(m for m in score.marks if m.tick < end + _closes(m)),
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
            events=_events_from(part.events, start),
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
        marks=tuple(
            replace(m, tick=m.tick - start) for m in score.marks if m.tick >= start + _closes(m)
        ),
        events=(),
        characters=0,
    )


def _words(seed: Score, vocabulary: Vocabulary) -> Words:
    """The words of a seed that ends with its last barline, the end left out."""
    if isinstance(vocabulary, NotesVocabulary):
        return vocabulary.encode(seed)[:-1]
    seed = _closed(seed)  # what sounded over the barline would go on in words of the next bar
    if isinstance(vocabulary, GridVocabulary):
        return _grid_words(seed, vocabulary)
    return vocabulary.encode(seed)[:-1]


def _grid_words(seed: Score, vocabulary: GridVocabulary) -> Words:
    """The seed's steps up to its last barline, with rests before them to make that one of the grid.

    The grid counts bars from its first step: a pickup, or a change of metre, would put it out.
    """
    end = int(seed.barlines[-1])
    numerator, denominator = standing(seed.metre, end)
    words = vocabulary.encode(replace(seed, metre=np.array([[0, numerator, denominator]])))
    steps = (2 * end * vocabulary.steps + seed.ticks_per_quarter) // (2 * seed.ticks_per_quarter)
    body = np.full((steps, words.shape[1]), REST, np.int16)
    sounding = words[1:-1][:steps]
    body[: len(sounding)] = sounding
    missing = -steps % bar_ticks(numerator, denominator, vocabulary.steps)
    lead = np.full((missing, words.shape[1]), REST, np.int16)
    return np.concatenate([words[:1], lead, body])


def _after(whole: Score, old: Score, vocabulary: Vocabulary, seed: Score) -> Score:
    """What `whole` has more than `old`, the seed in the same words, in the ticks of the seed.

    What is held over the join begins anew there.
    """
    start, at = int(old.barlines[-1]), int(seed.barlines[-1])

    def ticks(steps: Ints) -> Ints:
        scale = seed.ticks_per_quarter
        return at + (2 * (steps - start) * scale + whole.ticks_per_quarter) // (
            2 * whole.ticks_per_quarter
        )

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


def _closed(score: Score) -> Score:
    """The score up to its last barline: later notes are dropped, and longer ones cut."""
    end = int(score.barlines[-1]) if score.n_bars else 0
    parts = []
    for part in score.parts:
        rows = part.notes.rows[part.notes.onset < end]
        rows[:, 1] = np.minimum(rows[:, 1], end - rows[:, 0])
        pedal = part.pedal[part.pedal[:, 0] <= end]
        parts.append(replace(part, notes=Notes.of(rows), pedal=pedal))
    return replace(score, parts=tuple(parts))


def _closes(mark: Mark) -> bool:
    """Whether a mark belongs to the bar that ends at its tick."""
    return mark.kind == "bar" or (mark.kind, mark.text) == ("repeat", "end")


def _events_from(events: Iterable[Event], start: int) -> tuple[Event, ...]:
    """Events from a tick on, which becomes 0, and the controls and bends that stand there."""
    standing_there: dict[bytes, Event] = {}
    later: list[Event] = []
    for event in events:
        status = event.message[0]
        if event.tick >= start:
            later.append(replace(event, tick=event.tick - start))
        elif status < 0xF0:
            control = event.message[: 2 if status >> 4 == 0xB else 1]
            standing_there[control] = replace(event, tick=0)
    return (*standing_there.values(), *later)


def _append(part: Part, new: Part | None) -> Part:
    if new is None:
        return part
    rows: Ints = np.concatenate([part.notes.rows, new.notes.rows])
    pedal: Ints = np.concatenate([part.pedal, new.pedal])
    return replace(part, notes=Notes.of(rows), pedal=pedal)


def _moved(rows: Ints, ticks: int) -> Notes:
    return Notes.of(rows + np.array([ticks, 0, 0, 0]))
