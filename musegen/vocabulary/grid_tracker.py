"""Follows a `grid` sequence step by step: its features, and what may come next."""

from __future__ import annotations

import numpy as np

from .vocabulary import Features, Mask, Tracker, Words

HOLD, REST = 128, 129
PLACES = 64  # steps of a bar told apart
BARS = 16
HELD = 32  # steps of holding told apart


class GridTracker(Tracker):
    """See Tracker. Pitches keep to the range of their voice.

    A piece ends on a barline, with a voice still sounding: its end is where its notes end.

    Args:
        batch: B, how many pieces.
        ranges: lowest and highest pitch of each voice, in the order of drawing.
        bar_steps: the length of a bar of each metre.
        n_features: G.
    """

    def __init__(
        self,
        batch: int,
        ranges: list[tuple[int, int]],
        bar_steps: list[int],
        n_features: int,
    ) -> None:
        self.bars = np.zeros(batch, np.int64)
        self.done = np.zeros(batch, bool)
        self._ranges, self._n_features = ranges, n_features
        self._bar_steps = np.array([1 << 30, *bar_steps])
        self._metre = np.zeros(batch, np.int64)
        self._place = np.zeros(batch, np.int64)
        self._sounding = np.zeros((batch, len(ranges)), np.int64)
        self._held = np.zeros((batch, len(ranges)), np.int64)
        self._end = REST + 1

    def advance(self, words: Words) -> None:
        """Take one more step of each piece (B, V)."""
        words = words.astype(np.int64)
        first = words[:, 0]
        live = ~self.done
        self._metre = np.where(live & (first > self._end), first - self._end, self._metre)
        step = live & (first < self._end)
        self._place += step
        full = self._place >= self._bar_steps[self._metre]
        self.bars += full
        self._place[full] = 0
        self.done |= first == self._end
        pitch = np.where(words < HOLD, words + 1, np.where(words == HOLD, self._sounding, 0))
        self._sounding = np.where(step[:, None], pitch, self._sounding)
        held = np.where(words == HOLD, self._held + 1, 1) * (self._sounding > 0)
        self._held = np.where(step[:, None], held, self._held)

    def features(self, drawn: Words) -> Features:
        """All features (B, G); none depends on what is drawn."""
        columns = [np.minimum(self._place, PLACES), self.bars % BARS, self._metre]
        return np.concatenate(
            [np.stack(columns, axis=1), self._sounding, np.minimum(self._held, HELD)], axis=1
        ).astype(np.int16)

    def legal(self, drawn: Words) -> Mask:
        """Fields drawn so far (B, k) → which values of voice k may follow (B, size)."""
        voice = drawn.shape[1]
        size = REST + 1 if voice else REST + 1 + len(self._bar_steps)
        legal = np.zeros((len(self.bars), size), bool)
        low, high = self._ranges[voice]
        legal[:, low : high + 1] = True
        legal[:, REST] = True
        legal[:, HOLD] = self._sounding[:, voice] > 0
        silent = (drawn == REST).all(axis=1)
        legal[silent & self._must_sound(voice), REST] = False
        if voice:
            return legal
        at_barline = (self._place == 0) & (self.bars > 0) & (self._sounding > 0).any(axis=1)
        if self.last_bar is None:
            legal[:, self._end] = at_barline
        else:
            over = at_barline & (self.bars >= self.last_bar)
            legal[over] = np.arange(size) == self._end
        legal[self._metre == 0] = np.arange(size) > self._end
        return legal

    def _must_sound(self, voice: int) -> Mask:
        """Whether a rest in this voice, the last drawn, would leave the last step silent (B,)."""
        if self.last_bar is None or voice < len(self._ranges) - 1:
            return np.zeros(len(self.bars), bool)
        closing = self._place == self._bar_steps[self._metre] - 1
        return np.asarray(closing & (self.bars >= self.last_bar - 1))
