"""What a corpus holds and what learning from it would lose: what `doctor` prints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from musegen.vocabulary.choose import build_of, choice
from musegen.vocabulary.traits import Traits, traits
from musegen.vocabulary.vocabulary import Vocabulary

from .facts import Facts, facts
from .folder import Folder
from .leaks import passages_across, twins_across
from .others import what_is
from .reading import Progress, over_scores, stage
from .survey import Piece, Survey, survey

# What the kinds of loss mean, for people; kinds that a reader names itself explain themselves.
MEANINGS = {
    "notes off the grid": "moved to the nearest step of time",
    "notes doubled": "on a pitch that another begins at once in the same part: the two become one",
    "marks": "repeats, endings, chord symbols, graces, lyrics: not learnt",
    "events": "volume, bends, texts and other messages: not learnt",
    "parts merged": "of more than sixteen parts of one instrument the last share a place",
    "drum kits": "played on the standard kit",
    "metres": "not in the vocabulary",
    "tempos": "the vocabulary has none: what is composed is at one tempo",
    "keys": "the vocabulary names none; the notes are learnt all the same",
    "pedals": "presses and releases of the sustain pedal",
    "pieces that do not fit": "not to be said in the vocabulary, so skipped",
}
_NO_SUFFIX = "without a suffix"


def diagnose(corpus: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Each piece and the corpus as a whole, by the names that the command line promises.

    Raises:
        NotFound: there is no such corpus.
        CorpusError: it holds no music.
    """
    found = survey(corpus, stage(progress, 0))
    kept = found.kept()
    known = sum(over_scores(traits, found.places(found.kept("train") or kept)), Traits())
    vocabulary = build_of(known) if kept else None
    folder, files, heard = Folder(), [], stage(progress, 1)
    lowest = {piece.path: piece.lowest for piece in found.pieces}
    told = zip(found.pieces, _facts(found, vocabulary), strict=True)
    for done, (piece, its) in enumerate(told, start=1):
        if heard:
            heard(done, len(found.pieces))
        higher = piece.lowest - lowest[piece.reason] if piece.status == "duplicate" else 0
        files.append(_file(piece, its) | {"semitones_higher": higher})
        if its and piece.status == "kept":
            folder.add(its)
    leaks = [*twins_across(found), *passages_across(found)]
    return {
        "files": files,
        "kept": found.count("kept"),
        "skipped": found.count("skipped"),
        "duplicates": found.count("duplicate"),
        "ignored": len(found.others),
        "others": [{"path": name, "what": what_is(found.root / name)} for name in found.others],
        "notes": sum(file["notes"] for file in files if file["status"] == "kept"),
        "vocabulary": vocabulary.name if vocabulary else None,
        "time_grid": vocabulary.grid if vocabulary else None,
        "why": choice(known)[1] if vocabulary else "no piece can be used",
        "splits": {split: len(found.kept(split)) for split in ("train", "valid", "test")},
        "formats": _formats(found),
        **folder.told(),
        "meanings": {kind: MEANINGS[kind] for kind in folder.lost if kind in MEANINGS},
        "leaks": [asdict(leak) for leak in leaks],
    }


def _facts(found: Survey, vocabulary: Vocabulary | None) -> Iterator[Facts | None]:
    """The facts of each piece of a corpus; None where there is no score."""
    heard = [piece for piece in found.pieces if piece.melody and vocabulary]
    settings = json.dumps(vocabulary.to_dict()) if vocabulary else ""
    told = chain.from_iterable(over_scores(facts, found.places(heard), settings))
    for piece in found.pieces:
        yield next(told) if piece.melody and vocabulary else None


def _file(piece: Piece, its: Facts | None) -> dict[str, Any]:
    its = its or Facts()
    slowest, fastest, prevailing = its.tempo
    return {
        "path": piece.path,
        "status": piece.status,
        "reason": piece.reason,
        "split": piece.split,
        "notes": piece.notes,
        "parts": piece.parts,
        "bars": piece.bars,
        "seconds": round(its.seconds, 1),
        "key": its.key[0],
        "metre": its.metre,
        "tempo": [round(slowest, 1), round(prevailing, 1), round(fastest, 1)] if its.metre else [],
        "lost": its.lost if piece.status == "kept" else {},
        "unread": its.unread,
        "faults": its.faults,
        "grids": {str(steps): _rounded(asdict(cost)) for steps, cost in its.grids.items()},
        "performed": its.is_performed,
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _formats(found: Survey) -> dict[str, int]:
    """How many files of each suffix there are, the most first, else by suffix."""
    files = {piece.file for piece in found.pieces}
    counts = Counter(PurePosixPath(file).suffix.lower() or _NO_SUFFIX for file in files)
    return dict(sorted(counts.items(), key=lambda its: (-its[1], its[0])))
