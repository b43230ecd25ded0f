"""What instruments sound like: a table for General MIDI's 128 programs and one for its drums.

A timbre is a spectrum, how it changes, and how loudness runs. The figures were set by
spectrum, after the physics of each kind of instrument: strings and reeds are near a sawtooth, a
clarinet lacks even harmonics, bars and bells ring in the ratios of their modes (Fletcher and
Rossing, The Physics of Musical Instruments).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timbre:
    """One instrument's sound, for a note of any pitch.

    Partial k has the strength pattern[(k − 1) mod len] · k^−slope · brightness^(k − 1).

    pattern: relative strengths of the partials, begun anew after the last.
    slope: how fast they fall, 0 not at all, 1 as a sawtooth's.
    brightness: 0–1 as a note is struck, for a middling velocity and near middle C.
    mellowed: the brightness that it comes to (a pluck dulls, a brass note opens).
    mellowing: time constant of that, seconds.
    attack, release: seconds to rise, to fade once let go.
    decay: time constant of the fall to `sustain`, seconds; of partials at middle C if sustain is 0.
    sustain: 0–1, the level held.
    vibrato: depth in cents.
    breath, strike: noise beside the tone, held and only at its beginning, relative to the tone.
    voices: how many slightly mistuned players.
    ratios: frequencies of the partials to the first where they are no harmonics.
    """

    pattern: tuple[float, ...] = (1.0,)
    slope: float = 1.0
    brightness: float = 0.85
    mellowed: float = 0.85
    mellowing: float = 0.1
    attack: float = 0.005
    decay: float = 0.2
    sustain: float = 0.9
    release: float = 0.1
    vibrato: float = 0.0
    breath: float = 0.0
    strike: float = 0.0
    voices: int = 1
    ratios: tuple[float, ...] = ()


@dataclass(frozen=True)
class Drum:
    """One drum's sound: tuned partials that may drop in pitch, and a band of noise.

    partials: rows of hertz and strength.
    decay, noise_decay: time constants, seconds.
    drop: how far above its pitch the drum begins, as a share of it.
    noise: its level relative to the partials; band: its lowest and highest hertz.
    bursts: how often the noise begins anew, 12 ms apart (hands that clap are not together).
    """

    partials: tuple[tuple[float, float], ...] = ()
    decay: float = 0.1
    drop: float = 0.0
    noise: float = 0.0
    noise_decay: float = 0.1
    band: tuple[float, float] = (200.0, 8000.0)
    bursts: int = 1


_PIANO = Timbre(
    (1, 0.95, 0.5, 0.45), 0.5, 0.88, 0.6, 0.7, attack=0.003, decay=1.6, sustain=0, release=0.12,
    strike=0.04,
)  # fmt: skip
_BAR = Timbre(
    (1, 0.35, 0.12, 0.05), 0, 0.8, 0.3, 0.08, attack=0.002, decay=0.5, sustain=0, release=0.3,
    strike=0.1, ratios=(1, 3.93, 9.2, 16.1),
)  # fmt: skip
_BELL = replace(_BAR, pattern=(1, 0.5, 0.3, 0.2), brightness=0.95, mellowed=0.6, mellowing=0.5,
                decay=1.3, release=1.0, strike=0.02, ratios=(1, 2.76, 5.4, 8.93))  # fmt: skip
_PLUCKED = Timbre(
    (1, 0.95, 0.6, 0.5, 0.6), 0.6, 0.9, 0.55, 0.35, attack=0.003, decay=0.9, sustain=0,
    release=0.1, strike=0.05,
)  # fmt: skip
_BASS = replace(_PLUCKED, slope=0.5, brightness=0.93, mellowed=0.8, decay=1.2, strike=0.03)
_ORGAN = Timbre(
    (1, 0.8, 0.35, 0.45, 0.05, 0.2, 0.05, 0.25), 0.3, 0.85, attack=0.015, sustain=1, release=0.06,
    strike=0.03,
)  # fmt: skip
_ACCORDION = Timbre((1, 0.7, 0.8), 0.9, 0.9, 0.9, attack=0.03, release=0.06, voices=2)
_BOWED = Timbre(
    (1, 0.85, 0.7, 0.8, 0.9, 0.55), 0.65, 0.75, 0.92, 0.12, attack=0.06, sustain=0.85, decay=0.4,
    release=0.12, vibrato=11, breath=0.008, strike=0.05,
)  # fmt: skip
_STRINGS = replace(_BOWED, slope=0.9, attack=0.1, release=0.25, vibrato=6, voices=3)
_CHOIR = Timbre(
    (1, 0.85, 0.85, 0.4, 0.3), 0.5, 0.65, 0.7, 0.2, attack=0.09, sustain=0.9, decay=0.4,
    release=0.22, vibrato=7, breath=0.02, voices=3,
)  # fmt: skip
_BRASS = Timbre(
    (1, 0.95, 1, 0.9), 0.35, 0.55, 0.92, 0.06, attack=0.03, sustain=0.85, decay=0.25,
    release=0.09, vibrato=4, strike=0.02,
)  # fmt: skip
_HORN = replace(_BRASS, slope=0.6, brightness=0.5, mellowed=0.78, mellowing=0.1, attack=0.05)
_REED = Timbre(
    (1, 1.3, 1.55, 1.9, 1.4, 0.6, 0.4, 0.3), 0.6, 0.88, 0.93, 0.05, attack=0.03, sustain=0.9,
    release=0.07, vibrato=6, breath=0.008,
)  # fmt: skip
_CLARINET = replace(
    _REED, pattern=(1, 0.05, 1.4, 0.15, 1.1, 0.3), brightness=0.82, mellowed=0.88, vibrato=0
)
_FLUTE = Timbre(
    (1, 0.8, 0.3, 0.15), 0.5, 0.6, 0.7, 0.1, attack=0.05, sustain=0.92, release=0.08,
    vibrato=9, breath=0.05, strike=0.06,
)  # fmt: skip
_SQUARE = Timbre((1, 0.03), 1.0, 0.97, 0.93, 0.3, attack=0.006, sustain=0.85, release=0.06)
_PAD = Timbre(
    (1, 0.7), 1.0, 0.7, 0.86, 0.8, attack=0.25, decay=1, sustain=0.8, release=0.5, voices=3
)
_SKIN = Timbre(
    (1, 0.6, 0.45, 0.3, 0.2), 0, 0.95, 0.6, 0.15, attack=0.003, decay=0.5, sustain=0,
    release=0.4, strike=0.2, ratios=(1, 1.5, 1.98, 2.44, 2.9),
)  # fmt: skip
_NOISE = Timbre((1,), 1.0, 0.3, 0.3, attack=0.1, release=0.3, breath=0.6)

# The first program (from 0) of each run of programs that sound alike.
_FIRST_PROGRAMS = {
    0: _PIANO,
    3: replace(_PIANO, voices=2),  # honky-tonk
    4: replace(_BAR, ratios=(1, 2, 3, 14), decay=1.4, release=0.15),  # electric piano: tines
    6: replace(_PLUCKED, pattern=(1, 0.9, 0.9), slope=0.5, brightness=0.93, mellowed=0.8),
    7: replace(_PLUCKED, pattern=(1, 0.5, 0.8), slope=0.6, brightness=0.93, decay=0.6),
    8: replace(_BELL, decay=0.7, release=0.6),  # celesta
    9: _BELL,
    10: replace(_BELL, ratios=(1, 2, 5.8, 9.1), decay=0.8),  # music box
    11: replace(_BAR, ratios=(1, 4, 9.9, 16), decay=1.5),  # vibraphone
    12: _BAR,
    13: replace(_BAR, ratios=(1, 3, 6.2, 10), brightness=0.95, decay=0.16),  # xylophone
    14: replace(_BELL, pattern=(1, 0.7, 0.6, 0.4), ratios=(1, 1.5, 2.1, 2.7), decay=1.8),
    15: replace(_PLUCKED, brightness=0.92, mellowed=0.7, decay=1.2, release=0.6, voices=2),
    16: _ORGAN,
    19: replace(_ORGAN, pattern=(1, 0.7, 0.4, 0.5), slope=0.4, attack=0.05, release=0.2, voices=2),
    20: _ACCORDION,
    24: _PLUCKED,
    25: replace(_PLUCKED, brightness=0.92, mellowed=0.6, decay=1.1),
    26: replace(_PLUCKED, slope=1.1, brightness=0.8, decay=1.4, strike=0.02),
    28: replace(_PLUCKED, brightness=0.75, mellowed=0.3, decay=0.12),  # muted
    29: Timbre((1, 0.9, 0.95, 0.7), 0.6, 0.96, 0.9, 0.5, sustain=0.8, decay=1.5, breath=0.02),
    31: replace(_PLUCKED, slope=1.5, brightness=0.6, decay=1.5),  # harmonics
    32: _BASS,
    33: replace(_BASS, brightness=0.9, decay=1.5),
    36: replace(_BASS, brightness=0.95, mellowed=0.6, mellowing=0.15, strike=0.15),
    38: replace(_BASS, brightness=0.95, mellowed=0.7, mellowing=0.2, sustain=0.6, strike=0),
    40: _BOWED,
    42: replace(_BOWED, slope=0.85, mellowed=0.88),  # cello, double bass
    44: replace(_STRINGS, vibrato=18),  # tremolo
    45: replace(_PLUCKED, brightness=0.78, mellowed=0.3, mellowing=0.12, decay=0.28),  # pizzicato
    46: replace(_PLUCKED, brightness=0.78, decay=1.3, release=0.5),  # harp
    47: _SKIN,  # timpani
    48: _STRINGS,
    50: replace(_STRINGS, brightness=0.85, vibrato=0),
    52: _CHOIR,
    55: replace(_STRINGS, attack=0.005, decay=0.3, sustain=0, strike=0.3),  # orchestra hit
    56: _BRASS,
    57: replace(_BRASS, slope=0.45, mellowed=0.9, attack=0.04),
    58: replace(_HORN, mellowed=0.65),  # tuba
    59: replace(_BRASS, pattern=(1, 0.5, 0.95, 1), slope=0.5, brightness=0.75, vibrato=0),
    60: _HORN,
    61: replace(_BRASS, pattern=(1, 0.75, 0.85, 0.8), slope=0.6, mellowed=0.91, voices=3),
    62: replace(_SQUARE, pattern=(1,), brightness=0.7, mellowed=0.9, attack=0.02, voices=2),
    64: replace(
        _REED,
        pattern=(1, 0.95, 0.8, 0.6),
        brightness=0.85,
        mellowed=0.9,
        breath=0.03,
        strike=0.05,
        vibrato=8,
    ),
    68: _REED,
    70: replace(_REED, pattern=(1, 1.35, 0.9, 0.9), brightness=0.78, mellowed=0.82, vibrato=4),
    71: _CLARINET,
    72: _FLUTE,
    75: replace(_FLUTE, pattern=(1, 0.08, 0.2), breath=0.14, strike=0.2),  # pan flute
    78: replace(_FLUTE, pattern=(1, 0.05), brightness=0.3, mellowed=0.3, breath=0.03),  # whistle
    80: _SQUARE,
    81: replace(_SQUARE, pattern=(1,), brightness=0.97),
    82: replace(_FLUTE, breath=0.1, vibrato=0),
    84: replace(_SQUARE, pattern=(1, 0.8), voices=2),
    88: _PAD,
    92: replace(_PAD, pattern=(1, 0.3, 0.5), brightness=0.9, mellowed=0.7),
    96: replace(_PAD, pattern=(1, 0.4), attack=0.03, mellowed=0.6, sustain=0.4, strike=0.05),
    104: replace(_PLUCKED, pattern=(1, 0.9, 0.9), slope=0.5, brightness=0.92, mellowed=0.75),
    105: replace(_PLUCKED, brightness=0.9, decay=0.35, strike=0.12),  # banjo, shamisen, koto
    108: replace(_BAR, ratios=(1, 5.3, 6.7, 11), decay=0.4),  # kalimba
    109: replace(_REED, brightness=0.92, mellowed=0.92, sustain=1, vibrato=0),  # bagpipe
    110: replace(_BOWED, brightness=0.85, vibrato=14),
    111: replace(_REED, brightness=0.9, mellowed=0.93, vibrato=10),
    112: replace(_BELL, ratios=(1, 2.4, 4.1, 6.3), decay=0.6),
    113: replace(_BELL, ratios=(1, 1.6, 2.9, 4.2), decay=0.2),
    114: replace(_BELL, pattern=(1, 0.7, 0.35, 0.2), ratios=(1, 2, 3, 4.2), decay=0.5),
    115: replace(_BAR, decay=0.04, strike=0.3),
    116: _SKIN,
    119: replace(_NOISE, attack=1.0),  # reverse cymbal
    120: _NOISE,
}
TIMBRES = tuple(
    _FIRST_PROGRAMS[max(first for first in _FIRST_PROGRAMS if first <= program)]
    for program in range(128)
)  #: the timbre of each General MIDI program

_SNARE = Drum(((185, 1.2), (330, 0.8)), 0.07, 0.2, noise=1.0, noise_decay=0.09, band=(900, 9000))
_HAT = Drum(noise=0.6, noise_decay=0.03, band=(6500, 15000))
_TOM = Drum(((1, 1.6), (1.55, 0.6)), 0.18, 0.3, noise=0.2, noise_decay=0.03)
_CYMBAL = Drum(((3160, 0.04), (4730, 0.04), (5930, 0.03)), 0.5, 0, 0.5, 0.6, (3500, 14000))
_HAND = replace(_TOM, decay=0.09, drop=0.08, noise_decay=0.02, band=(800, 6000))
_SHAKEN = Drum(noise=0.7, noise_decay=0.05, band=(5000, 12000))
_CLICK = Drum(((1, 2), (2.6, 0.8)), 0.02, noise=0.3, noise_decay=0.006, band=(1500, 8000))
_METAL = Drum(((1, 0.7), (1.48, 0.5), (2.7, 0.2)), 0.1, noise=0.05, noise_decay=0.02)


def _at(hertz: float, drum: Drum) -> Drum:
    """A drum whose partials were written as ratios, tuned."""
    return replace(drum, partials=tuple((hertz * ratio, level) for ratio, level in drum.partials))


DRUMS = {
    35: Drum(((48, 2.2), (96, 0.3)), 0.16, 1.6, noise=0.1, noise_decay=0.01, band=(500, 4000)),
    36: Drum(((54, 2.2), (108, 0.3)), 0.14, 1.8, noise=0.15, noise_decay=0.008, band=(800, 6000)),
    37: _at(820, _CLICK),
    38: _SNARE,
    39: Drum(noise=1, noise_decay=0.07, band=(900, 4500), bursts=3),
    40: replace(_SNARE, partials=((210, 1), (370, 0.6)), noise=1.3),
    **{pitch: _at(hertz, _TOM) for pitch, hertz in
       {41: 78, 43: 92, 45: 110, 47: 131, 48: 156, 50: 185}.items()},
    42: _HAT,
    44: replace(_HAT, noise_decay=0.045, band=(5500, 13000)),
    46: replace(_HAT, noise=0.4, noise_decay=0.22),
    49: _CYMBAL,
    51: replace(_CYMBAL, noise=0.3, noise_decay=0.35, band=(5000, 14000)),
    52: replace(_CYMBAL, band=(2200, 11000)),
    53: replace(_METAL, partials=((1050, 1), (2290, 0.6), (4400, 0.4)), decay=0.4),
    54: replace(_SHAKEN, partials=((7200, 0.3),), noise_decay=0.09),
    55: replace(_CYMBAL, noise_decay=0.25, band=(5000, 15000)),
    56: _at(560, _METAL),
    57: replace(_CYMBAL, noise_decay=0.7, band=(3000, 13000)),
    58: replace(_SHAKEN, noise_decay=0.25, band=(1800, 5000), bursts=4),
    59: replace(_CYMBAL, noise=0.3, noise_decay=0.4, band=(4500, 14000)),
    **{pitch: _at(hertz, _HAND) for pitch, hertz in
       {60: 420, 61: 300, 62: 240, 63: 210, 64: 165, 65: 330, 66: 230}.items()},
    67: _at(900, _METAL),
    68: _at(670, _METAL),
    69: replace(_SHAKEN, noise_decay=0.035),
    70: replace(_SHAKEN, noise_decay=0.025, band=(6000, 14000)),
    71: Drum(((2200, 1),), 0.05),
    72: Drum(((2200, 1),), 0.2),
    73: replace(_SHAKEN, noise_decay=0.03, band=(2500, 7000), bursts=3),
    74: replace(_SHAKEN, noise_decay=0.08, band=(2500, 7000), bursts=8),
    75: _at(2500, _CLICK),
    76: _at(1100, _CLICK),
    77: _at(760, _CLICK),
    78: replace(_at(600, _HAND), drop=-0.3),
    79: replace(_at(430, _HAND), drop=0.4),
    80: replace(_at(3300, _METAL), decay=0.06),
    81: replace(_METAL, partials=((3300, 0.3), (5100, 0.2), (8800, 0.1)), decay=0.7),
}  # fmt: skip
#: the sound of each pitch on the drum channel; others are `OTHER_DRUM`
OTHER_DRUM = _at(400, _HAND)
