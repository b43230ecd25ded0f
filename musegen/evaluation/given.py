"""What it helps to be given the rest: nats of a part, or of a gap, with all else given or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.given import SIDE, WRITTEN, Stretch, gap_in, written_to
from musegen.corpus.prepare import Encoded, Prepared
from musegen.score.score import Score
from musegen.vocabulary.vocabulary import Words

from .likelihood import field_nats, word_nats
from .trained import Trained

_GAP = 4  # bars, from the middle of a piece on

Nats = NDArray[np.float64]
Cost = tuple[float, float, int]  # nats with all else given, nats as usual, units


def given_figures(model: Trained, prepared: Prepared, pieces: Sequence[Encoded]) -> dict[str, Any]:
    """Nats a unit of one part of each piece, and of four bars of each, given all else and as usual.

    The parts take turns from piece to piece; pieces of one part, or of fewer than three bars, are
    left out. None where there is no other.

    Args:
        model: one that was given music in training.
        prepared: the corpus, in the model's vocabulary.
        pieces: which of its pieces.
    """
    usual = field_nats(model.network, prepared, pieces)
    costs: dict[str, list[Cost]] = {"parts": [], "gaps": []}
    for number, piece in enumerate(pieces):
        words: Words = np.asarray(prepared.words[piece.start : piece.stop])
        score = replace(model.vocabulary.decode(words), characters=0)
        sounding = [place for place, part in enumerate(score.parts) if len(part.notes)]
        if len(sounding) > 1 and score.n_bars:
            part = sounding[number % len(sounding)]
            costs["parts"].append(_of_part(model, score, words, usual[piece.path], part))
        if score.n_bars > 2:
            costs["gaps"].append(_of_gap(model, score, words, usual[piece.path]))
    return {name: _summed(found) for name, found in costs.items()}


def stretch_nats(model: Trained, stretch: Stretch) -> Nats:
    """−log p of each field of the words that are written (T, F)."""
    told = model.conditions.columns(len(stretch.roles), role=stretch.roles)
    written = stretch.roles == WRITTEN
    return word_nats(model.network, stretch.words, stretch.features, told, written)


def _of_part(model: Trained, score: Score, words: Words, usual: Nats, part: int) -> Cost:
    vocabulary = model.vocabulary
    own, place = vocabulary.of_parts(score, {part}), vocabulary.places(score)[part]
    stretch = written_to(vocabulary, score, (words, vocabulary.features_of(words)), {part})
    fields = vocabulary.fields_of({part}) or list(range(len(vocabulary.sizes)))
    mine, before = vocabulary.rows_of(own, place), vocabulary.rows_of(words, place)
    given = stretch_nats(model, stretch)[mine][:, fields].sum()
    units = vocabulary.units(score, own[mine]) * len(fields) // len(vocabulary.sizes)
    return float(given), float(usual[before][:, fields].sum()), units


def _of_gap(model: Trained, score: Score, words: Words, usual: Nats) -> Cost:
    vocabulary = model.vocabulary
    piece = words, vocabulary.features_of(words)
    first = score.n_bars // 2
    last = min(first + _GAP, score.n_bars) - 1
    stretch, gap = gap_in(vocabulary, piece, first, last, SIDE)
    given = stretch_nats(model, stretch).sum()
    return float(given), float(usual[gap].sum()), vocabulary.units(score, words[gap])


def _summed(costs: Sequence[Cost]) -> dict[str, float] | None:
    if not costs:
        return None
    given, usual, units = (float(total) for total in np.sum(costs, axis=0))
    return {"nats_per_unit": given / max(units, 1), "as_usual": usual / max(units, 1)}
