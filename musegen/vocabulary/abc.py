"""The vocabulary for tunes: a word is one lexeme of a tune's ABC, always with L:1/8.

A tune is its metre, its key, then bar lines, endings, changes, marks and notes as they come, and
the end. An accidental holds for its word alone, and pitches are spelled in one way in each key. A
note that a bar line or a mark cuts is tied (`A2-`); a rest fills its whole gap in a bar. Beams,
titles and tempo are not kept. A lexeme that is no word is spelled, character by character.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from musegen.score.score import DEFAULT_TEMPO_US, MODES, Ints, Mark, Score

from .abc_aspects import aspects_of
from .abc_features import KEY, LEXEME, WORDS, abc_features, bars_before, features_of
from .abc_lexicon import Kind, Lexeme, read_lexeme, shifted_fifths, transposed
from .abc_tables import END, FIRST_LEXEME, KEYS, Tables, signature_row
from .abc_texts import BEFORE_A_NOTE, fits, mark_text, no_tune, score_of_texts, texts_of
from .abc_tracker import AbcTracker
from .echo import echo_of
from .rhyme import RHYME
from .traits import Traits, traits
from .vocabulary import Aspects, Features, Field, Mask, Vocabulary, Words

_MAX_SHIFT = 5
_ALWAYS = ("|", "||", "|]", ":|", "|:", "::", "[1", "[2")


@dataclass(frozen=True)
class AbcVocabulary(Vocabulary):
    """See the module. `words` are its lexemes; the end and what spells the others come before."""

    words: tuple[str, ...]
    name: ClassVar[str] = "abc"

    def __post_init__(self) -> None:
        size = FIRST_LEXEME + len(self.words)
        fields = (Field(LEXEME, size, "lexeme of ABC", echo=echo_of(LEXEME), rhyme=RHYME),)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "features", abc_features(len(self.tables.metres), size))
        object.__setattr__(self, "applies", np.ones((size, 1), bool))
        object.__setattr__(self, "unit", "character")
        object.__setattr__(self, "grid", "lexemes of ABC with L:1/8")

    @classmethod
    def build(cls, scores: Iterable[Score]) -> AbcVocabulary:
        """The vocabulary of tunes.

        Raises:
            ModelError: one of the scores is no tune.
        """
        found = traits(scores)
        if found.lines < found.scores:
            raise no_tune("a piece is no")
        return cls.of(found)

    @classmethod
    def of(cls, found: Traits) -> AbcVocabulary:
        """The lexemes of the lines, and what they become when moved within the pitches there are.

        Raises:
            ModelError: none of the scores is a line.
        """
        if found.scores and not found.lines:
            raise no_tune("no piece is a")
        seen = {(read_lexeme(text), fifths, in_key) for text, fifths, in_key in found.lexemes}
        pitches = [p for lexeme, fifths, _ in seen for p in _pitches(lexeme, fifths)]
        low, high = min(pitches, default=60), max(pitches, default=72)
        words = set(_ALWAYS) | {lexeme.text for lexeme, _, _ in seen}
        for lexeme, fifths, in_key in seen:
            moved = _pitches(lexeme, fifths)
            for shift in range(-_MAX_SHIFT, _MAX_SHIFT + 1):
                if moved and not low <= min(moved) + shift <= max(moved) + shift <= high:
                    continue
                words.add(_transposed(lexeme, fifths, shift, in_key))
        plain = {
            "".join(note)
            for text in words
            if text
            for note in read_lexeme(text).notes
            if not note[0]
        }
        words = (words | plain) - {""}  # an eighth of each, so that any bar can be filled
        return cls(tuple(sorted(words, key=lambda text: (read_lexeme(text).kind, text))))

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> AbcVocabulary:
        """The vocabulary from what `to_dict` gave, less its name."""
        return cls(tuple(settings["words"]))

    @staticmethod
    def fits(score: Score) -> bool:
        """Whether a score is a tune: one line, with chords whose notes begin and end together."""
        return fits(score)

    @cached_property
    def tables(self) -> Tables:
        """What the words mean, as columns."""
        return Tables(self.words)

    @property
    def aspects(self) -> Aspects:
        """Degree, pitch and length of lexemes."""
        return Aspects(0, KEY, *aspects_of(self.tables))

    def encode(self, score: Score) -> Words:
        """A score → its words (T, 1): metre, key, music, end.

        Raises:
            ModelError: it is no tune.
        """
        words = [word for text in texts_of(score) for word in self.tables.spelled(text)]
        return np.array([*words, END], np.int16)[:, None]

    def decode(self, words: Words) -> Score:
        """Words (T, 1), with or without the end word → a score of one part."""
        return score_of_texts(text for _, text in self.tables.texts(words[:, 0].astype(np.int64)))

    def features_of(self, words: Words) -> Features:
        """Words of a whole piece (T, 1) → the features beside each (T, G)."""
        return features_of(words[:, 0].astype(np.int64), self.tables)

    def bars(self, words: Words, features: Features) -> Ints:
        """See Vocabulary; the features know the bars of a section alone."""
        return bars_before(words[:, 0].astype(np.int64), self.tables)

    def start(self, batch: int) -> AbcTracker:
        """A tracker over `batch` empty pieces."""
        return AbcTracker(batch, self.tables)

    def transpositions(self, words: Words) -> tuple[int, int]:
        """The shifts within five semitones at which every word is a word again."""
        known = self.features_of(words)

        def allows(shift: int) -> bool:
            return bool((self._moved(words, known, shift) >= 0).all())

        low = next((s for s in range(-1, -_MAX_SHIFT - 1, -1) if not allows(s)), -_MAX_SHIFT - 1)
        high = next((s for s in range(1, _MAX_SHIFT + 1) if not allows(s)), _MAX_SHIFT + 1)
        return low + 1, high - 1

    def transpose(self, words: Words, features: Features, semitones: int) -> tuple[Words, Features]:
        """Notes, keys and chord symbols moved; what has no counterpart stays."""
        moved = self._moved(words, features, semitones)
        known, features = features, features.copy()
        for column in WORDS:
            its = self._moved(np.maximum(known[:, [column]] - 1, 0), known, semitones)[:, 0]
            features[:, column] = np.where(known[:, column] > 0, its + 1, 0)
        features[:, KEY] = _key_shifts(semitones)[features[:, KEY]]
        return np.where(moved >= 0, moved, words).astype(np.int16), features

    def moves(self, words: Words, features: Features, semitones: int) -> Mask:
        """See Vocabulary."""
        there = self._moved(words, features, semitones) >= 0
        return there & super().moves(words, features, semitones)

    def units(self, score: Score, words: Words) -> int:
        """Characters of the music as it stood in its file; else as its words write it."""
        if score.characters:
            return score.characters
        texts = [text for _, text in self.tables.texts(words[:, 0].astype(np.int64))]
        return sum(len(text) for text in texts[2:])  # less the header's metre and key

    def lost(self, score: Score) -> dict[str, int]:
        """Tempos, pedals, events, and marks at the very end or in the midst of nothing."""
        counts = {
            "tempos": int((score.tempo[:, 1] != DEFAULT_TEMPO_US).sum()),
            "pedals": sum(len(part.pedal) for part in score.parts),
            "events": len(score.events) + sum(len(part.events) for part in score.parts),
            "marks": sum(_is_lost(mark, score) for mark in score.marks),
        }
        return {kind: count for kind, count in counts.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """The settings, as JSON knows them."""
        return {"name": self.name, "words": list(self.words)}

    def _moved(self, words: Words, features: Features, semitones: int) -> Ints:
        """Words (T, 1) moved, in the key that the features name; −1 where that is no word."""
        moved = np.full(len(words), -1, np.int64)
        for key in np.unique(features[:, KEY]).tolist():
            rows = features[:, KEY] == key
            fifths = int(signature_row(np.array(key))) - 7
            moved[rows] = self._shift(semitones, fifths, key > 1)[words[rows, 0]]
        return moved[:, None]

    def _shift(self, semitones: int, fifths: int, in_key: bool) -> Ints:
        """For every word what it becomes in a key (V,), −1 where that is no word."""
        state = semitones, fifths, in_key
        if state not in self._shifts:
            column = np.full(self.sizes[0], -1, np.int64)
            column[END] = END
            for word, lexeme in enumerate(self.tables.lexemes, start=FIRST_LEXEME):
                if lexeme.is_canonical(fifths):
                    text = _transposed(lexeme, fifths, semitones, in_key)
                    column[word] = self.tables.index.get(text, -1)
            self._shifts[state] = column
        return self._shifts[state]

    @cached_property
    def _shifts(self) -> dict[tuple[int, int, bool], Ints]:
        return {}


def _is_lost(mark: Mark, score: Score) -> bool:
    """Whether a mark has no note to stand at, or cannot be said in ABC."""
    at_end = mark.kind in BEFORE_A_NOTE and mark.tick >= score.end
    return at_end or (
        mark.kind not in ("repeat", "bar") and mark_text(mark.kind, mark.text) is None
    )


def _pitches(lexeme: Lexeme, fifths: int) -> tuple[int, ...]:
    """The pitches of a note or chord; none of grace notes, which may leave the range."""
    return lexeme.pitches(fifths) if lexeme.kind == Kind.NOTE else ()


def _transposed(lexeme: Lexeme, fifths: int, semitones: int, in_key: bool) -> str:
    """The lexeme moved; nothing where a note would leave the range of MIDI."""
    try:
        return transposed(lexeme, fifths, semitones, in_key=in_key)
    except ValueError:
        return ""


def _key_shifts(semitones: int) -> Ints:
    """For every key value the value of that key moved (KEYS,)."""
    value = np.arange(KEYS)
    if not semitones:
        return value
    fifths, mode = (value - 2) // len(MODES) - 7, (value - 2) % len(MODES)
    moved = [shifted_fifths(f, semitones) for f in fifths.tolist()]
    return np.where(value < 2, value, 2 + (np.array(moved) + 7) * len(MODES) + mode)
