"""A score made audible: written as sound."""

from __future__ import annotations

from pathlib import Path

from musegen.disk import write_whole
from musegen.score.repeats import unfold
from musegen.score.score import Score

from .synthesiser import Render, render, wav_bytes

RATE = 44_100


def to_wav(
    score: Score,
    path: str | Path,
    force: bool = False,
    start: float = 0,
    sound: Render = render,
) -> float:
    """Write a score as a WAV file, its repeats played out; whole or not at all.

    Args:
        score: the piece.
        path: of the file.
        force: whether it may be overwritten.
        start: the second at which what is written begins.
        sound: what makes its sound.

    Returns:
        How many seconds it sounds.

    Raises:
        OutputError: the file is already there and not to be overwritten, cannot be written, or
            would last too long.
    """
    samples = sound(unfold(score), RATE)[round(start * RATE) :]
    write_whole(path, wav_bytes(samples, RATE), force)
    return len(samples) / RATE
