"""What stands where in a word of the `notes` vocabulary: tables from which the rest is derived."""

from __future__ import annotations

import math

import numpy as np

from musegen.score.instruments import DRUMS
from musegen.score.score import MODES, Ints

from .echo import echo_of
from .vocabulary import ALIKE, Field

COARSE = 32  # values of a coarse field: onsets and lengths up to 32 quarters in one word
INSTRUMENTS = DRUMS + 1
DESKS = 16
VELOCITY_STEP = 4
TEMPO_STEP = math.log(1.03)
SLOWEST = 10.0  # quarters a minute at tempo value 0
TEMPOS = 160
METRES = 256
KEYS = 15 * len(MODES)
FAR = 1 << 30  # steps: more than any piece has

KINDS = ("end", "barline", "metre", "key", "tempo", "pedal", "note", "longer", "wait")
END, BARLINE, METRE, KEY, TEMPO, PEDAL, NOTE, LONGER, WAIT = range(len(KINDS))

FIELDS = (
    "kind",
    "beats",
    "ticks",
    "instrument",
    "desk",
    "pitch",
    "length_beats",
    "length_ticks",
    "velocity",
    "value",
)
(KIND, BEATS, TICKS, INSTRUMENT, DESK, PITCH, LENGTH_BEATS, LENGTH_TICKS, VELOCITY, VALUE) = range(
    len(FIELDS)
)

_ASKED = {
    END: (),
    BARLINE: (BEATS, TICKS),
    METRE: (BEATS, TICKS, VALUE),
    KEY: (BEATS, TICKS, VALUE),
    TEMPO: (BEATS, TICKS, VALUE),
    PEDAL: (BEATS, TICKS, INSTRUMENT, DESK, VALUE),
    NOTE: (BEATS, TICKS, INSTRUMENT, DESK, PITCH, LENGTH_BEATS, LENGTH_TICKS, VELOCITY),
    LONGER: (BEATS, TICKS, INSTRUMENT, DESK, PITCH, LENGTH_BEATS),
    WAIT: (),
}
ECHOED = (KIND, BEATS, TICKS, INSTRUMENT, DESK, VALUE)  # from all that went before
PART_ECHOED = (PITCH, LENGTH_BEATS, LENGTH_TICKS, VELOCITY)  # from what this part played
PART_ALIKE = "part alike"
CLASSES = 12  # of pitches
SOUNDING = tuple(f"sounding {pitch_class}" for pitch_class in range(CLASSES))
APPLIES = np.zeros((len(KINDS), len(FIELDS)), bool)
for _kind, _fields in _ASKED.items():
    APPLIES[_kind, [KIND, *_fields]] = True


def notes_fields(steps: int) -> tuple[Field, ...]:
    """The ten fields, on a grid of `steps` to the quarter."""
    step = f"1/{steps} quarter"
    units = (
        (len(KINDS), ""),
        (COARSE, "quarters since the word before"),
        (steps, step),
        (INSTRUMENTS, "General MIDI program, 128 is drums"),
        (DESKS, "which part of that instrument"),
        (128, "MIDI pitch"),
        (COARSE, "quarters"),
        (steps, step),
        (128 // VELOCITY_STEP, f"steps of {VELOCITY_STEP}"),
        (METRES, "of a metre, key, tempo or pedal"),
    )
    return tuple(
        Field(
            name,
            *unit,
            echo=echo_of(name),
            alike=PART_ALIKE if field in PART_ECHOED else ALIKE,
            sounding=SOUNDING if field == PITCH else (),
        )
        for field, (name, unit) in enumerate(zip(FIELDS, units, strict=True))
    )


def tempo_value(tempo_us: Ints) -> Ints:
    """Microseconds a quarter (K,) → logarithmic steps of 3 % (K,)."""
    step = np.log(60e6 / tempo_us / SLOWEST) / TEMPO_STEP
    return np.rint(step).clip(0, TEMPOS - 1).astype(np.int64)


def tempo_of_value(value: int) -> int:
    """A step of tempo → microseconds a quarter."""
    return round(60e6 / (SLOWEST * math.exp(TEMPO_STEP * value)))


def metre_value(numerator: int, denominator: int) -> int | None:
    """A metre → its number; None where it is none that can be said (above 32, or 4/3)."""
    power = denominator.bit_length() - 1
    if numerator > METRES // 8 or denominator != 1 << power or power > 7:
        return None
    return (numerator - 1) * 8 + power


def bar_steps(value: int, steps: int) -> int:
    """The length of a bar of metre number `value`, in steps (at least 1)."""
    return max(1, (value // 8 + 1) * 4 * steps >> (value % 8))


def key_value(fifths: int, mode: int) -> int:
    """A key → its number, 0 to 104."""
    return (fifths + 7) * len(MODES) + mode
