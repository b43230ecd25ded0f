"""From a score to samples: a small synthesiser for General MIDI, in numpy alone.

Each tone that a piece needs (one timbre, pitch and touch) is made once, as long as its longest
note, and laid down wherever it is played. It is deterministic: one score, one sound.
"""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musegen.errors import OutputError
from musegen.score.pedal import sounding_ends
from musegen.score.score import Part, Score
from musegen.score.tempo import seconds_at

from .controls import Controls, Curve, controls_of
from .loudness import Samples, levelled
from .room import Room
from .timbre import DRUMS, OTHER_DRUM, TIMBRES, Drum, Timbre
from .tone import TOUCHES, drum_tone, full_length, tone

TAIL_SECONDS = 2.5  # after the end of the music, for the last note and the room to die away
LONGEST_SECONDS = 2 * 3600  # five gigabytes of samples
_WIDEST = 0.7  # how far to a side the outermost part sits, 1 being in one loudspeaker alone
FADE_SECONDS = 0.5


@dataclass(frozen=True)
class Strokes:
    """The notes of one part that share a tone: where they start, how long, how loud.

    start and held are in samples (N,); gain is (N,), before the part's controllers.
    """

    start: NDArray[np.int64]
    held: NDArray[np.int64]
    gain: NDArray[np.float32]
    controls: Controls


Sound = tuple[Timbre | Drum, int, int]  # with pitch and touch, both 0 for a drum
Render = Callable[[Score, int], Samples]  # the sound of a score at a rate (S, 2)


def render(score: Score, rate: int = 44_100) -> Samples:
    """The sound of a score as it stands (S, 2), left and right within −1 to 1; float32.

    It lasts to the end of the score and `TAIL_SECONDS` more, at about −16 LUFS. Repeats are not
    played: unfold the score first.

    Args:
        score: the piece.
        rate: samples a second.

    Raises:
        OutputError: it would last longer than `LONGEST_SECONDS`.
    """
    mix = silence(score, rate)
    for (kind, pitch, touch), strokes in by_sound(score, rate).items():
        if isinstance(kind, Drum):
            _lay_drum(mix, kind, strokes, rate)
        else:
            _lay(mix, kind, pitch, touch, strokes, rate)
    Room(rate).add(mix)
    return finished(mix, rate)


def silence(score: Score, rate: int) -> Samples:
    """Stereo channels (2, S) as long as a score and its tail.

    Raises:
        OutputError: that is longer than `LONGEST_SECONDS`.
    """
    seconds = sounding_seconds(score)
    if seconds > LONGEST_SECONDS:
        raise OutputError(
            f"would last {seconds / 3600:.1f} hours; sound is made for two at most",
            hint="check the tempo, or take a part of the piece",
        )
    return np.zeros((2, round(seconds * rate)), np.float32)


def sounding_seconds(score: Score) -> float:
    """How long a score and its tail sound."""
    return float(seconds_at(score, score.end)) + TAIL_SECONDS


def finished(mix: Samples, rate: int) -> Samples:
    """What was laid in `mix` (2, S), faded out at its end and brought to its loudness (S, 2)."""
    fade = round(FADE_SECONDS * rate)
    mix[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return levelled(mix.T, rate)


def wav_bytes(samples: Samples, rate: int) -> bytes:
    """Samples (S, 2) within −1 to 1 as a WAV file of 16-bit PCM."""
    frames = np.round(np.clip(samples, -1, 1) * np.float32(32_767)).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return buffer.getvalue()


def by_sound(score: Score, rate: int) -> dict[Sound, list[Strokes]]:
    """The strokes of all parts, by the sound that they need."""
    sounds: dict[Sound, list[Strokes]] = {}
    for part, place in zip(score.parts, places_of(score), strict=True):
        for sound, strokes in _strokes(score, part, place, rate):
            sounds.setdefault(sound, []).append(strokes)
    return sounds


def _strokes(score: Score, part: Part, place: float, rate: int) -> Iterator[tuple[Sound, Strokes]]:
    """A part's notes by sound, `place` −1 (left) to 1."""
    notes = part.notes
    start = np.round(seconds_at(score, notes.onset) * rate).astype(np.int64)
    stop = np.round(seconds_at(score, sounding_ends(part, score.end)) * rate).astype(np.int64)
    # General MIDI's curve: 40 log10(velocity / 127) dB (DLS Level 1, 1.7).
    gain = ((notes.velocity / 127) ** 2).astype(np.float32)
    touch = np.zeros_like(notes.pitch) if part.is_drums else notes.velocity * TOUCHES // 128
    controls = controls_of(score, part, place, rate)
    tones, which = np.unique(notes.pitch * TOUCHES + touch, return_inverse=True)
    for index, code in enumerate(tones.tolist()):
        (mine,) = np.nonzero(which == index)
        pitch, shade = divmod(code, TOUCHES)
        kind = DRUMS.get(pitch, OTHER_DRUM) if part.is_drums else TIMBRES[part.program]
        sound: Sound = (kind, 0, 0) if part.is_drums else (kind, pitch, shade)
        yield sound, Strokes(start[mine], (stop - start)[mine], gain[mine], controls)


def places_of(score: Score) -> list[float]:
    """Where each part sits, −1 (left) to 1: in score order, as a quartet does; drums amid them."""
    seats = [index for index, part in enumerate(score.parts) if not part.is_drums]
    places = [0.0] * len(score.parts)
    reach = _WIDEST * (1 - 1 / max(1, len(seats)))
    for index, place in zip(seats, np.linspace(-reach, reach, len(seats)), strict=True):
        places[index] = float(place) if len(seats) > 1 else 0.0
    return places


def _lay(
    mix: Samples, timbre: Timbre, pitch: int, touch: int, strokes: list[Strokes], rate: int
) -> None:
    """Add to `mix` (2, S) the notes that share a tone."""
    fading = max(1, round(timbre.release * rate))
    fade = np.linspace(1, 0, fading, dtype=np.float32) ** 2
    longest = max((fading + group.held.max()) * fastest(group.controls.bend) for group in strokes)
    audible = min(longest, full_length(timbre, pitch) * rate)
    sound = tone(timbre, pitch, touch, math.ceil(audible), rate)
    for group in strokes:
        for start, held, gain in zip(group.start, group.held, group.gain, strict=True):
            note = bent(sound, group.controls.bend, int(start), int(held) + fading) * gain
            note[held:] *= fade[: len(note) - held] if held < len(note) else 1
            _add(mix, int(start), note, group.controls.sides)


def _lay_drum(mix: Samples, drum: Drum, strokes: list[Strokes], rate: int) -> None:
    """Add to `mix` (2, S) the strokes on a drum, which ring however short they are written."""
    sound = drum_tone(drum, rate)
    for group in strokes:
        for start, gain in zip(group.start, group.gain, strict=True):
            _add(mix, int(start), sound * gain, group.controls.sides)


def fastest(bend: Curve) -> float:
    """How many times faster a tone is read where it is bent highest; at least 1."""
    return float(2 ** (max(0, bend.values.max()) / 1200))


def bent(sound: NDArray[np.float32], bend: Curve, start: int, size: int) -> NDArray[np.float32]:
    """Up to `size` samples of a tone that begins at sample `start`, read as fast as it is bent."""
    cents = bend.over(start, size)[0]
    if not cents.any():
        return sound[:size]
    speed = np.broadcast_to(2 ** (cents.astype(np.float64) / 1200), size)
    read = np.cumsum(speed) - speed[0]
    read = read[read < len(sound) - 1]
    before = read.astype(np.int64)
    after = (read - before).astype(np.float32)
    read_off: NDArray[np.float32] = sound[before] * (1 - after) + sound[before + 1] * after
    return read_off


def _add(mix: Samples, start: int, note: NDArray[np.float32], sides: Curve) -> None:
    """Add a note (N,) to `mix` (2, S) from sample `start`; what lies past the end is cut."""
    for channel, side in zip(mix, sides.over(start, len(note)), strict=True):
        room = channel[start : start + len(note)]
        room += note[: len(room)] * side[: len(room)]
