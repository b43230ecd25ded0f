"""The instruments of General MIDI (System Level 1, 1991): their names, and what they can play."""

from __future__ import annotations

from musegen.errors import UsageError

DRUMS = 128

PROGRAMS = tuple(
    """Acoustic Grand Piano|Bright Acoustic Piano|Electric Grand Piano|Honky-tonk Piano
Electric Piano 1|Electric Piano 2|Harpsichord|Clavinet
Celesta|Glockenspiel|Music Box|Vibraphone|Marimba|Xylophone|Tubular Bells|Dulcimer
Drawbar Organ|Percussive Organ|Rock Organ|Church Organ|Reed Organ|Accordion|Harmonica
Tango Accordion
Acoustic Guitar (nylon)|Acoustic Guitar (steel)|Electric Guitar (jazz)|Electric Guitar (clean)
Electric Guitar (muted)|Overdriven Guitar|Distortion Guitar|Guitar Harmonics
Acoustic Bass|Electric Bass (finger)|Electric Bass (pick)|Fretless Bass
Slap Bass 1|Slap Bass 2|Synth Bass 1|Synth Bass 2
Violin|Viola|Cello|Contrabass|Tremolo Strings|Pizzicato Strings|Orchestral Harp|Timpani
String Ensemble 1|String Ensemble 2|Synth Strings 1|Synth Strings 2
Choir Aahs|Voice Oohs|Synth Voice|Orchestra Hit
Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section|Synth Brass 1|Synth Brass 2
Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn|Bassoon|Clarinet
Piccolo|Flute|Recorder|Pan Flute|Blown Bottle|Shakuhachi|Whistle|Ocarina
Lead 1 (square)|Lead 2 (sawtooth)|Lead 3 (calliope)|Lead 4 (chiff)
Lead 5 (charang)|Lead 6 (voice)|Lead 7 (fifths)|Lead 8 (bass + lead)
Pad 1 (new age)|Pad 2 (warm)|Pad 3 (polysynth)|Pad 4 (choir)
Pad 5 (bowed)|Pad 6 (metallic)|Pad 7 (halo)|Pad 8 (sweep)
FX 1 (rain)|FX 2 (soundtrack)|FX 3 (crystal)|FX 4 (atmosphere)
FX 5 (brightness)|FX 6 (goblins)|FX 7 (echoes)|FX 8 (sci-fi)
Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle|Shanai
Tinkle Bell|Agogo|Steel Drums|Woodblock|Taiko Drum|Melodic Tom|Synth Drum|Reverse Cymbal
Guitar Fret Noise|Breath Noise|Seashore|Bird Tweet|Telephone Ring|Helicopter|Applause
Gunshot""".replace("\n", "|").split("|")
)


# The lowest and highest pitch that a professional can play, as they sound; families take the widest
# of their members (Adler, The Study of Orchestration, 4th ed., 2016; makers' sheets for the rest).
_RANGES = {
    (0, 1, 2, 3): (21, 108),
    (4, 5): (28, 103),
    (6, 7): (28, 89),
    (8,): (60, 108),
    (9,): (77, 108),
    (11,): (53, 89),
    (12,): (36, 96),
    (13,): (65, 108),
    (14,): (60, 79),
    (24, 25, 26, 27, 28, 29, 30): (38, 88),
    (32, 33, 34, 35, 36, 37): (23, 67),
    (40, 110): (55, 103),
    (41,): (48, 91),
    (42,): (36, 84),
    (43,): (24, 67),
    (44, 45, 48, 49): (24, 103),
    (46,): (23, 104),
    (47,): (36, 60),
    (52, 53): (36, 86),
    (56, 59): (52, 86),
    (57,): (34, 77),
    (58,): (26, 65),
    (60,): (34, 77),
    (61,): (26, 86),
    (64,): (56, 91),
    (65,): (49, 88),
    (66,): (44, 82),
    (67,): (36, 75),
    (68,): (58, 93),
    (69,): (52, 81),
    (70,): (34, 76),
    (71,): (49, 96),
    (72,): (74, 108),
    (73,): (59, 98),
    (DRUMS,): (35, 81),  # the drum kit of General MIDI
}
RANGES = {program: reach for programs, reach in _RANGES.items() for program in programs}

# How many notes one player sounds at once: winds, strings, guitars, hands and feet.
_VOICES = {
    (56, 57, 58, 59, 60, *range(64, 80), 111): 1,
    (32, 33, 34, 35, 36, 37, 38, 39, 47): 2,
    (40, 41, 42, 43, 110): 3,
    (8, 9, 10, 11, 12, 13, 14, 15, 108, 114): 4,
    (DRUMS,): 5,
    tuple(range(24, 32)): 6,
    (*range(8), *range(16, 24), 46): 10,
}
VOICES = {program: most for programs, most in _VOICES.items() for program in programs}

_USUAL = {  # what people mean by a name that is that of several programs, or of none
    "piano": 0,
    "organ": 19,
    "guitar": 24,
    "bass": 33,
    "electric bass": 33,
    "double bass": 43,
    "strings": 48,
    "harp": 46,
    "choir": 52,
    "voice": 52,
    "horn": 60,
    "sax": 65,
    "saxophone": 65,
    "cor anglais": 69,
    "percussion": DRUMS,
}


def instrument_called(name: str) -> int:
    """`violin`, `French horn`, `strings` or `drums` → its program (0-127), or 128 for drums.

    A part of a name will do where only one instrument has it.

    Raises:
        UsageError: no instrument is called so, or several are.
    """
    wanted = " ".join(name.lower().split())
    names = {instrument_name(number).lower(): number for number in range(DRUMS + 1)}
    exact = _USUAL | names
    if wanted in exact:
        return exact[wanted]
    found = [number for known, number in names.items() if wanted and wanted in known]
    if len(found) == 1:
        return found[0]
    if not found:
        hint = "Take a name of General MIDI, as violin, clarinet, electric bass or drums."
        raise UsageError(f"no instrument is called {name.strip()!r}", hint=hint)
    hint = f"Say which: {', '.join(instrument_name(number) for number in found[:6])}."
    raise UsageError(f"several instruments are called {name.strip()!r}", hint=hint)


def instrument_name(instrument: int) -> str:
    """The name of a program (0–127) or of the drums (128)."""
    return "Drums" if instrument == DRUMS else PROGRAMS[instrument]
