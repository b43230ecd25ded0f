"""The drums of General MIDI: their names, their places on a staff of five lines, their note heads.

The kit stands after Weinberg, Guide to Standardized Drumset Notation (Percussive Arts Society,
1998): x heads for cymbals and rims, one in a circle for an open hi-hat, a diamond for a bell. What
a kit has not stands where it is told from the kit: skins as crosses, wood, metal and shakers as
diamonds, the higher one higher, clicks as slashes.
"""

from __future__ import annotations

from typing import NamedTuple

FEET = frozenset({35, 36, 44})  # what the feet play: stems down, in a voice of their own
_HEADS = {"o": "normal", "x": "x", "(x)": "circle-x", "+": "cross", "<>": "diamond", "/": "slash"}

# Number (General MIDI System Level 1, 1991; 27 to 34 and 82 to 87 of Level 2, 1999), place as a
# letter and an octave in the treble clef, head, name.
_DRUMS = """
27 E4 / High Q|28 G4 / Slap|29 A4 / Scratch Push|30 C5 / Scratch Pull|31 D5 / Sticks
32 E5 / Square Click|33 F5 / Metronome Click|34 G5 / Metronome Bell
35 E4 o Acoustic Bass Drum|36 F4 o Bass Drum 1|37 C5 x Side Stick|38 C5 o Acoustic Snare
39 B4 x Hand Clap|40 C5 o Electric Snare|41 G4 o Low Floor Tom|42 G5 x Closed Hi-Hat
43 A4 o High Floor Tom|44 D4 x Pedal Hi-Hat|45 B4 o Low Tom|46 G5 (x) Open Hi-Hat
47 D5 o Low-Mid Tom|48 E5 o Hi-Mid Tom|49 A5 x Crash Cymbal 1|50 F5 o High Tom
51 F5 x Ride Cymbal 1|52 C6 x Chinese Cymbal|53 F5 <> Ride Bell|54 D5 <> Tambourine
55 B5 <> Splash Cymbal|56 E5 <> Cowbell|57 B5 x Crash Cymbal 2|58 C6 <> Vibraslap
59 D5 x Ride Cymbal 2|60 E5 + High Bongo|61 D5 + Low Bongo|62 C5 (x) Mute High Conga
63 C5 + Open High Conga|64 B4 + Low Conga|65 F5 + High Timbale|66 G4 + Low Timbale
67 B4 <> High Agogo|68 G4 <> Low Agogo|69 A4 <> Cabasa|70 C5 <> Maracas
71 C6 + Short Whistle|72 B5 + Long Whistle|73 F4 <> Short Guiro|74 D4 <> Long Guiro
75 G5 <> Claves|76 F5 (x) High Wood Block|77 D5 (x) Low Wood Block|78 F4 + Mute Cuica
79 E4 + Open Cuica|80 A5 (x) Mute Triangle|81 A5 <> Open Triangle
82 A4 (x) Shaker|83 B5 (x) Jingle Bell|84 C6 (x) Bell Tree|85 B4 (x) Castanets
86 D4 + Mute Surdo|87 A4 + Open Surdo
"""


class Drum(NamedTuple):
    """How a drum is called, where it is written and with which note head, as MusicXML says it."""

    name: str
    step: str
    octave: int
    head: str


def _table() -> dict[int, Drum]:
    found = {}
    for line in _DRUMS.strip().replace("\n", "|").split("|"):
        number, place, head, name = line.split(" ", 3)
        found[int(number)] = Drum(name, place[0], int(place[1]), _HEADS[head])
    return found


_KNOWN = _table()
_AT = {drum[1:]: number for number, drum in reversed(_KNOWN.items())}
# Without a head of its own a place is its usual drum's, as in files that have plain heads alone.
_USUAL = {
    ("D", 4): 44,
    ("E", 4): 35,
    ("F", 4): 36,
    ("A", 4): 41,
    ("C", 5): 38,
    ("D", 5): 47,
    ("E", 5): 48,
    ("F", 5): 51,
    ("G", 5): 42,
    ("A", 5): 49,
}


def drum_of(number: int) -> Drum:
    """The drum of a number, 0–127; those that General MIDI does not name stand on the middle."""
    return _KNOWN.get(number, Drum(f"Drum {number}", "B", 4, "slash"))


def drum_at(step: str, octave: int, head: str) -> int | None:
    """The number of the drum that is written at a place with a head; None where none is."""
    known = _AT.get((step, octave, head)) if head != "normal" else None
    return _USUAL.get((step, octave)) if known is None else known
