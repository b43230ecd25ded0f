"""New parts to parts that are given, bar by bar: the lecture's many to many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from musegen.corpus.given import WRITTEN, Stretch, of_parts
from musegen.errors import UsageError
from musegen.score.counts import counted
from musegen.score.excerpt import closed, without_parts
from musegen.score.instruments import DRUMS, instrument_called, instrument_name
from musegen.score.midi_metre import metre_with_its_bars
from musegen.score.score import Notes, Part, Score, rescaled
from musegen.vocabulary.vocabulary import Tracker, Vocabulary, Words

from .plan import Plan, playable, standing_at, voices_in
from .seed import places_called

if TYPE_CHECKING:
    from musegen.evaluation.described import Described
    from musegen.evaluation.trained import Trained

    from .drawer import Drawer


@dataclass(frozen=True)
class Accompaniment(Plan):
    """New music for the parts `written` of the seed (by place), which are silent in it."""

    written: tuple[int, ...] = ()
    role: ClassVar[int] = WRITTEN
    at_once: ClassVar[bool] = False

    def words(self, vocabulary: Vocabulary) -> Words:
        """No words stand before those that are written (0, F)."""
        return np.zeros((0, len(vocabulary.sizes)), np.int16)

    def context(self, vocabulary: Vocabulary, words: Words) -> Stretch:
        """Nothing is read before the first bar."""
        return of_parts(vocabulary, self._in_words(vocabulary), self.written).rows(slice(0))

    def tracker(self, vocabulary: Vocabulary, words: Words, join: int, n: int) -> Tracker:
        """See Plan; metre, key and tempo are those of the seed."""
        score = self._in_words(vocabulary)
        tracker = vocabulary.start(n)
        tracker.last_bar, tracker.keep_time = score.n_bars, True
        tracker.ask(standing_at(score, 0, vocabulary))
        places = vocabulary.places(score)
        its = replace(score, parts=tuple(score.parts[place] for place in self.written))
        written = [places[place] for place in self.written]
        tracker.keep_parts(written, playable([its]), voices_in([its], vocabulary))
        return tracker

    def draw(
        self,
        drawer: Drawer,
        progress: Callable[[int, int], None] | None,
        stop: Callable[[], bool],
    ) -> None:
        """What is given is told beside every word; or each bar of it is read, then written to."""
        vocabulary = drawer.model.vocabulary
        score = self._in_words(vocabulary)
        whole = vocabulary.encode(score)[:-1]
        places = set(range(len(score.parts))) - set(self.written)
        drawer.forced = {field: whole[:, field] for field in vocabulary.fields_of(places)}
        beside = vocabulary.beside(whole, vocabulary.features_of(whole), places)
        if beside is not None:
            drawer.tracker.give(beside)
            drawer.run(progress, stop)
            return
        given = of_parts(vocabulary, score, self.written)
        bars = vocabulary.bars(given.words, given.features)
        starts = [0, *score.barlines.tolist()]
        drawer.read()
        for bar in range(score.n_bars + 1):  # after the last comes the end
            if stop() or drawer.tracker.done[0]:
                return
            drawer.tracker.ask(standing_at(score, starts[bar], vocabulary))
            drawer.feed(given.rows(bars == bar))
            if not drawer.bar():
                return
            if progress:
                progress(min(bar + 1, score.n_bars), score.n_bars)

    def join(self, vocabulary: Vocabulary, words: Words) -> Score:
        """The seed with music in the parts that were written; the others are untouched."""
        assert self.seed is not None
        new = closed(vocabulary.decode(words))
        music = dict(zip(vocabulary.places(new), new.parts, strict=True))
        per_quarter = new.ticks_per_quarter, self.seed.ticks_per_quarter
        later = rescaled(int(new.barlines[0]), *per_quarter) if new.n_bars else 0
        later -= int(self.seed.barlines[0])  # by rests that made a pickup a bar
        parts = list(self.seed.parts)
        places = vocabulary.places(self.seed)
        for place in self.written:
            its = music[places[place]].notes if places[place] in music else Notes.of([])
            onset, end = (rescaled(ticks, *per_quarter) - later for ticks in (its.onset, its.end))
            rows = np.stack([onset, end - onset, its.pitch, its.velocity], axis=1)
            parts[place] = replace(parts[place], notes=Notes.of(rows[onset >= 0]))
        return replace(self.seed, parts=tuple(parts), characters=0)

    def new(self, score: Score) -> Score:
        """See Plan: the parts that were written."""
        return replace(score, parts=tuple(score.parts[place] for place in self.written))

    @property
    def n_asked(self) -> int:
        """See Plan: those that were written."""
        return len(self.written)

    @property
    def n_old(self) -> int:
        """See Plan: new music stands in every bar."""
        return 0

    def _in_words(self, vocabulary: Vocabulary) -> Score:
        """The seed with metres that explain its bars; on a grid of voices, with whole bars."""
        assert self.seed is not None
        if vocabulary.fixed_parts:
            return vocabulary.decode(vocabulary.prime(self.seed))
        return replace(self.seed, metre=metre_with_its_bars(self.seed))


def accompaniment(model: Trained | Described, plan: Plan, names: Sequence[str]) -> Accompaniment:
    """The plan to write the parts of these names: of the seed, where they are silenced, or new.

    Raises:
        UsageError: there is no seed, or nothing would be given, or no part is called so.
        ModelError: the model was never given music, or words do not name instruments.
    """
    model.conditions.require("given")
    if plan.seed is None:
        raise UsageError("--accompany needs a piece", hint="Name one with --seed FILE.")
    if model.vocabulary.fixed_parts:
        seed, written = _of_voices(plan.seed, names, model.vocabulary)
    else:
        model.vocabulary.places_of(())
        seed, written = _with_new_parts(plan.seed, names)
    if len(written) == len(seed.parts):
        raise UsageError("no part would be given", hint="Leave some parts of the seed as they are.")
    return Accompaniment(
        bars=seed.n_bars,
        seed=without_parts(seed, written),
        style=plan.style,
        density=plan.density,
        written=tuple(sorted(written)),
    )


def _with_new_parts(seed: Score, names: Sequence[str]) -> tuple[Score, set[int]]:
    parts, written = list(seed.parts), set()
    for name in names:
        found = places_called(seed.parts, name)
        if not found:
            instrument = instrument_called(name)
            found = [len(parts)]
            program, is_drums = instrument % DRUMS, instrument == DRUMS
            parts.append(Part(instrument_name(instrument), program, Notes.of([]), is_drums))
        written.update(found)
    return replace(seed, parts=tuple(parts)), written


def _of_voices(seed: Score, names: Sequence[str], vocabulary: Vocabulary) -> tuple[Score, set[int]]:
    """The seed with a part for every voice, in their order."""
    silent = [Part(name, program, Notes.of([])) for name, program in vocabulary.fixed_parts]
    known = seed.parts if len(seed.parts) == len(silent) else silent
    written = {place for name in names for place in places_called(known, name)}
    given = iter(seed.parts)
    if len(seed.parts) == len(silent) and written:
        return seed, written
    if len(seed.parts) + len(written) != len(silent) or not written:
        voices = "; ".join(
            f"{i}: {name}" for i, (name, _) in enumerate(vocabulary.fixed_parts, start=1)
        )
        reason = f"the seed has {counted(len(seed.parts), 'parts')}, the model {len(silent)} voices"
        raise UsageError(reason, hint=f"Name with --accompany those that it lacks: {voices}.")
    parts = [part if i in written else next(given) for i, part in enumerate(silent)]
    return replace(seed, parts=tuple(parts)), written
