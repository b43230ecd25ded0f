"""Follows a `notes` sequence word by word: where it is, and its features."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from musegen.errors import ModelError
from musegen.score.instruments import DRUMS
from musegen.score.score import Ints

from .notes_echo import N_ALL, NotesEchoes
from .notes_features import BARS, CHORD, ECHO, bar_lengths, notes_features
from .notes_layout import (
    APPLIES,
    BARLINE,
    BEATS,
    CLASSES,
    COARSE,
    DESK,
    DESKS,
    END,
    FAR,
    INSTRUMENT,
    INSTRUMENTS,
    KEY,
    KIND,
    KINDS,
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
    WAIT,
    key_value,
    metre_value,
    notes_fields,
    tempo_value,
)
from .vocabulary import Drawn, Features, Mask, Opening, Tracker, Words

MOST_VOICES = 10  # of a part that are counted
_PARTS = INSTRUMENTS * DESKS


class NotesState(Tracker):
    """See Tracker. `parts` (129, 16) says which desks may play."""

    _of_pieces = (
        *("_time", "_bar_start", "_standing", "_last", "_pedal", "_n_desks"),
        *("_part_note", "_sounds_until", "_ends", "_busy_until", "_class_until", "_last_end"),
    )

    def __init__(self, batch: int, steps: int, pitch_low: int, pitch_high: int) -> None:
        self.steps = steps
        self.bars = np.zeros(batch, np.int64)
        self.done = np.zeros(batch, bool)
        self._rows = np.arange(batch)
        self._sizes = [field.size for field in notes_fields(steps)]
        self._n_features = len(notes_features(steps))
        self._bar_lengths = bar_lengths(steps)
        self.parts: Mask = np.ones((INSTRUMENTS, DESKS), bool)
        self._pitches: Mask = np.ones((INSTRUMENTS, 128), bool)  # that an instrument may play
        self._pitches[:DRUMS] = _between(pitch_low, pitch_high)
        self._voices = np.full(_PARTS, MOST_VOICES + 1)  # notes that a part sounds at once, at most
        self._time = np.zeros(batch, np.int64)
        self._bar_start = np.zeros(batch, np.int64)
        self._standing = np.zeros((batch, len(KINDS)), np.int64)
        self._last = np.zeros((batch, len(self._sizes)), np.int64)
        self._last[:, KIND] = END
        self._pedal = np.zeros((batch, _PARTS), np.int8)
        self._n_desks = np.zeros((batch, INSTRUMENTS), np.int64)  # that have played
        self._part_note = np.zeros((batch, _PARTS, 4), np.int32)
        self._sounds_until = np.zeros((batch, _PARTS, 128), np.int32)
        self._ends = np.zeros(
            (batch, _PARTS, MOST_VOICES + 1), np.int32
        )  # its latest, the last stays 0
        self._busy_until = np.zeros((batch, _PARTS), np.int32)  # when it is free for a note
        self._class_until = np.zeros((batch, CLASSES), np.int64)  # when a pitch class last ends
        self._last_end = np.zeros(batch, np.int64)
        self._echoes = NotesEchoes(batch)
        self._asked: dict[int, int] = {}  # a kind that stands → its value

    def _keep(self, rows: Ints) -> None:
        super()._keep(rows)
        self._rows, self._echoes = np.arange(len(rows)), self._echoes.chosen(rows)
        self._pitches, self._asked = self._pitches.copy(), self._asked.copy()
        self._voices = self._voices.copy()
        self._forget()

    def keep_parts(
        self,
        places: list[tuple[int, int]] | None,
        ranges: Mapping[int, tuple[int, int]] = {},
        voices: Mapping[tuple[int, int], int] = {},
    ) -> None:
        """See Tracker. Here a place is an instrument and its desk."""
        if places is not None:
            self.parts = np.zeros((INSTRUMENTS, DESKS), bool)
            for place in places:
                self.parts[place] = True
        for instrument, (low, high) in ranges.items():
            self._pitches[instrument] = _between(low, high)
        for (instrument, desk), most in voices.items():
            self._voices[instrument * DESKS + desk] = min(most, MOST_VOICES + 1)
        self._busy_until = self._ends[:, np.arange(_PARTS), self._voices - 1].copy()
        self._forget("_last_part", "_instruments", "_may_play")

    def ask(self, opening: Opening) -> None:
        """See Tracker."""
        if opening.metre is not None:
            value = metre_value(*opening.metre)
            if value is None:
                raise ModelError("no words say the metre {}/{}".format(*opening.metre))
            self._asked[METRE] = value
        if opening.key is not None:
            self._asked[KEY] = key_value(*opening.key)
        if opening.tempo is not None:
            self._asked[TEMPO] = int(tempo_value(np.array(60e6 / opening.tempo)))

    def advance(self, words: Words) -> None:
        """Take one more word of each piece (B, 10)."""
        self._forget()
        now: Ints = words.astype(np.int64)
        live = ~self.done
        self._echoes.take(now, self._part(now), self._part_gap(now), live)
        kinds = now[:, KIND]
        self._time += np.where(kinds == WAIT, COARSE * self.steps, self._delta(now)) * live
        self._last[live] = now[live]
        for kind in set(kinds[live].tolist()):
            self._take(kind, np.flatnonzero(live & (kinds == kind)), now)

    def _take(self, kind: int, rows: Ints, words: Ints) -> None:
        """What a word of a kind changes, in the pieces (R,) that have one."""
        if kind in (PEDAL, NOTE) and self.in_turn:
            place = rows, words[rows, INSTRUMENT]
            self._n_desks[place] = np.maximum(self._n_desks[place], words[rows, DESK] + 1)
        if kind == NOTE:
            self._note(rows, words)
        elif kind == LONGER:
            self._longer(rows, words)
        elif kind == PEDAL:
            self._pedal[rows, self._part(words)[rows]] = words[rows, VALUE]
        elif kind == BARLINE:
            self._bar_start[rows] = self._time[rows]
            self.bars[rows] += 1
        elif kind == END:
            self.done[rows] = True
        elif kind == WAIT:
            self._last[rows, KIND] = END  # nothing stands yet where a wait leads to
        else:
            self._standing[rows, kind] = words[rows, VALUE] + 1

    def features(self, drawn: Drawn) -> Features:
        """Fields drawn so far (B, k) → features (B, G), zero where not known yet."""
        out: Features = self._known_before.copy()
        if drawn.shape[1] <= TICKS:
            return out
        bar, so_far = 8 * self.steps, drawn.astype(np.int64, copy=False)
        onset = self._time + self._delta(so_far)
        out[:, 6] = np.minimum(onset - self._bar_start, bar)
        out[:, CHORD:ECHO] = self._class_until > onset[:, None]
        if so_far.shape[1] > DESK:
            part = self._part(so_far)
            note = self._part_note[self._rows, part]
            known = (note[:, 0] > 0) & APPLIES[so_far[:, KIND], DESK]
            length = np.minimum(note[:, 2], bar)
            values = np.array([note[:, 0], self._part_gap(so_far), length, note[:, 3]])
            out[:, 7:CHORD] = (values * known).T
            is_note = (so_far[:, KIND] == NOTE)[:, None]
            out[:, ECHO + 1 + N_ALL :] = self._echoes.of_parts(part) * is_note
        return out

    @cached_property
    def _known_before(self) -> Features:
        """The features of the next word before any field of it is drawn (B, G)."""
        bar = 8 * self.steps
        out: Features = np.zeros((len(self._rows), self._n_features), np.int16)
        out[:, 0] = np.minimum(self._time - self._bar_start, bar)
        out[:, 1] = np.minimum(self._to_go, bar) * (self._to_go < FAR)
        out[:, 2] = self.bars % BARS
        out[:, 3:6] = self._standing[:, METRE : TEMPO + 1]
        out[:, ECHO : ECHO + 1 + N_ALL] = self._echoes.columns
        return out

    def _forget(self, *others: str) -> None:
        """Nothing that hangs on the words so far is known any more, nor are others."""
        of_words = ("_known_before", "_to_go", "_another_here", "_has_higher")
        for name in (*of_words, "_free_now", "_until_free", *others):
            self.__dict__.pop(name, None)

    @cached_property
    def _last_part(self) -> int:
        """The last part that may play."""
        return int(np.flatnonzero(self.parts)[-1])

    @cached_property
    def _may_play(self) -> Mask:
        """Which parts may play (PARTS,)."""
        return self.parts.reshape(-1)

    @cached_property
    def _instruments(self) -> Mask:
        """Which instruments may play (129,)."""
        return np.asarray(self.parts.any(axis=1))

    def _part_gap(self, words: Ints) -> Ints:
        """Steps from the part's last note to each word (B,), plus one; 0 where it has none."""
        note = self._part_note[self._rows, self._part(words)]
        gap = self._time + self._delta(words) - note[:, 1]
        return np.asarray((note[:, 0] > 0) * (np.minimum(gap, 4 * self.steps) + 1))

    def _delta(self, words: Ints) -> Ints:
        return words[:, BEATS] * self.steps + words[:, TICKS]

    def _part(self, words: Ints) -> Ints:
        return words[:, INSTRUMENT] * DESKS + words[:, DESK]

    def _note(self, rows: Ints, words: Ints) -> None:
        part, pitch = self._part(words)[rows], words[rows, PITCH]
        length = words[rows, LENGTH_BEATS] * self.steps + words[rows, LENGTH_TICKS]
        columns = [pitch + 1, self._time[rows], length, words[rows, VELOCITY] + 1]
        self._part_note[rows, part] = np.array(columns).T
        where, end = (rows, part, pitch), self._time[rows] + length
        self._sounds_until[where] = np.maximum(self._sounds_until[where], end)
        self._end_at(rows, part, np.zeros_like(end), end)
        melodic = words[rows, INSTRUMENT] != DRUMS
        its = rows[melodic], pitch[melodic] % CLASSES
        self._class_until[its] = np.maximum(self._class_until[its], end[melodic])
        self._last_end[rows] = np.maximum(self._last_end[rows], end)

    def _longer(self, rows: Ints, words: Ints) -> None:
        where = rows, self._part(words)[rows], words[rows, PITCH]
        before = self._sounds_until[where]
        end = before + COARSE * self.steps * words[rows, LENGTH_BEATS]
        self._sounds_until[where] = end
        self._end_at(rows, where[1], before, end)
        self._last_end[rows] = np.maximum(self._last_end[rows], end)

    def _end_at(self, rows: Ints, parts: Ints, before: Ints, end: Ints) -> None:
        """One note of each of these parts ends then, in place of `before`; 0: it is a new one."""
        ends = self._ends[rows, parts, :MOST_VOICES]
        which = np.where(before == 0, MOST_VOICES - 1, (ends == before[:, None]).argmax(axis=1))
        place = np.arange(len(rows)), which
        ends[place] = np.maximum(end, ends[place])
        ends = -np.sort(-ends, axis=1)
        self._ends[rows, parts, :MOST_VOICES] = ends
        self._busy_until[rows, parts] = self._ends[rows, parts, self._voices[parts] - 1]

    @cached_property
    def _to_go(self) -> Ints:
        """Steps until the barline (B,); very many in a piece without bars."""
        length = self._bar_lengths[self._standing[:, METRE]]
        place = self._time - self._bar_start
        to_go: Ints = np.maximum(length - place, 0)
        to_go[length == 0] = FAR
        return to_go


def _between(low: int, high: int) -> Mask:
    pitches = np.arange(128)
    return np.asarray((pitches >= low) & (pitches <= high))
