"""What a player elsewhere needs to sound a score as `synthesiser` does, as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from musegen.score.score import Part, Score

from . import room, tone
from .controls import controls_of
from .synthesiser import TAIL_SECONDS, places_of
from .timbre import DRUMS, OTHER_DRUM, TIMBRES

_RATE = 1000  # a second: the moments of controllers, in whole milliseconds
_CONSTANTS = (
    *("MOST_PARTIALS", "SHADES", "FAINT", "FULL_DECAY", "VIBRATO_HERTZ", "VIBRATO_DELAY"),
    *("MIDDLE_C", "PLAYERS", "BREATH_BAND", "STRIKE_DECAY"),
)


def recipe(score: Score) -> dict[str, Any]:
    """How a score sounds, as JSON holds it.

    Returns:
        `constants` of tones and the room by their names; `timbres` and `drums` by program and
        pitch, those that are needed alone, each by the names of `Timbre` and `Drum`; and of each
        of the `parts` its controllers as rows of milliseconds, gain on the left and on the right,
        and cents of bend, straight between them.
    """
    pitched = {part.program for part in score.parts if not part.is_drums}
    struck = {p for part in score.parts if part.is_drums for p in part.notes.pitch.tolist()}
    constants = {name: getattr(tone, name) for name in _CONSTANTS}
    constants |= {"REVERBERATION": room.REVERBERATION, "WETNESS": room.WETNESS}
    constants["TAIL_SECONDS"] = TAIL_SECONDS
    return {
        "constants": constants,
        "timbres": {program: asdict(TIMBRES[program]) for program in sorted(pitched)},
        "drums": {pitch: asdict(DRUMS.get(pitch, OTHER_DRUM)) for pitch in sorted(struck)},
        "parts": [
            _controls(score, part, place)
            for part, place in zip(score.parts, places_of(score), strict=True)
        ],
    }


def _controls(score: Score, part: Part, place: float) -> list[list[float]]:
    """Rows of milliseconds, left, right and cents; one alone where nothing changes."""
    sides, bend = controls_of(score, part, place, _RATE)
    columns = np.concatenate([sides.at[None], sides.values, bend.values]).astype(float)
    changed = (np.diff(columns[1:], axis=1) != 0).any(axis=0)
    kept = np.append(changed, False) | np.insert(changed, 0, True)
    rows: list[list[float]] = columns.T[kept].round(4).tolist()
    return rows
