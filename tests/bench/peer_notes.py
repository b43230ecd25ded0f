"""The notes that musegen and its peer must both hold: one multiset on one grid, written for each.

A note here is instrument (a General MIDI program, 128 for drums), onset, length, pitch, velocity
bin: rows (N, 5), in order, exact copies removed, STEPS to the quarter, lengths below 16 quarters,
velocities in our own bins of four.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from musegen.corpus.conditions import style_of
from musegen.corpus.prepare import Encoded, Prepared, prepare
from musegen.errors import MusegenError
from musegen.score.files import read, write
from musegen.score.instruments import DRUMS
from musegen.score.score import Ints, Notes, Part, Score, barlines_of_metre
from musegen.vocabulary.notes_encode import distinct_notes
from musegen.vocabulary.notes_layout import VELOCITY_STEP

STEPS = 12
LONGEST = 16 * STEPS - 1
_COMMON_TIME = np.array([[0, 4, 4]])


def plain(score: Score) -> Score:
    """The notes alone, each once, in nominal bars of 4/4: nothing else is there to be learnt."""
    table = distinct_notes(score, STEPS)
    table[:, 3] = np.minimum(table[:, 3], LONGEST)
    table[:, 5] = table[:, 5] // VELOCITY_STEP * VELOCITY_STEP + VELOCITY_STEP // 2
    _, first = np.unique(table[:, [0, 2, 3, 4, 5]], axis=0, return_index=True)
    table = table[np.sort(first)]
    parts = []
    for instrument, desk in np.unique(table[:, :2], axis=0).tolist():
        mine = table[(table[:, 0] == instrument) & (table[:, 1] == desk)]
        is_drums = instrument == DRUMS
        program = 0 if is_drums else instrument
        name = f"part {len(parts) + 1}"
        parts.append(Part(name, program, Notes.of(mine[:, 2:]), is_drums=is_drums))
    end = int((table[:, 2] + table[:, 3]).max(initial=0))
    bars = barlines_of_metre(_COMMON_TIME, end, STEPS)
    return Score(STEPS, tuple(parts), metre=_COMMON_TIME, barlines=bars)


def rows_of(score: Score) -> Ints:
    """The rows (N, 5) of a score on the grid, its parts forgotten but for what they play on."""
    tables = [
        np.column_stack(
            [
                np.full(len(part.notes), DRUMS if part.is_drums else part.program),
                part.notes.rows[:, :3],
                part.notes.velocity // VELOCITY_STEP,
            ]
        )
        for part in score.parts
    ]
    return in_order(np.concatenate(tables)) if tables else np.zeros((0, 5), np.int64)


def in_order(rows: Ints) -> Ints:
    """Rows (N, 5) by onset, instrument, pitch, length, velocity."""
    instrument, onset, length, pitch, velocity = rows.T
    return rows[np.lexsort((velocity, length, pitch, instrument, onset))]


def write_plain(corpus: Path, folder: Path, pieces: int | None) -> dict[str, Ints]:
    """Every MIDI file of a corpus as its plain notes in `folder`; the rows by path.

    Args:
        corpus: with sub-folders train and valid, in each one for each style.
        folder: where they go.
        pieces: no more than so many of each sub-folder; None: all.
    """
    found = {}
    for sub in sorted({path.parent for path in corpus.rglob("*.mid")}):
        for path in sorted(sub.glob("*.mid"))[:pieces]:
            name = path.relative_to(corpus)
            try:
                score = plain(read(path))
                write(score, folder / name)
            except MusegenError as error:
                print(f"left out: {error}")
                continue
            found[name.as_posix()] = rows_of(score)
    return found


def remi() -> Any:
    """MidiTok's REMI, one stream for all programs, that holds the rows without loss."""
    miditok = importlib.import_module("miditok")
    config = miditok.TokenizerConfig(
        pitch_range=(0, 127),
        drums_pitch_range=(0, 127),
        beat_res={(0, (LONGEST + 1) // STEPS): STEPS},
        num_velocities=128 // VELOCITY_STEP,
        use_time_signatures=False,  # all bars are of 4/4: a token each would say nothing
        time_signature_range={4: [4]},  # shorter beats would make the grid finer
        special_tokens=["PAD", "BOS", "EOS"],
        use_programs=True,
    )
    return miditok.REMI(config)


def remi_sequence(rows: Ints, tokenizer: Any) -> Any:
    """Rows (N, 5) → MidiTok's sequence of tokens; byte-pair encoded where it has learnt to."""
    symusic = importlib.import_module("symusic")
    score = symusic.Score(STEPS)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    for instrument in np.unique(rows[:, 0]).tolist():
        _, onset, length, pitch, velocity = rows[rows[:, 0] == instrument].T
        drums = instrument == DRUMS
        track = symusic.Track(program=0 if drums else instrument, is_drum=drums)
        loudness = tokenizer.velocities[velocity]
        columns = (
            column.astype(kind)
            for column, kind in ((onset, "i4"), (length, "i4"), (pitch, "i1"), (loudness, "i1"))
        )
        track.notes = symusic.Note.from_numpy(*columns)
        score.tracks.append(track)
    return tokenizer.encode(score)


def rows_of_remi(sequence: Any, tokenizer: Any) -> Ints:
    """MidiTok's sequence, byte-pair encoded or not → rows (N, 5)."""
    score = tokenizer.decode(sequence)
    assert score.ticks_per_quarter == STEPS
    tables = []
    for track in score.tracks:
        notes = track.notes.numpy()
        bins = np.searchsorted(tokenizer.velocities, notes["velocity"])
        program = np.full(len(bins), DRUMS if track.is_drum else track.program)
        columns = [program, notes["time"], notes["duration"], notes["pitch"], bins]
        tables.append(np.column_stack(columns).astype(np.int64))
    return in_order(np.concatenate(tables)) if tables else np.zeros((0, 5), np.int64)


def words_hold(prepared: Prepared, piece: Encoded, rows: Ints) -> bool:
    """Whether our words of a piece give these very notes."""
    words = prepared.words[piece.start : piece.stop]
    return np.array_equal(rows_of(prepared.vocabulary.decode(words)), rows)


@dataclass(frozen=True)
class Music:
    """What both learn from: the folder of plain files, the corpus, the notes by path."""

    folder: Path
    prepared: Prepared
    rows: dict[str, Ints]

    @classmethod
    def of(cls, corpus: Path, folder: Path, pieces: int | None) -> Music:
        """The corpus as plain files, encoded, without the pieces that our words do not hold."""
        rows = write_plain(corpus, folder, pieces)
        prepared = prepare(folder, vocabulary="notes", steps=STEPS)
        kept = [piece.path for piece in prepared.pieces]
        lost = [p.path for p in prepared.pieces if not words_hold(prepared, p, rows[p.path])]
        print(f"{len(rows)} files, {len(rows) - len(kept)} twins or unusable among them")
        print(f"{len(lost)} pieces left out, as their words hold other notes", *lost)
        return cls(folder, prepared, {path: rows[path] for path in kept}).without(lost)

    def without(self, paths: Sequence[str]) -> Music:
        """The music without some pieces."""
        rows = {path: its for path, its in self.rows.items() if path not in paths}
        pieces = tuple(piece for piece in self.prepared.pieces if piece.path in rows)
        return Music(self.folder, replace(self.prepared, pieces=pieces), rows)

    def paths(self, split: str) -> list[str]:
        """The paths of a split."""
        return [piece.path for piece in self.prepared.of(split)]

    def notes(self, paths: Sequence[str]) -> int:
        """How many notes some pieces have."""
        return sum(len(self.rows[path]) for path in paths)

    def a_note(self, nats: Mapping[str, float]) -> dict[str, float]:
        """Nats of the held-out pieces, by path → nats a note by style."""
        styles = {"all": self.paths("valid")}
        for path in self.paths("valid"):
            styles.setdefault(style_of(path), []).append(path)
        return {
            style: sum(nats[path] for path in mine) / self.notes(mine)
            for style, mine in styles.items()
        }
