"""Playing in real time: what is due when, while it may be paused, moved and sped up.

The device is not known here, nor are clock and keys: they are given.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from .timeline import Timed

Command = Literal["pause", "back", "forward", "faster", "slower", "quit"]

TEMPO_STEP = 1.05
_MOST_STEPS = 28  # about four times as fast or slow
_TURN_SECONDS = 0.02  # the longest sleep: so soon is a key obeyed
_JUST_BEGUN = 1.25  # seconds into a bar in which going back means the bar before


class Instrument(Protocol):
    """What sounds."""

    def begin(self, position: float, speed: float) -> None:
        """Make ready to play from a second of the piece on, so many times as fast."""

    def hasten(self, speed: float) -> None:
        """Go on so many times as fast as written."""

    def send(self, message: bytes) -> None:
        """Take a MIDI message, which is due now."""

    def silence(self) -> None:
        """Leave nothing sounding."""


class Transport:
    """Plays messages on an instrument, each at its time.

    The deadline of a message is reckoned from where playing last began, never from the message
    before, so that what one is late by is not passed on.

    Args:
        messages: in the order of time.
        instrument: what plays them.
        bars: the second at which each bar begins.
        end: the second at which the piece ends.
        clock: tells the seconds.
        sleep: waits for so many.
        tail: seconds that the last sound may take to die away; they are not counted.
    """

    def __init__(
        self,
        messages: Sequence[Timed],
        instrument: Instrument,
        bars: Sequence[float],
        end: float,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
        tail: float = 0.0,
    ) -> None:
        self.late: list[float] = []  #: the seconds by which each message came late
        self.heard = 0.0  #: the seconds that it has played, pauses and tail left out
        self.is_paused = False
        self._messages, self._instrument = messages, instrument
        self._bars, self._end, self._tail = bars, end, tail
        self._clock, self._sleep = clock, sleep
        self._steps = 0  # of tempo
        self._next = 0  # message
        self._origin = self._origin_time = 0.0  # where and when playing last began

    @property
    def speed(self) -> float:
        """How many times as fast as written."""
        return TEMPO_STEP**self._steps

    @property
    def position(self) -> float:
        """The second of the piece that sounds now."""
        if self.is_paused:
            return self._origin
        return min(self._end, self._origin + (self._clock() - self._origin_time) * self.speed)

    def play(
        self,
        start: float = 0.0,
        command: Callable[[], Command | None] = lambda: None,
        idle: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Play from a second on, to the end or until told to quit; then all is silent.

        Args:
            start: the second of the piece.
            command: asked often: what the listener wants, if anything.
            idle: called when nothing is due for the given seconds, and may use some of them.
        """
        try:
            self._begin(start)
            turn = self._clock()
            while (asked := command()) != "quit":
                last, turn = turn, self._clock()
                if not self.is_paused:
                    self.heard += max(0.0, min(turn, self._time_of(self._end)) - last)
                if asked:
                    self._obey(asked)
                self._send_due()
                if self._is_over():
                    break
                idle(self._deadline() - self._clock())
                self._sleep(max(0.0, min(_TURN_SECONDS, self._deadline() - self._clock())))
        finally:
            self._instrument.silence()

    def _begin(self, position: float) -> None:
        self._origin = position
        self._next = bisect_left(self._messages, (position,))
        if not self.is_paused:
            self._instrument.begin(position, self.speed)
            self._origin_time = self._clock()

    def _obey(self, command: Command) -> None:
        if command in ("faster", "slower"):
            self._change_speed(1 if command == "faster" else -1)
            return
        position = self.position
        self._instrument.silence()
        if command == "pause":
            self.is_paused = not self.is_paused
            if self._next < len(self._messages):  # what became due this instant is not lost
                position = min(position, self._messages[self._next][0])
        elif command == "forward":
            place = bisect_right(self._bars, position)
            position = self._bars[place] if place < len(self._bars) else self._end
        else:
            place = bisect_left(self._bars, position - _JUST_BEGUN * self.speed)
            position = self._bars[max(0, place - 1)]
        self._begin(position)

    def _change_speed(self, by: int) -> None:
        """Go on faster or slower; what sounds goes on sounding."""
        steps = max(-_MOST_STEPS, min(_MOST_STEPS, self._steps + by))
        if not self.is_paused:
            self._instrument.hasten(TEMPO_STEP**steps)  # may take its time
            self._origin, self._origin_time = self.position, self._clock()
        self._steps = steps

    def _deadline(self) -> float:
        """When the next message is due, or the end."""
        if self.is_paused:
            return float("inf")
        is_left = self._next < len(self._messages)
        due = self._messages[self._next][0] if is_left else self._end
        return self._time_of(due) + (0.0 if is_left else self._tail)

    def _time_of(self, second: float) -> float:
        return self._origin_time + (second - self._origin) / self.speed

    def _is_over(self) -> bool:
        return self._next == len(self._messages) and self._deadline() <= self._clock()

    def _send_due(self) -> None:
        while self._next < len(self._messages):
            late = self._clock() - self._deadline()
            if late < 0:
                return
            _, message = self._messages[self._next]
            self._next += 1
            self._instrument.send(message)
            self.late.append(late)
