"""Files → records of their pieces, and pieces → their scores: from the library where it has them.

Files and scores go through in small batches, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

from musegen.errors import CorpusError, MusegenError
from musegen.score.files import read_all
from musegen.score.fingerprint import lowest_pitch, melody_hash, passage_sketch
from musegen.score.score import Score

from .library import Library, Record
from .packed import pack, unpack
from .processes import spread

Progress = Callable[[int, int], None]
Contents = list[tuple[Record, bytes | None]]
Item = TypeVar("Item")
Result = TypeVar("Result")

_IN_PARALLEL = 64  # fewer files than this, or this many thousand notes, take one process less time
_SLOW_SUFFIXES = frozenset({".krn", ".musicxml", ".mxl", ".xml"})  # read by music21, in seconds
_FILES, _BYTES, _SLOW_BYTES = 16, 1 << 18, 1 << 14  # of a batch of files; slow bytes weigh more
_PIECES, _NOTES = 64, 20_000  # of a batch of scores


@dataclass(frozen=True)
class Source:
    """A music file: where it is, and the name of its content in the library; empty for none."""

    path: Path
    content: str


@dataclass(frozen=True)
class Place:
    """Where a piece is found: its file, the name of its content, and its number there from 0."""

    path: Path
    content: str
    number: int
    notes: int


def read_records(
    sources: Sequence[Source], progress: Progress | None = None
) -> list[tuple[Source, list[Record]]]:
    """The records of every file, read where the library does not know it. See `record`.

    What was read is in the library at once, so that a run that is broken off goes on there.
    """
    with Library() as library:
        found = [library.records(source.content) for source in sources]
        unread = [n for n, records in enumerate(found) if not records]
        done = len(sources) - len(unread)
        if progress:
            progress(done, len(sources))
        batches = list(_batches(unread, lambda n: _weight(sources[n].path), _BYTES, _FILES))
        slow = sum(sources[n].path.suffix.lower() in _SLOW_SUFFIXES for n in unread)
        processes = _processes(len(unread) >= _IN_PARALLEL or slow > 1, len(batches))
        paths = ([sources[n].path for n in batch] for batch in batches)
        for batch, contents in zip(batches, spread(_read, paths, processes=processes), strict=True):
            named = zip((sources[n].content for n in batch), contents, strict=True)
            library.add((name, its) for name, its in named if name)
            for n, its in zip(batch, contents, strict=True):
                found[n] = [record for record, _ in its]
                done += 1
                if progress:
                    progress(done, len(sources))
    return list(zip(sources, found, strict=True))


def stage(progress: Progress | None, number: int) -> Progress | None:
    """Progress of the first or the second half (number 0 or 1) of some work."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, 2 * total)


def over_scores(
    function: Callable[..., Result], places: Sequence[Place], *rest: Any
) -> Iterator[Result]:
    """What a function makes of the scores of the pieces, a batch after the other, in order.

    Args:
        function: of a module; it is given an iterator over the scores of a batch, and the rest.
        places: of the pieces.
        rest: further arguments.

    Raises:
        CorpusError: a file is not what it was when it was surveyed.
    """
    batches = list(_batches(places, lambda place: place.notes, _NOTES, _PIECES))
    many = sum(place.notes for place in places) >= 1000 * _IN_PARALLEL
    yield from spread(
        _with_scores,
        repeat(function),
        batches,
        repeat(rest),
        processes=_processes(many, len(batches)),
    )


def record(name: str, music: Score | MusegenError) -> Record:
    """What is known of a piece without its score.

    Args:
        name: what tells it from the others of its file: `:12` for a tune of a book, else nothing.
        music: what was read.
    """
    about = {
        "name": name,
        "reason": "",
        "melody": "",
        "lowest": 0,
        "title": "",
        "notes": 0,
        "parts": 0,
        "bars": 0,
        "faults": 0,
        "sketch": [],
    }
    if isinstance(music, MusegenError):
        return {**about, "reason": music.message}
    return {
        **about,
        "reason": "" if music.n_notes else "has no notes",
        "melody": melody_hash(music) if music.n_notes else "",
        "lowest": lowest_pitch(music),
        "title": " ".join(music.title.lower().split()) if music.characters else "",
        "notes": music.n_notes,
        "parts": len(music.parts),
        "bars": music.n_bars,
        "sketch": passage_sketch(music),
        "faults": len(music.faults),
    }


def _read(paths: list[Path]) -> list[Contents]:
    return [_contents(path) for path in paths]


def _contents(path: Path) -> Contents:
    """Record and packed score of each piece of a file, one at least."""
    contents: Contents = []
    try:
        for name, music in read_all(path):
            packed = pack(music) if isinstance(music, Score) else None
            contents.append((record(name[len(str(path)) :], music), packed))
    except MusegenError as error:
        contents.append((record("", error), None))
    except Exception as error:  # one file must not end the reading of a hundred thousand
        fault = MusegenError(f"musegen failed to read it ({type(error).__name__}: {error})")
        contents.append((record("", fault), None))
    return contents


def _with_scores(
    function: Callable[..., Result], places: list[Place], rest: tuple[Any, ...]
) -> Result:
    with Library() as library:
        return function(_scores(library, places), *rest)


def _scores(library: Library, places: Iterable[Place]) -> Iterator[Score]:
    """The scores of pieces; a file is read again where the library has lost it."""
    again: tuple[str, Contents] = ("", [])
    for place in places:
        score = library.score(place.content, place.number)
        if score is None:
            if again[0] != place.content:
                again = (place.content, _contents(place.path))
                library.add([again])
            packed = again[1][place.number][1] if place.number < len(again[1]) else None
            if packed is None:
                raise CorpusError("has changed since it was read", file=place.path)
            score = unpack(packed)
        yield score


def _batches(
    items: Iterable[Item], weight: Callable[[Item], int], heaviest: int, most: int
) -> Iterator[list[Item]]:
    """Neighbours together: at most so many, and so heavy unless one alone is heavier."""
    batch: list[Item] = []
    load = 0
    for item in items:
        its = weight(item)
        if batch and (len(batch) == most or load + its > heaviest):
            yield batch
            batch, load = [], 0
        batch.append(item)
        load += its
    if batch:
        yield batch


def _weight(path: Path) -> int:
    """The bytes of a file, more of those that take long."""
    try:
        size = path.stat().st_size
    except OSError:
        return 0
    return size * (_BYTES // _SLOW_BYTES) if path.suffix.lower() in _SLOW_SUFFIXES else size


def _processes(many: bool, batches: int) -> int:
    return max(1, min(os.cpu_count() or 1, batches)) if many else 1
