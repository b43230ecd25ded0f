"""The vocabulary for a fixed set of voices: a word is one time step of them all.

In each voice a step is a pitch that begins, a hold of the pitch that sounds, or a rest. The first
word says the metre; the last is the end, right after the last step that sounds. Voices are drawn
outer ones first: in a chorale soprano, bass, then alto and tenor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from musegen.errors import ModelError
from musegen.score.excerpt import closed
from musegen.score.score import (
    Ints,
    Score,
    bar_ticks,
    barlines_of_metre,
    rescaled,
    standing,
)

from .echo import echo_of
from .grid_features import (
    HOLD,
    REST,
    columns,
    echo_columns,
    gap_columns,
    given_columns,
    given_features,
    grid_features,
    padded,
    sounding,
    voice_name,
    voices_of,
)
from .grid_lines import line_of, part_of
from .grid_tracker import GridTracker
from .traits import VOICE_GRID, Traits, notes_changed, traits
from .vocabulary import Features, Field, Vocabulary, Words, before, unknown_metre

_MAX_SHIFT = 6


@dataclass(frozen=True)
class GridVocabulary(Vocabulary):
    """See the module.

    Attributes:
        steps: time steps a quarter.
        voices: name and program of each voice, in the order of the score.
        ranges: lowest and highest pitch of each voice.
        metres: numerator and denominator of the metres known.
        given: whether voices can be given, to write the others to.
    """

    steps: int
    voices: tuple[tuple[str, int], ...]
    ranges: tuple[tuple[int, int], ...]
    metres: tuple[tuple[int, int], ...]
    given: bool = False
    name: ClassVar[str] = "grid"
    says_key: ClassVar[bool] = False

    def __post_init__(self) -> None:
        n, first = len(self.voices), REST + 2 + len(self.metres)
        order, sizes = self.order, [first] + [REST + 1] * (n - 1)
        fields = tuple(
            Field(name, size, "pitch, hold or rest", HOLD, sounding(voice), echo_of(name))
            for voice, size in zip(order, sizes, strict=True)
            for name in [voice_name(voice)]
        )
        features = grid_features(order, len(self.metres))
        features += given_features(order) if self.given else ()
        applies = np.ones((first, n), bool)
        applies[self.end_value :, 1:] = False
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "applies", applies)
        object.__setattr__(self, "unit", "voice and step")
        object.__setattr__(self, "grid", f"{self.steps} steps a quarter")

    @classmethod
    def build(cls, scores: Iterable[Score], steps: int = VOICE_GRID) -> GridVocabulary:
        """The vocabulary of scores that all have as many parts as the first.

        Raises:
            ModelError: they differ in their parts.
        """
        return cls.of(traits(scores), steps)

    @classmethod
    def of(cls, found: Traits, steps: int = VOICE_GRID) -> GridVocabulary:
        """The vocabulary of scores of which this is known.

        Raises:
            ModelError: they differ in their parts.
        """
        if len(found.n_parts) != 1:
            raise ModelError(
                "the pieces differ in how many voices they have",
                hint="Train with --vocabulary notes.",
            )
        ranges = tuple((low, high) if low <= high else (0, 127) for low, high in found.ranges)
        return cls(steps, found.voices, ranges, tuple(sorted(found.metres)))

    @property
    def fixed_parts(self) -> tuple[tuple[str, int], ...]:
        """See Vocabulary."""
        return self.voices

    @property
    def order(self) -> tuple[int, ...]:
        """The voices (indices into `voices`) in the order in which they are drawn."""
        n = len(self.voices)
        return tuple(dict.fromkeys([0, n - 1, *range(1, n - 1)]))

    @property
    def end_value(self) -> int:
        """The value of the first field that ends the piece; those above it say a metre."""
        return REST + 1

    def encode(self, score: Score) -> Words:
        """A score → its words (T, V): metre, one a step, end.

        Raises:
            ModelError: it has other voices, or an unknown metre.
        """
        metre = tuple(score.metre[0, 1:].tolist())
        if len(score.parts) != len(self.voices):
            raise ModelError(
                f"it has {len(score.parts)} parts, and this model writes {len(self.voices)} voices"
            )
        if metre not in self.metres:
            raise unknown_metre(metre, self.metres)
        lines = [line_of(score, score.parts[voice], self.steps) for voice in self.order]
        length = max(int(stop.max(initial=0)) for _, stop, _ in lines)
        body = np.full((length, len(self.voices)), REST, np.int16)
        for column, (start, stop, pitch) in zip(body.T, lines, strict=True):
            sounds = np.zeros(length + 1, np.int64)
            np.add.at(sounds, start, 1)
            np.add.at(sounds, stop, -1)
            column[np.cumsum(sounds[:-1]) > 0] = HOLD
            column[start] = pitch
        head = np.zeros((1, len(self.voices)), np.int16)
        head[0, 0] = self.end_value + 1 + self.metres.index(metre)
        end = np.zeros_like(head)
        end[0, 0] = self.end_value
        return np.concatenate([head, body, end])

    def decode(self, words: Words) -> Score:
        """Words (T, V), with or without the end word → a score of one part a voice."""
        first = words[:, 0].astype(np.int64)
        metre = (4, 4)
        if len(first) and first[0] > self.end_value:
            metre = self.metres[first[0] - self.end_value - 1]
        body = words[first < self.end_value].astype(np.int64)
        columns_of = (body[:, self.order.index(voice)] for voice in range(len(self.voices)))
        parts = [
            part_of(column, *voice) for column, voice in zip(columns_of, self.voices, strict=True)
        ]
        metres = np.array([[0, *metre]])
        return Score(
            self.steps,
            tuple(parts),
            metre=metres,
            barlines=barlines_of_metre(metres, len(body), self.steps),
        )

    def features_of(self, words: Words) -> Features:
        """Words of a whole piece (T, V) → features (T, G)."""
        is_step = words[:, 0] < self.end_value
        passed, bar, metre = self._clock(words, is_step)
        held, sounds, now = voices_of(words.astype(np.int64), is_step)
        echo = echo_columns(words.astype(np.int64), now)
        found = columns(passed % bar, metre, held, sounds, now, echo)
        return padded(found, len(self.features))

    def bars(self, words: Words, features: Features) -> Ints:
        """See Vocabulary."""
        passed, bar, _ = self._clock(words, words[:, 0] < self.end_value)
        return passed // bar

    def to_barline(self, words: Words) -> Words:
        """See Vocabulary."""
        if len(words) < 2 or words[-1, 0] != self.end_value:
            return words
        passed, bar, _ = self._clock(words, words[:, 0] < self.end_value)
        last = np.where(words[-2] == REST, REST, HOLD)
        held = np.repeat(last[None], -passed[-1] % bar[-1], axis=0)
        return np.concatenate([words[:-1], held, words[-1:]]).astype(words.dtype)

    def fields_of(self, parts: Collection[int]) -> list[int]:
        """See Vocabulary."""
        return [field for field, voice in enumerate(self.order) if voice in parts]

    def taking_given(self) -> GridVocabulary:
        """See Vocabulary."""
        return replace(self, given=True)

    def beside(self, words: Words, features: Features, given: Collection[int]) -> Features | None:
        """See Vocabulary."""
        if not self.given:
            return None
        its = self._given(words, given)
        return np.concatenate([features[:, : -its.shape[1]], its], axis=1)

    def toward(self, given: Words, features: Features, start: int, stop: int) -> Features | None:
        """See Vocabulary."""
        if not self.given or start == stop:
            return None
        its = gap_columns(self._given(given, range(len(self.voices))), start, stop)
        told: Features = features.copy()
        told[start:stop, -its.shape[1] :] = its[: len(features) - start]
        return told

    def _given(self, words: Words, voices: Collection[int]) -> Features:
        is_step = words[:, 0] < self.end_value
        return given_columns(words.astype(np.int64), is_step, self.fields_of(voices), self.steps)

    def start(self, batch: int) -> GridTracker:
        """A tracker over `batch` empty pieces."""
        return GridTracker(
            batch,
            ranges=[self.ranges[v] for v in self.order],
            metres=self.metres,
            steps=self.steps,
            n_features=len(self.features),
        )

    def transpositions(self, words: Words) -> tuple[int, int]:
        """The shifts within six semitones that keep every voice in its range."""
        low, high = -_MAX_SHIFT, _MAX_SHIFT
        for k, voice in enumerate(self.order):
            pitch = words[(words[:, 0] < self.end_value) & (words[:, k] < HOLD), k]
            if len(pitch):
                low = max(low, self.ranges[voice][0] - int(pitch.min()))
                high = min(high, self.ranges[voice][1] - int(pitch.max()))
        return min(low, 0), max(high, 0)

    def transpose(self, words: Words, features: Features, semitones: int) -> tuple[Words, Features]:
        """Every voice moved by `semitones`; at the edges of MIDI's range it stops."""
        pitched = (words[:, :1] < self.end_value) & (words < HOLD)
        features = features.copy()
        for column, feature in enumerate(self.features):
            if feature.shared:
                features[:, column] = _moved(features[:, column], semitones)
        return np.where(pitched, np.clip(words + semitones, 0, HOLD - 1), words), features

    def prime(self, seed: Score) -> Words:
        """See Vocabulary; rests before the seed make its last barline one of the grid.

        The grid counts bars from its first step: a pickup, or a change of metre, would put it out.
        """
        if not seed.n_bars:
            raise ModelError("it has no bars", hint="Give a piece that has a metre.")
        if any(part.is_drums for part in seed.parts):
            raise ModelError("it has drums, and this model writes voices")
        seed = closed(seed)
        end = int(seed.barlines[-1])
        numerator, denominator = standing(seed.metre, end)
        words = self.encode(replace(seed, metre=np.array([[0, numerator, denominator]])))
        steps = rescaled(end, seed.ticks_per_quarter, self.steps)
        body = np.full((steps, words.shape[1]), REST, np.int16)
        sounding = words[1:-1][:steps]
        body[: len(sounding)] = sounding
        missing = -steps % bar_ticks(numerator, denominator, self.steps)
        lead = np.full((missing, words.shape[1]), REST, np.int16)
        return np.concatenate([words[:1], lead, body])

    def history(self, words: Words, features: Features) -> Words:
        """A voice sees what sounds in it, how long it has (to a quarter), and the voice before."""
        n = len(self.voices)
        held, sounds = features[:, 2 : 2 + n], features[:, 2 + n : 2 + 2 * n]
        past = np.full((*words.shape, 3), -1, np.int16)
        past[:, :, 0] = sounds
        past[:, 1:, 1] = np.where(words == HOLD, sounds - 1, words)[:, :-1]
        past[:, :, 2] = np.minimum(held, self.steps) * (self.steps + 1) + (
            features[:, :1] % self.steps
        )
        return past

    def units(self, score: Score, words: Words) -> int:
        """Steps times voices, rests included; metre and end are not counted."""
        return int((words[:, 0] < self.end_value).sum()) * len(self.voices)

    def lost(self, score: Score) -> dict[str, int]:
        """Notes that the grid moves or drops, changes of time, key and pedal, marks, events."""
        counts = {
            "notes off the grid": notes_changed(score, self.steps),
            "metres": len(score.metre) - 1,
            "tempos": len(score.tempo),
            "keys": int((score.key[:, 3] == 0).sum()),  # a guess of ours is no loss
            "pedals": sum(len(part.pedal) for part in score.parts),
            "marks": len(score.marks),
            "events": len(score.events) + sum(len(part.events) for part in score.parts),
        }
        return {kind: count for kind, count in counts.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """The settings, as JSON knows them."""
        names = ("steps", "voices", "ranges", "metres", "given")
        return {"name": self.name, **{name: getattr(self, name) for name in names}}

    def _clock(self, words: Words, is_step: np.ndarray) -> tuple[Ints, Ints, Ints]:
        """Steps before each word, how many a bar has, and its metre, 0 for none (T,)."""
        metre = np.zeros(len(words), np.int64)
        if len(words) and words[0, 0] > self.end_value:
            metre[1:] = words[0, 0] - self.end_value
        lengths = [1 << 30, *(bar_ticks(n, d, self.steps) for n, d in self.metres)]
        return before(np.cumsum(is_step)), np.array(lengths)[metre], metre


def _moved(pitch: Features, semitones: int) -> Features:
    """Pitches plus one moved (N,); 0 where there is none, or it would leave the range of MIDI."""
    moved = pitch + np.int16(semitones)
    return np.where((pitch > 0) & (moved >= 1) & (moved <= HOLD), moved, 0).astype(np.int16)
