"""What a model makes of one piece: which notes surprise it, and what it would rather have written.

The nats are those that `evaluate` counts, shared out: each is one note's, or no note's (bar lines,
rests, metre, the end; vocabulary/said.py tells which). What the model would have written is by the
same probabilities, so each field is given those before it in its word as they were written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from musegen.errors import ModelError, UsageError
from musegen.network.backbones import Recurrent
from musegen.score.bars import first_number
from musegen.score.fingerprint import melody_hash
from musegen.score.instruments import DRUMS
from musegen.score.key import fifths_at
from musegen.score.score import Ints, Score, rescaled
from musegen.vocabulary.grid import GridVocabulary
from musegen.vocabulary.said import NOBODY, Said, said
from musegen.vocabulary.value_names import sounding_name, value_name, word_name
from musegen.vocabulary.vocabulary import Features, Vocabulary, Words

from .reach import distances
from .reading import FAR, Floats, Piece, Reading, gradients, read_closely
from .trained import Trained

FEW = 3  # values, words attended to, and surprises of a bar, that are told
_LEAST = 0.001  # probability of what is told as likely
_BARS = 5  # worst and best
_GRADIENTS = 256  # notes, the most surprising, whose gradients are followed


class _Its(NamedTuple):
    """A piece and all that is known of it: `bars`, from 0, and `fifths` are those of words (T,)."""

    vocabulary: Vocabulary
    score: Score
    words: Words
    features: Features
    notes: Said
    read: Reading
    bars: Ints
    fifths: Ints

    def number(self, bar: int) -> int:
        """A bar as musicians count."""
        return bar + first_number(self.score)

    def value_name(self, field: int, value: int, word: int) -> str:
        """What a value of a field is called in the place of that of a word."""
        its = self.words[word], self.features[word], int(self.fifths[word])
        return value_name(self.vocabulary, field, value, *its)


def explain(model: Trained, score: Score, path: str, few: int = FEW) -> dict[str, Any]:
    """What a model makes of a piece, told nothing beside its words.

    Args:
        model: that reads it.
        score: the piece.
        path: its file, for what is said of it.
        few: how many values of a field, and words that a head attended to, are told.

    Returns:
        As JSON knows it. `nats`, `per_field`: of the whole piece, and `between` of what is no
        note's. `parts`, `bars`, `words`, `notes`: in their order; times are ticks. Of a note
        `written` and `likeliest` are names and probabilities by field, where the note begins;
        `attention` is, by layer and head, the words weighed most and their weights; `gradient` is
        by the distances (in words) of `gradient`, and of the most surprising notes alone.

    Raises:
        UsageError: the piece has no notes.
        ModelError: the piece does not fit the model's vocabulary.
    """
    piece, its = _read(model, score, path, few)
    notes = _notes(its)
    gradient = _gradients(model, piece, its.notes, notes)
    bars = _bars(its)
    ranked = sorted((b for b in bars if b["notes"]), key=lambda bar: -bar["nats_per_note"])
    most = min(_BARS, max(len(ranked) // 2, 1))
    return {
        "page": None,
        "path": path,
        "model": str(model.folder),
        "seen_in_training": melody_hash(score) in model.seen(),
        "lost": its.vocabulary.lost(score),
        "unit": its.vocabulary.unit,
        "units": its.vocabulary.units(score, its.words),
        "grid": its.vocabulary.grid,
        **_sums(its),
        "ticks_per_quarter": its.notes.ticks_per_quarter,
        "parts": [{"name": p.name, "instrument": p.instrument} for p in score.parts],
        "attention": _attention(its.read),
        "gradient": gradient,
        "bars": bars,
        "worst_bars": [_with_surprises(bar, notes) for bar in ranked[:most]],
        "best_bars": ranked[::-1][:most],
        "words": _words(its),
        "notes": notes,
    }


def _read(model: Trained, score: Score, path: str, few: int) -> tuple[Piece, _Its]:
    """The piece as the model reads it; see explain."""
    vocabulary = model.vocabulary
    if not score.n_notes:
        raise UsageError("has no notes", file=path, hint="Give a piece with music in it.")
    try:
        words = vocabulary.encode(score)
    except ModelError as error:
        raise ModelError(error.message, file=path, hint=error.hint) from error
    features = vocabulary.features_of(words)
    notes = said(vocabulary, words, features)
    piece = Piece.of(model.network, words, features)
    read = read_closely(model.network, piece, notes.word, few)
    bars = _bars_of(vocabulary, score, words, features, notes)
    ticks = rescaled(notes.time, notes.ticks_per_quarter, score.ticks_per_quarter)
    fifths = fifths_at(score, ticks)
    return piece, _Its(vocabulary, score, words, features, notes, read, bars, fifths)


def _sums(its: _Its) -> dict[str, Any]:
    """Of the whole piece, in nats."""
    nats, names = its.read.nats, [field.name for field in its.vocabulary.fields]
    free = np.where(its.notes.owner == NOBODY, nats, 0)

    def by_field(nats: Floats) -> dict[str, float]:
        return dict(zip(names, nats.sum(axis=0).tolist(), strict=True))

    return {
        "nats": float(nats.sum()),
        "nats_per_note": float(nats.sum() / len(its.notes)),
        "per_field": by_field(nats),
        "between": {"nats": float(free.sum()), "per_field": by_field(free)},
    }


def _attention(read: Reading) -> dict[str, int] | None:
    """How many layers and heads attend."""
    if read.attended is None:
        return None
    _, layers, heads, _ = read.attended.shape
    return {"layers": layers, "heads": heads}


def _bars_of(
    vocabulary: Vocabulary, score: Score, words: Words, features: Features, notes: Said
) -> Ints:
    """The bar of each word, from 0 (T,).

    Bar lines are counted as the words tell them. Those of a grid do not, so the score's count.
    """
    if isinstance(vocabulary, GridVocabulary):
        lines = rescaled(score.barlines, score.ticks_per_quarter, notes.ticks_per_quarter)
        bars = np.searchsorted(lines, notes.time, side="right")
    else:
        bars = vocabulary.bars(words, features)
    return np.minimum(bars, max(score.n_bars - 1, 0))


def _bars(its: _Its) -> list[dict[str, Any]]:
    """Every bar, with the nats of all its words and the notes that begin in it."""
    score, count = its.score, max(its.score.n_bars, 1)
    lines = rescaled(score.barlines, score.ticks_per_quarter, its.notes.ticks_per_quarter)
    onsets = [0, *lines.tolist()]
    nats = np.bincount(its.bars, its.read.nats.sum(axis=1), minlength=count).tolist()
    notes = np.bincount(its.bars[its.notes.word], minlength=count).tolist()
    return [
        {
            "bar": its.number(bar),
            "onset": onsets[bar],
            "notes": notes[bar],
            "nats": nats[bar],
            "nats_per_note": nats[bar] / notes[bar] if notes[bar] else None,
        }
        for bar in range(count)
    ]


def _notes(its: _Its) -> list[dict[str, Any]]:
    """Every note: what it is, what it cost, and what was likely where it begins."""
    notes, read = its.notes, its.read
    places = its.vocabulary.places(its.score)
    names = [field.name for field in its.vocabulary.fields]
    told = []
    for n, nats in enumerate(_nats_of_notes(notes, read.nats).tolist()):
        place, word, pitch = tuple(notes.place[n].tolist()), int(notes.word[n]), int(notes.pitch[n])
        fields = np.flatnonzero(notes.owner[word] == notes.sound[n]).tolist()
        note = {
            "part": places.index(place),
            "onset": int(notes.onset[n]),
            "duration": int(notes.duration[n]),
            "pitch": pitch,
            "name": sounding_name(pitch, int(its.fifths[word]), is_drum=place[0] == DRUMS),
            "bar": its.number(int(its.bars[word])),
            "word": word,
            "nats": sum(nats),
            "per_field": {names[k]: round(nats[k], 6) for k in fields},
            "written": {names[k]: _written(its, k, word) for k in fields},
            "likeliest": {names[k]: _likeliest(its, k, word) for k in fields},
        }
        if read.attended is not None and read.weights is not None:
            note["attention"] = _pairs(read.attended[n], read.weights[n])
        told.append(note)
    return told


def _nats_of_notes(notes: Said, nats: Floats) -> Floats:
    """What each note needs, by field (N, F), of nats of words (T, F)."""
    of_sounds = np.zeros((int(notes.sound.max()) + 1, nats.shape[1]))
    rows, columns = np.nonzero(notes.owner != NOBODY)
    np.add.at(of_sounds, (notes.owner[rows, columns], columns), nats[rows, columns])
    shared: Floats = (of_sounds / np.bincount(notes.sound)[:, None])[notes.sound]
    return shared


def _written(its: _Its, field: int, word: int) -> list[Any]:
    """What stands in a field of a word, and its probability."""
    p = np.exp(-its.read.nats[word, field])
    return [its.value_name(field, int(its.words[word, field]), word), _rounded(p)]


def _likeliest(its: _Its, field: int, word: int) -> list[list[Any]]:
    """The likeliest values of a field of a word, with their probabilities; one at least."""
    values, shares = its.read.values[word, field], its.read.probabilities[word, field]
    kept = max(int((shares >= _LEAST).sum()), 1)
    named = [its.value_name(field, value, word) for value in values[:kept].tolist()]
    return [[name, _rounded(p)] for name, p in zip(named, shares[:kept], strict=True)]


def _rounded(share: float) -> float:
    return round(float(share), 5)


def _pairs(words: Ints, weights: Floats) -> list[list[list[list[Any]]]]:
    """Words and their weights (L, H, K), by layer and head, those of no weight left out."""
    return [
        [
            [[word, _rounded(weight)] for word, weight in zip(*head, strict=True) if weight > 0]
            for head in zip(*layer, strict=True)
        ]
        for layer in zip(words.tolist(), weights.tolist(), strict=True)
    ]


def _gradients(
    model: Trained, piece: Piece, notes: Said, told: Sequence[dict[str, Any]]
) -> dict[str, list[int]] | None:
    """Write down the gradients of the most surprising notes; gives the distances."""
    if not isinstance(model.network.backbone, Recurrent):
        return None
    by_nats = np.argsort([-note["nats"] for note in told], kind="stable")
    chosen = np.sort(by_nats[:_GRADIENTS])
    word = notes.word[chosen]
    fields = notes.owner[word] == notes.sound[chosen, None]
    far = distances(FAR)
    every = gradients(model.network, piece, word, fields, far)
    for note, norms in zip(chosen.tolist(), every, strict=True):
        told[note]["gradient"] = [float(f"{norm:.4g}") for norm in norms]
    return {"distances": far}


def _words(its: _Its) -> list[dict[str, Any]]:
    """Every word: what it is called, its bar, and the notes that it says something of."""
    of_sound: dict[int, list[int]] = {NOBODY: []}
    for note, sound in enumerate(its.notes.sound.tolist()):
        of_sound.setdefault(sound, []).append(note)
    return [
        {
            "name": word_name(its.vocabulary, its.words[t], its.features[t], int(its.fifths[t])),
            "bar": its.number(bar),
            "notes": [note for sound in dict.fromkeys(owner) for note in of_sound[sound]],
        }
        for t, (bar, owner) in enumerate(
            zip(its.bars.tolist(), its.notes.owner.tolist(), strict=True)
        )
    ]


def _with_surprises(bar: dict[str, Any], notes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A bar, and its least likely notes, each by the field that was the least likely."""
    surprises = []
    for n, note in enumerate(notes):
        if note["bar"] == bar["bar"]:
            field = min(note["written"], key=lambda name: note["written"][name][1])
            its = {name: note[name][field] for name in ("written", "likeliest")}
            surprises.append({"note": n, "field": field, **its})
    surprises.sort(key=lambda surprise: surprise["written"][1])
    return {**bar, "surprises": surprises[:FEW]}
