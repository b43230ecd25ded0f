"""The vocabulary for any MIDI: a word is a note, a barline, a pedal, or a change of time or key.

Words are sorted by onset, kind, instrument, desk and pitch, so that a piece has one sequence. A
note names its instrument and its desk (which of the parts of that instrument), so nothing hangs
on what was told beforehand. Onsets count from the word before. Onset and length are each a coarse
and a fine field; what exceeds them takes a word more: `wait`, of which there may be many, and
`longer`, which reaches to 1,023 quarters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from musegen.score.excerpt import without_parts
from musegen.score.instruments import DRUMS
from musegen.score.pedal import fold
from musegen.score.score import Part, Score

from .notes_decode import decode
from .notes_encode import desks, distinct_notes, encode, longest_note, steps_of
from .notes_features import CHORD, ECHO, features_of, notes_features
from .notes_layout import (
    APPLIES,
    DESK,
    DESKS,
    INSTRUMENT,
    KEY,
    KIND,
    LONGER,
    NOTE,
    PEDAL,
    PITCH,
    VALUE,
    metre_value,
    notes_fields,
)
from .notes_tracker import NotesTracker
from .traits import COARSE_GRID, FINE_GRID, Traits, traits
from .vocabulary import Features, Mask, Vocabulary, Words

_MAX_SHIFT = 6
_MOVED_SHARE = 0.05  # of the onsets may be moved by the coarse grid


@dataclass(frozen=True)
class NotesVocabulary(Vocabulary):
    """See the module.

    Attributes:
        steps: time steps a quarter.
        pitch_low: the lowest pitch of its melodic parts.
        pitch_high: the highest.
        pedal: `keep` it as words, or `fold` it into the lengths of the notes.
        instruments: those that its pieces have; none where that is not known.

    Raises:
        ValueError: the pedal is to be neither kept nor folded.
    """

    steps: int = 24
    pitch_low: int = 0
    pitch_high: int = 127
    pedal: str = "keep"
    instruments: tuple[int, ...] = ()
    name: ClassVar[str] = "notes"
    says_parts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.pedal not in ("keep", "fold"):
            raise ValueError(f"the pedal is kept or folded, not {self.pedal!r}")
        object.__setattr__(self, "fields", notes_fields(self.steps))
        object.__setattr__(self, "features", notes_features(self.steps))
        object.__setattr__(self, "applies", APPLIES)
        object.__setattr__(self, "unit", "note")
        object.__setattr__(self, "grid", f"{self.steps} ticks a quarter")

    @classmethod
    def build(cls, scores: Iterable[Score], steps: int | None = None) -> NotesVocabulary:
        """The vocabulary whose pitch range is that of the scores; None: on the grid they need."""
        return cls.of(traits(scores), steps)

    @classmethod
    def of(cls, found: Traits, steps: int | None = None, pedal: str = "keep") -> NotesVocabulary:
        """The vocabulary of scores of which this is known."""
        has_range = found.low <= found.high
        low, high = (found.low, found.high) if has_range else (cls.pitch_low, cls.pitch_high)
        instruments = tuple(sorted(found.instruments))
        return cls(steps or suiting_steps(found), low, high, pedal, instruments)

    def encode(self, score: Score) -> Words:
        """A score → its words (T, 10), the last the end word."""
        return encode(fold(score) if self.pedal == "fold" else score, self.steps)

    def decode(self, words: Words) -> Score:
        """Words (T, 10), with or without the end word → a score on this grid."""
        return decode(words, self.steps)

    def features_of(self, words: Words) -> Features:
        """Words of a whole piece (T, 10) → the features beside each (T, G)."""
        return features_of(words, self.steps)

    def start(self, batch: int) -> NotesTracker:
        """A tracker over `batch` empty pieces."""
        return NotesTracker(batch, self.steps, self.pitch_low, self.pitch_high)

    def transpositions(self, words: Words) -> tuple[int, int]:
        """The shifts within six semitones that keep the melodic notes within range."""
        pitch = words[_melodic(words), PITCH]
        if not len(pitch):
            return 0, 0
        low, high = self.pitch_low - int(pitch.min()), self.pitch_high - int(pitch.max())
        return max(min(low, 0), -_MAX_SHIFT), min(max(high, 0), _MAX_SHIFT)

    def transpose(self, words: Words, features: Features, semitones: int) -> tuple[Words, Features]:
        """Melodic notes and keys moved by `semitones`; drums stay."""
        words, features = words.copy(), features.copy()
        melodic = _melodic(words)
        words[melodic, PITCH] = np.clip(words[melodic, PITCH] + semitones, 0, 127)
        is_key = words[:, KIND] == KEY
        words[is_key, VALUE] = _shift_key(words[is_key, VALUE], semitones)
        column = {feature.name: place for place, feature in enumerate(self.features)}
        is_key = features[:, column["echo kind"]] == KEY + 1
        for name, rows in ("key", True), ("echo value", is_key):
            known = rows & (features[:, column[name]] > 0)
            key = features[known, column[name]] - 1
            features[known, column[name]] = _shift_key(key, semitones) + 1
        features[:, CHORD:ECHO] = np.roll(features[:, CHORD:ECHO], semitones, axis=1)
        for name in "part_pitch", "echo pitch":
            moved = (words[:, INSTRUMENT] != DRUMS) & (features[:, column[name]] > 0)
            pitch = features[moved, column[name]] + semitones
            features[moved, column[name]] = np.clip(pitch, 1, 128)
        return words, features

    def units(self, score: Score, words: Words) -> int:
        """How many notes the words hold."""
        return int((words[:, KIND] == NOTE).sum())

    def prime(self, seed: Score) -> Words:
        """See Vocabulary; here a note may sound over the last barline."""
        return self.encode(seed)[:-1]

    def places(self, score: Score) -> list[tuple[int, int]]:
        """The instrument and desk of each part."""
        return desks(score)

    def of_parts(self, score: Score, parts: Collection[int]) -> Words:
        """See Vocabulary."""
        return self.encode(without_parts(score, set(range(len(score.parts))) - set(parts)))

    def rows_of(self, words: Words, place: tuple[int, int]) -> Mask:
        """See Vocabulary; bar lines and changes of time are no part's."""
        is_played = np.isin(words[:, KIND], (NOTE, LONGER, PEDAL))
        instrument, desk = place
        its = (words[:, INSTRUMENT] == instrument) & (words[:, DESK] == desk)
        return np.asarray(is_played & its)

    def places_of(self, instruments: Sequence[int]) -> list[tuple[int, int]]:
        """See Vocabulary."""
        before = [instruments[:place].count(i) for place, i in enumerate(instruments)]
        return [(i, min(desk, DESKS - 1)) for i, desk in zip(instruments, before, strict=True)]

    def lost(self, score: Score) -> dict[str, int]:
        """Notes moved by the grid or heard twice, marks, other events, extra parts and kits."""
        places = desks(score)
        counts = {
            "notes off the grid": sum(self._moved(score, part) for part in score.parts),
            "notes doubled": score.n_notes - len(distinct_notes(score, self.steps)),
            "pedals": 0 if self.pedal == "keep" else sum(len(p.pedal) for p in score.parts),
            "marks": len(score.marks),
            "events": len(score.events) + sum(len(part.events) for part in score.parts),
            "parts merged": len(places) - len(set(places)),
            "drum kits": sum(part.is_drums and part.program > 0 for part in score.parts),
            "metres": sum(metre_value(n, d) is None for _, n, d in score.metre.tolist()),
        }
        return {kind: count for kind, count in counts.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """The settings, as JSON knows them."""
        names = ("steps", "pitch_low", "pitch_high", "pedal", "instruments")
        return {"name": self.name, **{name: getattr(self, name) for name in names}}

    def _moved(self, score: Score, part: Part) -> int:
        """How many notes of a part begin or end elsewhere on the grid."""
        ends = np.stack([part.notes.onset, part.notes.end])
        on_grid = steps_of(score, ends, self.steps) * score.ticks_per_quarter
        moved = (on_grid != ends * self.steps).any(axis=0)
        cut = part.notes.duration * self.steps > longest_note(self.steps) * score.ticks_per_quarter
        return int((moved | cut).sum())


def suiting_steps(found: Traits) -> int:
    """24 steps a quarter, or 48 where 24 move over 5 % of the onsets and 48 half as many."""
    is_fine = found.off_coarse > _MOVED_SHARE * found.notes
    return FINE_GRID if is_fine and found.off_fine <= found.off_coarse / 2 else COARSE_GRID


def _melodic(words: Words) -> NDArray[np.bool_]:
    """Which words say the pitch of a part that is not drums (T,)."""
    pitched = (words[:, KIND] == NOTE) | (words[:, KIND] == LONGER)
    return np.asarray(pitched & (words[:, INSTRUMENT] != DRUMS))


def _shift_key(value: NDArray[np.int16], semitones: int) -> NDArray[np.int16]:
    """Key numbers moved by semitones, with at most five flats or six sharps."""
    fifths = (value // 7 - 7 + 7 * semitones + 5) % 12 - 5
    return (np.where(semitones == 0, value // 7 - 7, fifths) + 7) * 7 + value % 7
