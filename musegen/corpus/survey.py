"""A folder of music, piece by piece: what is kept, what is skipped and why, what is a twin.

A tune book gives a piece a tune. Two pieces are twins when their notes are the same up to
transposition, tempo, instrument and encoding.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from musegen.errors import CorpusError, MusegenError, NotFound
from musegen.score.files import SUFFIXES, read_all
from musegen.score.fingerprint import melody_hash
from musegen.score.score import Score

from .processes import spread
from .split import SPLITS, assign, given_split

Progress = Callable[[int, int], None]
_IN_PARALLEL = 64  # fewer files than this are read faster by one process


@dataclass(frozen=True)
class Piece:
    """One piece of a corpus.

    Attributes:
        path: its file, relative to the corpus; a tune of a book has its number behind a colon.
        status: `kept`, `skipped` or `duplicate`.
        reason: why it is not kept; for a duplicate, of which piece.
        split: `train`, `valid` or `test`; empty where it is not kept.
        family: the same for pieces that must stand on one side of a split.
        melody: the fingerprint of its notes, up to transposition.
        score: what was read; None where it could not be.
    """

    path: str
    status: str = "kept"
    reason: str = ""
    split: str = ""
    family: str = ""
    melody: str = ""
    score: Score | None = None


@dataclass(frozen=True)
class Survey:
    """The pieces of a corpus in order of path, and how many other files lie among them."""

    root: Path
    pieces: tuple[Piece, ...]
    ignored: int = 0

    def kept(self, split: str = "") -> list[Piece]:
        """The pieces to learn from or to measure on; of all splits where none is named."""
        return [p for p in self.pieces if p.status == "kept" and split in ("", p.split)]

    def count(self, status: str) -> int:
        """How many pieces have this status."""
        return sum(piece.status == status for piece in self.pieces)


def music_files(corpus: Path) -> tuple[list[Path], int]:
    """The music files below a folder (or one file) in order, and how many files are none.

    Raises:
        NotFound: there is no such folder.
        CorpusError: the folder cannot be read or holds no music.
    """
    if corpus.is_file():
        return [corpus], 0
    if not corpus.is_dir():
        raise NotFound("there is no such file or folder", file=corpus)
    found, others = [], 0
    try:
        os.listdir(corpus)  # noqa: PTH208 - os.walk would pass over a closed folder in silence
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", file=corpus) from error
    for folder, folders, names in os.walk(corpus):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            is_music = path.suffix.lower() in SUFFIXES and not name.startswith(".")
            found += [path] if is_music else []
            others += not is_music
    if not found:
        kinds = ", ".join(sorted(SUFFIXES))
        raise CorpusError(
            "holds no music", file=corpus, hint=f"musegen reads files that end in {kinds}."
        )
    return sorted(found), others


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def survey(corpus: Path, progress: Progress | None = None) -> Survey:
    """Read every piece of a corpus, find twins and assign the splits.

    Args:
        corpus: a folder, searched to its depth, or one file.
        progress: told how many files of how many were read.

    Raises:
        NotFound: there is no such folder.
        CorpusError: it holds no music.
    """
    files, ignored = music_files(corpus)
    root = corpus if corpus.is_dir() else corpus.parent
    pieces = []
    for done, found in enumerate(_read_files(files, root), start=1):
        pieces += found
        if progress:
            progress(done, len(files))
    given = [given_split(piece.path) for piece in pieces]
    pieces = _mark_twins(pieces, given)
    splits = assign([p.family if p.status == "kept" else None for p in pieces], given)
    placed = (replace(piece, split=split) for piece, split in zip(pieces, splits, strict=True))
    return Survey(root, tuple(placed), ignored)


def _read_files(files: list[Path], root: Path) -> Iterator[list[Piece]]:
    """The pieces of each file, in order; many files by several processes."""
    cores = os.cpu_count() or 1
    if len(files) < _IN_PARALLEL or cores == 1:
        yield from (_read_file(file, root) for file in files)
        return
    yield from spread(_read_file, files, [root] * len(files), processes=cores, chunksize=8)


def _read_file(file: Path, root: Path) -> list[Piece]:
    try:
        found: Iterable[tuple[str, Score | MusegenError]] = list(read_all(file))
    except MusegenError as error:
        found = [(str(file), error)]
    return [_piece(Path(name).relative_to(root).as_posix(), music) for name, music in found]


def _piece(path: str, music: Score | MusegenError) -> Piece:
    if isinstance(music, MusegenError):
        return Piece(path, "skipped", music.message)
    if not music.n_notes:
        return Piece(path, "skipped", "has no notes", score=music)
    melody = melody_hash(music)
    title = " ".join(music.title.lower().split())
    return Piece(path, melody=melody, family=title if music.characters else "", score=music)


def _mark_twins(pieces: list[Piece], given: list[str]) -> list[Piece]:
    """Keep the first of each set of twins, held-out ones before those to learn from.

    Pieces of given valid and test splits are all kept, so that published splits stay whole.
    """
    first: dict[str, str] = {}
    marked = list(pieces)
    families = _families(pieces)
    learnt = [split in ("", SPLITS[0]) for split in given]
    for i in sorted(range(len(pieces)), key=learnt.__getitem__):
        piece = pieces[i]
        if piece.status != "kept":
            continue
        twin = first.setdefault(piece.melody, piece.path)
        if twin != piece.path and learnt[i]:
            marked[i] = replace(piece, status="duplicate", reason=twin)
        else:
            marked[i] = replace(piece, family=families[i])
    return marked


def _families(pieces: list[Piece]) -> list[str]:
    """The family of each piece: those that hang together by melody or, in tune books, by title.

    It is named by the least of its melodies, so that the order of the pieces does not matter.
    """
    above: dict[str, str] = {}

    def least(name: str) -> str:
        while above.setdefault(name, name) != name:
            name = above[name]
        return name

    for piece in pieces:
        if piece.family:
            # Melodies are hexadecimal digits, which sort before this.
            one, other = sorted([least(piece.melody), least(f"title {piece.family}")])
            above[other] = one
    return [least(piece.melody) for piece in pieces]
