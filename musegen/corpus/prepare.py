"""A corpus as arrays of words: encoded once, kept by content, mapped from disk.

What is kept lies in the user's cache directory (`MUSEGEN_CACHE` overrides), in one folder for each
set of file contents, vocabulary and version. A folder is made whole or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

import musegen
from musegen.errors import CorpusError, ModelError
from musegen.vocabulary.choose import build, from_dict
from musegen.vocabulary.vocabulary import Features, Vocabulary, Words

from .survey import Piece, Progress, Survey, file_digest, music_files, survey


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
        low: the lowest transposition that it allows, in semitones.
        high: the highest.
    """

    path: str
    split: str
    melody: str
    start: int
    stop: int
    units: int
    notes: int
    low: int
    high: int


@dataclass(frozen=True)
class Prepared:
    """A corpus ready to learn from.

    Attributes:
        vocabulary: what the words mean.
        words: of all pieces, one after the other (N, F).
        features: beside them (N, G).
        pieces: where each piece lies.
        survey: every piece found, without its score.
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


def prepare(
    corpus: Path,
    *,
    vocabulary: str | Vocabulary = "auto",
    steps: int | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Survey and encode a corpus, or map it from disk where that was done before.

    Args:
        corpus: a folder or a file.
        vocabulary: one of choose.NAMES, `auto`, or that of a trained model.
        steps: time steps a quarter of the `notes` vocabulary; None: chosen by the vocabulary.
        progress: told how many files of how many were read.

    Raises:
        NotFound: there is no such corpus.
        CorpusError: it holds nothing that can be used.
        ModelError: its pieces do not fit the vocabulary.
    """
    files, _ = music_files(corpus)
    root = corpus if corpus.is_dir() else corpus.parent
    contents = [(file.relative_to(root).as_posix(), file_digest(file)) for file in files]
    about = vocabulary if isinstance(vocabulary, str) else vocabulary.to_dict()
    key = hashlib.sha256(
        json.dumps([musegen.__version__, contents, about, steps]).encode()
    ).hexdigest()
    folder = cache_folder() / "prepared" / key[:32]
    if folder.is_dir():
        with contextlib.suppress(OSError, EOFError, ValueError, KeyError, TypeError, ModelError):
            return _load(folder, root)
        shutil.rmtree(folder, ignore_errors=True)  # damaged, and in the way of a whole one
    found = survey(corpus, progress)
    prepared = _encode(
        found,
        vocabulary,
        steps,
        hashlib.sha256(json.dumps(sorted(digest for _, digest in contents)).encode()).hexdigest(),
    )
    with contextlib.suppress(OSError):  # an unwritable cache costs time, no more
        _save(prepared, folder)
    return prepared


def cache_folder() -> Path:
    """Where what can be made again is kept."""
    given = os.environ.get("MUSEGEN_CACHE")
    return Path(given) if given else platformdirs.user_cache_path("musegen")


def _encode(
    found: Survey, vocabulary: str | Vocabulary, steps: int | None, fingerprint: str
) -> Prepared:
    if isinstance(vocabulary, str):
        vocabulary = _built(found, vocabulary, steps)
    words: list[Words] = []
    features: list[Features] = []
    encoded: list[Encoded] = []
    unsuited: dict[str, str] = {}
    for piece in found.kept():
        assert piece.score is not None
        try:
            its_words = vocabulary.encode(piece.score)
        except ModelError as error:
            unsuited[piece.path] = error.message
            continue
        encoded.append(_described(piece, vocabulary, its_words, encoded[-1].stop if encoded else 0))
        words.append(its_words)
        features.append(vocabulary.features_of(its_words))
    if not words:
        raise _unusable(found, unsuited.values())
    pieces = tuple(
        replace(piece, status="skipped", reason=unsuited[piece.path], split="", score=None)
        if piece.path in unsuited
        else replace(piece, score=None)
        for piece in found.pieces
    )
    return Prepared(
        vocabulary,
        np.concatenate(words),
        np.concatenate(features),
        tuple(encoded),
        replace(found, pieces=pieces),
        fingerprint,
    )


def _built(found: Survey, name: str, steps: int | None) -> Vocabulary:
    """The vocabulary of what is to be learnt, or of all where nothing is."""
    learnt = [piece.score for piece in found.kept("train") or found.kept() if piece.score]
    if not learnt:
        raise _unusable(found)
    return build(learnt, name, steps)


def _unusable(found: Survey, unsuited: Iterable[str] = ()) -> CorpusError:
    reasons = sorted({*unsuited, *(piece.reason for piece in found.pieces if piece.reason)})
    return CorpusError(
        f"no piece can be used ({'; '.join(reasons[:3])})",
        file=found.root,
        hint="See musegen doctor for each file.",
    )


def _described(piece: Piece, vocabulary: Vocabulary, words: Words, row: int) -> Encoded:
    """Where the words of a piece lie, and what is known of them."""
    assert piece.score is not None
    low, high = vocabulary.transpositions(words)
    return Encoded(
        piece.path,
        piece.split,
        piece.melody,
        start=row,
        stop=row + len(words),
        units=vocabulary.units(piece.score, words),
        notes=piece.score.n_notes,
        low=low,
        high=high,
    )


def _save(prepared: Prepared, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        np.save(unfinished / "words.npy", prepared.words)
        np.save(unfinished / "features.npy", prepared.features)
        about: dict[str, Any] = {
            "vocabulary": prepared.vocabulary.to_dict(),
            "fingerprint": prepared.fingerprint,
            "ignored": prepared.survey.ignored,
            "found": [asdict(piece) for piece in prepared.survey.pieces],
            "encoded": [asdict(piece) for piece in prepared.pieces],
        }
        (unfinished / "pieces.json").write_text(json.dumps(about), encoding="utf-8")
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _load(folder: Path, root: Path) -> Prepared:
    about = json.loads((folder / "pieces.json").read_text(encoding="utf-8"))
    return Prepared(
        from_dict(about["vocabulary"]),
        np.load(folder / "words.npy", mmap_mode="r"),
        np.load(folder / "features.npy", mmap_mode="r"),
        tuple(Encoded(**piece) for piece in about["encoded"]),
        Survey(root, tuple(Piece(**piece) for piece in about["found"]), about["ignored"]),
        about["fingerprint"],
    )
