"""Music of which some is given: what is given tells nothing of what is to be written."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from musegen.corpus.given import (
    GIVEN,
    WRITTEN,
    Stretch,
    gap_in,
    with_gap,
    with_written_parts,
    written_to,
)
from musegen.score.excerpt import silenced
from musegen.score.score import Notes, Score
from musegen.vocabulary.choose import build
from musegen.vocabulary.vocabulary import Vocabulary

KINDS = ("notes", "grid", "abc")
MakeScore = Callable[..., Score]


@pytest.fixture(scope="module", params=KINDS)
def case(request: pytest.FixtureRequest, make_score: MakeScore) -> tuple[Vocabulary, Score]:
    kind = request.param
    scores = [make_score(kind, number, bars=8) for number in range(5)]
    vocabulary = build(scores, kind)
    return vocabulary, vocabulary.decode(vocabulary.encode(scores[0]))


def moved(score: Score, wrong: Callable[[int, Notes], np.ndarray]) -> Score:
    """The score with notes of its parts a semitone or more lower."""
    parts = []
    for place, part in enumerate(score.parts):
        rows = part.notes.rows.copy()
        rows[wrong(place, part.notes), 2] = 60 if not part.is_drums else 50
        parts.append(replace(part, notes=Notes.of(rows)))
    return replace(score, parts=tuple(parts))


def rows_of(stretch: Stretch, role: int) -> list[list[int]]:
    chosen = stretch.roles == role
    return np.concatenate([stretch.words[chosen], stretch.features[chosen]], axis=1).tolist()


def check(stretch: Stretch, limit: int) -> None:
    assert len(stretch.words) == len(stretch.features) == len(stretch.roles) <= limit
    assert set(stretch.roles.tolist()) == {GIVEN, WRITTEN}


@pytest.mark.parametrize("seed", range(6))
def test_a_gap_is_written_after_what_is_around_it(
    case: tuple[Vocabulary, Score], seed: int
) -> None:
    vocabulary, score = case
    if vocabulary.fixed_parts:
        pytest.skip("on a grid nothing of the far side is read")
    words = vocabulary.encode(score)
    features = vocabulary.features_of(words)
    stretch = with_gap(vocabulary, words, features, 120, np.random.default_rng(seed))
    assert stretch is not None
    check(stretch, 120)
    assert (np.diff(stretch.roles) >= 0).all()  # all that is given comes first
    written = stretch.words[stretch.roles == WRITTEN]
    places = [
        at
        for at in range(len(words) - len(written) + 1)
        if np.array_equal(words[at : at + len(written)], written)
        and np.array_equal(features[at : at + len(written)], stretch.features[-len(written) :])
    ]
    assert places, "the gap is no stretch of the piece"
    bars = vocabulary.bars(words, features)[places[0] : places[0] + len(written)]
    first, last = int(bars[0]), int(bars[-1])
    start, end = (int(score.barlines[first - 1]) if first else 0), int(score.barlines[last])
    other = moved(score, lambda _, notes: (notes.onset >= start) & (notes.onset < end))
    assert other != score
    again = with_gap(
        vocabulary,
        *(lambda w: (w, vocabulary.features_of(w)))(vocabulary.encode(other)),
        120,
        np.random.default_rng(seed),
    )
    if again is not None and len(again.words) == len(stretch.words):
        assert rows_of(again, GIVEN) == rows_of(stretch, GIVEN)


@pytest.mark.parametrize("seed", range(6))
def test_on_a_grid_a_window_has_many_gaps_each_told_what_comes_after_it(
    make_score: MakeScore, seed: int
) -> None:
    scores = [make_score("grid", number, bars=40) for number in range(5)]
    vocabulary = build(scores, "grid").taking_given()
    words = vocabulary.encode(scores[0])
    features = vocabulary.features_of(words)
    stretch = with_gap(vocabulary, words, features, 400, np.random.default_rng(seed))
    assert stretch is not None
    assert len(stretch.words) == 400
    until = [feature.name for feature in vocabulary.features].index("until")
    plain = until - 3 * len(vocabulary.voices)  # features of the music itself
    start = next(  # in the piece
        at
        for at in range(len(words) - 399)
        if np.array_equal(words[at : at + 400], stretch.words)
        and np.array_equal(features[at : at + 400, :plain], stretch.features[:, :plain])
    )
    left = stretch.features[:, until]
    assert ((left > 0) == (stretch.roles == WRITTEN)).all()
    ends = {start + int(row) + 1 for row in np.flatnonzero(left == 1)}
    assert len(ends) > 1
    lines = vocabulary.decode(words).barlines.tolist()
    barlines = {1 + line for line in lines}  # after the word of the metre
    assert ends <= barlines
    first = next(int(row) for row in np.flatnonzero((left > 0) & (left < 64)))
    end = first + int(left[first])
    assert start + end in barlines
    assert (left[first:end] == np.arange(end - first, 0, -1)).all()


@pytest.mark.parametrize("seed", range(6))
def test_parts_are_written_bar_by_bar_to_those_given(
    case: tuple[Vocabulary, Score], seed: int
) -> None:
    vocabulary, score = case
    words = vocabulary.encode(score)
    given = (vocabulary, words, vocabulary.features_of(words))
    stretch = with_written_parts(*given, 2000, np.random.default_rng(seed))
    if len(score.parts) == 1:
        assert stretch is None
        return
    assert stretch is not None
    check(stretch, 2000)
    chance = np.random.default_rng(seed)
    n = int(chance.integers(1, len(score.parts)))
    written = set(chance.choice(range(len(score.parts)), n, replace=False).tolist())
    other = moved(score, lambda place, notes: np.full(len(notes), place in written))
    again = with_written_parts(
        vocabulary,
        *(lambda w: (w, vocabulary.features_of(w)))(vocabulary.encode(other)),
        2000,
        np.random.default_rng(seed),
    )
    assert again is not None
    assert rows_of(again, GIVEN) == rows_of(stretch, GIVEN)
    assert rows_of(again, WRITTEN) != rows_of(stretch, WRITTEN)
    changes = np.flatnonzero(np.diff(stretch.roles))
    assert stretch.roles[0] == GIVEN
    assert len(changes) >= 2 * score.n_bars - 1  # given, written, given, …


def test_voices_that_are_given_are_told_beside_each_step(make_score: MakeScore) -> None:
    """What they sing now and a beat later, and nothing of the voices that are written."""
    scores = [make_score("grid", number, bars=8) for number in range(5)]
    vocabulary = build(scores, "grid").taking_given()
    score = vocabulary.decode(vocabulary.encode(scores[0]))
    beat, n = score.ticks_per_quarter, len(score.parts)

    def told(of: Score) -> Stretch:
        words = vocabulary.encode(of)
        return written_to(vocabulary, of, (words, vocabulary.features_of(words)), {1})

    stretch = told(score)
    assert set(stretch.roles.tolist()) == {WRITTEN}
    assert list(stretch.fields) == vocabulary.fields_of({1})
    names = [feature.name for feature in vocabulary.features]
    for voice, part in enumerate(score.parts):
        for onset, length, pitch, _ in part.notes.rows.tolist():
            row = stretch.features[1 + onset]  # after the word of the metre
            at = [row[names.index(f"{what} {voice + 1}")] for what in ("given", "gives")]
            assert at == ([0, 0] if voice == 1 else [pitch + 1, 1])
            if voice != 1 and onset >= beat:
                soon = stretch.features[1 + onset - beat, names.index(f"soon {voice + 1}")]
                assert soon == pitch + 1
            if voice != 1 and length > 1:
                assert stretch.features[2 + onset, names.index(f"gives {voice + 1}")] == 2
    other = told(moved(score, lambda place, notes: np.full(len(notes), place == 1)))
    assert np.array_equal(other.features[:, -3 * n - 1 :], stretch.features[:, -3 * n - 1 :])
    up, beside = vocabulary.transpose(stretch.words, stretch.features, 2)
    again = vocabulary.beside(up, vocabulary.features_of(up), {0, 2})
    assert np.array_equal(beside, again)


def test_what_stands_after_a_gap_is_told_beside_its_steps(make_score: MakeScore) -> None:
    """What each voice sings there, and how far that is; nothing of what the gap holds."""
    scores = [make_score("grid", number, bars=8) for number in range(5)]
    vocabulary = build(scores, "grid").taking_given()
    words = vocabulary.encode(scores[0])
    stretch, gap = gap_in(vocabulary, (words, vocabulary.features_of(words)), 2, 3, 16)
    written = stretch.roles == WRITTEN
    assert np.array_equal(stretch.words[written], words[gap])
    assert np.array_equal(stretch.words[~written], words[~gap][np.flatnonzero(gap)[0] - 32 :][:32])
    names = [feature.name for feature in vocabulary.features]
    until = stretch.features[:, names.index("until")]
    assert until[~written].max(initial=0) == 0
    assert until[written].tolist() == list(range(gap.sum(), 0, -1))
    far = np.flatnonzero(gap)[-1] + 1
    for field, voice in enumerate(vocabulary.order):
        column = stretch.features[written, names.index(f"given {voice + 1}")]
        assert len(set(column.tolist())) == 1
        if words[far, field] < 128:
            assert column[0] == words[far, field] + 1
    other = words.copy()
    other[gap] = np.where(words[gap] < 128, words[gap] + 1, words[gap])
    again, _ = gap_in(vocabulary, (other, vocabulary.features_of(other)), 2, 3, 16)
    n = 3 * len(vocabulary.voices) + 1
    assert np.array_equal(again.features[:, -n:], stretch.features[:, -n:])


def test_silence_in_some_bars_leaves_all_else(make_score: MakeScore) -> None:
    score = make_score("notes", 1, bars=6)
    quiet = silenced(score, 2, 3)
    start, end = score.barlines[1], score.barlines[3]
    for old, new in zip(score.parts, quiet.parts, strict=True):
        outside = (old.notes.onset < start) | (old.notes.onset >= end)
        assert new.notes.rows.tolist() == old.notes.rows[outside].tolist()
    assert quiet.barlines.tolist() == score.barlines.tolist()
    assert silenced(score, 0, 5).n_notes == 0


def test_of_a_note_that_sounds_beyond_the_silence_the_rest_stays(make_score: MakeScore) -> None:
    score = make_score("notes", 1, bars=6)
    start, end = (int(score.barlines[bar]) for bar in (1, 3))
    sixteenth = score.ticks_per_quarter // 4
    rows = [
        (start - 5, end + 90, 50, 60),  # from before: it stays whole
        (end - 40, 100, 60, 70),
        (end - 40, 40, 62, 70),
        (end - 40, 40 + sixteenth - 1, 64, 70),  # a player's legato
        (end - 40, 40 + sixteenth, 65, 70),
    ]
    parts = [replace(part, notes=Notes.of(rows)) for part in score.parts]
    for part in silenced(replace(score, parts=tuple(parts)), 2, 3).parts:
        left = [] if part.is_drums else [[end, 60, 60, 70], [end, sixteenth, 65, 70]]
        assert part.notes.rows.tolist() == [list(rows[0]), *left]
