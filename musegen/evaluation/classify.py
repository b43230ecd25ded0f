"""Which style a piece is of, by Bayes' rule: p(style | piece) ∝ p(style) · p(piece | style).

p(style) is its share of the pieces learnt from; p(piece | style) is the model's, told that style.

What a model gets wrong of one bar it gets wrong of the next too, so that over a whole piece its
ratios are far too sure. Nats are therefore divided by a temperature, which is fitted on held-out
pieces (Guo et al. 2017), and by Laplace's rule one piece in n + 2 is left to what n held-out pieces
have not shown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musegen.corpus.conditions import Conditions, style_of
from musegen.corpus.prepare import Encoded, Prepared
from musegen.errors import ModelError
from musegen.network.next_word import NextWordNetwork

from .baselines import NGram
from .likelihood import field_nats
from .trained import Trained

Nats = NDArray[np.float64]
_WORDS = 200_000  # read at most to fit a temperature, over all styles
_TEMPERATURES = np.geomspace(1, 1000, 301)
_NORMAL = 1.96  # standard deviations that hold 95 %


@dataclass(frozen=True)
class Calibration:
    """What held-out pieces say of how sure a model may be.

    Attributes:
        temperature: nats are divided by it.
        pieces: on how many pieces it was fitted.
    """

    temperature: float = 1.0
    pieces: int = 0


def style_nats(
    network: NextWordNetwork,
    prepared: Prepared,
    pieces: Sequence[Encoded],
    conditions: Conditions,
) -> Nats:
    """−log p(piece | style) of each piece (N, S), in nats over the whole piece."""
    columns = []
    for style in conditions.styles:
        nats = field_nats(
            network,
            prepared,
            pieces,
            told=lambda p, style=style: conditions.columns(p.stop - p.start, style=style),  # type: ignore[misc]
        )
        columns.append([nats[piece.path].sum() for piece in pieces])
    by_piece: Nats = np.array(columns).T
    return by_piece


def posterior(nats: Nats, conditions: Conditions, how: Calibration) -> Nats:
    """−log p(piece | style) (N, S) → p(style | piece) (N, S), whose rows sum to one."""
    prior = np.array(conditions.pieces) / sum(conditions.pieces)
    scores = np.log(prior) - nats / how.temperature
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    unseen = 1 / (how.pieces + 2)
    mixed: Nats = (1 - unseen) * p / p.sum(axis=1, keepdims=True) + unseen * prior
    return mixed


def calibrate(network: NextWordNetwork, prepared: Prepared, conditions: Conditions) -> Calibration:
    """The temperature at which the styles of the `valid` pieces are likeliest."""
    held_out = [p for p in prepared.of("valid") if style_of(p.path) in conditions.styles]
    words = sum(piece.stop - piece.start for piece in held_out) * len(conditions.styles)
    pieces = held_out[:: max(1, math.ceil(words / _WORDS))]
    if not pieces:
        return Calibration()
    nats = style_nats(network, prepared, pieces, conditions)
    true = [conditions.styles.index(style_of(piece.path)) for piece in pieces]

    def cost(temperature: float) -> float:
        p = posterior(nats, conditions, Calibration(temperature, len(pieces)))
        return -float(np.log(p[np.arange(len(pieces)), true]).sum())

    return Calibration(min(_TEMPERATURES.tolist(), key=cost), len(pieces))


def classify(model: Trained, prepared: Prepared, pieces: Sequence[Encoded]) -> list[dict[str, Any]]:
    """The style of each piece, by the names that the command line promises.

    Raises:
        ModelError: the model was never told a style, or what it learnt from is not told any more.
    """
    model.conditions.require("style")
    if not pieces:
        return []
    try:
        how = Calibration(**model.config.get("figures", {}).get("classify", {}))
    except TypeError as error:
        raise ModelError("its settings are damaged", file=model.folder) from error
    nats = style_nats(model.network, prepared, pieces, model.conditions)
    seen, styles = model.seen(), model.conditions.styles
    return [
        {
            "path": str(prepared.survey.root / piece.path),
            "style": styles[int(row.argmax())],
            "probabilities": dict(zip(styles, row.tolist(), strict=True)),
            "seen_in_training": piece.melody in seen,
        }
        for piece, row in zip(pieces, posterior(nats, model.conditions, how), strict=True)
    ]


def classify_paths(model: Trained, prepared: Prepared, paths: Set[str]) -> list[dict[str, Any]]:
    """The same of the pieces at these paths; one left out as a duplicate has its twin's answer.

    Raises:
        ModelError: as `classify`.
    """
    known = {piece.path: piece for piece in prepared.pieces}
    homes = {
        piece.path: piece.reason if piece.status == "duplicate" else piece.path
        for piece in prepared.survey.pieces
        if piece.path in paths
    }
    asked = {home: known[home] for home in homes.values() if home in known}
    answers = dict(zip(asked, classify(model, prepared, list(asked.values())), strict=True))
    return [
        answers[home] | {"path": str(prepared.survey.root / path)}
        for path, home in homes.items()
        if home in answers
    ]


def held_out(model: Trained, prepared: Prepared) -> list[Encoded]:
    """The pieces in sub-folders of the model's own styles that it did not learn from, nor twins."""
    seen, styles = model.seen(), model.conditions.styles
    return [p for p in prepared.pieces if style_of(p.path) in styles and p.melody not in seen]


def confusion(
    model: Trained, prepared: Prepared, pieces: Sequence[Encoded], guesses: Sequence[str]
) -> dict[str, Any]:
    """How often the style guessed of each piece is that of its folder, and what it is taken for.

    Beside it stand the commonest style and one n-gram a style, both fitted on the pieces of this
    corpus that the model learnt from; None where there are none of some style.
    """
    styles, seen = model.conditions.styles, model.seen()
    true = [style_of(piece.path) for piece in pieces]
    pairs = Counter(zip(true, guesses, strict=True))
    learnt = {
        style: [p for p in prepared.pieces if style_of(p.path) == style and p.melody in seen]
        for style in styles
    }
    majority: float | None = None
    ngram: float | None = None
    if all(learnt.values()):
        majority = true.count(max(styles, key=lambda style: len(learnt[style]))) / len(true)
        ngram = float(np.mean(np.array(_by_ngram(prepared, learnt, pieces)) == true))
    right = sum(pairs[style, style] for style in styles)
    return {
        "pieces": len(pieces),
        "accuracy": right / len(pieces),
        "interval": _wilson(right, len(pieces)),
        "confusion": {one: {other: pairs[one, other] for other in styles} for one in styles},
        "baselines": {"majority": majority, "ngram": ngram},
    }


def _by_ngram(
    prepared: Prepared, learnt: dict[str, list[Encoded]], pieces: Sequence[Encoded]
) -> list[str]:
    """The style of each piece by one n-gram a style and Bayes' rule."""
    columns = []
    for its in learnt.values():
        ngram = NGram(prepared.vocabulary).fit(prepared, its)
        rows = [slice(piece.start, piece.stop) for piece in pieces]
        nats = [ngram.nats(prepared.words[r], prepared.features[r]) for r in rows]
        columns.append(np.array(nats) - np.log(len(its)))
    return [list(learnt)[i] for i in np.argmin(columns, axis=0)]


def _wilson(right: int, n: int) -> list[float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share, spread = right / n, _NORMAL**2 / n
    middle, half = share + spread / 2, (spread * (share * (1 - share) + spread / 4)) ** 0.5
    return [float((middle + side * half) / (1 + spread)) for side in (-1, 1)]
