"""A folder of music, piece by piece: what is kept, what is skipped and why, what is a twin.

A tune book gives a piece a tune. Two pieces are twins when their notes are the same up to
transposition, tempo, instrument and encoding. Scores are not kept in memory: see `reading`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from musegen.errors import CorpusError, NotFound, UnreadableFile
from musegen.score.counts import counted
from musegen.score.files import SUFFIXES
from musegen.score.kinds import glance
from musegen.score.musicxml_safe import MAX_BYTES

from .library import Record
from .others import what_is
from .reading import Place, Progress, Source, read_records
from .split import SPLITS, assign, given_split

_NAMED = 3  # of the files of a folder without music
_COMMON = 100  # a passage in more pieces than this, as a scale, makes none of them kin


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a corpus.

    Attributes:
        path: its file, relative to the corpus; a tune of a book has its number behind a colon.
        status: `kept`, `skipped` or `duplicate`.
        reason: why it is not kept; for a duplicate, of which piece.
        split: `train`, `valid` or `test`; empty where it is not kept.
        family: the same for pieces that must stand on one side of a split.
        melody: the fingerprint of its notes, up to transposition; empty where there is none.
        lowest: its lowest pitch, by which twins are told to be higher; 0 where there is none.
        notes: how many notes it has.
        parts: how many parts.
        bars: how many bars; 0 without bars.
        faults: how many places were damaged and mended.
        file: its file, relative to the corpus.
        content: a digest of the content of the file.
        number: its place in the file, from 0.
    """

    path: str
    status: str = "kept"
    reason: str = ""
    split: str = ""
    family: str = ""
    melody: str = ""
    lowest: int = 0
    notes: int = 0
    parts: int = 0
    bars: int = 0
    faults: int = 0
    file: str = ""
    content: str = ""
    number: int = 0


@dataclass(frozen=True)
class Survey:
    """The pieces of a corpus in order of path, and the other files that lie among them."""

    root: Path
    pieces: tuple[Piece, ...]
    others: tuple[str, ...] = ()

    def kept(self, split: str = "") -> list[Piece]:
        """The pieces to learn from or to measure on; of all splits where none is named."""
        return [p for p in self.pieces if p.status == "kept" and split in ("", p.split)]

    def count(self, status: str) -> int:
        """How many pieces have this status."""
        return sum(piece.status == status for piece in self.pieces)

    def unsuited(self) -> Counter[str]:
        """Why pieces that can be read have no words in a vocabulary, and how many for each."""
        return Counter(p.reason for p in self.pieces if p.status == "skipped" and p.melody)

    def places(self, pieces: Sequence[Piece]) -> list[Place]:
        """Where the scores of these pieces are found."""
        return [Place(self.root / p.file, p.content, p.number, p.notes) for p in pieces]


def music_files(corpus: Path) -> tuple[list[Path], list[Path]]:
    """The music files below a folder (or one file) in order, and the other files.

    Raises:
        NotFound: there is no such folder.
        CorpusError: the folder cannot be read or holds no music.
    """
    if corpus.is_file():
        return [corpus], []
    if not corpus.is_dir():
        raise NotFound("there is no such file or folder", file=corpus)
    found: list[Path] = []
    others: list[Path] = []
    try:
        os.listdir(corpus)  # noqa: PTH208 - os.walk would pass over a closed folder in silence
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", file=corpus) from error
    for folder, folders, names in os.walk(corpus):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            (found if _is_music(path) else others).append(path)
    if not found:
        raise _without_music(corpus, sorted(others))
    return sorted(found), sorted(others)


def _is_music(path: Path) -> bool:
    """Whether a file is music by its name, or else by what it begins with."""
    if path.name.startswith("."):
        return False
    if path.exists() and not path.is_file():
        return False  # reading from a pipe or a device may never end
    try:
        return path.suffix.lower() in SUFFIXES or bool(glance(path))
    except (UnreadableFile, OSError):
        return False


def _without_music(corpus: Path, others: list[Path]) -> CorpusError:
    first = [f"{path.relative_to(corpus)} is {what_is(path)}" for path in others[:_NAMED]]
    more = f"; and {counted(len(others) - _NAMED, 'more files')}" if others[_NAMED:] else ""
    told = f" Here {'; '.join(first)}{more}." if first else ""
    return CorpusError(
        "holds no music", file=corpus, hint=f"musegen reads MIDI, ABC, MusicXML and kern.{told}"
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; empty where it cannot be read, or is larger than any music."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def survey(
    corpus: Path, progress: Progress | None = None, digests: Sequence[str] | None = None
) -> Survey:
    """Read every piece of a corpus, find twins and assign the splits.

    Args:
        corpus: a folder, searched to its depth, or one file.
        progress: told how many files of how many were read.
        digests: of its music files in their order, where they are known already.

    Raises:
        NotFound: there is no such folder.
        CorpusError: it holds no music.
    """
    files, others = music_files(corpus)
    root = corpus if corpus.is_dir() else corpus.parent
    digests = digests or [file_digest(file) for file in files]
    sources = [Source(file, _content(file, its)) for file, its in zip(files, digests, strict=True)]
    pieces: list[Piece] = []
    sketches: list[list[int]] = []
    for source, records in read_records(sources, progress):
        name = source.path.relative_to(root).as_posix()
        pieces += [_piece(source, name, number, record) for number, record in enumerate(records)]
        sketches += [record["sketch"] for record in records]
    given = [given_split(piece.path) for piece in pieces]
    linked = {source.path for source in sources if source.path.is_symlink()}
    is_linked = [root / piece.file in linked for piece in pieces]
    pieces = _mark_twins(pieces, given, is_linked, _families(pieces, sketches))
    splits = assign([p.family if p.status == "kept" else None for p in pieces], given)
    placed = (replace(piece, split=split) for piece, split in zip(pieces, splits, strict=True))
    names = (path.relative_to(root).as_posix() for path in others)
    return Survey(root, tuple(placed), tuple(names))


def _content(file: Path, digest: str) -> str:
    """What a file is known by: its content, and its suffix, which decides where that is unsure."""
    return f"{digest[:32]}{file.suffix.lower()}" if digest else ""


def _piece(source: Source, file: str, number: int, record: Record) -> Piece:
    name = record["name"]
    return Piece(
        file + name if name else file,
        "skipped" if record["reason"] else "kept",
        record["reason"],
        family=record["title"] if record["melody"] else "",
        melody=record["melody"],
        lowest=record["lowest"],
        notes=record["notes"],
        parts=record["parts"],
        bars=record["bars"],
        faults=record["faults"],
        file=file,
        content=source.content,
        number=number,
    )


def _mark_twins(
    pieces: list[Piece], given: list[str], is_linked: list[bool], families: list[str]
) -> list[Piece]:
    """Keep one of each set of twins: a held-out one before those to learn from, links last.

    Of the rest the shortest name stays, as copies have longer ones, then the first by path. Pieces
    of given valid and test splits are all kept, so that published splits stay whole.
    """
    first: dict[str, str] = {}
    marked = list(pieces)
    learnt = [split in ("", SPLITS[0]) for split in given]

    def rank(i: int) -> tuple[bool, bool, bool, int]:
        return learnt[i], is_linked[i], not given[i], len(Path(pieces[i].file).name)

    for i in sorted(range(len(pieces)), key=rank):
        piece = pieces[i]
        if piece.status != "kept":
            continue
        twin = first.setdefault(piece.melody, piece.path)
        if twin != piece.path and learnt[i]:
            marked[i] = replace(piece, status="duplicate", reason=twin)
        else:
            marked[i] = replace(piece, family=families[i])
    return marked


def _families(pieces: list[Piece], sketches: list[list[int]]) -> list[str]:
    """The family of each piece: those that hang together by melody, passages or a tune's title.

    It is named by the least of its melodies, so that the order of the pieces does not matter.
    """
    above: dict[str, str] = {}

    def least(name: str) -> str:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]  # or long chains would be walked again and again
            name = above[name]
        return name

    def join(name: str, other: str) -> None:
        one, two = sorted([least(name), least(other)])
        above[two] = one

    for piece in pieces:
        if piece.family:
            # Melodies are hexadecimal digits, which sort before this.
            join(piece.melody, f"title {piece.family}")
    for first, second in _arrangements(sketches):
        join(pieces[first].melody, pieces[second].melody)
    return [least(piece.melody) for piece in pieces]


def _arrangements(sketches: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Pairs of pieces (indices) that share at least half of the passages in their sketches."""
    holders: dict[int, list[int]] = {}
    for number, sketch in enumerate(sketches):
        for passage in sketch:
            holders.setdefault(passage, []).append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for pieces in holders.values():
        if len(pieces) <= _COMMON:
            shared.update(combinations(pieces, 2))
    for (first, second), count in shared.items():
        if 2 * count >= max(len(sketches[first]), len(sketches[second])):
            yield first, second
