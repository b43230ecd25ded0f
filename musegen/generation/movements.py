"""The movements before a new one, and what of them a model hears before it writes that one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from musegen.corpus.survey import music_files
from musegen.score.bars import first_number
from musegen.score.excerpt import closed, from_bar, until_bar
from musegen.score.files import read
from musegen.score.key import home_key
from musegen.score.score import Score
from musegen.vocabulary.vocabulary import Vocabulary

from .join import in_parts_of
from .plan import Plan

if TYPE_CHECKING:
    from musegen.evaluation.trained import Trained


class Passage(NamedTuple):
    """Bars of one of the movements, in the parts of all.

    Attributes:
        score: the music.
        movement: which, from 1.
        first: its first bar, as musicians count.
        last: its last.
    """

    score: Score
    movement: int
    first: int
    last: int

    @property
    def where(self) -> str:
        """Which bars, in words."""
        bars = (
            f"bars {self.first} to {self.last}" if self.last > self.first else f"bar {self.first}"
        )
        return f"{bars} of movement {self.movement}"


def movements(folder: str | Path) -> list[Score]:
    """The pieces of a folder, by the numbers in their names.

    Raises:
        UnreadableFile: one of them is damaged.
        CorpusError: the folder holds no music.
    """
    files, _ = music_files(Path(folder))
    by_number = sorted(files, key=lambda file: _numbered(str(file)))
    return [read(file) for file in by_number]


def with_passage(plan: Plan, model: Trained) -> Plan:
    """The plan of a new movement, in the key of the first unless another is asked for.

    Where words say who plays, the model hears the fullest passage of the movements first, and goes
    on from there in its metre and tempo: from nothing it would have most of an orchestra rest.

    Raises:
        ModelError: a movement does not fit the vocabulary.
    """
    vocabulary, opening = model.vocabulary, plan.opening
    if vocabulary.says_key and opening.key is None:
        plan = replace(plan, opening=opening._replace(key=home_key(plan.movements[0])))
    if not vocabulary.says_parts:
        return plan
    found = fullest_passage(plan.movements, vocabulary, model.network.settings.context)
    if found is None:
        return plan
    return replace(plan, seed=found.score, omit_seed=True, heard=found.where)


def fullest_passage(scores: Sequence[Score], vocabulary: Vocabulary, words: int) -> Passage | None:
    """The whole bars, of at most so many words, in which most parts play; of equals the first.

    None where no movement has such bars.

    Raises:
        ModelError: a movement does not fit the vocabulary.
    """
    found = [
        (number, *passage)
        for number, score in enumerate(scores)
        for passage in _passages(score, vocabulary, words)
    ]
    if not found:
        return None
    number, first, last, _ = max(found, key=lambda passage: passage[-1])
    heard = until_bar(scores[number], last)
    whole = in_parts_of(scores, closed(from_bar(heard, first) if first else heard), vocabulary)
    said = whole.key * np.array([1, 1, 1, 0])  # what is composed says its key, guessed or not
    counted = first_number(scores[number])
    return Passage(replace(whole, key=said), number + 1, first + counted, last - 1 + counted)


def _passages(score: Score, vocabulary: Vocabulary, words: int) -> Iterator[tuple[int, int, int]]:
    """The longest that begin in each bar: first bar, from 0; the one after the last; parts."""
    encoded = vocabulary.encode(score)
    bars = vocabulary.bars(encoded, vocabulary.features_of(encoded))
    starts = np.searchsorted(bars, np.arange(score.n_bars + 1))
    edges = np.concatenate([[0], score.barlines])
    onsets = [np.sort(part.notes.onset) for part in score.parts]
    for first in range(score.n_bars):
        last = int(np.searchsorted(starts, starts[first] + words, side="right")) - 1
        if last > first:
            ticks = edges[[first, last]]
            parts = sum(bool(np.diff(np.searchsorted(its, ticks))[0]) for its in onsets)
            yield first, last, parts


def _numbered(name: str) -> list[tuple[int, str]]:
    """What sorts movement 10 after movement 9."""
    return [(int(number or 0), text) for number, text in re.findall(r"(\d*)(\D*)", name)]
