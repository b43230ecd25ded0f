"""What the tests of vocabularies share: any score at all, and walks under the masks."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st

from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.vocabulary.vocabulary import Features, Tracker, Vocabulary, Words

Walk = Callable[..., list[tuple[Words, list[Features]]]]

PROGRAMS = (0, 0, 40, 73)
METRES = ((4, 4), (3, 4), (6, 8), (2, 2), (5, 16), (33, 8), (1, 4))


@st.composite
def times(draw: st.DrawFn, ticks_per_quarter: int, quarters: int = 12) -> int:
    """A tick: mostly on sixteenths, at times off any grid, rarely hundreds of quarters away."""
    tick = draw(st.integers(0, 4 * quarters)) * ticks_per_quarter // 4
    tick += draw(st.sampled_from((0, 0, 0, 1, ticks_per_quarter // 7)))
    return tick + draw(st.sampled_from((0, 0, 0, 0, 0, 0, 31, 32, 200))) * ticks_per_quarter


@st.composite
def parts(draw: st.DrawFn, ticks_per_quarter: int) -> Part:
    """A part of up to eight notes; some have no length, some are doubled."""
    tick = times(ticks_per_quarter)
    lengths = st.one_of(st.just(0), times(ticks_per_quarter, 2))
    row = st.tuples(tick, lengths, st.integers(0, 127), st.integers(1, 127))
    rows = draw(st.lists(row, max_size=8))
    rows += [(onset, length + 5, pitch, 127) for onset, length, pitch, _ in rows[:2]]
    pedal = draw(st.lists(st.tuples(tick, st.sampled_from((0, 63, 64, 127))), max_size=6))
    return Part(
        draw(st.sampled_from(("", "Violin"))),
        draw(st.sampled_from(PROGRAMS)),
        Notes.of(rows),
        is_drums=draw(st.sampled_from((False, False, True))),
        pedal=np.array(sorted(pedal)).reshape(-1, 2),
    )


def _columns(rows: dict[int, tuple[int, ...]]) -> np.ndarray:
    return np.array([[tick, *row] for tick, row in sorted(rows.items())])


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Any score: pickups, changes of time and key, many parts, or no bars, or nothing at all."""
    tpq = draw(st.sampled_from((24, 96, 480, 220)))
    tick = times(tpq)
    its_parts = draw(st.lists(parts(tpq), max_size=4))
    its_parts += its_parts[:1] * draw(st.sampled_from((0, 0, 1, 17)))
    metre = draw(st.dictionaries(tick, st.sampled_from(METRES), max_size=2))
    metre[0] = draw(st.sampled_from(METRES))
    tempo = draw(st.dictionaries(tick, st.tuples(st.integers(60_000, 5_000_000)), max_size=3))
    tempo[0] = tempo.get(0, (500_000,))
    key = st.tuples(st.integers(-7, 7), st.integers(0, 6), st.just(0))
    lines = barlines_of_metre(_columns(metre), draw(tick), tpq)
    if draw(st.booleans()):
        pickup = draw(st.integers(1, tpq))
        lines = np.concatenate([[pickup], lines + pickup])
    return Score(
        tpq,
        tuple(its_parts),
        tempo=_columns(tempo),
        metre=_columns(metre),
        key=_columns(draw(st.dictionaries(tick, key, max_size=2))),
        barlines=lines if draw(st.sampled_from((True, True, False))) else np.array([]),
    )


st.register_type_strategy(Score, scores())


def _one_of(legal: np.ndarray, rng: np.random.Generator, extremes: float) -> np.ndarray:
    """One legal value a row (B,): the lowest or the highest more often than others."""
    values = np.arange(legal.shape[1])
    lowest = np.where(legal, values, len(values)).min(axis=1)
    highest = np.where(legal, values, -1).max(axis=1)
    chance = rng.random(len(legal)) / extremes
    drawn = np.where(legal, rng.random(legal.shape), -1).argmax(axis=1)
    value = np.where(chance < 0.75, lowest, np.where(chance < 1, highest, drawn))
    return np.where(legal.any(axis=1), value, 0)


def _next_word(
    vocabulary: Vocabulary, tracker: Tracker, rng: np.random.Generator, end: int, may_end: bool
) -> tuple[Words, list[Features]]:
    """A legal word of each piece (B, F), and its features.

    It is `end` where that is legal and may be, else another if that can be helped. The features
    are those after none, one, … all F of its fields are drawn.
    """
    drawn = np.zeros((len(tracker.done), 0), np.int16)
    beside = [tracker.features(drawn)]
    for k, size in enumerate(vocabulary.sizes):
        legal = tracker.legal(drawn)
        asked = ~tracker.done & (vocabulary.applies[drawn[:, 0], k] if k else True)
        assert legal.shape == (len(drawn), size)
        assert legal[asked].any(axis=1).all(), f"nothing may follow {drawn[asked]}"
        if k == 0:
            wanted = legal & ((np.arange(size) == end) == may_end)
            legal = np.where(wanted.any(axis=1, keepdims=True), wanted, legal)
        value = _one_of(legal, rng, 0.6 if k else 0.1) * asked
        drawn = np.concatenate([drawn, value[:, None].astype(np.int16)], axis=1)
        beside.append(tracker.features(drawn))
    return drawn, beside


def _walk(
    vocabulary: Vocabulary,
    tracker: Tracker,
    rng: np.random.Generator,
    n: int,
    end: int,
) -> list[tuple[Words, list[Features]]]:
    """Pieces drawn at random under the mask: the words of each (T, F), and what stood beside.

    They go on for `n` words where they can, and must then end within 1,000. The features are
    those known before the first field (T, G), after it, and so on.
    """
    words, beside, live = [], [], []
    while not tracker.done.all():
        assert len(words) < n + 1000, "no end was legal"
        live.append(~tracker.done)
        word, known = _next_word(vocabulary, tracker, rng, end, len(words) >= n)
        tracker.advance(word)
        words.append(word)
        beside.append(known)
    lengths = np.sum(live, axis=0)
    return [
        (
            np.stack(words)[:length, row],
            [np.stack([known[k][row] for known in beside[:length]]) for k in range(len(beside[0]))],
        )
        for row, length in enumerate(lengths)
    ]


@pytest.fixture(scope="session")
def walk() -> Walk:
    """`(vocabulary, tracker, rng, n, end)` → pieces drawn at random under the mask."""
    return _walk


def _assert_chosen_go_on(vocabulary: Vocabulary, pieces: list[Words]) -> None:
    """Pieces chosen halfway, one of them twice, go on as they would; so do all from there."""
    n, rows = min(map(len, pieces)), np.array([2, 0, 2])
    words = np.stack([piece[:n] for piece in pieces], axis=1)
    whole = np.stack([vocabulary.features_of(piece)[:n] for piece in pieces], axis=1)
    early = np.array([feature.known_after < 0 for feature in vocabulary.features])
    tracker = vocabulary.start(len(pieces))
    for word in words[: n // 2]:
        tracker.advance(word)
    chosen, none = tracker.chosen(rows), np.zeros((3, 0), np.int16)
    np.testing.assert_array_equal(chosen.legal(none), tracker.legal(none)[rows])
    for its, which in ((chosen, rows), (tracker, np.arange(3))):
        for word, features in zip(words[n // 2 :, which], whole[n // 2 :, which], strict=True):
            np.testing.assert_array_equal(its.features(none)[:, early], features[:, early])
            np.testing.assert_array_equal(its.features(word), features)
            its.legal(none)
            its.advance(word)
    np.testing.assert_array_equal(chosen.legal(none), tracker.legal(none)[rows])
    np.testing.assert_array_equal(chosen.bars, tracker.bars[rows])
    np.testing.assert_array_equal(chosen.done, tracker.done[rows])


@pytest.fixture(scope="session")
def assert_chosen_go_on() -> Callable[[Vocabulary, list[Words]], None]:
    """`(vocabulary, words of three pieces)`: what is chosen of a tracker goes on by itself."""
    return _assert_chosen_go_on
