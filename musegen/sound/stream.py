"""The sound of a score in blocks, from any second on and as fast as is asked.

What `synthesiser.render` makes of the whole, made only when it is due: the first sound of a
symphony comes as soon as that of a song, and another tempo costs no more than its next moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from musegen.score.score import Score

from .loudness import TARGET_LUFS, Samples, limited, loudness
from .room import Room
from .synthesiser import (
    FADE_SECONDS,
    Render,
    Sound,
    Strokes,
    bent,
    by_sound,
    fastest,
    sounding_seconds,
)
from .timbre import Drum, Timbre
from .tone import Mono, drum_tone, full_length, tone

_BLOCK_HOPS = 50  # of the limiter: a quarter of a second
_ECHO_SECONDS = 0.7  # before the first second: the room still answers what sounded there
_CHUNKS_A_SECOND = 5  # in which tones are made
_CHUNKS = 4096  # that are kept: 144 MB
# Loudness is measured on so many moments of the piece, in less detail than is played.
_PROBES, _PROBE_SECONDS, _PROBE_RATE = 40, 0.3, 11_025


class Source(Protocol):
    """Gives the sound of a piece from anywhere on."""

    def blocks(self, start: float, speed: float) -> Iterator[Samples]:
        """The sound (S, 2) from a second of the piece to its end, so many times as fast."""


def hastened(score: Score, speed: float) -> Score:
    """The score with a tempo so many times as fast, at its pitch."""
    tempo = score.tempo.copy()
    tempo[:, 1] = np.maximum(1, np.round(tempo[:, 1] / speed))
    return replace(score, tempo=tempo)


class Streamed:
    """The synthesiser's sound of a score, made as it is asked for.

    It is as loud as `render` makes it, as near as that is known from some moments of the piece.
    """

    def __init__(self, score: Score, rate: int) -> None:
        self._score, self._rate = score, rate
        self._gain = _gain(score)
        self._played = 1.0, _Played(score, rate)  # the last tempo, and the sound in it

    def blocks(self, start: float, speed: float) -> Iterator[Samples]:
        """See Source."""
        rate = self._rate
        if speed != self._played[0]:
            self._played = speed, _Played(hastened(self._score, speed), rate)
        _, played = self._played
        first = min(played.size, round(start / speed * rate))
        heard = max(0, first - round(_ECHO_SECONDS * rate))
        room = Room(rate)
        room.add(played.between(heard, first))
        return limited(self._levelled(played, room, first), rate)

    def _levelled(self, played: _Played, room: Room, first: int) -> Iterator[Samples]:
        block, fade = _BLOCK_HOPS * (self._rate // 200), round(FADE_SECONDS * self._rate)
        # The last block takes up what would be too short to be one.
        edges = [*range(first, max(first + 1, played.size - block), block), played.size]
        for begin, end in pairwise(edges):
            mix = played.between(begin, end)
            room.add(mix)
            left = played.size - np.arange(begin, end)
            mix *= (self._gain * np.minimum(1, (left - 1) / (fade - 1))).astype(np.float32)
            yield mix.T


class Whole:
    """The sound of a score by what can only make all of it at once."""

    def __init__(self, score: Score, rate: int, sound: Render) -> None:
        self._score, self._rate, self._sound = score, rate, sound
        self._made: tuple[float, Samples] = (1.0, sound(score, rate))

    def blocks(self, start: float, speed: float) -> Iterator[Samples]:
        """See Source."""
        if speed != self._made[0]:
            self._made = speed, self._sound(hastened(self._score, speed), self._rate)
        samples = self._made[1][round(start / speed * self._rate) :]
        return iter(np.array_split(samples, 1 + len(samples) // self._rate))


class _Voice(NamedTuple):
    """Strokes that share a tone, and the samples at which each has died away (N,)."""

    sound: Sound
    strokes: Strokes
    fading: int
    ends: NDArray[np.int64]


class _Played:
    """A score whose samples can be asked for anywhere; `size` is how many it has."""

    def __init__(self, score: Score, rate: int) -> None:
        self._rate = rate
        self.size = round(sounding_seconds(score) * rate)
        self._voices = [
            self._voice(sound, strokes)
            for sound, groups in by_sound(score, rate).items()
            for strokes in groups
        ]

    def _voice(self, sound: Sound, strokes: Strokes) -> _Voice:
        kind, pitch, _ = sound
        if isinstance(kind, Drum):
            return _Voice(sound, strokes, 0, strokes.start + len(_struck(kind, self._rate)))
        fading = max(1, round(kind.release * self._rate))
        audible = np.minimum(strokes.held + fading, full_length(kind, pitch) * self._rate)
        return _Voice(sound, strokes, fading, strokes.start + np.ceil(audible).astype(np.int64))

    def between(self, begin: int, end: int) -> Samples:
        """The dry sound (2, end − begin), no louder or softer than it comes."""
        mix = np.zeros((2, end - begin), np.float32)
        for voice in self._voices:
            due = (voice.strokes.start < end) & (voice.ends > begin)
            for n in np.flatnonzero(due).tolist():
                start, stop = int(voice.strokes.start[n]), int(voice.ends[n])
                first, last = max(begin, start), min(end, stop)
                note = self._note(voice, n, first - start, last - start)
                sides = voice.strokes.controls.sides.over(first, len(note))
                mix[:, first - begin : first - begin + len(note)] += note * sides
        return mix

    def _note(self, voice: _Voice, n: int, first: int, last: int) -> Mono:
        """The samples of a stroke from `first` to `last`, counted from its beginning."""
        (kind, pitch, touch), strokes = voice.sound, voice.strokes
        if isinstance(kind, Drum):
            struck: Mono = _struck(kind, self._rate)[first:last] * strokes.gain[n]
            return struck
        bend, start, held = strokes.controls.bend, int(strokes.start[n]), int(strokes.held[n])
        if bend.over(start, last).any():
            whole = self._tone(kind, pitch, touch, 0, round(last * fastest(bend)) + 1)
            note: Mono = bent(whole, bend, start, last)[first:] * strokes.gain[n]
        else:
            note = self._tone(kind, pitch, touch, first, last) * strokes.gain[n]
        over = np.arange(max(first, held), first + len(note)) - held
        falling = np.maximum(0, 1 - over / max(1, voice.fading - 1)).astype(np.float32) ** 2
        note[len(note) - len(over) :] *= falling
        return note

    def _tone(self, timbre: Timbre, pitch: int, touch: int, first: int, last: int) -> Mono:
        size = self._rate // _CHUNKS_A_SECOND
        chunks = [
            _chunk(timbre, pitch, touch, number, self._rate)
            for number in range(first // size, -(-last // size))
        ]
        skipped = first // size * size
        joined: Mono = np.concatenate(chunks)
        return joined[first - skipped : last - skipped]


@lru_cache(maxsize=_CHUNKS)
def _chunk(timbre: Timbre, pitch: int, touch: int, number: int, rate: int) -> Mono:
    size = rate // _CHUNKS_A_SECOND
    return tone(timbre, pitch, touch, size, rate, number * size)


_struck = lru_cache(maxsize=128)(drum_tone)


def _gain(score: Score) -> float:
    """What brings the dry sound and its room to the loudness wanted; 1 for silence."""
    played = _Played(score, _PROBE_RATE)
    size = round(_PROBE_SECONDS * _PROBE_RATE)
    count = min(_PROBES, 1 + played.size // size)
    probes = []
    for begin in np.linspace(0, max(0, played.size - size), count).astype(int).tolist():
        probe = played.between(begin, min(begin + size, played.size))
        Room(_PROBE_RATE).add(probe)
        probes.append(probe.T)
    heard = loudness(np.concatenate(probes), _PROBE_RATE)
    return 10 ** ((TARGET_LUFS - heard) / 20) if heard > float("-inf") else 1.0
