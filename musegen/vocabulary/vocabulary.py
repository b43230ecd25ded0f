"""What a vocabulary is: fields of a word, features of the past, and what may come next.

A piece is a sequence of words; a word is a tuple of fields. The three vocabularies differ only in
what a word is. Nothing here knows of networks: arrays in, arrays out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from musegen.errors import ModelError
from musegen.score.excerpt import closed
from musegen.score.score import Score

Words = NDArray[np.int16]
Drawn = NDArray[np.integer]
Features = NDArray[np.int16]
Mask = NDArray[np.bool_]

ALIKE = "alike"  # the feature that says how much like it was when music last went so, see echo.py
RHYMING = "rhyming"  # and how long words were as at this place of the section before, see rhyme.py


@dataclass(frozen=True)
class Field:
    """One field of a word: a value from 0 to `size` − 1, in `unit`.

    Its first `shared` values mean the same in all fields of the word, as pitches do in voices; the
    feature named `standing` says which of them stands before the word. The feature named `echo`
    holds one plus what the field was when music went like this before, or 0, and that named `alike`
    how much like it was; see echo.py. Those named `rhyme` and `rhyming` say the same of what stood
    at this place of the section before; see rhyme.py. Where values are pitches, the twelve named
    `sounding` say which pitch classes sound there already, from C on.
    """

    name: str
    size: int
    unit: str = ""
    shared: int = 0
    standing: str = ""
    echo: str = ""
    alike: str = ALIKE
    rhyme: str = ""
    rhyming: str = RHYMING
    sounding: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """What the past implies, as a value from 0 to `size` − 1.

    It is known once field number `known_after` of the word to come is drawn; −1: before any is.
    Where it is `shared`, it holds a value plus one that the fields share, or 0 for none.
    """

    name: str
    size: int
    known_after: int = -1
    shared: bool = False


class Aspects(NamedTuple):
    """What values of a field have in common, in a key: their pitch, say, or their degree.

    Attributes:
        field: which field.
        feature: which feature tells the key.
        sizes: how many values each of the A aspects has.
        table: them, for each key and value (size of the feature, size of the field, A).
    """

    field: int
    feature: int
    sizes: tuple[int, ...]
    table: NDArray[np.int64]


class Opening(NamedTuple):
    """What is to stand where new music begins, and until its end; None: as it comes.

    Attributes:
        metre: numerator and denominator.
        key: fifths, -7 to 7, and mode, an index into MODES.
        tempo: quarters a minute.
    """

    metre: tuple[int, int] | None = None
    key: tuple[int, int] | None = None
    tempo: float | None = None


ANYHOW = Opening()


def unknown_metre(metre: tuple[int, int], known: Iterable[tuple[int, int]]) -> ModelError:
    """What to say of a metre that is none of those known."""
    names = ", ".join(f"{n}/{d}" for n, d in sorted(known))
    return ModelError(
        f"the model has never seen the metre {metre[0]}/{metre[1]}", hint=f"It knows {names}."
    )


def before(column: NDArray[np.int64], first: int = 0) -> NDArray[np.int64]:
    """What stood one row earlier in a column (T, …); `first` in the first row."""
    shifted = np.empty_like(column)
    shifted[1:] = column[:-1]
    shifted[:1] = first
    return shifted


class Vocabulary(ABC):
    """The way from a score to words and back. Pure; saved as a dict and rebuilt from it.

    Attributes:
        fields: the F fields of a word. The first decides which of the others apply.
        features: the G features that stand beside a word.
        applies: (size of the first field, F), true where a field is asked. A field that does not
            apply is 0 and costs nothing.
        unit: what nats are counted by ("note", "character", "voice and step").
        grid: the time grid in words ("24 ticks a quarter"); part of a likelihood's unit.
        says_key: whether words say the key.
        says_parts: whether words say which part plays, of any instrument.
        instruments: programs that it knows, 128 for drums; none where words do not name them.
    """

    name: ClassVar[str]
    fields: tuple[Field, ...]
    features: tuple[Feature, ...]
    applies: Mask
    unit: str
    grid: str
    instruments: tuple[int, ...] = ()
    says_key: ClassVar[bool] = True
    says_parts: ClassVar[bool] = False

    @property
    def aspects(self) -> Aspects | None:
        """What values of a field have in common, where they are not alike by their numbers."""
        return None

    @abstractmethod
    def encode(self, score: Score) -> Words:
        """A score → its words (T, F), in one canonical order, the last the end word.

        Raises:
            ModelError: the score does not fit this vocabulary.
        """

    @abstractmethod
    def decode(self, words: Words) -> Score:
        """Words (T, F), with or without the end word → a score.

        Any sequence that `legal` allows decodes, and encodes to the same words again.
        """

    @abstractmethod
    def features_of(self, words: Words) -> Features:
        """Words of a whole piece (T, F) → the features beside each (T, G).

        Row t is what words 0 to t − 1, and the fields of word t named by `known_after`, imply.
        """

    @abstractmethod
    def start(self, batch: int) -> Tracker:
        """A tracker over `batch` pieces, none of which has a word yet."""

    @abstractmethod
    def transpositions(self, words: Words) -> tuple[int, int]:
        """The lowest and highest shift in semitones that keeps a piece within what is known."""

    @abstractmethod
    def transpose(self, words: Words, features: Features, semitones: int) -> tuple[Words, Features]:
        """Words (T, F) of any stretch of a piece, and their features (T, G), moved in pitch."""

    def moves(self, words: Words, features: Features, semitones: int) -> Mask:
        """Which fields of words (T, F) have a counterpart `semitones` away, theirs alone (T, F)."""
        moved, beside = self.transpose(words, features, semitones)
        back, _ = self.transpose(moved, beside, -semitones)
        return np.asarray(back == words)

    @abstractmethod
    def units(self, score: Score, words: Words) -> int:
        """How many units a piece has: what its nats are divided by."""

    @abstractmethod
    def lost(self, score: Score) -> dict[str, int]:
        """What `encode` cannot keep of the score, counted by kind; only kinds that occur."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """All that is needed to build the vocabulary again, as JSON knows it."""

    def history(self, words: Words, features: Features) -> Words:
        """What an n-gram sees of the past: words (T, F) → (T, F, 3), nearest first.

        A single field sees the three words before it; one of several sees the field before it,
        itself in the word before, and the field before that.
        """
        n, n_fields = words.shape
        past = np.full((n, n_fields, 3), -1, np.int16)
        if n_fields == 1:
            for back in range(1, 4):
                past[back:, 0, back - 1] = words[: n - back, 0]
            return past
        past[:, 1:, 0] = words[:, :-1]
        past[1:, :, 1] = words[:-1]
        past[:, 2:, 2] = words[:, :-2]
        return past

    def bars(self, words: Words, features: Features) -> NDArray[np.int64]:
        """Barlines passed before each word of a whole piece (T,), as a tracker counts them."""
        column = self._column("bars")
        bar: NDArray[np.int64] = features[:, column].astype(np.int64)
        return np.cumsum(np.diff(bar, prepend=0) % np.int64(self.features[column].size))

    def n_bars(self, words: Words, features: Features) -> int:
        """How many bars a whole piece has; one that its end stands in is among them."""
        return int(self.bars(words, features)[-1]) + bool(features[-1, self._column("place")])

    def _column(self, name: str) -> int:
        return [feature.name for feature in self.features].index(name)

    def to_barline(self, words: Words) -> Words:
        """The words of a piece that ends within a bar, its last notes held to the barline."""
        return words

    def taking_given(self) -> Vocabulary:
        """The same words, for a model that some parts can be given, to write the others to."""
        return self

    def beside(self, words: Words, features: Features, given: Collection[int]) -> Features | None:
        """The features of a whole piece (T, G) with the parts that are given told beside its words.

        None where they cannot be: then they are read as words of their own, see corpus/given.py.
        """
        return None

    def toward(self, given: Words, features: Features, start: int, stop: int) -> Features | None:
        """Features (T, G) with what stands after a gap told beside the words of the gap.

        None where it cannot be: then both sides are read first, see corpus/given.py.

        Args:
            given: the words of the whole piece, silent in the gap.
            features: from the first word on, with music in the gap, perhaps not to the end.
            start: the first word of the gap.
            stop: the first after it.
        """
        return None

    def prime(self, seed: Score) -> Words:
        """The words (T, F) of a seed that ends with its last barline, the end word left out.

        What sounds over that barline is cut there: it would go on in words of the next bar.

        Raises:
            ModelError: the seed does not fit this vocabulary.
        """
        return self.encode(closed(seed))[:-1]

    def places(self, score: Score) -> list[tuple[int, int]]:
        """What words can tell of each part: parts of two scores at one place are the same part."""
        return [(0, index) for index in range(len(score.parts))]

    def of_parts(self, score: Score, parts: Collection[int]) -> Words:
        """The words of some parts of a score; of all where every word holds them all.

        Raises:
            ModelError: the score does not fit this vocabulary.
        """
        return self.encode(score)

    def rows_of(self, words: Words, place: tuple[int, int]) -> Mask:
        """Which words (T, F) are those of a part; all where a word holds all parts."""
        return np.ones(len(words), bool)

    def fields_of(self, parts: Collection[int]) -> list[int]:
        """The fields of every word that are those of these parts; none where words are a part's."""
        return []

    def places_of(self, instruments: Sequence[int]) -> list[tuple[int, int]]:
        """The places of so many parts of these instruments (programs, 128 for drums).

        Raises:
            ModelError: words do not name instruments.
        """
        hint = "A model of notes does: take -m ensemble, or train with --vocabulary notes."
        raise ModelError("the words of this model name no instruments", hint=hint)

    @property
    def fixed_parts(self) -> tuple[tuple[str, int], ...]:
        """Name and program of the parts that every piece has; none where parts are free."""
        return ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """The size of each field (F,)."""
        return tuple(field.size for field in self.fields)


class Tracker(ABC):
    """What the past implies, for B pieces at once: O(1) a word, no Python a note.

    Attributes:
        bars: barlines passed by each piece (B,).
        done: whether each piece has ended (B,).
        last_bar: where set, the end is legal exactly when so many bars are complete, and nothing
            sounds beyond it; one number, or one a piece (B,). None leaves the end to the model.
        exact: whether a pickup, of the piece or of a section, is one of those bars, and the last is
            full; else the end is legal within the last bar too, where real pieces end there.
        keep_time: where set, no new metre, tempo or key is legal.
        in_turn: where set, no part plays before all have that stand before it and share its
            instrument, so that none is silent.
    """

    _of_pieces: ClassVar[tuple[str, ...]] = ()  # arrays (B, …) beside these two
    bars: NDArray[np.int64]
    done: Mask
    last_bar: int | NDArray[np.int64] | None = None
    exact: bool = True
    keep_time: bool = False
    in_turn: bool = False

    def keep_parts(  # noqa: B027 - most have no choice
        self,
        places: list[tuple[int, int]] | None,
        ranges: Mapping[int, tuple[int, int]] = {},
        voices: Mapping[tuple[int, int], int] = {},
    ) -> None:
        """Let only these parts play, by their `places`, where words name parts at all; None: any.

        `ranges` are the lowest and highest pitch of instruments. `voices` are how many notes parts
        sound at once, by their places.
        """

    def give(self, beside: Features) -> None:  # noqa: B027 - most read what is given as words
        """Put the last of these features (T, G), from Vocabulary.beside, beside word after word."""

    @abstractmethod
    def ask(self, opening: Opening) -> None:
        """Let only this metre, key and tempo come with the next words, and stand to the end.

        A tempo is passed over where words say none.

        Raises:
            ModelError: words cannot say the metre or the key.
        """

    def chosen(self, rows: NDArray[np.int64]) -> Tracker:
        """A copy for some of the pieces, by their numbers (R,), each as often as it is named."""
        new = copy(self)
        new._keep(rows)
        return new

    def _keep(self, rows: NDArray[np.int64]) -> None:
        """Hold these pieces in place of all, and share nothing that changes."""
        for name in ("bars", "done", *self._of_pieces):
            setattr(self, name, getattr(self, name)[rows])
        if isinstance(self.last_bar, np.ndarray):
            self.last_bar = self.last_bar[rows]

    @abstractmethod
    def advance(self, words: Words) -> None:
        """Take one more word of each piece (B, F). A piece that is done ignores it."""

    @abstractmethod
    def features(self, drawn: Drawn) -> Features:
        """Fields drawn so far (B, k) → features (B, G), zero where not known yet."""

    @abstractmethod
    def legal(self, drawn: Drawn) -> Mask:
        """Fields drawn so far (B, k) → which values of field k may follow (B, size), never none.

        Rows whose field k does not apply, and rows that are done, are arbitrary.
        """
