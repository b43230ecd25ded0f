"""Writes WAV files of real music, and measures whether they sound as the notes say, and how fast.

    python -m tests.bench.wav [FOLDER …] [--files 100] [--soundfont FILE.sf2]

As many files are drawn from each folder as from music21's corpus, none longer than three minutes.
Of each: (1) the WAV lasts to the end of the last bar, when mido says that is, and its tail, to
0.1 s; (2) its peak and its loudness; (3) up to four notes of each part are looked for in its
spectrum: notes that no partial of another comes near, in the WAV itself where there are such, else
in a rendering of the part alone. A note is found where the strongest peak within a third of an
octave lies within 3 % of its fundamental, stands out, and nothing as strong is an octave below.
Drums, sound effects and parts that bend are left out. (4) The seconds of sound that a second of the
processor makes; with a SoundFont, beside FluidSynth by the same messages (`musegen play
--soundfont`), and by its own command from the same MIDI file.
"""

from __future__ import annotations

import argparse
import collections
import random
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import mido
import music21
import numpy as np
from numpy.typing import NDArray

from musegen.corpus.survey import music_files
from musegen.errors import MusegenError
from musegen.score.excerpt import until_bar
from musegen.score.files import read, write
from musegen.score.pedal import sounding_ends
from musegen.score.repeats import unfold
from musegen.score.score import Part, Score
from musegen.score.tempo import seconds_at
from musegen.sound.loudness import loudness
from musegen.sound.player import RATE, to_wav
from musegen.sound.soundfont import soundfont
from musegen.sound.synthesiser import TAIL_SECONDS, Render, render
from tests.bench.fidelity import SHARED

FOLDERS = [SHARED / "ensemble", SHARED / "chorales"]
LONGEST = 180.0  # seconds of a piece that is taken
NOTES, PARTIALS, SOUND_EFFECTS = 4, 8, 119
WINDOW, RINGING = (0.12, 0.5), 0.4  # seconds looked at; that others ring on
SOLO = 8.0  # seconds
NEAR, RIGHT, OUTSTANDING = 0.13, 0.03, 4.0


@dataclass
class Found:
    """What was measured of the files of one folder."""

    lengths: list[float] = field(default_factory=list)  # seconds off
    peaks: list[float] = field(default_factory=list)
    loudness: list[float] = field(default_factory=list)
    parts: collections.Counter[str] = field(default_factory=collections.Counter)
    notes: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: float = 0.0
    spent: collections.Counter[str] = field(default_factory=collections.Counter)


def pieces(folder: Path, n: int) -> Iterator[tuple[Path, Score]]:
    """So many pieces of a folder that are not long, drawn with a seed."""
    paths, _ = music_files(folder)
    taken = 0
    for path in random.Random(0).sample(paths, len(paths)):
        if taken == n:
            return
        try:
            score = unfold(read(path))
        except MusegenError:
            continue
        if score.n_notes and seconds_at(score, score.end) < LONGEST:
            taken += 1
            yield path, score


def is_tuned(part: Part) -> bool:
    """Whether its notes sound at their pitches: no drums, no effects, nothing bent."""
    bends = any(event.message[0] & 0xF0 == 0xE0 for event in part.events)
    return not (part.is_drums or bends or part.program >= SOUND_EFFECTS)


def sounding(score: Score) -> NDArray[np.float64]:
    """The notes as rows (N, 4): part, start and end in seconds, hertz (0 if it has no pitch)."""
    rows = []
    for number, part in enumerate(score.parts):
        start = seconds_at(score, part.notes.onset)
        end = seconds_at(score, sounding_ends(part, score.end))
        hertz = 440 * 2 ** ((part.notes.pitch - 69) / 12)
        if not is_tuned(part):
            hertz = np.zeros(len(hertz))
        rows.append(np.stack([np.full(len(start), number), start, end, hertz], axis=1))
    return np.concatenate(rows)


def alone(notes: NDArray[np.float64]) -> list[int]:
    """The indices of notes that can be told from all that sounds with them."""
    found = []
    partials = np.arange(1, PARTIALS + 1)
    for index, (_, start, end, hertz) in enumerate(notes):
        size = min(end - start, WINDOW[1])
        if not hertz or size < max(WINDOW[0], 12 / hertz):
            continue
        at_once = (notes[:, 1] < start + size) & (notes[:, 2] + RINGING > start)
        at_once[index] = False
        others = notes[at_once, 3]
        if (others == 0).any():
            continue
        near = max(NEAR, 4 / (size * hertz))
        ratio = others[:, None] * partials / hertz
        if not (abs(ratio - 1) < near).any() and not (abs(2 * ratio - 1) < near).any():
            found.append(index)
    return found


def is_found(samples: NDArray[np.float32], start: float, end: float, hertz: float) -> bool:
    """Whether the spectrum says that such a note sounds then."""
    size = min(end - start, WINDOW[1])
    heard = samples[round(start * RATE) : round((start + size) * RATE)].sum(axis=1)
    strength = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), 2**17))
    ratio = np.fft.rfftfreq(2**17, 1 / RATE) / hertz
    around = (ratio > 2 ** (-1 / 6)) & (ratio < 2 ** (1 / 6))
    peak = strength[around].max()
    below = strength[abs(2 * ratio - 1) < RIGHT].max()
    place = ratio[around][strength[around].argmax()]
    wide = strength[(ratio > 0.6) & (ratio < 1.6)]
    return bool(abs(place - 1) < RIGHT and peak > OUTSTANDING * np.median(wide) and below < peak)


def look(samples: NDArray[np.float32], score: Score, wanted: set[int]) -> dict[int, list[bool]]:
    """Whether notes of the parts wanted are found, of those that have any that are alone."""
    notes = sounding(score)
    of_part: dict[int, list[int]] = {}
    for index in alone(notes):
        of_part.setdefault(int(notes[index, 0]), []).append(index)
    return {
        part: [is_found(samples, *notes[i, 1:]) for i in evenly(indices)]
        for part, indices in of_part.items()
        if part in wanted
    }


def evenly(indices: list[int]) -> list[int]:
    """A few of them, from the first to the last."""
    places = np.linspace(0, len(indices) - 1, min(NOTES, len(indices)))
    return [indices[i] for i in places.astype(int)]


def opening(solo: Score) -> Score:
    """The bars to some seconds after the first note that is alone."""
    notes = sounding(solo)
    first = min(notes[alone(notes), 1], default=0.0)
    bar = 1 + int(np.searchsorted(seconds_at(solo, solo.barlines), first + SOLO))
    return until_bar(solo, bar) if bar < solo.n_bars else solo


def heard(path: Path) -> NDArray[np.float32]:
    """The samples of a WAV file (S, 2)."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 2, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return (frames / 32_768).astype(np.float32)


def seconds_by_mido(path: Path, tick: int) -> float:
    """When a tick of a MIDI file sounds, by mido."""
    midi = mido.MidiFile(path, clip=True)
    seconds, left, tempo_us = 0.0, tick, 500_000
    for message in mido.merge_tracks(midi.tracks):
        step = min(message.time, left)
        seconds += mido.tick2second(step, midi.ticks_per_beat, tempo_us)
        left -= step
        tempo_us = message.tempo if message.type == "set_tempo" else tempo_us
    return seconds


def examine(score: Score, name: str, folder: Path, found: Found) -> None:
    """Write a piece as a WAV, and add what it is like."""
    began = time.process_time()
    to_wav(score, folder / "piece.wav", force=True)
    found.spent["musegen"] += time.process_time() - began
    write(score, folder / "piece.mid", force=True)
    samples = heard(folder / "piece.wav")
    found.seconds += len(samples) / RATE
    length = seconds_by_mido(folder / "piece.mid", score.end) + TAIL_SECONDS
    found.lengths.append(abs(len(samples) / RATE - length))
    found.peaks.append(20 * np.log10(abs(samples).max()))
    found.loudness.append(loudness(samples, RATE))
    wanted = {i for i, p in enumerate(score.parts) if len(p.notes)}
    results = look(samples, score, wanted)
    for number in sorted(wanted - set(results)):
        solo = opening(replace(score, parts=(score.parts[number],)))
        if alone(sounding(solo)):
            results[number] = look(render(solo, RATE), solo, {0})[0]
    for number in sorted(wanted):
        part = score.parts[number]
        if not is_tuned(part):
            continue
        ok = results.get(number)
        found.parts["none alone" if ok is None else "right" if all(ok) else "wrong"] += 1
        found.notes.update(ok or [])
        if ok and not all(ok):
            print(f"{name}: part {number}, program {part.program}: {ok}", file=sys.stderr)


def beside(score: Score, path: Path, folder: Path, by: Render, found: Found) -> None:
    """Add the time that FluidSynth takes, by messages and by its own command."""
    began = time.process_time()
    by(score, RATE)
    found.spent["--soundfont"] += time.process_time() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = ["-F", folder / "other.wav", "-T", "wav", "-O", "s16", "-r", str(RATE)]
    call = ["fluidsynth", "-n", "-i", "-q", *output, path, folder / "piece.mid"]
    subprocess.run(call, check=True, capture_output=True)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    found.spent["fluidsynth"] += spent


def row(name: str, found: Found) -> str:
    """A line of the table."""
    n, notes = len(found.lengths), found.notes
    speeds = " | ".join(f"{found.seconds / spent:.0f}" for spent in found.spent.values())
    cells = [
        name,
        f"{n}, {found.seconds / 60:.0f} min",
        f"{sum(off < 0.1 for off in found.lengths)} of {n}",
        f"{max(found.peaks):.1f}",
        f"{min(found.loudness):.1f} to {max(found.loudness):.1f}",
        f"{notes[True]:,} of {notes.total():,}",
        f"{found.parts['right']} of {found.parts.total() - found.parts['none alone']}"
        f" (and {found.parts['none alone']} with no note alone)",
        speeds,
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--soundfont", type=Path)
    asked = parser.parse_args()
    by = soundfont(asked.soundfont) if asked.soundfont else None
    folders = [*asked.folders, Path(music21.__file__).parent / "corpus"]
    shares = [asked.files // len(folders)] * len(folders)
    shares[0] += asked.files - sum(shares)
    head = ["", "files", "length right", "highest peak, dBFS", "LUFS", "notes found", "parts"]
    head.append("musegen | --soundfont | fluidsynth" if by else "musegen")
    print(f"| {' | '.join(head)} |\n{'|---' * (10 if by else 8)}|", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for folder, share in zip(folders, shares, strict=True):
            found = Found()
            for path, score in pieces(folder, share):
                examine(score, str(path.relative_to(folder)), Path(scratch), found)
                if by:
                    beside(score, asked.soundfont, Path(scratch), by, found)
            print(row(folder.name, found), flush=True)


if __name__ == "__main__":
    main()
