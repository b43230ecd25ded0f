"""An instrument at the end of a MIDI cable: what it must be told beside the messages in turn."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from .timeline import Timed

_NOTE_OFF, _NOTE_ON, _KEY_PRESSURE, _CONTROL, _EXCLUSIVE = 0x80, 0x90, 0xA0, 0xB0, 0xF0
_SUSTAIN, _ALL_NOTES_OFF = 64, 123
# Data entry bears on the parameter chosen before it: of these no message stands for the others.
_PARAMETERS = (6, 38, *range(96, 102))


class MidiOut:
    """Sends messages, and keeps what sounds, so that it can be ended.

    Args:
        messages: all of the piece, in the order of time.
        send: gives one to the port.
    """

    def __init__(self, messages: Sequence[Timed], send: Callable[[bytes], None]) -> None:
        self._messages, self._send = messages, send
        self._channels = sorted({m[0] & 0xF for _, m in messages if m[0] < _EXCLUSIVE})
        self._sounding: Counter[tuple[int, int]] = Counter()  # of channel and pitch
        self._is_used = False

    def begin(self, position: float, speed: float) -> None:
        """Set programs, controllers and pedal as they stand there."""
        for message in standing_at(self._messages, position):
            self.send(message)

    def hasten(self, speed: float) -> None:
        """Nothing need be told: messages come sooner."""

    def send(self, message: bytes) -> None:
        """Send a message now."""
        kind, channel = message[0] & 0xF0, message[0] & 0xF
        self._is_used = True
        if kind == _NOTE_ON and message[2]:  # noted first: what is broken off here is ended too
            self._sounding[channel, message[1]] += 1
        self._send(message)
        ends = kind == _NOTE_OFF or (kind == _NOTE_ON and not message[2])
        if ends and self._sounding[channel, message[1]]:
            self._sounding[channel, message[1]] -= 1

    def silence(self) -> None:
        """End each note that sounds, lift the pedals, and end what may be left."""
        if not self._is_used:
            return
        for (channel, pitch), count in sorted((+self._sounding).items()):
            for _ in range(count):
                self._send(bytes([_NOTE_OFF | channel, pitch, 0]))
        for channel in self._channels:
            for control in (_SUSTAIN, _ALL_NOTES_OFF):
                self._send(bytes([_CONTROL | channel, control, 0]))
        self._sounding.clear()
        self._is_used = False


def standing_at(messages: Sequence[Timed], position: float) -> Iterator[bytes]:
    """The messages before a second that still hold there: no notes, the last of each kind."""
    before = [message for _, message in messages[: bisect_left(messages, (position,))]]
    last = {_what_it_sets(message): place for place, message in enumerate(before)}
    for place, message in enumerate(before):
        sets = _what_it_sets(message)
        if message[0] & 0xF0 not in (_NOTE_OFF, _NOTE_ON, _KEY_PRESSURE) and (
            sets is None or last[sets] == place
        ):
            yield message


def _what_it_sets(message: bytes) -> bytes | None:
    """What a later message of the same overrules; None where all count."""
    if message[0] >= _EXCLUSIVE:
        return None
    if message[0] & 0xF0 != _CONTROL:
        return message[:1]
    return None if message[1] in _PARAMETERS else message[:2]
