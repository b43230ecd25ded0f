"""Honest likelihoods: with their unit, an interval over pieces, and baselines beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.prepare import Encoded, Prepared
from musegen.errors import CorpusError

from .baselines import NGram, Repeat
from .likelihood import field_nats
from .trained import Trained

_RESAMPLES = 1000


def evaluate(model: Trained, prepared: Prepared, split: str = "valid") -> dict[str, Any]:
    """How likely the pieces of a split are under a model.

    All nats count: those of metre, key, tempo and of the end too; nothing is told beforehand.

    Args:
        model: what is measured.
        prepared: the corpus, in the model's own vocabulary.
        split: `train`, `valid`, `test` or `all`.

    Returns:
        The figures by the names that the command line promises.

    Raises:
        CorpusError: the split is empty.
    """
    pieces = prepared.of(split)
    if not pieces:
        raise CorpusError(
            f"has no {split} pieces", file=prepared.survey.root, hint="Try --split all."
        )
    nats = field_nats(model.network, prepared, pieces)
    by_piece = np.array([nats[piece.path].sum() for piece in pieces])
    units = np.array([piece.units for piece in pieces])
    fields = np.sum([nats[piece.path].sum(axis=0) for piece in pieces], axis=0) / units.sum()
    names = [field.name for field in model.vocabulary.fields]
    notes = sum(piece.notes for piece in pieces)
    seen = model.seen()
    return {
        "model": str(model.folder),
        "unit": model.vocabulary.unit,
        "grid": model.vocabulary.grid,
        "told": False,
        "end_counted": True,
        "split": split,
        "pieces": len(pieces),
        "units": int(units.sum()),
        "nats": float(by_piece.sum()),
        "nats_per_unit": float(by_piece.sum() / units.sum()),
        "interval": interval(by_piece, units),
        "notes": notes,
        "nats_per_note": float(by_piece.sum() / max(notes, 1)),
        "per_field": dict(zip(names, fields.tolist(), strict=True)),
        "seen_in_training": [p.path for p in pieces if p.melody in seen],
        "baselines": baselines(prepared, pieces, split),
    }


def interval(nats: NDArray[np.float64], units: NDArray[np.int64]) -> list[float]:
    """95 % of the resamples of the pieces lie between these nats a unit (Efron 1979)."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(nats), size=(_RESAMPLES, len(nats)))
    ratios = nats[rows].sum(axis=1) / units[rows].sum(axis=1)
    return [float(bound) for bound in np.percentile(ratios, [2.5, 97.5])]


def baselines(prepared: Prepared, pieces: Sequence[Encoded], split: str) -> dict[str, float | None]:
    """Nats a unit of the baselines, fitted on the training pieces of the same corpus.

    None each, where the corpus has no training pieces or they are what is measured.
    """
    learnt = prepared.of("train")
    if not learnt or split in ("train", "all"):
        return {"repeat": None, "repeat_bar": None, "ngram": None}
    units = sum(piece.units for piece in pieces)
    kinds: dict[str, NGram | Repeat] = {
        "repeat": Repeat(prepared.vocabulary, bar=False),
        "repeat_bar": Repeat(prepared.vocabulary, bar=True),
        "ngram": NGram(prepared.vocabulary),
    }
    figures: dict[str, float | None] = {}
    for name, baseline in kinds.items():
        baseline.fit(prepared, learnt)
        rows = [slice(piece.start, piece.stop) for piece in pieces]
        nats = sum(baseline.nats(prepared.words[r], prepared.features[r]) for r in rows)
        figures[name] = nats / units
    return figures
