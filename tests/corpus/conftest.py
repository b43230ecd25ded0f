"""Small pieces, and ways of writing them that leave the music the same."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from musegen.score.score import Notes, Score

Move = Callable[..., Score]


@pytest.fixture(scope="session")
def moved() -> Move:
    """`(score, semitones, times)` → the piece in another key and at other ticks and tempo."""

    def move(score: Score, semitones: int = 0, times: int = 1) -> Score:
        parts = [
            replace(
                part,
                notes=Notes.of(part.notes.rows * [times, times, 1, 1] + [0, 0, semitones, 0]),
                pedal=part.pedal * np.array([times, 1]),
            )
            for part in score.parts
        ]
        return replace(
            score,
            ticks_per_quarter=score.ticks_per_quarter * times,
            parts=tuple(parts),
            tempo=np.array([[0, 400_000]]),
            barlines=score.barlines * times,
        )

    return move
