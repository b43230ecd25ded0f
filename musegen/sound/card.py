"""The sound card, through sounddevice (the extra `play`): what a score sounds like, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from musegen.errors import MissingExtra, OutputError

from .ahead import Ahead
from .hushed import hushed
from .loudness import Samples
from .stream import Source

RATE = 44_100


class Card:
    """Plays the sound of a score as it stands; messages are not needed.

    `stream` is set by who opens it, and asks `fill` for samples. Another tempo is heard as soon
    as its first moment is made; until then the old one sounds on.
    """

    stream: Any

    def __init__(self, source: Callable[[], Source]) -> None:
        self._make, self._lock = source, Lock()
        self._ahead: Ahead | None = None
        self._leaving: Ahead | None = None  # sounds out under the next samples
        self._position, self._speed = 0.0, 1.0  # the second of the piece that `fill` has come to

    @cached_property
    def _source(self) -> Source:
        return self._make()

    def begin(self, position: float, speed: float) -> None:
        """Sound from a second of the piece on."""
        self._stop()
        self._position, self._speed = position, speed
        self._ahead = Ahead(self._source.blocks(position, speed))
        self.stream.start()

    def hasten(self, speed: float) -> None:
        """Go on from here in another tempo, at the same pitch; make ready if it has not begun."""
        source = self._source
        if self._ahead is None or speed == self._speed:
            return
        position = self._position
        ahead = Ahead(source.blocks(position, speed))

        def catch_up(position: float) -> float:
            now = self._position  # the old sound runs on
            ahead.take(round((now - position) / speed * RATE))
            return now

        position = catch_up(position)  # may take its time
        with self._lock:
            catch_up(position)
            self._leaving, self._ahead, self._speed = self._ahead, ahead, speed

    def send(self, message: bytes) -> None:
        """Nothing: the message is in the sound already."""

    def silence(self) -> None:
        """Stop at once."""
        self.stream.abort()
        self._stop()

    def fill(self, out: Samples, size: int, *_: object) -> None:
        """Give the card its next samples (size, 2); silence after the last."""
        out[:] = 0
        with self._lock:
            if self._ahead is None:
                return
            now = self._ahead.take(size)
            self._position += len(now) / RATE * self._speed
            leaving, self._leaving = self._leaving, None
        out[: len(now)] = now
        if leaving is not None:  # one fades into the other, so that nothing clicks
            rising = np.linspace(0, 1, size, dtype=np.float32)[:, None]
            old = leaving.take(size)
            leaving.close()
            out *= rising
            out[: len(old)] += old * (1 - rising[: len(old)])

    def _stop(self) -> None:
        for ahead in (self._ahead, self._leaving):
            if ahead is not None:
                ahead.close()
        self._ahead = self._leaving = None


@contextmanager
def open_card(source: Callable[[], Source]) -> Iterator[Card]:
    """The sound card, ready to play what a function makes once there is one.

    Raises:
        MissingExtra: sounddevice is not installed.
        OutputError: there is no PortAudio or no card.
    """
    try:
        with hushed():
            import sounddevice
    except ImportError as error:
        raise MissingExtra.of("sounddevice", "play") from error
    except OSError as error:
        hint = "On Debian and Ubuntu: apt install libportaudio2."
        raise OutputError("the library PortAudio is not installed", hint=hint) from error
    card = Card(source)
    try:
        with hushed():
            card.stream = sounddevice.OutputStream(
                RATE, channels=2, dtype="float32", callback=card.fill
            )
    except Exception as error:  # PortAudio's, which has no name without it
        raise OutputError("none is there") from error
    try:
        yield card
    finally:
        card.stream.close()
