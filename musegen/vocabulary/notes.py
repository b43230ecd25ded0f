"""The vocabulary for any MIDI: a word is a note, a barline, a pedal, or a change of time or key.

Words are sorted by onset, kind, instrument, desk and pitch, so that a piece has one sequence. A
note names its instrument and its desk (which of the parts of that instrument), so nothing hangs
on what was told beforehand. Onsets count from the word before. Onset and length are each a coarse
and a fine field; what exceeds them takes a word more (`wait`, `longer`), so neither has a limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from musegen.score.instruments import DRUMS, instrument_name
from musegen.score.score import DEFAULT_TEMPO_US, Ints, Notes, Part, Score

from .notes_features import features_of, notes_features
from .notes_layout import (
    APPLIES,
    BARLINE,
    BEATS,
    COARSE,
    DESK,
    DESKS,
    END,
    INSTRUMENT,
    KEY,
    KIND,
    LENGTH_BEATS,
    LENGTH_TICKS,
    LONGER,
    METRE,
    NOTE,
    PEDAL,
    PITCH,
    TEMPO,
    TICKS,
    VALUE,
    VELOCITY,
    VELOCITY_STEP,
    WAIT,
    key_value,
    metre_value,
    notes_fields,
    tempo_of_value,
    tempo_value,
)
from .notes_tracker import NotesTracker
from .vocabulary import Features, Vocabulary, Words

_MAX_SHIFT = 6


@dataclass(frozen=True)
class NotesVocabulary(Vocabulary):
    """See the module. `pitch_low` and `pitch_high` are the range of its melodic parts."""

    steps: int = 24
    pitch_low: int = 0
    pitch_high: int = 127
    name: ClassVar[str] = "notes"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", notes_fields(self.steps))
        object.__setattr__(self, "features", notes_features(self.steps))
        object.__setattr__(self, "applies", APPLIES)
        object.__setattr__(self, "unit", "note")
        object.__setattr__(self, "grid", f"{self.steps} ticks a quarter")

    @classmethod
    def build(cls, scores: list[Score], steps: int = 24) -> NotesVocabulary:
        """The vocabulary whose pitch range is that of the scores."""
        pitches = [
            p.notes.pitch for s in scores for p in s.parts if not p.is_drums and len(p.notes)
        ]
        if not pitches:
            return cls(steps)
        return cls(steps, int(min(p.min() for p in pitches)), int(max(p.max() for p in pitches)))

    def encode(self, score: Score) -> Words:
        """A score → its words (T, 10), the last the end word."""
        rows = [
            *self._time_rows(score),
            *(rows for part, desk in _desks(score) for rows in self._part_rows(score, part, desk)),
        ]
        table = np.concatenate(rows)
        order = np.lexsort(
            [table[:, c + 1] for c in (PITCH, DESK, INSTRUMENT, KIND)] + [table[:, 0]]
        )
        words = self._with_deltas(table[order])
        end = np.zeros((1, len(self.fields)), np.int16)
        end[0, KIND] = END
        return np.concatenate([words, end])

    def decode(self, words: Words) -> Score:
        """Words (T, 10), with or without the end word → a score on this grid."""
        rows: Ints = np.asarray(words, dtype=np.int64)
        ends = np.flatnonzero(rows[:, KIND] == END)
        rows = rows[: ends[0]] if len(ends) else rows
        delta = np.where(
            rows[:, KIND] == WAIT,
            COARSE * self.steps,
            rows[:, BEATS] * self.steps + rows[:, TICKS],
        )
        time = np.cumsum(delta)
        tempo = self._column(rows, time, TEMPO, lambda v: [tempo_of_value(v)])
        metre = self._column(rows, time, METRE, lambda v: [v // 8 + 1, 1 << (v % 8)])
        return Score(
            self.steps,
            self._parts(rows, time),
            tempo=_from_zero(tempo, [0, DEFAULT_TEMPO_US]),
            metre=_from_zero(metre, [0, 4, 4]),
            key=self._column(rows, time, KEY, lambda v: [v // 7 - 7, v % 7, 0]),
            barlines=np.unique(time[rows[:, KIND] == BARLINE]),
        )

    def features_of(self, words: Words) -> Features:
        """Words of a whole piece (T, 10) → the features beside each (T, G)."""
        return features_of(words, self.steps)

    def start(self, batch: int) -> NotesTracker:
        """A tracker over `batch` empty pieces."""
        return NotesTracker(batch, self.steps, self.pitch_low, self.pitch_high)

    def transpositions(self, words: Words) -> tuple[int, int]:
        """The shifts within six semitones that keep the melodic notes within range."""
        pitch = words[_melodic(words), PITCH]
        if not len(pitch):
            return 0, 0
        low, high = self.pitch_low - int(pitch.min()), self.pitch_high - int(pitch.max())
        return max(min(low, 0), -_MAX_SHIFT), min(max(high, 0), _MAX_SHIFT)

    def transpose(self, words: Words, features: Features, semitones: int) -> tuple[Words, Features]:
        """Melodic notes and keys moved by `semitones`; drums stay."""
        words, features = words.copy(), features.copy()
        melodic = _melodic(words)
        words[melodic, PITCH] += semitones
        is_key = words[:, KIND] == KEY
        words[is_key, VALUE] = _shift_key(words[is_key, VALUE], semitones)
        names = [f.name for f in self.features]
        standing, last = names.index("key"), names.index("part_pitch")
        known = features[:, standing] > 0
        features[known, standing] = _shift_key(features[known, standing] - 1, semitones) + 1
        moved = (words[:, INSTRUMENT] != DRUMS) & (features[:, last] > 0)
        features[moved, last] = np.clip(features[moved, last] + semitones, 1, 128)
        return words, features

    def units(self, score: Score, words: Words) -> int:
        """How many notes the words hold."""
        return int((words[:, KIND] == NOTE).sum())

    def prime(self, seed: Score) -> Words:
        """See Vocabulary; here a note may sound over the last barline."""
        return self.encode(seed)[:-1]

    def places(self, score: Score) -> list[tuple[int, int]]:
        """The instrument and desk of each part."""
        return [(_instrument(part), min(desk, DESKS - 1)) for part, desk in _desks(score)]

    def lost(self, score: Score) -> dict[str, int]:
        """Notes moved by the grid or heard twice, marks, other events, extra parts and kits."""
        moved = doubled = 0
        for part in score.parts:
            notes = part.notes
            grid = self._steps(score, np.stack([notes.onset, notes.end])) * score.ticks_per_quarter
            off = grid != np.stack([notes.onset, notes.end]) * self.steps
            moved += int(off.any(axis=0).sum())
            doubled += len(notes) - len(self._distinct(score, part))
        counts = {
            "notes off the grid": moved,
            "notes doubled": doubled,
            "marks": len(score.marks),
            "events": len(score.events) + sum(len(part.events) for part in score.parts),
            "parts merged": sum(desk >= DESKS for _, desk in _desks(score)),
            "drum kits": sum(part.is_drums and part.program > 0 for part in score.parts),
            "metres": sum(metre_value(n, d) is None for _, n, d in score.metre.tolist()),
        }
        return {kind: count for kind, count in counts.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """The settings, as JSON knows them."""
        settings = {"steps": self.steps, "pitch_low": self.pitch_low, "pitch_high": self.pitch_high}
        return {"name": self.name, **settings}

    def _steps(self, score: Score, ticks: Ints) -> Ints:
        """Ticks of the score → the nearest steps of this grid."""
        tpq = score.ticks_per_quarter
        return (2 * ticks * self.steps + tpq) // (2 * tpq)

    def _rows(self, time: Ints, kind: int, **columns: Any) -> Ints:
        """Rows of time and word (N, 11) with the named fields filled in."""
        rows = np.zeros((len(time), len(self.fields) + 1), np.int64)
        rows[:, 0], rows[:, KIND + 1] = time, kind
        for name, values in columns.items():
            rows[:, _FIELD[name] + 1] = values
        return rows

    def _time_rows(self, score: Score) -> list[Ints]:
        """Barlines, metre, key and tempo: only what changes, the last where two meet."""
        barlines = np.unique(self._steps(score, score.barlines))
        changes: dict[int, list[tuple[int, int | None]]] = {
            KEY: [(t, key_value(fifths, mode)) for t, fifths, mode, _ in score.key.tolist()],
            TEMPO: [(t, tempo_value(us)) for t, us in score.tempo.tolist()],
        }
        if len(barlines):
            changes[METRE] = [(t, metre_value(n, d)) for t, n, d in score.metre.tolist()]
        rows = [self._rows(barlines[barlines > 0], BARLINE)]
        for kind, values in changes.items():
            kept = _changes([(int(self._steps(score, np.int64(t))), v) for t, v in values])
            rows.append(self._rows(kept[:, 0], kind, value=kept[:, 1]))
        return rows

    def _distinct(self, score: Score, part: Part) -> Ints:
        """Onset, length, pitch, velocity on the grid (N, 4); of notes heard twice the longest."""
        notes = part.notes
        onset = self._steps(score, notes.onset)
        length = np.maximum(1, self._steps(score, notes.end) - onset)
        longest = (COARSE * COARSE - 1) * self.steps
        table = np.stack([onset, np.minimum(length, longest), notes.pitch, notes.velocity], axis=1)
        table = table[np.lexsort((-table[:, 3], -table[:, 1], table[:, 2], table[:, 0]))]
        again = (np.diff(table[:, [0, 2]], axis=0) == 0).all(axis=1)
        return table[np.concatenate([[True], ~again])] if len(table) else table

    def _part_rows(self, score: Score, part: Part, desk: int) -> list[Ints]:
        """The notes and the pedal of one part."""
        onset, length, pitch, velocity = self._distinct(score, part).T
        where = {"instrument": _instrument(part), "desk": min(desk, DESKS - 1)}
        rest = length % (COARSE * self.steps)
        notes = self._rows(
            onset,
            NOTE,
            pitch=pitch,
            length_beats=rest // self.steps,
            length_ticks=rest % self.steps,
            velocity=velocity // VELOCITY_STEP,
            **where,
        )
        times = length // (COARSE * self.steps)
        long = times > 0
        longer = self._rows(
            onset[long], LONGER, pitch=pitch[long], length_beats=times[long], **where
        )
        down = [
            (int(self._steps(score, np.int64(t))), int(v >= 64)) for t, v in part.pedal.tolist()
        ]
        kept = _changes([(-1, 0), *down])[1:]
        return [notes, longer, self._rows(kept[:, 0], PEDAL, value=kept[:, 1], **where)]

    def _with_deltas(self, table: Ints) -> Words:
        """Sorted rows of time and word → words whose onsets count from the word before."""
        delta = np.diff(table[:, 0], prepend=0)
        limit = COARSE * self.steps
        words = np.repeat(table[:, 1:], delta // limit + 1, axis=0)
        last = np.cumsum(delta // limit + 1) - 1
        waits = np.ones(len(words), bool)
        waits[last] = False
        words[waits] = 0
        words[waits, KIND] = WAIT
        words[last, BEATS] = delta % limit // self.steps
        words[last, TICKS] = delta % limit % self.steps
        return words.astype(np.int16)

    def _column(self, words: Ints, time: Ints, kind: int, values: Any) -> Ints:
        """Rows of time and the values of one kind of word (K, …), the last where two meet."""
        rows = {
            t: values(v)
            for t, v in zip(
                time[words[:, KIND] == kind].tolist(),
                words[words[:, KIND] == kind, VALUE].tolist(),
                strict=True,
            )
        }
        return np.array([[t, *row] for t, row in sorted(rows.items())], dtype=np.int64)

    def _parts(self, words: Ints, time: Ints) -> tuple[Part, ...]:
        """One part for each desk up to the highest of each instrument."""
        is_note, is_pedal = words[:, KIND] == NOTE, words[:, KIND] == PEDAL
        length = words[:, LENGTH_BEATS] * self.steps + words[:, LENGTH_TICKS]
        for t, word in zip(
            time[words[:, KIND] == LONGER].tolist(), words[words[:, KIND] == LONGER], strict=True
        ):
            same = (words[:, [INSTRUMENT, DESK, PITCH]] == word[[INSTRUMENT, DESK, PITCH]]).all(
                axis=1
            )
            length[is_note & same & (time == t)] += COARSE * self.steps * word[LENGTH_BEATS]
        parts = []
        for instrument in np.unique(words[is_note | is_pedal, INSTRUMENT]).tolist():
            mine = (words[:, INSTRUMENT] == instrument) & (is_note | is_pedal)
            desks = int(words[mine, DESK].max()) + 1
            for desk in range(desks):
                here = mine & (words[:, DESK] == desk)
                note, pedal = here & is_note, here & is_pedal
                velocity = words[note, VELOCITY] * VELOCITY_STEP + VELOCITY_STEP // 2
                parts.append(
                    Part(
                        instrument_name(instrument) + (f" {desk + 1}" if desks > 1 else ""),
                        0 if instrument == DRUMS else instrument,
                        Notes(time[note], length[note], words[note, PITCH], velocity),
                        is_drums=instrument == DRUMS,
                        pedal=np.stack([time[pedal], words[pedal, VALUE] * 127], axis=1),
                    )
                )
        return tuple(parts)


_FIELD = {
    "instrument": INSTRUMENT,
    "desk": DESK,
    "pitch": PITCH,
    "length_beats": LENGTH_BEATS,
    "length_ticks": LENGTH_TICKS,
    "velocity": VELOCITY,
    "value": VALUE,
}


def _instrument(part: Part) -> int:
    return DRUMS if part.is_drums else part.program


def _desks(score: Score) -> list[tuple[Part, int]]:
    """Each part with its desk: how many parts of its instrument stand before it."""
    seen: dict[int, int] = {}
    desks = []
    for part in score.parts:
        desk = seen.get(_instrument(part), 0)
        seen[_instrument(part)] = desk + 1
        desks.append((part, desk))
    return desks


def _changes(rows: list[tuple[int, int | None]]) -> Ints:
    """Rows of time and value (K, 2): the last at each time, where it is new."""
    last = {time: value for time, value in rows if value is not None}
    table: Ints = np.array(sorted(last.items()), dtype=np.int64).reshape(-1, 2)
    new = np.diff(table[:, 1], prepend=table[0, 1] - 1 if len(table) else 0) != 0
    changed: Ints = table[new]
    return changed


def _from_zero(column: Ints, first: list[int]) -> Ints:
    """A column that begins at tick 0, with `first` where it did not."""
    if len(column) and column[0, 0] == 0:
        return column
    return np.array([first, *column.tolist()], dtype=np.int64)


def _melodic(words: Words) -> NDArray[np.bool_]:
    """Which words say the pitch of a part that is not drums (T,)."""
    pitched = (words[:, KIND] == NOTE) | (words[:, KIND] == LONGER)
    return np.asarray(pitched & (words[:, INSTRUMENT] != DRUMS))


def _shift_key(value: NDArray[np.int16], semitones: int) -> NDArray[np.int16]:
    """Key numbers moved by semitones, with at most five flats or six sharps."""
    fifths = (value // 7 - 7 + 7 * semitones + 5) % 12 - 5
    return (np.where(semitones == 0, value // 7 - 7, fifths) + 7) * 7 + value % 7
