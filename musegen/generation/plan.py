"""What is asked for: a seed to go on from, how many bars, and how the new meets the old."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from musegen.corpus.conditions import Conditions
from musegen.corpus.given import Stretch, stretch_of
from musegen.errors import ModelError, UsageError
from musegen.score.bars import MOST_BARS, pickups
from musegen.score.excerpt import closed, from_bar, until_bar
from musegen.score.instruments import RANGES, VOICES
from musegen.score.key import home_key, home_number
from musegen.score.score import Ints, Score, standing
from musegen.vocabulary.vocabulary import ANYHOW, Opening, Tracker, Vocabulary, Words

from .join import in_parts_of, in_tempo, join

if TYPE_CHECKING:
    from .drawer import Drawer

_USUALLY = 0.98  # of the onsets of a part
_DESKS = 16  # parts of one instrument


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        bars: how many new bars.
        seed: the piece to go on from, or None for one from nothing.
        omit_seed: whether the result is the new music alone.
        finish: whether a model that can be told how many bars are to come must be, so that the
            piece draws to its close; a piece from nothing tells it where it can.
        style: the style that is told; empty for none.
        density: the density that is told; empty for none.
        opening: the metre, key and tempo that are to stand throughout what is new.
        movements: those before, whose parts a new movement has. The seed is then a passage of
            theirs, which is omitted, or there is none.
        heard: which passage, in words.
        instruments: those that may play in a piece from nothing, each as often as it has parts;
            programs, 128 for drums. Empty for any.
        home: fifths and mode of the home key, for models that are told it; None: that of the seed,
            or of the first movement.

    Raises:
        UsageError: the seed has no notes or no bars, or the bars are none.
    """

    bars: int = 16
    seed: Score | None = None
    omit_seed: bool = False
    finish: bool = False
    style: str = ""
    density: str = ""
    opening: Opening = ANYHOW
    movements: tuple[Score, ...] = ()
    heard: str = ""
    instruments: tuple[int, ...] = ()
    home: tuple[int, int] | None = None
    role: ClassVar[int] = 0  # of the words that are drawn, see corpus/given.py
    at_once: ClassVar[bool] = True  # whether candidates are drawn as one batch

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise UsageError(f"at least one bar must be asked for, not {self.bars}")
        if self.bars > MOST_BARS:
            reason = f"{self.bars:,} bars are more than anybody reads"
            raise UsageError(reason, hint=f"Ask for {MOST_BARS:,} at most.")
        if self.seed is not None and not self.seed.n_notes:
            raise UsageError("the seed has no notes", hint="Give a piece with music in it.")
        if self.seed is not None and not self.seed.n_bars:
            raise UsageError("the seed has no bars", hint="Give a piece that has a metre.")
        if self.instruments and (self.seed is not None or self.movements):
            hint = "To leave some of them out, name those to keep with --parts."
            raise UsageError("a piece that goes on keeps its instruments", hint=hint)

    def words(self, vocabulary: Vocabulary) -> Words:
        """The words of the seed up to its last barline (T, F), its end left out.

        Raises:
            ModelError: the seed does not fit the vocabulary.
        """
        if self.seed is None:
            return np.zeros((0, len(vocabulary.sizes)), np.int16)
        try:
            return vocabulary.prime(until_bar(self.seed, self.seed.n_bars))
        except ModelError as error:
            reason = f"the seed does not suit the model: {error.message}"
            raise ModelError(reason, hint=error.hint) from error

    def tracker(self, vocabulary: Vocabulary, words: Words, join: int, n: int) -> Tracker:
        """A tracker of `n` pieces that have these words and end after the asked bars.

        The first `join` words are those of the seed, whose parts alone may play, in its metre,
        tempo and key.
        """
        tracker = vocabulary.start(1)
        tracker.in_turn = not self.gives_parts
        for word in words[:join]:
            tracker.advance(word[None])
        tracker.last_bar = int(tracker.bars[0]) + self.bars
        tracker.exact = bool(self.role)
        for word in words[join:]:
            tracker.advance(word[None])
        tracker.keep_time = True  # from nothing too: what stands at the opening stays
        tracker.ask(self.opening)
        if heard := self.heard_before:
            places = [place for score in heard for place in vocabulary.places(score)]
            tracker.keep_parts(places, playable(heard), voices_in(heard, vocabulary))
        else:
            asked = vocabulary.places_of(self.instruments) if self.instruments else None
            tracker.keep_parts(asked, RANGES, usual_voices(vocabulary))
        return tracker.chosen(np.zeros(n, np.int64))

    def context(self, vocabulary: Vocabulary, words: Words) -> Stretch:
        """What is read before the first word is drawn, of which these words (T, F) are the last."""
        return stretch_of(vocabulary, words, self.role)

    def draw(
        self,
        drawer: Drawer,
        progress: Callable[[int, int], None] | None,
        stop: Callable[[], bool],
    ) -> None:
        """Have all words drawn."""
        drawer.run(progress, stop)

    def told(self, conditions: Conditions, to_come: Ints, role: Ints | int = 0) -> Ints:
        """What is told beside words of these roles, at which so many bars are to come (N,): (N, C).

        Raises:
            UsageError: the style or the density has a name that the model does not know.
            ModelError: what is asked for cannot be told.
        """
        if np.any(role):
            n, style, density = len(to_come), self.style, self.density
            return conditions.columns(n, style=style, density=density, role=role)
        return conditions.columns(
            len(to_come),
            style=self.style,
            density=self.density,
            to_come=to_come if self.closes(conditions) else None,
            key=self._home() if conditions.key else None,
        )

    def closes(self, conditions: Conditions) -> bool:
        """Whether the piece is to draw to its close, which a model is told by the bars to come."""
        alone = self.seed is None and conditions.bars
        return not self.role and (self.finish or alone)

    def _home(self) -> int | None:
        heard = (self.seed, *self.movements) if self.seed else self.movements
        key = self.home or (home_key(heard[0]) if heard else None)
        return key and home_number(*key)

    @property
    def gives_parts(self) -> bool:
        """Whether it says which parts may play."""
        return bool(self.heard_before or self.instruments)

    @property
    def heard_before(self) -> tuple[Score, ...]:
        """The music that new music is to go on from: movements, or a seed."""
        return self.movements or ((self.seed,) if self.seed is not None else ())

    @property
    def played(self) -> set[int]:
        """The instruments that may play, as far as it says them."""
        return heard_in(self.heard_before) | set(self.instruments)

    @property
    def n_old(self) -> int:
        """How many bars of the result are the seed's."""
        return self.seed.n_bars if self.seed is not None and not self.omit_seed else 0

    @property
    def after_gap(self) -> int | None:
        """The first bar of the music that what is new must lead to, from 0; None: there is none."""
        return None

    @property
    def n_asked(self) -> int:
        """How many parts were asked for by name, and so are all to play."""
        return len(self.instruments)

    def of_bars(self, bars: int) -> Plan:
        """The plan that draws the last bars again of what took so many."""
        return self

    def n_new(self, score: Score) -> int:
        """How many bars of a result are new; a pickup is none."""
        return pickups(score)[self.n_old :].count(False)

    def new(self, score: Score) -> Score:
        """The new music in a result."""
        return from_bar(score, self.n_old) if self.n_old else score

    def join(self, vocabulary: Vocabulary, words: Words) -> Score:
        """All words → a score: the seed untouched and the new music after it, in whole bars.

        From nothing, or where the seed is omitted, it is the new music alone.
        """
        whole = vocabulary.decode(vocabulary.to_barline(words))
        if self.seed is None:
            alone = in_tempo(closed(whole), self.opening.tempo, 0)
            return in_parts_of(self.movements, alone, vocabulary) if self.movements else alone
        old = vocabulary.decode(self.words(vocabulary))
        seed = in_tempo(self.seed, self.opening.tempo, int(self.seed.barlines[-1]))
        joined = join(seed, whole, old, vocabulary)
        return from_bar(joined, seed.n_bars) if self.omit_seed else joined


def standing_at(score: Score, tick: int, vocabulary: Vocabulary) -> Opening:
    """The metre, key and tempo that stand in a score at a tick, as far as words can say them."""
    numerator, denominator = standing(score.metre, tick)
    key, (us,) = standing(score.key, tick)[:2], standing(score.tempo, tick)
    asked = (key[0], key[1]) if key and vocabulary.says_key else None
    return Opening((numerator, denominator), asked, 60e6 / us)


def heard_in(scores: Iterable[Score]) -> set[int]:
    """The instruments of the parts that have notes."""
    return {part.instrument for score in scores for part in score.parts if len(part.notes)}


def playable(scores: Iterable[Score]) -> dict[int, tuple[int, int]]:
    """The range of each instrument of scores, where it is known, widened by what it plays."""
    found: dict[int, tuple[int, int]] = {}
    for part in (part for score in scores for part in score.parts):
        if part.instrument not in RANGES:
            continue
        low, high = found.get(part.instrument, RANGES[part.instrument])
        pitch = part.notes.pitch
        low, high = int(pitch.min(initial=low)), int(pitch.max(initial=high))
        found[part.instrument] = low, high
    return found


def voices_in(scores: Iterable[Score], vocabulary: Vocabulary) -> dict[tuple[int, int], int]:
    """How many notes each part sounds at once, by its place: as many as the scores have it sound.

    That is at 98 of 100 of its onsets; what goes on for less than a sixteenth is not counted, as
    players join notes. A part that they leave silent sounds what one player can.
    """
    found: dict[tuple[int, int], int] = {}
    for score in scores:
        joined = max(1, score.ticks_per_quarter // 4)
        for part, place in zip(score.parts, vocabulary.places(score), strict=True):
            if not len(part.notes):
                continue
            onsets = np.unique(part.notes.onset)
            until = np.maximum(part.notes.end - joined, part.notes.onset + 1)
            begun = np.searchsorted(np.sort(part.notes.onset), onsets, side="right")
            ended = np.searchsorted(np.sort(until), onsets, side="right")
            most = int(np.quantile(begun - ended, _USUALLY, method="lower"))
            found[place] = max(most, found.get(place, 1))
    return usual_voices(vocabulary) | found


def usual_voices(vocabulary: Vocabulary) -> dict[tuple[int, int], int]:
    """How many notes one player can sound at once, by place; nothing where words name no parts."""
    if not vocabulary.says_parts:
        return {}
    return {
        place: most
        for instrument, most in VOICES.items()
        for place in vocabulary.places_of([instrument] * _DESKS)
    }
