"""How faithfully ABC is read: bars, and pitches and times against abc2midi's.

    python -m tests.bench.abc [COLLECTION …] [--list]

Each tune is read, its bars are checked, it is written and read again, and its notes are compared
with those that abc2midi (Debian's abcmidi) makes of the same text: as written, with no repeats,
and played out. `--list` names the tunes whose bars are wrong, and those that differ. What abc2midi
made is kept beside other temporary files and used again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import mido
from music21.corpus import getWork

from musegen.errors import UnreadableFile
from musegen.score.abc import read_tunes, write_book
from musegen.score.abc_book import TuneText, tunes_in
from musegen.score.abc_read import read_tune
from musegen.score.bars import check_bars
from musegen.score.repeats import unfold
from musegen.score.score import Score
from tests.bench.fidelity import listing_by_mido

Played = list[tuple[float, float, int]]  # onset and duration in quarters, pitch

SHARED = Path(__file__).parents[3] / "shared" / "data"
MUSIC21 = Path(getWork("ryansMammoth/7thRegimentReel.abc")).parents[1]
COLLECTIONS = {
    "irish": (SHARED, "irish/*/*.abc"),
    "nottingham": (SHARED, "nottingham/*.abc"),
    "ryan": (MUSIC21, "ryansMammoth/*.abc"),
    "oneill": (MUSIC21, "oneills1850/*.abc"),
    "aird": (MUSIC21, "airdsAirs/*.abc"),
    "essen": (MUSIC21, "essenFolksong/*.abc"),
}
TOLERANCE = 1 / 96  # of a quarter: abc2midi rounds to 480 ticks

# What abc2midi plays in its own way: graces, ornaments, chord symbols, staccato.
_OWN_WAY = re.compile(
    r"(?P<kept>\[[A-Za-z]:[^\]]*\])"
    r'|"[^"]*"|\{[^}]*\}|![^!\s|:\[\]]+!|\+[a-z0-9<>().]+\+|[~.H-LN-Wh-w]'
)
_REPEATS = re.compile(r"(?::*\[?\|[|\]:]*|::+|:+\])(?:\d[\d,-]*)?|\[\d[\d,-]*")
_FIELD = re.compile(r"[A-Za-z]:(?![|:])")
_PASSED_OVER = "RPwWsUmITNHZSCODBAGF"  # swing, orders of parts, and what is not played


def texts(name: str) -> Iterator[tuple[str, str]]:
    """The files of a collection, as name and text."""
    root, pattern = COLLECTIONS[name]
    for file in sorted(root.glob(pattern)):
        data = file.read_bytes()
        try:
            yield file.name, data.decode("utf-8-sig")
        except UnicodeDecodeError:
            yield file.name, data.decode("latin-1")


def tunes(name: str) -> Iterator[tuple[str, TuneText]]:
    """The tunes of a collection: file and line, and text."""
    for file, text in texts(name):
        for tune in tunes_in(text):
            yield f"{file}:{tune.lines[0][0]}", tune


def for_abc2midi(tune: TuneText, repeats: bool) -> str:
    """A tune without what abc2midi plays in its own way; its repeats as plain bar lines if so."""
    lines = [
        "X:1",
        "%%MIDI chordattack 0",
        *(line for _, line in tune.header),
    ]
    for _, line in tune.lines:
        if _FIELD.match(line):
            lines += [] if line[0] in _PASSED_OVER + "X" else [line]
            continue
        line = _OWN_WAY.sub(lambda match: match["kept"] or "", line)
        lines.append(line if repeats else _REPEATS.sub("|", line).removesuffix("!"))
    return "\n".join(lines) + "\n"


class Oracle:
    """What abc2midi makes of tunes, kept by their text."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or Path(tempfile.gettempdir())
        self._kept = sqlite3.connect(folder / "musegen-abc2midi.sqlite", isolation_level=None)
        self._kept.execute("pragma synchronous = off")
        self._kept.execute("create table if not exists played (text primary key, notes)")

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def __call__(self, text: str) -> Played | None:
        """The notes of a tune; None where abc2midi balks."""
        key = hashlib.sha256(text.encode()).hexdigest()
        row = self._kept.execute("select notes from played where text = ?", (key,)).fetchone()
        if row is None:
            row = (json.dumps(_played(text)),)
            self._kept.execute("insert into played values (?, ?)", (key, row[0]))
        notes = json.loads(row[0])
        return None if notes is None else [tuple(note) for note in notes]


def _played(text: str) -> Played | None:
    with tempfile.TemporaryDirectory() as folder:
        source, midi = Path(folder) / "tune.abc", Path(folder) / "tune.mid"
        source.write_text(text, encoding="utf-8")
        command = ["abc2midi", str(source), "-silent", "-NGRA", "-NGUI", "-o", str(midi)]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=10)
        if not midi.exists():
            return None
        heard = mido.MidiFile(midi)
    quarter = heard.ticks_per_beat
    return [
        (onset / quarter, duration / quarter, pitch)
        for onset, duration, pitch, *_ in listing_by_mido(heard)["note"].elements()
    ]


def notes_of(score: Score) -> Played:
    """The notes of a score in quarters."""
    quarter = score.ticks_per_quarter
    return [
        (onset / quarter, duration / quarter, pitch)
        for part in score.parts
        for onset, duration, pitch, _ in part.notes.rows.tolist()
    ]


def difference(ours: Played, theirs: Played | None) -> str:
    """How two readings of a tune differ, in a word; "" where they agree."""
    if theirs is None:
        return "abc2midi balks"
    if Counter(note[2] for note in ours) != Counter(note[2] for note in theirs):
        return "number" if len(ours) != len(theirs) else "pitch"
    pairs = list(zip(sorted(ours, key=_by_pitch), sorted(theirs, key=_by_pitch), strict=True))
    for place, name in ((0, "onset"), (1, "duration")):
        if any(abs(our[place] - their[place]) > TOLERANCE for our, their in pairs):
            return name
    return ""


def _by_pitch(note: tuple[float, float, int]) -> tuple[int, float, float]:
    return note[2], note[0], note[1]


@dataclass
class Findings:
    """What was found in a collection."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[str] = field(default_factory=list)

    def add(self, name: str, tune: TuneText, oracle: Oracle) -> None:
        """Read one tune, and count what is found."""
        score = read_tune(tune)
        self.counts["tunes"] += 1
        if isinstance(score, UnreadableFile):
            self.counts["refused"] += 1
            self.listed.append(f"{name}: refused: {score.message}")
            return
        self.counts["mended"] += bool(score.faults)
        (again,) = read_tunes(write_book([score]))
        self.counts["written"] += again == score
        if again != score:
            self.listed.append(f"{name}: not written the same")
        written = difference(notes_of(score), oracle(for_abc2midi(tune, repeats=False)))
        repeated = unfold(_without_jumps(score))
        played = difference(notes_of(repeated), oracle(for_abc2midi(tune, repeats=True)))
        for way, found in (("written", written), ("played", played)):
            self.counts[f"{way}: {found or 'agrees'}"] += 1
            if found:
                self.listed.append(f"{name}: {way}: {found}")
        faults = check_bars(score)
        kind = "right" if not faults else "wrong in the tune" if not written else "wrong"
        self.counts[f"bars {kind}"] += 1
        self.listed += [f"{name}: {score.title}: {fault} [{kind}]" for fault in faults]


def _without_jumps(score: Score) -> Score:
    """A score to be played as abc2midi does, which passes over D.C. and the like."""
    return replace(score, marks=tuple(mark for mark in score.marks if mark.kind != "jump"))


def main() -> None:
    """Print a table of collections."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collections", nargs="*", default=list(COLLECTIONS))
    parser.add_argument("--list", action="store_true", help="name the tunes")
    options = parser.parse_args()
    if not shutil.which("abc2midi"):
        raise SystemExit("needs abc2midi, from Debian's abcmidi")
    for name in options.collections:
        found = Findings()
        with Oracle() as oracle:
            for tune in tunes(name):
                found.add(*tune, oracle)
        if options.list:
            print(*found.listed, sep="\n")
        total = found.counts.pop("tunes")
        shares = (f"{kind} {n} ({n / total:.1%})" for kind, n in sorted(found.counts.items()))
        print(f"{name}: {total} tunes; {'; '.join(shares)}")


if __name__ == "__main__":
    main()
