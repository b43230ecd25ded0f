"""What a channel's controllers ask of its sound: volume, expression, pan and pitch bend.

Modulation, banks, effects and aftertouch are not obeyed; `not_sounded` counts them, and of written
marks those that a player would heed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musegen.score.dynamics import is_dynamic, is_level
from musegen.score.losses import kind_of_event
from musegen.score.score import Event, Part, Score
from musegen.score.tempo import seconds_at

_GLIDE_SECONDS = 0.005  # a level that leaps would click
_FULL = 127
_USUAL_VOLUME = 100  # General MIDI 1, where none is said
_CENTRE = 0x2000  # of a pitch bend's 14 bits
_CONTROL, _BEND, _META = 0xB0, 0xE0, 0xFF
_DATA, _VOLUME, _PAN, _EXPRESSION, _DATA_FINE = 6, 7, 10, 11, 38
_UNREGISTERED, _REGISTERED, _RESET = (98, 99), (100, 101), 121
_NONE = 127  # both halves of the number of no parameter
_MARKS = {"grace": "graces", "ornament": "ornaments", "chord": "chord symbols"}


@dataclass(frozen=True)
class Curve:
    """Values (C, M) in time, straight between the samples `at` (M,) and level beyond them."""

    at: NDArray[np.int64]
    values: NDArray[np.float32]

    @classmethod
    def of_steps(cls, start: ArrayLike, values: ArrayLike, rate: int) -> Curve:
        """Values (C, K), each from its sample on (K,), which it is reached by in a short glide."""
        reached, levels = np.asarray(start, np.int64), np.asarray(values, np.float32)
        last = np.append(reached[1:] != reached[:-1], True)  # of two at one sample the later holds
        reached, levels = reached[last], levels[:, last]
        gap = np.diff(reached, prepend=reached[:1] - rate)
        left = reached - np.minimum(round(_GLIDE_SECONDS * rate), gap)
        before = np.concatenate([levels[:, :1], levels[:, :-1]], axis=1)
        at = np.stack([left, reached], axis=1).ravel()
        return cls(at, np.stack([before, levels], axis=2).reshape(len(levels), -1))

    def over(self, start: int, size: int) -> NDArray[np.float32]:
        """The values at `size` samples from `start` (C, size); (C, 1) where nothing changes."""
        first = max(0, int(np.searchsorted(self.at, start, side="right")) - 1)
        last = int(np.searchsorted(self.at, start + size)) + 1
        at, values = self.at[first:last], self.values[:, first:last]
        if (values == values[:, :1]).all():
            return values[:, :1]
        samples = np.arange(start, start + size)
        return np.stack([np.interp(samples, at, row) for row in values]).astype(np.float32)


class Controls(NamedTuple):
    """How loud a part is on the left and the right (2, M), and how many cents it is bent (1, M)."""

    sides: Curve
    bend: Curve


@dataclass
class _Channel:
    """What a channel was told until now; the pan is None where nothing was said."""

    volume: int = _USUAL_VOLUME
    expression: int = _FULL
    pan: int | None = None
    bend: int = 0  # −8192 to 8191
    semitones: int = 2  # that the bend reaches
    cents: int = 0  # that it reaches beyond them
    parameter: dict[int, int] = field(default_factory=lambda: dict.fromkeys(_REGISTERED, _NONE))

    def heed(self, message: bytes) -> bool:
        """Obey a channel message, if it is one of those that are sounded."""
        kind, data = message[0] & 0xF0, message[1:]
        if message[0] == _META or kind not in (_CONTROL, _BEND):
            return False
        if kind == _BEND:
            self.bend = (data[1] << 7 | data[0]) - _CENTRE
            return True
        return self._heed_control(*data)

    def _heed_control(self, number: int, value: int) -> bool:
        chooses_reach = not any(self.parameter.values())  # registered parameter 0: MIDI 1.0
        if number == _VOLUME:
            self.volume = value
        elif number == _EXPRESSION:
            self.expression = value
        elif number == _PAN:
            self.pan = value
        elif number in _REGISTERED:
            self.parameter[number] = value
            return value in (0, _NONE)
        elif number == _DATA and chooses_reach:
            self.semitones = value
        elif number == _DATA_FINE and chooses_reach:
            self.cents = value
        elif number == _RESET:  # leaves volume and pan: MIDI's RP-015
            self.expression, self.bend = _FULL, 0
        else:
            if number in _UNREGISTERED:
                self.parameter = dict.fromkeys(_REGISTERED, _NONE)
            return False
        return True

    def now(self, place: float) -> tuple[float, float, float]:
        """The level on the left and on the right, and the cents of bend; see General MIDI 2."""
        # 40 log10 dB of either, so that what is usual is 1.
        level = (self.volume / _USUAL_VOLUME * self.expression / _FULL) ** 2
        turn = (place + 1) / 2 if self.pan is None else max(0, self.pan - 1) / 126
        angle = turn * np.pi / 2  # equal power wherever it sits
        bent = self.bend / _CENTRE * (100 * self.semitones + self.cents)
        return level * float(np.cos(angle)), level * float(np.sin(angle)), bent


def controls_of(score: Score, part: Part, place: float, rate: int) -> Controls:
    """What the controllers of a part's channel ask for, in samples of the rate.

    Args:
        score: the piece.
        part: one of its parts. Parts that came on one channel obey the same messages.
        place: where it sits until it is told, −1 (left) to 1.
        rate: samples a second.
    """
    channel = _Channel()
    ticks, states = [0], [channel.now(place)]
    for event in sorted(_events(score, part), key=lambda event: event.tick):
        if channel.heed(event.message):
            ticks.append(event.tick)
            states.append(channel.now(place))
    start = np.round(seconds_at(score, ticks) * rate)
    left, right, cents = np.array(states).T
    bend = np.zeros_like(cents) if part.is_drums else cents
    return Controls(Curve.of_steps(start, [left, right], rate), Curve.of_steps(start, [bend], rate))


def not_sounded(score: Score) -> dict[str, int]:
    """What of a score a player would heed and is not heard, how many of each kind, as written."""
    found = Counter(not_sent(score))
    for events in [score.events, *(part.events for part in score.parts)]:
        found.update(map(kind_of_event, _unheeded(events)))
    return dict(sorted(found.items()))


def not_sent(score: Score) -> dict[str, int]:
    """What of it is not heard on a MIDI port either: marks that no message stands for."""
    found = Counter(_MARKS[mark.kind] for mark in score.marks if mark.kind in _MARKS)
    dynamics = [mark for mark in score.marks if is_dynamic(mark)]
    found["ornaments"] -= len(dynamics)
    found["dynamics"] = _unheard_levels(score)
    found["hairpins"] = sum(mark.text.endswith("(!") for mark in dynamics)
    return dict(sorted((+found).items()))


def _unheard_levels(score: Score) -> int:
    """How many dynamics parts have whose notes are all equally loud, though these differ."""
    found = 0
    for number, part in enumerate(score.parts):
        levels = [mark.text for mark in score.marks if mark.part == number and is_level(mark)]
        if len(set(levels)) > 1 and len(np.unique(part.notes.velocity)) < 2:
            found += len(levels)
    return found


def _events(score: Score, part: Part) -> Iterable[Event]:
    """The messages of all parts on the part's channel."""
    if part.channel is None:
        return part.events
    return (e for other in score.parts if other.channel == part.channel for e in other.events)


def _unheeded(events: Iterable[Event]) -> Iterator[Event]:
    """The messages to players that are not obeyed; words are none."""
    channel = _Channel()
    for event in events:
        if not channel.heed(event.message) and event.message[0] != _META:
            yield event
