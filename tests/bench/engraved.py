"""Composes pieces, writes each as MusicXML, opens that in music21 and holds it against the piece.

    python -m tests.bench.engraved MODEL... [-n 10] [--bars 16] [--out FOLDER]

Told of each piece: notes that are not there again (by part: onset, length in quarters and pitch,
ties joined), and how many bars are not as long as in the piece; whether key and metre are right;
the share of notes that need more than two ledger lines, by the clef that stands; bars in which
beams cross a beat. With --out the engraved pages are written too, as PNG, to be looked at.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import music21
import numpy as np

from musegen.evaluation.trained import load
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.picture.engraving import engraved
from musegen.picture.raster import png
from musegen.score.key import settled_key
from musegen.score.musicxml_write import write_musicxml
from musegen.score.score import Part, Score

_LEDGER_LINES = 2  # beyond which a clef does not suit
_HEAD = ("piece", "notes", "lost", "added", "bars", "wrong", "key", "metre", "ledger", "beams")


def wanted_notes(part: Part, score: Score) -> Counter[tuple[Fraction, Fraction, int]]:
    """Onset and length in quarters and pitch of a part's notes; music21 knows no drum's number."""
    per, drums = score.ticks_per_quarter, part.is_drums
    rows = part.notes.rows.tolist()
    return Counter((Fraction(o, per), Fraction(d, per), 0 if drums else p) for o, d, p, _ in rows)


def written_notes(staves: list[Any]) -> Counter[tuple[Fraction, Fraction, int]]:
    """The same of the staves of a part as music21 reads them, with ties joined pitch by pitch.

    Its own stripTies joins a chord as one, and so loses notes where one of a chord is tied alone.
    """
    found: Counter[tuple[Fraction, Fraction, int]] = Counter()
    for staff in staves:
        # Place, head and end so far → onsets.
        tied: defaultdict[tuple[float, str, Fraction], list[Fraction]] = defaultdict(list)
        notes = [n for n in staff.flatten().notes if not n.duration.isGrace]
        for note in (n for n in notes if "Harmony" not in n.classes):
            onset, length = Fraction(note.offset), Fraction(note.quarterLength)
            for its in getattr(note, "notes", [note]):
                tie = its.tie.type if its.tie else ""
                began, pitch = onset, 0 if "Unpitched" in its.classes else its.pitch.midi
                place = its.displayPitch() if "Unpitched" in its.classes else its.pitch
                head = place.ps, its.notehead
                if tie in ("continue", "stop") and tied[(*head, onset)]:
                    began = tied[(*head, onset)].pop(0)
                if tie in ("continue", "start"):
                    tied[(*head, onset + length)].append(began)
                else:
                    found[began, onset + length - began, pitch] += 1
    return found


def by_instrument(stream: Any) -> list[list[Any]]:
    """The staves of each instrument; music21 gives those of one a common id with a number."""
    found: dict[str, list[Any]] = {}
    for staff in stream.parts:
        found.setdefault(str(staff.id).split("-Staff")[0], []).append(staff)
    return list(found.values())


def beyond_staff(staff: Any) -> list[bool]:
    """Of each note whether it needs many ledger lines, by the clef that stands there."""
    found = []
    for measure in staff.getElementsByClass("Measure"):
        for note in measure.recurse().notes:
            clef = note.getContextByClass("Clef")
            # music21 10 gives a bass clef with an 8 beneath it the lines of one without.
            lowest = 12 if isinstance(clef, music21.clef.Bass8vbClef) else clef.lowestLine
            if lowest is not None and not note.duration.isGrace:
                heads = getattr(note, "notes", [note])
                pitched = [its.pitch for its in heads if "Unpitched" not in its.classes]
                steps = [pitch.diatonicNoteNum - lowest for pitch in pitched]
                low, high = -2 * _LEDGER_LINES - 1, 8 + 2 * _LEDGER_LINES + 1
                found += [not low <= step <= high for step in steps]
    return found


def crossing_beams(staff: Any) -> int:
    """Bars in which a beam goes on over the middle of a bar of four, or a beat of another."""
    crossing = 0
    for measure in staff.getElementsByClass("Measure"):
        sign = measure.getContextByClass("TimeSignature")
        beat = sign.beatDuration.quarterLength if sign else 1
        beat = 2 if sign and sign.ratioString in ("4/4", "2/2") else beat
        shift = sign.barDuration.quarterLength - measure.duration.quarterLength if sign else 0
        for note in measure.recurse().notes:
            beams = note.beams.beamsList if hasattr(note, "beams") else []
            place = Fraction(note.getOffsetInHierarchy(measure)) + Fraction(max(0, shift))
            if beams and beams[0].type in ("continue", "stop") and place % Fraction(beat) == 0:
                crossing += 1
                break
    return crossing


def row_of(score: Score, musicxml: bytes) -> tuple[Any, ...]:
    """What is told of a piece, but for its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = music21.converter.parse(musicxml.decode(), format="musicxml", forceSource=True)
    lost, added = Counter(), Counter()
    instruments = by_instrument(stream)
    for part, staves in zip(score.parts, instruments, strict=True):
        wanted, written = wanted_notes(part, score), written_notes(staves)
        lost, added = lost + (wanted - written), added + (written - wanted)
    edges = [0, *score.barlines.tolist()]
    lengths = [Fraction(b - a, score.ticks_per_quarter) for a, b in pairwise(edges)]
    staves = list(stream.parts)
    wrong = 0
    for staff in staves:
        measures = staff.getElementsByClass("Measure")
        found = [Fraction(measure.duration.quarterLength) for measure in measures]
        wrong += sum(a != b for a, b in zip_longest(found, lengths))
    first = staves[0].flatten()
    key = [(k.offset, k.sharps) for k in first.getElementsByClass("KeySignature")]
    per = score.ticks_per_quarter
    wanted_key = score.key if len(score.key) else settled_key(score.parts, score.key[:, :3])
    is_key = key == [(tick / per, fifths) for tick, fifths, *_ in wanted_key.tolist()]
    metre = [(m.offset, m.ratioString) for m in first.getElementsByClass("TimeSignature")]
    is_metre = metre == [(tick / per, f"{n}/{d}") for tick, n, d in score.metre.tolist()]
    ledger = [its for staff in staves for its in beyond_staff(staff)]
    return (
        *(score.n_notes, lost.total(), added.total(), len(lengths), wrong),
        *("yes" if its else "NO" for its in (is_key, is_metre)),
        f"{np.mean(ledger or [0]):.1%}",
        sum(map(crossing_beams, staves)),
    )


def main() -> None:
    """Print a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("-n", type=int, default=10)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    for name in asked.models:
        model = load(name)
        print(name, model.vocabulary.name)
        print(*(f"{head:>7}" for head in _HEAD))
        for number, made in enumerate(compose(model, Plan(asked.bars), n=asked.n), start=1):
            musicxml = write_musicxml(made.score)
            print(*(f"{value:>7}" for value in (number, *row_of(made.score, musicxml))))
            if asked.out:
                asked.out.mkdir(parents=True, exist_ok=True)
                for page, svg in enumerate(engraved(musicxml), start=1):
                    file = f"{Path(name).name}-{number}-{page}.png"
                    (asked.out / file).write_bytes(png(svg))


if __name__ == "__main__":
    main()
