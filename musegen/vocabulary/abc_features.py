"""What a network should not have to count in a tune: the place in the bar, metre, key, section."""

from __future__ import annotations

import numpy as np

from musegen.score.score import Ints

from .abc_lexicon import Kind, read_lexeme
from .abc_tables import FIRST_LEXEME, KEYS, Effects, Tables
from .echo import Hashes, echo_features, echoed, mixed
from .rhyme import rhyme_features, rhymed
from .vocabulary import Feature, Features, Mask, before

BARS = 16
PLACES = 12 * 16 + 1  # told apart to a twelfth of an eighth, for two whole notes
KEY = 4  # the column of the key
WORDS = (6, 8)  # the columns that hold words, plus one: the echo and the rhyme
LEXEME = "lexeme"


def abc_features(n_metres: int, size: int) -> tuple[Feature, ...]:
    """The features, in order, with so many metres and words."""
    return (
        Feature("place", PLACES),
        Feature("to go", PLACES),
        Feature("bars in section", BARS),
        Feature("metre", n_metres + 1),
        Feature("key", KEYS),
        *echo_features([LEXEME], [size]),
        *rhyme_features(size),
    )


def columns(
    place: Ints,
    bar: Ints,
    bars_in_section: Ints,
    metre: Ints,
    key: Ints,
    echo: Ints,
    rhyme: Ints,
    ticks_per_eighth: int,
) -> Features:
    """What stands, as columns (N,): ticks since the bar line, ticks a bar, … → features (N, G).

    `echo` and `rhyme` (N, 2): see echo.py and rhyme.py.
    """

    def twelfths(ticks: Ints) -> Ints:
        return np.clip(12 * ticks // ticks_per_eighth, 0, PLACES - 1)

    known = [twelfths(place), twelfths(bar - place), bars_in_section % BARS, metre, key]
    return np.concatenate([np.stack(known, axis=1), echo, rhyme], axis=1).astype(np.int16)


def keys_and_values(words: Ints) -> tuple[Hashes, Ints]:
    """What makes words (N,) alike (N,), and what an echo of each says (N, 1)."""
    column = words[:, None]
    return mixed(column), column + 1


def features_of(words: Ints, tables: Tables) -> Features:
    """The words of a whole tune (T,) → the features beside each (T, G)."""
    effects = effects_of(words, tables)
    kind = effects.kind
    is_bar = kind == Kind.BAR
    time, bar_start, bars = _bars(effects)
    section_start = np.maximum.accumulate(np.where(is_bar & effects.section, bars, 0))
    place, in_section = time - bar_start, before(bars - section_start)
    return columns(
        place,
        _standing(effects.bar, kind == Kind.METRE),
        in_section,
        _standing(effects.metre, kind == Kind.METRE),
        _standing(effects.key, kind == Kind.KEY),
        echoed(*keys_and_values(words)),
        rhymed(words, in_section, place),
        tables.ticks_per_eighth,
    )


def bars_before(words: Ints, tables: Tables) -> Ints:
    """How many bars are complete before each word (T,)."""
    *_, bars = _bars(effects_of(words, tables))
    return before(bars)


def _bars(effects: Effects) -> tuple[Ints, Ints, Ints]:
    """The time of each word (T,), where its bar began, and how many bars are complete after it."""
    is_bar = effects.kind == Kind.BAR
    time = np.cumsum(effects.ticks) - effects.ticks
    bar_start = before(np.maximum.accumulate(np.where(is_bar, time, 0)))
    return time, bar_start, np.cumsum(is_bar & (time > bar_start))


def effects_of(words: Ints, tables: Tables) -> Effects:
    """What each word does (T,); a spelled lexeme does it at its last word."""
    effects = tables.effects.at(words)
    for place, text in tables.texts(words):
        if words[place] < FIRST_LEXEME:
            effects.put(place, tables.effect(read_lexeme(text)))
    return effects


def _standing(values: Ints, told: Mask) -> Ints:
    """The value told last before each word, 0 before there is one."""
    last = before(np.maximum.accumulate(np.where(told, np.arange(1, len(values) + 1), 0)))
    return np.concatenate([[0], values])[last]
