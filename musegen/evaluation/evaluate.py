"""Honest likelihoods: with their unit, an interval over pieces, and baselines beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.prepare import Encoded, Prepared
from musegen.errors import CorpusError, ModelError
from musegen.vocabulary.grid import GridVocabulary

from .average import SHIFTS, Readings
from .baselines import NGram, Repeat
from .given import given_figures
from .likelihood import field_nats
from .trained import Trained

_RESAMPLES = 1000
_SOON_COUNTED = 200_000  # words

Nats = NDArray[np.float64]


def evaluate(
    model: Trained, prepared: Prepared, split: str = "valid", *, told: bool = False
) -> dict[str, Any]:
    """How likely the pieces of a split are under a model.

    All nats count: those of metre, key, tempo and of the end too.

    Args:
        model: what is measured.
        prepared: the corpus, in the model's own vocabulary.
        split: `train`, `valid`, `test` or `all`.
        told: whether the model is told what it can be told of a piece, its style say. Otherwise
            nothing is.

    Returns:
        The figures by the names that the command line promises.

    Raises:
        CorpusError: the split is empty.
        ModelError: the model cannot be told anything.
    """
    pieces = _pieces(prepared, split)
    if told and not model.conditions.kinds:
        raise ModelError("can be told nothing", file=model.folder, hint="Leave --told out.")
    tell = (lambda piece: model.conditions.of_piece(prepared, piece)) if told else None

    def measure(instead: int | None = None) -> dict[str, Nats]:
        return field_nats(model.network, prepared, pieces, told=tell, instead=instead)

    nats = measure()
    units = sum(piece.units for piece in pieces)
    fields = sum((nats[piece.path].sum(axis=0) for piece in pieces), np.zeros(())) / max(units, 1)
    names = [field.name for field in model.vocabulary.fields]
    seen, shows_given = model.seen(), told and model.conditions.given
    return {
        "model": str(model.folder),
        "unit": model.vocabulary.unit,
        "grid": model.vocabulary.grid,
        "told": told,
        "end_counted": True,
        "split": split,
        "pieces": len(pieces),
        "units": units,
        **_likelihood(nats, pieces),
        **_without_end(prepared, pieces, nats, measure),
        "per_field": dict(zip(names, fields.tolist(), strict=True)),
        "seen_in_training": [p.path for p in pieces if p.melody in seen],
        "baselines": baselines(prepared, pieces, split),
        **({"given": given_figures(model, prepared, pieces)} if shows_given else {}),
    }


def evaluate_together(
    models: Sequence[Trained], prepared: Sequence[Prepared], split: str = "valid"
) -> dict[str, Any]:
    """How likely the pieces are under the mean of several models, each reading them in every key.

    Args:
        models: one or more, of one vocabulary.
        prepared: the corpus for each of them.
        split: as of `evaluate`.

    Returns:
        The figures, and what they are the mean of.

    Raises:
        CorpusError: the split is empty.
        ModelError: the models differ in their words.
    """
    kinds = {json.dumps(model.vocabulary.to_dict(), sort_keys=True) for model in models}
    if len(kinds) > 1:
        raise ModelError(
            "these models differ in their words, so that there is no mean of what they predict",
            hint="Average models of one corpus and vocabulary.",
        )
    pieces = _pieces(prepared[0], split)
    readings = Readings([model.network for model in models], prepared[0], pieces)
    nats = readings.mean()
    return {
        "models": [str(model.folder) for model in models],
        "transpositions": list(SHIFTS),
        **_likelihood(nats, pieces),
        **_without_end(prepared[0], pieces, nats, readings.mean),
    }


def require_comparable(models: Sequence[Trained]) -> None:
    """Make sure that the nats of models can stand side by side.

    Raises:
        ModelError: they count by different units, or on different time grids.
    """
    counts = [f"nats a {m.vocabulary.unit} on {m.vocabulary.grid}" for m in models]
    for model, count in zip(models, counts, strict=True):
        if count != counts[0]:
            raise ModelError(
                f"counts {count}, and {models[0].folder} {counts[0]}: they cannot be compared",
                file=model.folder,
                hint="Evaluate them one by one.",
            )


def _pieces(prepared: Prepared, split: str) -> list[Encoded]:
    pieces = prepared.of(split)
    if not pieces:
        which = "held-out (valid)" if split == "valid" else split
        raise CorpusError(
            f"has no {which} pieces", file=prepared.survey.root, hint="Try --split all."
        )
    return pieces


def _likelihood(nats: Mapping[str, Nats], pieces: Sequence[Encoded]) -> dict[str, Any]:
    """Nats in all, by unit and by note."""
    by_piece = np.array([nats[piece.path].sum() for piece in pieces])
    units = np.array([piece.units for piece in pieces])
    notes = sum(piece.notes for piece in pieces)
    return {
        "nats": float(by_piece.sum()),
        "nats_per_unit": float(by_piece.sum() / max(units.sum(), 1)),
        "interval": interval(by_piece, units),
        "notes": notes,
        "nats_per_note": float(by_piece.sum() / max(notes, 1)),
    }


def _without_end(
    prepared: Prepared,
    pieces: Sequence[Encoded],
    nats: Mapping[str, Nats],
    measure: Callable[[int], Mapping[str, Nats]],
) -> dict[str, float]:
    """Nats a voice and step, metre and end left out, as published tables of chorales count.

    Of each step given that the piece goes on: −log p(step) + log(1 − p(end)).

    Args:
        prepared: the corpus; where it is no grid of voices, nothing is told.
        pieces: which of its pieces.
        nats: of their words.
        measure: a value of the first field → the nats of that instead.
    """
    vocabulary = prepared.vocabulary
    if not isinstance(vocabulary, GridVocabulary):
        return {}
    ends, total = measure(vocabulary.end_value), 0.0
    for piece in pieces:
        steps = prepared.words[piece.start : piece.stop, 0] < vocabulary.end_value
        goes_on = np.log1p(-np.exp(-ends[piece.path][steps, 0]))
        total += nats[piece.path][steps].sum() + goes_on.sum()
    return {"nats_per_unit_without_end": float(total / sum(piece.units for piece in pieces))}


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
    kinds: dict[str, NGram | Repeat] = {
        "repeat": Repeat(prepared.vocabulary, bar=False),
        "repeat_bar": Repeat(prepared.vocabulary, bar=True),
        "ngram": NGram(prepared.vocabulary),
    }
    return {name: _of_baseline(kind, prepared, learnt, pieces) for name, kind in kinds.items()}


def ngram_nats(
    prepared: Prepared, learnt: Sequence[Encoded], pieces: Sequence[Encoded]
) -> float | None:
    """Nats a unit of an n-gram that has counted `learnt`; None where that takes too long.

    It takes about five seconds for 100,000 words that go into twelve keys.
    """
    if sum(piece.stop - piece.start for piece in learnt) > _SOON_COUNTED:
        return None
    return _of_baseline(NGram(prepared.vocabulary), prepared, learnt, pieces)


def _of_baseline(
    kind: NGram | Repeat, prepared: Prepared, learnt: Sequence[Encoded], pieces: Sequence[Encoded]
) -> float:
    """Nats a unit of a baseline fitted on `learnt`."""
    kind.fit(prepared, learnt)
    rows = [slice(piece.start, piece.stop) for piece in pieces]
    nats = sum(kind.nats(prepared.words[r], prepared.features[r]) for r in rows)
    return nats / sum(piece.units for piece in pieces)
