"""What may come next in a `notes` sequence."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from musegen.score.score import Ints

from .notes_layout import (
    BARLINE,
    BEATS,
    COARSE,
    DESK,
    DESKS,
    END,
    FAR,
    INSTRUMENT,
    INSTRUMENTS,
    KEY,
    KEYS,
    KIND,
    KINDS,
    LENGTH_BEATS,
    LENGTH_TICKS,
    LONGER,
    METRE,
    METRES,
    NOTE,
    PEDAL,
    PITCH,
    TEMPO,
    TEMPOS,
    TICKS,
    VALUE,
    VELOCITY,
    WAIT,
    tempo_value,
)
from .notes_state import NotesState
from .vocabulary import Drawn, Mask

_SLOW, _FAST = tempo_value(np.array([60e6 / 40, 60e6 / 240]))  # quarters a minute
_PLACES = np.arange(INSTRUMENTS * DESKS)  # of parts
_NUMBERS = np.arange(METRES)  # as many as any field has values


class NotesTracker(NotesState):
    """See Tracker."""

    def legal(self, drawn: Drawn) -> Mask:
        """Fields drawn so far (B, k) → which values of field k may follow (B, size)."""
        field = drawn.shape[1]
        so_far: Ints = drawn.astype(np.int64, copy=False)
        if field == KIND:
            return self._legal_kind()
        if field in (BEATS, TICKS):
            return self._within(so_far, *self._onset_range(so_far[:, KIND]), BEATS)
        if field in (LENGTH_BEATS, LENGTH_TICKS):
            return self._within(so_far, np.ones_like(self._time), self._room(so_far), LENGTH_BEATS)
        if field == VELOCITY:
            return np.ones((len(so_far), self._sizes[VELOCITY]), bool)
        if field == VALUE:
            return self._legal_value(so_far)
        tied = self._tied(so_far)
        if field == INSTRUMENT:
            return self._of_free(so_far, self._legal_instrument(so_far, tied))
        if field == DESK:
            return self._of_free(so_far, self._legal_desk(so_far, tied))
        return self._legal_pitch(so_far, tied)

    def _legal_kind(self) -> Mask:
        kinds = _NUMBERS[: len(KINDS)]
        last, to_go, has_bars = self._last[:, KIND], self._to_go, self._standing[:, METRE] > 0
        later = kinds > last[:, None]
        again = (kinds == last[:, None]) & self._another_here[:, None]
        legal: Mask = later | again | (to_go > 1)[:, None]
        if self.keep_time:
            legal[:, METRE : TEMPO + 1] = False
        else:
            at_bar = (self._time == self._bar_start)[:, None] & later
            legal[:, [METRE, KEY]] = at_bar[:, [METRE, KEY]]
            legal[:, METRE] &= has_bars & (self._time > 0)
            if legal[:, METRE].any():
                legal[:, METRE] &= self._fitting_metres().any(axis=1)
        far = to_go > COARSE * self.steps - 1
        legal[:, BARLINE], legal[:, WAIT] = has_bars & ~far, has_bars & far
        legal[:, NOTE] &= self._until_free <= np.minimum(to_go, COARSE * self.steps) - 1
        legal[:, LONGER] = legal[:, END] = False
        if self.last_bar is None:
            legal[:, END] = (last == BARLINE) | (~has_bars & (self._time > 0))
        else:
            legal[has_bars & (self.bars >= self.last_bar)] = kinds == END
        opening = self._standing[:, TEMPO] == 0
        if opening.any():
            legal[opening] = later[opening] & (kinds >= METRE) & (kinds <= TEMPO)
            if self.last_bar is not None:
                legal[opening & ~has_bars] = kinds == METRE
        legal[has_bars & (to_go == 0)] = kinds == BARLINE
        if self._asked:
            legal[:, list(self._asked)] = False
        for kind in sorted(self._asked, reverse=True):  # metre, then key, then tempo
            legal[self._owes(kind)] = kinds == kind
        return legal

    def _owes(self, kind: int) -> Mask:
        """Whether a metre, key or tempo that was asked for has to come now (B,)."""
        standing = self._standing[:, kind] == self._asked[kind] + 1
        begins = (self._time == self._bar_start) & (self._last[:, KIND] < kind)
        return np.asarray(begins & ~standing & ((kind == METRE) | (self._standing[:, METRE] > 0)))

    @cached_property
    def _another_here(self) -> Mask:
        """Whether a word of the last kind can still follow at the same tick (B,)."""
        last, kind = self._part(self._last), self._last[:, KIND]
        after = last[:, None] < _PLACES
        room = (self._free_now & after).any(axis=1) | self._higher(self._last)
        return np.asarray(((kind == NOTE) & room) | ((kind == PEDAL) & (last < self._last_part)))

    def _onset_range(self, kind: Ints) -> tuple[Ints, Ints]:
        """The least and most steps from the last word to one of `kind` (B,)."""
        last, to_go = self._last[:, KIND], self._to_go
        same = (kind > last) | ((kind == last) & self._another_here)
        here = (kind == METRE) | (kind == KEY) | (self._standing[:, TEMPO] == 0)
        for asked in self._asked:
            here |= kind == asked
        low = np.maximum((kind == BARLINE) * to_go, ~(here | same))
        low = np.maximum(low, (kind == NOTE) * self._until_free)
        return low, np.maximum(~here * np.minimum(to_go - 1, COARSE * self.steps - 1), low)

    def _within(self, drawn: Ints, low: Ints, high: Ints, coarse: int) -> Mask:
        """Values of a coarse or fine field that keep their sum between `low` and `high`."""
        values = _NUMBERS[: self._sizes[drawn.shape[1]]]
        if drawn.shape[1] == coarse:
            low, high = low // self.steps, high // self.steps
        else:
            first = drawn[:, coarse] * self.steps
            low, high = low - first, high - first
        return np.asarray((values >= low[:, None]) & (values <= high[:, None]))

    def _room(self, drawn: Ints) -> Ints:
        """The longest note that ends with the piece (B,)."""
        if self.last_bar is None:
            return np.full(len(drawn), FAR)
        bar = self._bar_lengths[self._standing[:, METRE]]
        more = np.maximum(self.last_bar - self.bars - 1, 0) * bar
        return np.maximum(self._to_go - self._delta(drawn) + more, 1)

    def _tied(self, drawn: Ints) -> Mask:
        """Whether the order of words binds what is drawn to come after the last word (B,)."""
        return np.asarray((drawn[:, KIND] == self._last[:, KIND]) & (self._delta(drawn) == 0))

    def _legal_instrument(self, drawn: Ints, tied: Mask) -> Mask:
        some = np.broadcast_to(self._instruments, (len(drawn), INSTRUMENTS))
        if not tied.any():
            return some
        values, last = _NUMBERS[:INSTRUMENTS], self._last[:, INSTRUMENT, None]
        desks = self.parts[self._last[:, INSTRUMENT]]
        desks = desks & (_NUMBERS[:DESKS] > self._last[:, DESK, None])
        room = (desks.any(axis=1) | self._higher(drawn))[:, None]
        after = (values > last) | ((values == last) & room)
        return np.asarray(some & (after | ~tied[:, None]))

    def _of_free(self, drawn: Ints, legal: Mask) -> Mask:
        """The legal instruments or desks of parts that are free, if a note is drawn."""
        onset = (self._time + self._delta(drawn))[:, None]
        free = (self._may_play & (self._busy_until <= onset)).reshape(-1, INSTRUMENTS, DESKS)
        which = drawn[:, INSTRUMENT] if drawn.shape[1] > INSTRUMENT else None
        its = free.any(axis=2) if which is None else free[self._rows, which]
        return np.asarray(legal & (its | (drawn[:, KIND] != NOTE)[:, None]))

    @cached_property
    def _free_now(self) -> Mask:
        """Which parts may begin a note with the last word (B, PARTS)."""
        return np.asarray(self._may_play & (self._busy_until <= self._time[:, None]))

    @cached_property
    def _until_free(self) -> Ints:
        """Steps until any part may begin a note (B,); 0 if one may now."""
        free = np.where(self._may_play, self._busy_until, FAR).min(axis=1)
        return np.asarray(np.maximum(free - self._time, 0))

    def _higher(self, drawn: Ints) -> Mask:
        """Whether the part that played last has a pitch left for one more note here (B,)."""
        return np.asarray((drawn[:, KIND] == NOTE) & self._has_higher)

    @cached_property
    def _has_higher(self) -> Mask:
        """Whether the part of the last word may play a higher pitch that is silent now (B,)."""
        instrument, desk = self._last[:, INSTRUMENT], self._last[:, DESK]
        silent = self._sounds_until[self._rows, self._part(self._last)] <= self._time[:, None]
        higher = self._pitches[instrument] & (_NUMBERS[:128] > self._last[:, PITCH, None])
        room = (higher & silent).any(axis=1) & self.parts[instrument, desk]
        return np.asarray(
            room & (self._busy_until[self._rows, self._part(self._last)] <= self._time)
        )

    def _legal_desk(self, drawn: Ints, tied: Mask) -> Mask:
        values, instrument = _NUMBERS[:DESKS], drawn[:, INSTRUMENT]
        legal = self.parts[instrument]
        bound = tied & (instrument == self._last[:, INSTRUMENT])
        if bound.any():
            last = self._last[:, DESK, None]
            after = (values > last) | ((values == last) & self._higher(drawn)[:, None])
            legal &= after | ~bound[:, None]
        if self.in_turn:
            legal &= values <= self._n_desks[self._rows, instrument][:, None]
        return legal

    def _legal_pitch(self, drawn: Ints, tied: Mask) -> Mask:
        part, legal = self._part(drawn), self._pitches[drawn[:, INSTRUMENT]]
        bound = tied & (part == self._part(self._last))
        if bound.any():
            legal &= (_NUMBERS[:128] > self._last[:, PITCH, None]) | ~bound[:, None]
        onset = (self._time + self._delta(drawn))[:, None]
        free = legal & (self._sounds_until[self._rows, part] <= onset)
        some = free.any(axis=1, keepdims=True)
        return free if some.all() else np.where(some, free, legal)

    def _fitting_metres(self) -> Mask:
        """The new metres that let what sounds end with the piece (B, METRES).

        They have 1 to 16 beats, from half notes to sixteenths.
        """
        values = np.arange(METRES)
        usual = (values % 8 >= 1) & (values % 8 <= 4) & (values // 8 < 16)
        fitting = usual & (values != self._standing[:, METRE, None] - 1)
        if self.last_bar is not None:
            end = self._time[:, None] + (self.last_bar - self.bars)[:, None] * self._bar_lengths[1:]
            fitting &= (end >= self._last_end[:, None]) | (self._time == 0)[:, None]
        return np.asarray(fitting)

    def _legal_value(self, drawn: Ints) -> Mask:
        """Only what changes."""
        kind, values = drawn[:, KIND], np.arange(METRES)
        legal = np.ones((len(drawn), METRES), bool)
        legal[kind == KEY] = values < KEYS
        legal[kind == TEMPO] = values < TEMPOS
        if self.keep_time:  # a tempo that is composed is one that people play
            legal[kind == TEMPO] = (values >= _SLOW) & (values <= _FAST)
        standing = (kind == KEY) | (kind == TEMPO)
        now = self._standing[self._rows, kind]
        rows = np.flatnonzero(standing & (now > 0))
        legal[rows, now[rows] - 1] = False
        if (kind == METRE).any():
            legal[kind == METRE] = self._fitting_metres()[kind == METRE]
        for asked, value in self._asked.items():
            legal[kind == asked] = values == value
        pedal = np.flatnonzero(kind == PEDAL)
        legal[pedal] = values == 1 - self._pedal[pedal, self._part(drawn)[pedal], None]
        return legal
