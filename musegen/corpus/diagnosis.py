"""What a corpus holds and what learning from it would lose: what `doctor` prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from musegen.errors import ModelError
from musegen.score.bars import check_bars
from musegen.vocabulary.choose import build
from musegen.vocabulary.vocabulary import Vocabulary

from .survey import Piece, Progress, survey


def diagnose(corpus: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Each piece and the corpus as a whole, by the names that the command line promises.

    Raises:
        NotFound: there is no such corpus.
        CorpusError: it holds no music.
    """
    found = survey(corpus, progress)
    scores = [piece.score for piece in found.kept() if piece.score is not None]
    vocabulary = build(scores) if scores else None
    files = [_file(piece, vocabulary) for piece in found.pieces]
    return {
        "files": files,
        "kept": found.count("kept"),
        "skipped": found.count("skipped"),
        "duplicates": found.count("duplicate"),
        "ignored": found.ignored,
        "notes": sum(file["notes"] for file in files if file["status"] == "kept"),
        "vocabulary": vocabulary.name if vocabulary else None,
        "splits": {split: len(found.kept(split)) for split in ("train", "valid", "test")},
    }


def _file(piece: Piece, vocabulary: Vocabulary | None) -> dict[str, Any]:
    score = piece.score
    lost: dict[str, int] = {}
    if score is not None and vocabulary is not None and piece.status == "kept":
        try:
            lost = vocabulary.lost(score)
        except ModelError:
            lost = {"notes": score.n_notes}
    return {
        "path": piece.path,
        "status": piece.status,
        "reason": piece.reason,
        "split": piece.split,
        "notes": score.n_notes if score else 0,
        "parts": len(score.parts) if score else 0,
        "bars": score.n_bars if score else 0,
        "lost": lost,
        "faults": check_bars(score) if score and score.characters else [],
    }
