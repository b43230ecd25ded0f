"""Where a network has put the pitches: its learned vectors, in a plane and by interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from musegen.corpus.prepare import Prepared
from musegen.network.next_word import NextWordNetwork
from musegen.network.shared import SharedEmbedding
from musegen.score.key import pitch_name
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.abc_tables import FIRST_LEXEME

_FEWEST = 20  # times that a pitch must be met: what was seldom met is where chance put it
_OCTAVE = {"semitone": 12, "scale step": 7}
_LETTERS = "CDEFGAB"


@dataclass(frozen=True)
class Pitches:
    """Values that are pitches, of a field of the word before or of a feature.

    Attributes:
        column: which of the columns that are embedded: fields, then features known early.
        values: in that column (P,).
        heights: in `unit` (P,).
        names: (P,).
        unit: `semitone` or `scale step`.
    """

    column: int
    values: list[int]
    heights: list[int]
    names: list[str]
    unit: str


def pitch_embedding(network: NextWordNetwork, prepared: Prepared) -> dict[str, Any] | None:
    """The vectors of the pitches that the training pieces hold; None where they hold too few.

    In tunes these are the notes of the commonest length without an accidental, told apart by scale
    steps, as their key decides on the rest; in voices, what sounds in the first.

    Returns:
        `names`, `octave` (from 0), and `plane`: for each two coordinates, its first principal
        components; `share`: of the variance that they hold. `interval`, and `cosine`: the mean
        cosine of pairs that are so many of `unit` apart, of vectors from their mean.
    """
    pitches = _met(pitches_of(prepared), prepared)
    if len(pitches.values) < 3:
        return None
    table, rows = rows_of(network, pitches)
    vectors = table.detach().double().cpu().numpy()[rows]
    centred = vectors - vectors.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    octave, heights = _OCTAVE[pitches.unit], np.array(pitches.heights)
    interval, cosine = _by_interval(centred, heights, 2 * octave)
    return {
        "names": pitches.names,
        "octave": (heights // octave - heights[0] // octave).tolist(),
        "plane": (left[:, :2] * lengths[:2]).tolist(),
        "share": float((lengths[:2] ** 2).sum() / (lengths**2).sum()),
        "unit": pitches.unit,
        "interval": interval,
        "cosine": cosine,
    }


def rows_of(network: NextWordNetwork, pitches: Pitches) -> tuple[Tensor, list[int]]:
    """The table (R, …) in which pitches have their vectors, and the row of each."""
    if isinstance(network.embedding, SharedEmbedding):
        return network.embedding.values.weight, pitches.values
    table = network.embedding.table
    first = int(table.offsets[pitches.column])
    return table.bag.weight, [first + value for value in pitches.values]


def pitches_of(prepared: Prepared) -> Pitches:
    """The values of a vocabulary that are pitches, lowest first."""
    vocabulary = prepared.vocabulary
    if isinstance(vocabulary, AbcVocabulary):
        return _letters(vocabulary, prepared)
    every = list(range(128))
    called = [pitch_name(pitch) for pitch in every]
    names = [name for name, _ in _columns(prepared)]
    if "pitch" in names:
        return Pitches(names.index("pitch"), every, every, called, "semitone")
    sounding = names.index("sounding 1")  # 0 is for none
    return Pitches(sounding, [1 + pitch for pitch in every], every, called, "semitone")


def _columns(prepared: Prepared) -> list[tuple[str, NDArray[np.int16]]]:
    """The names of what is embedded with each word, and its values over the corpus (N,)."""
    vocabulary, words, features = prepared.vocabulary, prepared.words, prepared.features
    fields = [(field.name, words[:, index]) for index, field in enumerate(vocabulary.fields)]
    return fields + [
        (feature.name, features[:, index])
        for index, feature in enumerate(vocabulary.features)
        if feature.known_after == -1
    ]


def _letters(vocabulary: AbcVocabulary, prepared: Prepared) -> Pitches:
    """The notes of the commonest length, by letter and octave."""
    counts = _counts(prepared, 0)
    plain = [
        (FIRST_LEXEME + place, lexeme)
        for place, lexeme in enumerate(vocabulary.tables.lexemes)
        if len(lexeme.notes) == 1 and not lexeme.notes[0][0] and not lexeme.tied and lexeme.units
    ]
    lengths = sorted({lexeme.units for _, lexeme in plain})
    often = [sum(counts[v] for v, lexeme in plain if lexeme.units == length) for length in lengths]
    common = lengths[int(np.argmax(often))] if lengths else 0
    found = sorted(
        (_step(*lexeme.notes[0][1:]), value, lexeme.text)
        for value, lexeme in plain
        if lexeme.units == common
    )
    heights, values, texts = zip(*found, strict=True) if found else ((), (), ())
    return Pitches(0, list(values), list(heights), list(texts), "scale step")


def _step(letter: str, marks: str) -> int:
    """A letter with its octave marks → scale steps above the C of `C`."""
    octave = letter.islower() + marks.count("'") - marks.count(",")
    return 7 * octave + _LETTERS.index(letter.upper())


def _met(pitches: Pitches, prepared: Prepared) -> Pitches:
    """Those that the training pieces hold often enough."""
    counts = _counts(prepared, pitches.column)
    kept = [
        i
        for i, value in enumerate(pitches.values)
        if value < len(counts) and counts[value] >= _FEWEST
    ]
    return Pitches(
        pitches.column,
        [pitches.values[i] for i in kept],
        [pitches.heights[i] for i in kept],
        [pitches.names[i] for i in kept],
        pitches.unit,
    )


def _counts(prepared: Prepared, column: int) -> NDArray[np.int64]:
    """How often each value of a column comes in the training pieces, where its word has it."""
    _, values = _columns(prepared)[column]
    applies = prepared.vocabulary.applies
    counts = np.zeros(int(values.max()) + 1, np.int64)
    for piece in prepared.of("train"):
        rows = slice(piece.start, piece.stop)
        asked = np.ones(piece.stop - piece.start, bool)
        if column < applies.shape[1]:
            asked = applies[prepared.words[rows, 0], column]
        counts += np.bincount(values[rows][asked], minlength=len(counts))
    return counts


def _by_interval(
    vectors: NDArray[np.float64], heights: NDArray[np.int64], widest: int
) -> tuple[list[int], list[float]]:
    """Intervals that occur, and the mean cosine of the vectors (P, D) so far apart."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines, apart = unit @ unit.T, np.abs(heights[:, None] - heights)
    found = [n for n in range(1, widest + 1) if (apart == n).any()]
    return found, [float(cosines[apart == n].mean()) for n in found]
