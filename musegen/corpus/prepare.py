"""A corpus as arrays of words: encoded once, kept by content, mapped from disk.

What is kept lies in the user's cache directory (`MUSEGEN_CACHE` overrides), in one folder for each
set of file contents, vocabulary and version. A folder is made whole or not at all. Files are read
and scores encoded in batches that are written as they come, so a corpus of any size goes through.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np

from musegen.errors import CorpusError, ModelError, OutputError
from musegen.score.key import home_key, home_number
from musegen.score.score import Score
from musegen.vocabulary.choose import build_of, from_dict
from musegen.vocabulary.traits import Traits, traits
from musegen.vocabulary.vocabulary import Features, Vocabulary, Words

from .library import cache_folder, release, remove_leftovers
from .reading import Progress, over_scores, stage
from .rows import Rows
from .survey import Piece, Survey, file_digest, music_files, survey


@dataclass(frozen=True)
class Encoded:
    """One kept piece among the arrays.

    Attributes:
        path: see Piece.
        split: see Piece.
        melody: see Piece.
        start: row of its first word.
        stop: row after its last.
        units: what its nats are divided by.
        notes: how many notes it has.
        quarters: how long it is.
        low: the lowest transposition that it allows, in semitones.
        high: the highest.
        key: its home key, see home_number.
    """

    path: str
    split: str
    melody: str
    start: int
    stop: int
    units: int
    notes: int
    quarters: float
    low: int
    high: int
    key: int


@dataclass(frozen=True)
class Prepared:
    """A corpus ready to learn from.

    Attributes:
        vocabulary: what the words mean.
        words: of all pieces, one after the other (N, F), mapped from disk.
        features: beside them (N, G).
        pieces: where each piece lies.
        survey: every piece found.
        fingerprint: of the contents, the same wherever the files lie.
    """

    vocabulary: Vocabulary
    words: Words
    features: Features
    pieces: tuple[Encoded, ...]
    survey: Survey
    fingerprint: str

    def of(self, split: str) -> list[Encoded]:
        """The pieces of a split, or of all where `split` is "all"."""
        return [piece for piece in self.pieces if split in ("all", piece.split)]


@dataclass(frozen=True)
class _Coded:
    """A piece as words and features, and what is known of them; or why it has none."""

    words: Words
    features: Features
    units: int
    quarters: float
    transpositions: tuple[int, int]
    key: int
    unsuited: str = ""


def prepare(
    corpus: Path,
    *,
    vocabulary: str | Vocabulary = "auto",
    steps: int | None = None,
    pedal: str = "keep",
    progress: Progress | None = None,
) -> Prepared:
    """Survey and encode a corpus, or map it from disk where that was done before.

    Args:
        corpus: a folder or a file.
        vocabulary: one of choose.NAMES, `auto`, or that of a trained model.
        steps: time steps a quarter of the `notes` vocabulary; None: chosen by the vocabulary.
        pedal: `keep` it as words of the `notes` vocabulary, or `fold` it into lengths.
        progress: told how much of how much is done: files to read, then as many to encode.

    Raises:
        NotFound: there is no such corpus.
        CorpusError: it holds nothing that can be used.
        ModelError: its pieces do not fit the vocabulary.
        OutputError: there is no room on the disk, neither in the cache nor elsewhere.
    """
    files, _ = music_files(corpus)
    root = corpus if corpus.is_dir() else corpus.parent
    digests = [file_digest(file) for file in files]
    names = [file.relative_to(root).as_posix() for file in files]
    about = vocabulary if isinstance(vocabulary, str) else vocabulary.to_dict()
    key = _digest([release(), list(zip(names, digests, strict=True)), about, steps, pedal])
    folder = cache_folder() / "prepared" / key[:32]
    if folder.is_dir():
        with contextlib.suppress(OSError, EOFError, ValueError, KeyError, TypeError, ModelError):
            return _load(folder, root)
        shutil.rmtree(folder, ignore_errors=True)  # damaged, and in the way of a whole one
    found = survey(corpus, stage(progress, 0), digests)
    if isinstance(vocabulary, str):
        vocabulary = _built(found, vocabulary, steps, pedal)
    return _made(found, vocabulary, _digest(sorted(digests)), folder, stage(progress, 1))


def encoded(scores: Iterator[Score], settings: str) -> list[_Coded]:
    """The words of each score of a batch.

    Args:
        scores: of the batch.
        settings: those of the vocabulary, as JSON.
    """
    vocabulary = from_dict(json.loads(settings))
    return [_coded(score, vocabulary) for score in scores]


def _coded(score: Score, vocabulary: Vocabulary) -> _Coded:
    try:
        words = vocabulary.encode(score)
    except ModelError as error:
        nothing = np.zeros((0, 0), np.int16)
        return _Coded(nothing, nothing, 0, 0.0, (0, 0), 0, error.message)
    units, shifts = vocabulary.units(score, words), vocabulary.transpositions(words)
    quarters = score.end / score.ticks_per_quarter
    features, key = vocabulary.features_of(words), home_number(*home_key(score))
    return _Coded(words, features, units, quarters, shifts, key)


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _built(found: Survey, name: str, steps: int | None, pedal: str) -> Vocabulary:
    """The vocabulary of what is to be learnt, or of all where nothing is."""
    learnt = found.kept("train") or found.kept()
    if not learnt:
        raise _unusable(found)
    return build_of(sum(over_scores(traits, found.places(learnt)), Traits()), name, steps, pedal)


def _unusable(found: Survey, unsuited: Iterable[str] = ()) -> CorpusError:
    reasons = sorted({*unsuited, *(piece.reason for piece in found.pieces if piece.reason)})
    files = {piece.file for piece in found.pieces}
    return CorpusError(
        f"no piece can be used ({'; '.join(reasons[:3])})",
        file=found.root / (files.pop() if len(files) == 1 else ""),
        hint="See musegen doctor for each file.",
    )


def _made(
    found: Survey,
    vocabulary: Vocabulary,
    fingerprint: str,
    folder: Path,
    progress: Progress | None,
) -> Prepared:
    """The corpus encoded, in its folder of the cache; in memory where that cannot be written."""
    try:
        _write(found, vocabulary, fingerprint, folder, progress)
        return _load(folder, found.root)
    except OSError:
        pass
    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            _write(found, vocabulary, fingerprint, Path(elsewhere, "prepared"), progress)
            return _load(Path(elsewhere, "prepared"), found.root, mapped=False)
    except OSError as error:
        raise OutputError(
            f"cannot be encoded: {error.strerror or error}",
            file=found.root,
            hint="Make room on the disk, or set MUSEGEN_CACHE to a folder on another.",
        ) from error


def _write(
    found: Survey,
    vocabulary: Vocabulary,
    fingerprint: str,
    folder: Path,
    progress: Progress | None,
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder.parent)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        pieces, unsuited = _write_words(found, vocabulary, unfinished, progress)
        about: dict[str, Any] = {
            "vocabulary": vocabulary.to_dict(),
            "fingerprint": fingerprint,
            "others": found.others,
            "found": [asdict(_judged(piece, unsuited)) for piece in found.pieces],
            "encoded": [asdict(piece) for piece in pieces],
        }
        (unfinished / "pieces.json").write_text(json.dumps(about), encoding="utf-8")
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_words(
    found: Survey, vocabulary: Vocabulary, folder: Path, progress: Progress | None
) -> tuple[list[Encoded], dict[str, str]]:
    """Encode all that is kept; gives where each piece lies, and why others have no words."""
    kept, pieces = found.kept(), []
    unsuited: dict[str, str] = {}
    coded = over_scores(encoded, found.places(kept), json.dumps(vocabulary.to_dict()))
    with (
        Rows(folder / "words.npy", len(vocabulary.fields)) as words,
        Rows(folder / "features.npy", len(vocabulary.features)) as features,
    ):
        both = zip(kept, chain.from_iterable(coded), strict=True)
        for done, (piece, its) in enumerate(both, start=1):
            if its.unsuited:
                unsuited[piece.path] = its.unsuited
            else:
                pieces.append(_described(piece, its, words.append(its.words)))
                features.append(its.features)
            if progress:
                progress(done, len(kept))
    if not pieces:
        raise _unusable(found, unsuited.values())
    return pieces, unsuited


def _described(piece: Piece, coded: _Coded, row: int) -> Encoded:
    """Where the words of a piece lie, and what is known of them."""
    low, high = coded.transpositions
    return Encoded(
        piece.path,
        piece.split,
        piece.melody,
        start=row,
        stop=row + len(coded.words),
        units=coded.units,
        notes=piece.notes,
        quarters=coded.quarters,
        low=low,
        high=high,
        key=coded.key,
    )


def _judged(piece: Piece, unsuited: dict[str, str]) -> Piece:
    """The piece, skipped where it did not suit."""
    if piece.path not in unsuited:
        return piece
    return replace(piece, status="skipped", reason=unsuited[piece.path], split="")


def _load(folder: Path, root: Path, mapped: bool = True) -> Prepared:
    about = json.loads((folder / "pieces.json").read_text(encoding="utf-8"))
    mode: Literal["r"] | None = "r" if mapped else None
    return Prepared(
        from_dict(about["vocabulary"]),
        np.load(folder / "words.npy", mmap_mode=mode),
        np.load(folder / "features.npy", mmap_mode=mode),
        tuple(Encoded(**piece) for piece in about["encoded"]),
        Survey(root, tuple(Piece(**piece) for piece in about["found"]), tuple(about["others"])),
        about["fingerprint"],
    )
