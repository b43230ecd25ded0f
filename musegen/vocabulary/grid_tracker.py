"""Follows a `grid` sequence step by step: its features, and what may come next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musegen.errors import ModelError
from musegen.score.score import Ints, bar_ticks

from .echo import Echoes
from .grid_features import HOLD, REST, columns, is_still, padded, state_keys
from .vocabulary import Drawn, Features, Mask, Opening, Tracker, Words, unknown_metre


class GridTracker(Tracker):
    """See Tracker. Pitches keep to the range of their voice.

    A piece ends with a voice still sounding: its end is where its notes end. That is a barline,
    unless it is to have so many bars, but not exactly.

    Args:
        batch: B, how many pieces.
        ranges: lowest and highest pitch of each voice, in the order of drawing.
        metres: numerator and denominator of those known.
        steps: time steps a quarter.
        n_features: G.
    """

    _of_pieces = ("_metre", "_place", "_sounding", "_held", "_still")

    def __init__(
        self,
        batch: int,
        ranges: list[tuple[int, int]],
        metres: Sequence[tuple[int, int]],
        steps: int,
        n_features: int,
    ) -> None:
        self.bars = np.zeros(batch, np.int64)
        self.done = np.zeros(batch, bool)
        self._ranges = ranges
        self._metres, self._n_features = list(metres), n_features
        self._bar_steps = np.array([1 << 30, *(bar_ticks(n, d, steps) for n, d in metres)])
        self._metre = np.zeros(batch, np.int64)
        self._place = np.zeros(batch, np.int64)
        self._sounding = np.zeros((batch, len(ranges)), np.int64)
        self._held = np.zeros_like(self._sounding)
        self._still = np.zeros(batch, np.int64)  # steps since a voice did anything
        self._echoes = Echoes(batch, len(ranges))
        self._end = REST + 1
        self._asked = 0  # the metre to come, 0 for any
        self._read = 0  # words
        self._beside: Features | None = None  # see give

    def _keep(self, rows: Ints) -> None:
        super()._keep(rows)
        self._echoes = self._echoes.chosen(rows)

    def ask(self, opening: Opening) -> None:
        """See Tracker."""
        if opening.key is not None:
            hint = "Train one with --tell key, or --vocabulary notes or abc."
            raise ModelError("the words of this model say no key", hint=hint)
        if opening.metre is None:
            return
        if opening.metre not in self._metres:
            raise unknown_metre(opening.metre, self._metres)
        self._asked = 1 + self._metres.index(opening.metre)
        if (self._metre > 0).any() and (self._metre != self._asked).any():
            raise ModelError("in the words of this model a piece has one metre")

    def give(self, beside: Features) -> None:
        """See Tracker."""
        self._beside = beside

    def advance(self, words: Words) -> None:
        """Take one more step of each piece (B, V)."""
        self._read += 1
        said: Ints = words.astype(np.int64)
        first = said[:, 0]
        live = ~self.done
        self._metre = np.where(live & (first > self._end), first - self._end, self._metre)
        step = live & (first < self._end)
        self._place += step
        full = self._place >= self._bar_steps[self._metre]
        self.bars += full
        self._place[full] = 0
        ends = live & (first == self._end)
        self.bars += ends & (self._place > 0)
        self.done |= ends
        now = self._after(said)
        held = np.where(said == HOLD, self._held + 1, 1) * (now > 0)
        self._held = np.where(step[:, None], held, self._held)
        self._sounding = np.where(step[:, None], now, self._sounding)
        self._still = np.where(is_still(said), self._still + 1, 0)
        self._echoes.take(state_keys(self._sounding, self._still).tolist(), self._sounding)

    def _after(self, words: Ints) -> Ints:
        """What sounds after a step, plus one, of the voices drawn (B, k); 0 for none."""
        sounding = self._sounding[:, : words.shape[1]]
        now: Ints = np.where(words < HOLD, words + 1, np.where(words == HOLD, sounding, 0))
        return now

    def features(self, drawn: Drawn) -> Features:
        """All features (B, G); those of voices not drawn yet are 0."""
        now = np.zeros_like(self._sounding)
        if drawn.shape[1]:
            is_step = drawn[:, :1] < self._end
            now[:, : drawn.shape[1]] = self._after(drawn.astype(np.int64, copy=False)) * is_step
        echo = self._echoes.columns
        found = columns(self._place, self._metre, self._held, self._sounding, now, echo)
        known = found.shape[1]
        found = padded(found, self._n_features)
        if self._beside is not None:
            found[:, known:] = self._beside[min(self._read, len(self._beside) - 1), known:]
        return found

    def legal(self, drawn: Drawn) -> Mask:
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
        sounds = (self._sounding > 0).any(axis=1)
        at_barline = (self._place == 0) & (self.bars > 0) & sounds
        if self.last_bar is None:
            legal[:, self._end] = at_barline
        else:
            early = sounds & (self._place > 0) & self._in_last_bar()
            legal[:, self._end] = early & (not self.exact)
            over = at_barline & (self.bars >= self.last_bar)
            legal[over] = np.arange(size) == self._end
        metre = np.arange(size) - self._end
        legal[self._metre == 0] = metre == self._asked if self._asked else metre > 0
        return legal

    def _must_sound(self, voice: int) -> Mask:
        """Whether a rest in this voice, the last drawn, would leave the last step silent (B,)."""
        if self.last_bar is None or voice < len(self._ranges) - 1:
            return np.zeros(len(self.bars), bool)
        closing = self._place == self._bar_steps[self._metre] - 1
        return np.asarray(closing & self._in_last_bar())

    def _in_last_bar(self) -> Mask:
        assert self.last_bar is not None
        return np.asarray(self.bars >= self.last_bar - 1)
