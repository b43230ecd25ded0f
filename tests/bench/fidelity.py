"""How faithful MIDI comes in and goes out, against an independent reading by mido and other tools.

    python -m tests.bench.fidelity [FOLDER ...] [--sample N] [--corpus N] [--peers N]

Of every file: (1) notes, tempo, pedal and bend of the first reading equal mido's events, by kind;
(2) written and read again it is the same score; (3) encoded and decoded (vocabulary `notes`) it has
the same notes on the told grid. Of pretty_midi, music21 and MidiTok (REMI there and back), where
they are installed, the share of notes that stay the same on a seeded sample of N small files.
Of N seeded pieces of music21's corpus in other formats: written as MIDI and read, the notes of each
part, tempo and barlines are the same.
What was found of a file is kept beside other temporary files, by its content and the reader's.
"""

from __future__ import annotations

import argparse
import bisect
import collections
import hashlib
import importlib
import json
import random
import sqlite3
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mido
import music21
import numpy as np

from musegen.errors import MusegenError
from musegen.score.files import read_all
from musegen.score.midi import read_midi, write_midi
from musegen.score.score import Score
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_encode import distinct_notes
from musegen.vocabulary.notes_layout import VELOCITY_STEP
from tests.bench.midi_peers import PEERS

SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = ("chorales", "ensemble", "unfinished", "orchestra", "odd/mid")
MIDO_ERRORS = (OSError, EOFError, ValueError, IndexError, mido.KeySignatureError)
PEER_BYTES = 20_000  # music21 takes seconds for more
_SILENCES = (120, 123, 124, 125, 126, 127)
Listing = dict[str, Counter[tuple[int, ...]]]


def by_mido(path: Path) -> mido.MidiFile | None:
    """The file as mido reads it, or None if it refuses."""
    try:
        return mido.MidiFile(path, clip=True)
    except MIDO_ERRORS:
        return None


def listing_by_mido(midi: mido.MidiFile) -> Listing:
    """Notes, tempo, pedal and bend of a file, read in the plainest way, each with its channel.

    A note: onset, duration, pitch, velocity, program, channel. Pedal and bend of channels that no
    note and no resting track is on are left out, as reading tells.
    """
    found: Listing = {kind: Counter() for kind in ("note", "tempo", "pedal", "bend")}
    programs: dict[int, list[tuple[int, int, int, int]]] = collections.defaultdict(list)
    notes: list[tuple[int, int, int, int, int, int, int]] = []
    shift = 0
    for number, track in enumerate(midi.tracks):
        now = shift
        sounding: dict[tuple[int, int], list[tuple[int, int, int]]] = collections.defaultdict(list)
        ended: dict[tuple[int, int], int] = collections.defaultdict(int)
        silences: dict[int, list[int]] = collections.defaultdict(list)
        for index, message in enumerate(track):
            now += message.time
            if message.type == "set_tempo" and message.tempo:
                row = now, message.tempo
                found["tempo"][row] = found["tempo"].pop(row, 0) + 1  # the later one stands later
            elif message.type == "pitchwheel":
                found["bend"][now, message.pitch + 8192, message.channel] += 1
            elif message.type == "control_change" and message.control == 64:
                found["pedal"][now, message.value, message.channel] += 1
            elif message.type == "control_change" and message.control in _SILENCES:
                silences[message.channel].append(now)
            elif message.type == "program_change":
                programs[message.channel].append((now, number, index, message.program))
            elif message.type == "note_on" and message.velocity:
                begun = (now, message.velocity, index)
                sounding[message.channel, message.note].append(begun)
            elif message.type in ("note_on", "note_off"):
                waiting = sounding[message.channel, message.note]
                if waiting:
                    onset, velocity, place = waiting.pop(0)
                    ended[message.channel, message.note] = now
                    notes.append((onset, now - onset, message.note, velocity, message.channel,
                                  number, place))  # fmt: skip
        for (channel, pitch), waiting in sounding.items():
            ends = [*(onset for onset, _, _ in waiting[1:]), now][: len(waiting)]
            for (onset, velocity, place), end in zip(waiting, ends, strict=True):
                end = min([end, *(tick for tick in silences[channel] if tick >= onset)])
                end = max(end, ended[channel, pitch])
                notes.append((onset, end - onset, pitch, velocity, channel, number, place))
        shift = now if midi.type == 2 else 0
    for changes in programs.values():
        changes.sort()
        tick, track, _, program = changes[0]
        changes[0] = (tick, track, -1, program)  # in its track it holds for its whole tick
    for onset, duration, pitch, velocity, channel, number, place in notes:
        changes = programs[channel]
        before = bisect.bisect(changes, (onset, number, place, 0)) - 1
        program = changes[before][3] if before >= 0 else 0
        found["note"][onset, duration, pitch, velocity, program, channel] += 1
    heard = {row[5] for row in found["note"]} | _resting(midi)
    for kind in ("pedal", "bend"):
        found[kind] = Counter({row: n for row, n in found[kind].items() if row[2] in heard})
    return found


def _resting(midi: mido.MidiFile) -> set[int]:
    """The channels of tracks without notes that are all for one channel."""
    found = set()
    for track in midi.tracks:
        spoken = [message for message in track if hasattr(message, "channel")]
        channels = {message.channel for message in spoken}
        notes = any(message.type == "note_on" and message.velocity for message in spoken)
        if len(channels) == 1 and not notes:
            found |= channels
    return found


def listing(score: Score) -> Listing:
    """The same of a score."""
    found: Listing = {kind: Counter() for kind in ("note", "tempo", "pedal", "bend")}
    found["tempo"].update(map(tuple, score.tempo.tolist()))
    for part in score.parts:
        channel = -1 if part.channel is None else part.channel
        rows = part.notes.rows.tolist()
        found["note"].update((*row, part.program, channel) for row in rows)
        found["pedal"].update((*row, channel) for row in part.pedal.tolist())
        bends = (event for event in part.events if event.message[0] == 0xE0)
        found["bend"].update((e.tick, e.message[1] | e.message[2] << 7, channel) for e in bends)
    return found


def _steady(tempo: Counter[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The tempos of a listing that change something, the last of each tick."""
    rows: list[tuple[int, ...]] = [(0, 500_000)]
    for row in sorted(tempo, key=lambda row: row[0]):
        rows = [*(rows[:-1] if rows[-1][0] == row[0] else rows), row]
    return [row for i, row in enumerate(rows) if not i or row[1] != rows[i - 1][1]]


def differences(path: Path, score: Score) -> dict[str, int]:
    """How many events of each kind mido and the score do not share; {'refused': 1} by mido."""
    midi = by_mido(path)
    if midi is None:
        return {"refused by mido": 1}
    oracle, found = listing_by_mido(midi), listing(score)
    differ = {}
    for kind in ("note", "pedal", "bend"):
        ours, theirs = found[kind], oracle[kind]
        if any(part.channel is None for part in score.parts):  # of a second port
            ours, theirs = (Counter(_without_channel(c)) for c in (ours, theirs))
        differ[kind] = ((ours - theirs) + (theirs - ours)).total()
    if midi.type != 2 and midi.ticks_per_beat > 0:  # mido takes frames for a negative number
        differ["tempo"] = int(_steady(oracle["tempo"]) != [*map(tuple, score.tempo.tolist())])
    return {kind: count for kind, count in differ.items() if count}


def _without_channel(rows: Counter[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    return (row[:-1] for row in rows.elements())


def survives_words(score: Score) -> bool:
    """Whether encoding and decoding keeps every note on the grid."""
    vocabulary = NotesVocabulary.build([score])
    again = vocabulary.decode(vocabulary.encode(score))
    tables = []
    for piece in (score, again):
        table = distinct_notes(piece, vocabulary.steps)
        table[:, 5] //= VELOCITY_STEP
        tables.append(table[np.lexsort(table.T)])
    return np.array_equal(*tables)


def examine(path: Path) -> dict[str, Any]:
    """What is found of one file: `refused`, or `differ`, `same` and `words`."""
    try:
        score = read_midi(path)
    except MusegenError as error:
        return {"refused": error.message}
    return {
        "differ": differences(path, score),
        "same": read_midi(write_midi(score)) == score,
        "words": survives_words(score),
        "faults": list(score.faults),
        "notes": score.n_notes,
    }


class Kept:
    """Findings by content, kept beside other temporary files; a change of the code begins anew."""

    def __init__(self) -> None:
        code = b"".join(
            Path(str(module.__file__)).read_bytes()
            for name in (
                "chunks",
                "walk",
                "events",
                "notes",
                "parts",
                "lyrics",
                "read",
                "write",
                "channels",
            )
            if (module := importlib.import_module(f"musegen.score.midi_{name}"))
        )
        self.version = hashlib.sha256(code + Path(__file__).read_bytes()).hexdigest()
        self.store = sqlite3.connect(Path(tempfile.gettempdir()) / "musegen-fidelity.sqlite")
        self.store.execute("CREATE TABLE IF NOT EXISTS found (key TEXT PRIMARY KEY, what TEXT)")

    def of(self, path: Path) -> dict[str, Any]:
        """The findings of a file, worked out if they are not kept."""
        key = hashlib.sha256(self.version.encode() + path.read_bytes()).hexdigest()
        row = self.store.execute("SELECT what FROM found WHERE key = ?", (key,)).fetchone()
        if row is None:
            row = (json.dumps(examine(path)),)
            self.store.execute("INSERT INTO found VALUES (?, ?)", (key, *row))
            self.store.commit()
        found: dict[str, Any] = json.loads(row[0])
        return found


def files_in(folders: Iterable[Path]) -> list[Path]:
    """The MIDI files of the folders, and of music21's own corpus, sorted."""
    corpus = Path(music21.__file__).parent / "corpus"
    found = [path for folder in (*folders, corpus) for path in folder.rglob("*.mid")]
    return sorted(found)


def corpus_figures(n: int) -> Iterator[str]:
    """A line on n seeded pieces of music21's other files, and one for each that differs."""
    corpus = Path(music21.__file__).parent / "corpus"
    paths = sorted(path for kind in ("mxl", "krn", "abc") for path in corpus.rglob(f"*.{kind}"))
    counts: Counter[str] = Counter()
    for path in random.Random(2).sample(paths, min(n, len(paths))):
        for name, score in read_all(path):
            if not isinstance(score, Score):
                counts["unreadable"] += 1
                continue
            again = read_midi(write_midi(score))
            columns = [
                column
                for column in ("tempo", "barlines")  # MIDI gives a pickup a metre of its own
                if not np.array_equal(getattr(score, column), getattr(again, column))
            ]
            lines = [[part.notes for part in piece.parts] for piece in (score, again)]
            columns += ["notes"] if lines[0] != lines[1] else []
            counts["pieces"] += 1
            counts["same"] += not columns
            if columns:
                yield f"{Path(name).name}: {', '.join(columns)} differ"
    yield f"music21's corpus through MIDI: {dict(counts)}"


def peer_figures(paths: list[Path]) -> Iterator[str]:
    """A line for each tool: how many of mido's notes it has, and how many files it refuses."""
    for name, read in PEERS.items():
        try:
            importlib.import_module(name)
        except ImportError:
            yield f"{name}: not installed, left out"
            continue
        total = exact = on_grid = refused = 0
        for path in paths:
            midi = by_mido(path)
            if midi is None:
                continue
            oracle = Counter(row[:4] for row in listing_by_mido(midi)["note"].elements())
            total += oracle.total()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    theirs = read(path)
            except Exception:  # a peer may fail in any way; that is what is counted
                refused += 1
                continue
            exact += (theirs & oracle).total()
            rounded = (_rounded(rows, midi.ticks_per_beat) for rows in (theirs, oracle))
            on_grid += Counter.__and__(*rounded).total()
        yield (
            f"{name}: {exact / max(1, total):.1%} of the notes are the same to the tick, onset and "
            f"pitch of {on_grid / max(1, total):.1%} on 24 steps a quarter, {refused} files refused"
        )


def _rounded(rows: Counter[tuple[int, ...]], per_quarter: int) -> Counter[tuple[int, ...]]:
    """Onset on 24 steps a quarter, and pitch."""
    return Counter(
        ((48 * onset + per_quarter) // (2 * per_quarter), pitch)
        for onset, _, pitch, _ in rows.elements()
    )


def main() -> None:
    """Print what was found, the differences listed by kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = [SHARED / folder for folder in FOLDERS]
    parser.add_argument("folders", nargs="*", type=Path, default=default)
    parser.add_argument("--sample", type=int, help="so many files, seeded")
    parser.add_argument("--peers", type=int, default=60, help="so many small files for other tools")
    parser.add_argument("--corpus", type=int, default=40, help="so many pieces of music21's")
    options = parser.parse_args()
    paths = files_in(options.folders)
    if options.sample:
        paths = sorted(random.Random(0).sample(paths, min(options.sample, len(paths))))
    kept, totals, differ = Kept(), Counter[str](), Counter[str]()
    for path in paths:
        found = kept.of(path)
        totals["files"] += 1
        if "refused" in found:
            totals["refused"] += 1
            print(f"refused: {path.name}: {found['refused']}")
            continue
        totals["notes"] += found["notes"]
        totals["equal to mido"] += not found["differ"]
        totals["same when written and read"] += found["same"]
        totals["same notes as words"] += found["words"]
        totals["mended"] += bool(found["faults"])
        differ.update(found["differ"])
        if found["differ"] or not found["same"] or not found["words"]:
            print(f"{path.name}: {found['differ']}, same {found['same']}, words {found['words']}")
    print(dict(totals), "differences by kind:", dict(differ))
    small = [path for path in paths if 0 < path.stat().st_size < PEER_BYTES]
    sample = random.Random(1).sample(small, min(options.peers, len(small)))
    print(f"other tools, on {len(sample)} seeded files under {PEER_BYTES:,} bytes:")
    for line in (*peer_figures(sample), *corpus_figures(options.corpus)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
