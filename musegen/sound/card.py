"""The sound card, through sounddevice (the extra `play`): what a score sounds like, at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from musegen.errors import MissingExtra, OutputError
from musegen.score.score import Score

from .hushed import hushed
from .loudness import Samples
from .synthesiser import Render, render

RATE = 44_100


class Card:
    """Plays the sound of a score as it stands; messages are not needed.

    `stream` is set by who opens it, and asks `fill` for samples.
    """

    stream: Any

    def __init__(self, score: Score, sound: Render = render) -> None:
        self._score, self._sound = score, sound
        self._speed = 0.0  # that the samples were made for
        self._samples: Samples = np.zeros((0, 2), np.float32)
        self._place = 0

    def begin(self, position: float, speed: float) -> None:
        """Sound from a second of the piece on."""
        self.hasten(speed)
        self._place = round(position / speed * RATE)
        self.stream.start()

    def hasten(self, speed: float) -> None:
        """Make the sound anew where it is to run faster, so that it keeps its pitch."""
        if speed == self._speed:
            return
        tempo = self._score.tempo.copy()
        tempo[:, 1] = np.maximum(1, np.round(tempo[:, 1] / speed))
        samples = self._sound(replace(self._score, tempo=tempo), RATE)
        self._place = round(self._place * self._speed / speed)  # the old sound ran on till now
        self._samples, self._speed = samples, speed

    def send(self, message: bytes) -> None:
        """Nothing: the message is in the sound already."""

    def silence(self) -> None:
        """Stop at once."""
        self.stream.abort()

    def fill(self, out: Samples, size: int, *_: object) -> None:
        """Give the card its next samples (size, 2); silence after the last."""
        now = self._samples[self._place : self._place + size]
        out[: len(now)] = now
        out[len(now) :] = 0
        self._place += size


@contextmanager
def open_card(score: Score, sound: Render = render) -> Iterator[Card]:
    """The sound card, ready to play a score as it stands.

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
    card = Card(score, sound)
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
