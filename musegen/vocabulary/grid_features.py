"""What a network should not have to count in a `grid`: the place in the bar, what sounds, how long.

All of it is known before a step, but for what the step itself makes of a voice, which is known once
that voice is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from musegen.score.score import Ints

from .echo import Hashes, echo_features, echoed, mixed
from .vocabulary import Feature, Features, before

HOLD, REST = 128, 129
PLACES = 64  # steps of a bar told apart
HELD = 32  # steps of holding told apart
_PITCHES = 129  # a pitch plus one, or 0 for none
_WAYS = ("begin", "hold", "rest")  # of what a voice does in a step


def sounding(voice: int) -> str:
    """The name of the feature that says what sounds in a voice."""
    return f"sounding {voice + 1}"


def voice_name(voice: int) -> str:
    """The name of a voice's field."""
    return f"voice {voice + 1}"


def grid_features(order: Sequence[int], n_metres: int) -> tuple[Feature, ...]:
    """The features, in order, of voices drawn in this order."""
    return (
        Feature("place", PLACES + 1),
        Feature("metre", n_metres + 1),
        *(Feature(f"held {voice + 1}", HELD + 1) for voice in order),
        *(Feature(sounding(voice), _PITCHES, shared=True) for voice in order),
        *(Feature(f"now {v + 1}", _PITCHES, k, shared=True) for k, v in enumerate(order)),
        *echo_features([voice_name(v) for v in order], [_PITCHES - 1] * len(order), shared=True),
    )


def given_features(order: Sequence[int]) -> tuple[Feature, ...]:
    """What is told of voices that are given: what each sings in the step, a beat later, and how.

    In a gap these are those of the step after it, which is so many steps away.
    """
    return (
        *(Feature(f"given {voice + 1}", _PITCHES, shared=True) for voice in order),
        *(Feature(f"soon {voice + 1}", _PITCHES, shared=True) for voice in order),
        *(Feature(f"gives {voice + 1}", 1 + len(_WAYS)) for voice in order),
        Feature("until", PLACES + 1),
    )


def given_columns(words: Ints, is_step: np.ndarray, given: Collection[int], beat: int) -> Features:
    """Those features of a whole piece (T, 3 V + 1), outside of any gap.

    Args:
        words: (T, V).
        is_step: which of them are steps (T,).
        given: the fields whose voices are given; those of all others are 0.
        beat: steps a quarter.
    """
    _, _, now = voices_of(words, is_step)
    soon = np.concatenate([now[beat:], np.zeros_like(now[:beat])])[: len(now)]
    how = np.select([words == HOLD, words == REST], [_WAYS.index("hold"), _WAYS.index("rest")], 0)
    its = np.isin(np.arange(words.shape[1]), list(given)) & is_step[:, None]
    here = np.zeros((len(words), 1), np.int64)
    return np.concatenate([now * its, soon * its, (1 + how) * its, here], axis=1).astype(np.int16)


def gap_columns(given: Features, start: int, stop: int) -> Features:
    """Those features of the words of a gap (stop − start, 3 V + 1).

    Args:
        given: those of a piece with all voices given, silent in the gap; perhaps shorter (T, …).
        start: the first word of the gap.
        stop: the first after it.
    """
    beyond = given[stop] if stop < len(given) else np.zeros_like(given[0])
    told = np.repeat(beyond[None], stop - start, axis=0)
    told[:, -1] = np.minimum(stop - np.arange(start, stop), PLACES)
    return told


def columns(place: Ints, metre: Ints, held: Ints, sounds: Ints, now: Ints, echo: Ints) -> Features:
    """The features (N, G) of N steps.

    Args:
        place: steps since the barline (N,).
        metre: which, plus one, 0 for none yet (N,).
        held: for how many steps each voice has held what sounds (N, V).
        sounds: the pitch plus one that sounds in each voice before the step, 0 for none (N, V).
        now: the same after the step; 0 where it is not known (N, V).
        echo: see echo.py (N, 1 + V).
    """
    clock = np.stack([np.minimum(place, PLACES), metre], axis=1)
    every = [clock, np.minimum(held, HELD), sounds, now, echo]
    return np.concatenate(every, axis=1).astype(np.int16)


def echo_columns(words: Ints, now: Ints) -> Ints:
    """What an echo of each word says (T, 1 + V), from words (T, V) and what sounds after them."""
    rows = np.arange(len(words))
    still = rows - np.maximum.accumulate(np.where(is_still(words), 0, rows))
    return echoed(state_keys(now, still), now)


def is_still(words: Ints) -> np.ndarray:
    """Whether no voice of a word (N, V) does anything (N,)."""
    return np.asarray((words == HOLD).all(axis=1))


def state_keys(now: Ints, still: Ints) -> Hashes:
    """What makes steps alike: what sounds after them (N, V), and since when nothing moved (N,)."""
    return mixed(np.concatenate([now, still[:, None]], axis=1))


def voices_of(words: Ints, is_step: np.ndarray) -> tuple[Ints, Ints, Ints]:
    """`held`, `sounds` and `now` of a whole piece (T, V), see `columns`; `is_step` (T,)."""
    rows = np.arange(len(words))[:, None]
    speaks = is_step[:, None] & (words != HOLD)
    last = np.maximum.accumulate(np.where(speaks, rows, -1))
    said = np.take_along_axis(words, np.maximum(last, 0), 0)
    now = np.where((last >= 0) & (said < HOLD), said + 1, 0) * is_step[:, None]
    sounds, since = before(now), before(last, -1)
    n_steps = np.cumsum(is_step)
    held = np.where(sounds > 0, before(n_steps)[:, None] - n_steps[since] + 1, 0)
    return held, sounds, now


def padded(features: Features, n: int) -> Features:
    """Features (N, G), and 0 for those up to `n`: of voices of which none is given."""
    more = n - features.shape[1]
    return np.pad(features, ((0, 0), (0, more))) if more else features
