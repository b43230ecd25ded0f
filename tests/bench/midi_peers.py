"""The notes of a MIDI file as other tools have them, which need not be installed."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import mido
import music21

from musegen.score.midi import read_midi
from musegen.vocabulary.notes import NotesVocabulary


def by_pretty_midi(path: Path) -> Counter[tuple[int, ...]]:
    """Onset, duration, pitch, velocity in ticks as pretty_midi has them."""
    pretty_midi = importlib.import_module("pretty_midi")
    midi = pretty_midi.PrettyMIDI(str(path))
    return Counter(
        (midi.time_to_tick(n.start), midi.time_to_tick(n.end) - midi.time_to_tick(n.start),
         n.pitch, n.velocity)
        for instrument in midi.instruments for n in instrument.notes
    )  # fmt: skip


def by_music21(path: Path) -> Counter[tuple[int, ...]]:
    """The same as music21 has them."""
    per_quarter = mido.MidiFile(path, clip=True).ticks_per_beat
    piece = music21.converter.parse(path, forceSource=True, quantizePost=False)
    rows: Counter[tuple[int, ...]] = Counter()
    for element in piece.flatten().notes:
        times = (round(float(x) * per_quarter) for x in (element.offset, element.quarterLength))
        onset, duration = times
        for one in getattr(element, "notes", (element,)):
            if hasattr(one, "pitch"):
                rows[onset, duration, one.pitch.midi, one.volume.velocity or 0] += 1
    return rows


def by_miditok(path: Path) -> Counter[tuple[int, ...]]:
    """The same after a REMI round trip, on the file's ticks."""
    miditok = importlib.import_module("miditok")
    settings = miditok.TokenizerConfig(use_programs=True, use_tempos=True, use_sustain_pedals=True)
    tokenizer = miditok.REMI(settings)
    before = mido.MidiFile(path, clip=True).ticks_per_beat
    again = tokenizer.decode(tokenizer(path))
    again = again.resample(before)
    return Counter(
        (n.time, n.duration, n.pitch, n.velocity) for track in again.tracks for n in track.notes
    )


def by_words(path: Path) -> Counter[tuple[int, ...]]:
    """The same after a round trip through musegen's own words, on the file's ticks."""
    score = read_midi(path)
    vocabulary = NotesVocabulary.build([score])
    again = vocabulary.decode(vocabulary.encode(score))
    of, to = again.ticks_per_quarter, score.ticks_per_quarter
    return Counter(
        (onset * to // of, length * to // of, pitch, velocity)
        for part in again.parts
        for onset, length, pitch, velocity in part.notes.rows.tolist()
    )


PEERS: dict[str, Callable[[Path], Counter[tuple[int, ...]]]] = {
    "pretty_midi": by_pretty_midi,
    "music21": by_music21,
    "miditok": by_miditok,
    "musegen": by_words,
}
