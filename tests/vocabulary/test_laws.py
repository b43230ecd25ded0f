"""The laws that `notes` and `grid` share: words and scores, features, masks, transposition."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.score.files import read
from musegen.score.score import Notes, Score
from musegen.vocabulary.choose import from_dict
from musegen.vocabulary.grid import GridVocabulary
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import DESK, END, KIND, NOTE
from musegen.vocabulary.vocabulary import Features, Tracker, Vocabulary, Words

SEEDS = st.integers(0, 2**32)
NOTES = (NotesVocabulary(24), NotesVocabulary(48, 40, 80))
GRIDS = (
    GridVocabulary(4, (("S", 0), ("B", 0)), ((60, 64), (48, 48)), ((3, 4), (4, 4))),
    GridVocabulary(6, (("", 52),), ((0, 127),), ((5, 8), (33, 4))),
    GridVocabulary(4, (("", 40),) * 4, ((60, 62),) * 4, ((4, 4),)),
)
SET_UPS: dict[str, tuple[dict[str, object], list[tuple[int, int]]]] = {
    "the end is left open": ({}, []),
    "five bars are asked": ({"last_bar": 5}, []),
    "three bars, time is kept": ({"last_bar": 3, "keep_time": True}, []),
    "three parts may play": ({}, [(0, 0), (40, 2), (128, 0)]),
    "one desk for four bars": ({"last_bar": 4}, [(40, 15)]),
}
GIVEN = [
    pytest.param(v, id=f"{v.name}{number}") for number, v in enumerate((*NOTES, *GRIDS), start=1)
]


def end_of(vocabulary: Vocabulary) -> int:
    return vocabulary.end_value if isinstance(vocabulary, GridVocabulary) else END


def assert_steps_make_the_whole(
    vocabulary: Vocabulary, words: Words, beside: list[Features], first: int = 0
) -> None:
    """What stood beside the words from `first` on is what the whole piece says."""
    whole = vocabulary.features_of(words)[first:]
    for k, known in enumerate(beside):
        is_known = np.array([feature.known_after < k for feature in vocabulary.features])
        np.testing.assert_array_equal(known[:, is_known], whole[:, is_known])
        assert not known[:, ~is_known].any()


def assert_within_sizes(vocabulary: Vocabulary, words: Words, features: Features) -> None:
    assert words.min() >= 0
    assert (words < vocabulary.sizes).all()
    assert features.min() >= 0
    assert (features < [feature.size for feature in vocabulary.features]).all()
    assert not words[~vocabulary.applies[words[:, 0]]].any()


def of_voices(score: Score, vocabulary: GridVocabulary) -> Score:
    """The score made to suit a grid: its voices and metre are the vocabulary's."""
    parts = [replace(p, is_drums=False) for p in score.parts] + [
        replace(PLAIN, program=program) for _, program in vocabulary.voices
    ]
    metre = np.array([[0, *vocabulary.metres[0]]])
    return replace(score, parts=tuple(parts[: len(vocabulary.voices)]), metre=metre)


PLAIN = from_dict(GRIDS[1].to_dict()).decode(np.array([[60], [128], [129]], np.int16)).parts[0]


def suited(vocabulary: Vocabulary, score: Score) -> Score:
    return of_voices(score, vocabulary) if isinstance(vocabulary, GridVocabulary) else score


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(st.from_type(Score))
def test_the_words_of_any_score_are_those_of_what_they_decode_to(
    vocabulary: Vocabulary, score: Score
) -> None:
    words = vocabulary.encode(suited(vocabulary, score))
    assert_within_sizes(vocabulary, words, vocabulary.features_of(words))
    np.testing.assert_array_equal(vocabulary.encode(vocabulary.decode(words)), words)
    assert vocabulary.decode(words) == vocabulary.decode(words[:-1])


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(st.from_type(Score))
def test_the_features_of_any_score_are_the_same_step_by_step(
    vocabulary: Vocabulary, score: Score
) -> None:
    words = vocabulary.encode(suited(vocabulary, score))
    tracker = vocabulary.start(2)
    beside: list[list[Features]] = [[] for _ in range(len(vocabulary.fields) + 1)]
    for word in words:
        both = np.stack([word, word])
        for k, known in enumerate(beside):
            known.append(tracker.features(both[:, :k])[1])
        tracker.advance(both)
    assert_steps_make_the_whole(vocabulary, words, [np.stack(known) for known in beside])
    assert tracker.done.all()


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(scores=st.tuples(*[st.from_type(Score)] * 3))
def test_chosen_pieces_go_on_by_themselves(
    vocabulary: Vocabulary, scores: tuple[Score, ...], assert_chosen_go_on: Callable
) -> None:
    words = [vocabulary.encode(suited(vocabulary, score)) for score in scores]
    assert_chosen_go_on(vocabulary, words)


@pytest.mark.parametrize("set_up", SET_UPS)
@pytest.mark.parametrize("vocabulary", GIVEN)
@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_masks_allow_is_a_piece(
    vocabulary: Vocabulary, set_up: str, seed: int, walk: Callable
) -> None:
    tracker = vocabulary.start(3)
    told, places = SET_UPS[set_up]
    for name, value in told.items():
        setattr(tracker, name, value)
    if places:
        tracker.keep_parts(places)
    for words, beside in walk(
        vocabulary, tracker, np.random.default_rng(seed), 120, end_of(vocabulary)
    ):
        assert_within_sizes(vocabulary, words, beside[-1])
        score = vocabulary.decode(words)
        np.testing.assert_array_equal(vocabulary.encode(score), words)
        assert_steps_make_the_whole(vocabulary, words, beside)
        assert_ends_as_asked(tracker, score)


def assert_ends_as_asked(tracker: Tracker, score: Score) -> None:
    if tracker.last_bar is not None:
        assert score.n_bars == tracker.last_bar
        assert score.end == score.barlines[-1]
    if score.n_bars:
        assert score.end - score.barlines[-1] >= 0
        last_onset = max((p.notes.onset[-1] for p in score.parts if len(p.notes)), default=0)
        assert last_onset < score.barlines[-1]
        np.testing.assert_array_equal(score.barlines, barlines_said(score))


def barlines_said(score: Score) -> np.ndarray:
    """The barlines as the metre alone has them, bar after bar."""
    lines: list[int] = []
    changes = {tick: (n, d) for tick, n, d in score.metre.tolist()}
    metre = changes[0]
    while len(lines) < score.n_bars:
        now = lines[-1] if lines else 0
        metre = changes.get(now, metre)
        lines.append(now + 4 * score.ticks_per_quarter * metre[0] // metre[1])
    return np.array(lines)


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(st.from_type(Score), st.integers(-6, 6))
def test_transposed_words_are_those_of_the_transposed_score(
    vocabulary: Vocabulary, score: Score, semitones: int
) -> None:
    """Keys are left out: they wrap at six sharps, and a score may say seven."""
    score = replace(inside(suited(vocabulary, score)), key=np.array([]))
    moved = replace(
        score,
        parts=tuple(
            part
            if part.is_drums
            else replace(part, notes=with_pitch(part.notes, part.notes.pitch + semitones))
            for part in score.parts
        ),
    )
    words, expected = vocabulary.encode(score), vocabulary.encode(moved)
    got, features = vocabulary.transpose(words, vocabulary.features_of(words), semitones)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(features, vocabulary.features_of(expected))
    assert (got.dtype, features.dtype) == (np.int16, np.int16)


def inside(score: Score) -> Score:
    """The score with its pitches between 6 and 121."""
    parts = [
        replace(part, notes=with_pitch(part.notes, part.notes.pitch.clip(6, 121)))
        for part in score.parts
    ]
    return replace(score, parts=tuple(parts))


def with_pitch(notes: Notes, pitch: np.ndarray) -> Notes:
    return Notes(notes.onset, notes.duration, pitch, notes.velocity)


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(st.from_type(Score), st.data())
def test_a_stretch_of_a_piece_is_transposed_like_the_whole(
    vocabulary: Vocabulary, score: Score, data: st.DataObject
) -> None:
    words = vocabulary.encode(suited(vocabulary, inside(score)))
    features = vocabulary.features_of(words)
    start = data.draw(st.integers(0, len(words) - 1))
    stop = data.draw(st.integers(start + 1, len(words)))
    kept = words.copy(), features.copy()
    whole = vocabulary.transpose(words, features, -3)
    part = vocabulary.transpose(words[start:stop], features[start:stop], -3)
    same = vocabulary.transpose(words, features, 0)
    for column in range(2):
        np.testing.assert_array_equal(part[column], whole[column][start:stop])
        np.testing.assert_array_equal(same[column], kept[column])
    np.testing.assert_array_equal(words, kept[0])
    np.testing.assert_array_equal(features, kept[1])


@pytest.mark.parametrize("name", ["notes", "grid"])
@given(st.lists(st.from_type(Score), min_size=1, max_size=3))
def test_transpositions_keep_every_piece_in_the_range_of_its_corpus(
    name: str, scores: list[Score]
) -> None:
    vocabulary: Vocabulary
    if name == "notes":
        vocabulary = NotesVocabulary.build(scores)
    else:
        scores = [of_voices(score, GRIDS[2]) for score in scores]
        vocabulary = GridVocabulary.build(scores)
    rebuilt = from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert rebuilt == vocabulary
    extremes = []
    for score in scores:
        words = vocabulary.encode(score)
        low, high = vocabulary.transpositions(words)
        assert -6 <= low <= 0 <= high <= 6
        extremes += [
            vocabulary.decode(vocabulary.transpose(words, vocabulary.features_of(words), k)[0])
            for k in (low, high)
        ]
    for voice in range(len(vocabulary.ranges) if isinstance(vocabulary, GridVocabulary) else 1):
        its = voice if isinstance(vocabulary, GridVocabulary) else None
        before, after = pitches(scores, its), pitches(extremes, its)
        if len(after):
            assert before.min() <= after.min() <= after.max() <= before.max()


def pitches(scores: list[Score], voice: int | None) -> np.ndarray:
    """The pitches of one voice of the scores, or of all their melodic parts."""
    columns = [
        part.notes.pitch
        for score in scores
        for number, part in enumerate(score.parts)
        if not part.is_drums and voice in (None, number)
    ]
    return np.concatenate([*columns, np.zeros(0, np.int64)])


@pytest.mark.parametrize("vocabulary", GIVEN)
@given(st.from_type(Score), st.data())
def test_history_holds_the_past_alone(
    vocabulary: Vocabulary, score: Score, data: st.DataObject
) -> None:
    words = vocabulary.encode(suited(vocabulary, score))
    at = data.draw(st.integers(0, len(words) - 1))
    field = data.draw(st.integers(0, words.shape[1] - 1))
    other = words.copy()
    other[at, field:] = (other[at, field:] + 1) % vocabulary.sizes[field:]
    other[at + 1 :] = 0
    before = vocabulary.history(words, vocabulary.features_of(words))
    after = vocabulary.history(other, vocabulary.features_of(other))
    assert before.shape == (*words.shape, 3)
    np.testing.assert_array_equal(before[:at], after[:at])
    np.testing.assert_array_equal(before[at, : field + 1], after[at, : field + 1])


@pytest.mark.parametrize("steps", [24, 48])
@pytest.mark.parametrize("bars", [None, 40])
def test_a_walk_that_goes_on_from_a_seed_is_a_piece(
    steps: int, bars: int | None, make_score: Callable, walk: Callable
) -> None:
    assert_goes_on(NotesVocabulary(steps), make_score("notes", 0, 8), bars, walk)


@given(st.from_type(Score), SEEDS, st.booleans(), st.booleans())
def test_a_walk_that_goes_on_from_any_score_is_a_piece(
    walk: Callable, score: Score, seed: int, told: bool, two_parts: bool
) -> None:
    """Even from one whose last bar is not closed, or overfull."""
    vocabulary = NotesVocabulary(24, 20, 100)
    first, rng = vocabulary.prime(score), np.random.default_rng(seed)
    tracker = vocabulary.start(1)
    for word in first:
        tracker.advance(word[None])
    if two_parts:
        tracker.keep_parts([(0, 1), (73, 0)], voices={(73, 0): 1, (73, 1): 1})
    if told and tracker.bars[0]:
        tracker.last_bar = int(tracker.bars[0]) + 2
    for new, beside in walk(vocabulary, tracker, rng, 20, END):
        words = np.concatenate([first, new])
        np.testing.assert_array_equal(vocabulary.encode(vocabulary.decode(words)), words)
        assert_steps_make_the_whole(vocabulary, words, beside, len(first))
        assert not two_parts or set(new[new[:, KIND] == NOTE, DESK].tolist()) <= {0, 1}


@pytest.mark.parametrize(
    "path", ["unfinished/schubert_d759_mvt1.mid", "ensemble/train/game/d_dm01.mid"]
)
@pytest.mark.parametrize("more", [None, 3])
def test_a_walk_that_goes_on_from_real_music_is_a_piece(
    path: str, more: int | None, shared: Path, walk: Callable
) -> None:
    score = read(shared / path)
    assert_goes_on(NotesVocabulary(24), score, more and score.n_bars + more, walk)


def assert_goes_on(
    vocabulary: NotesVocabulary, seed: Score, bars: int | None, walk: Callable
) -> None:
    first = vocabulary.prime(seed)
    tracker = vocabulary.start(2)
    for word in first:
        tracker.advance(np.stack([word, word]))
    tracker.last_bar, tracker.keep_time = bars, bars is not None
    tracker.keep_parts(vocabulary.places(seed))
    for new, beside in walk(vocabulary, tracker, np.random.default_rng(1), 100, END):
        words = np.concatenate([first, new])
        score = vocabulary.decode(words)
        np.testing.assert_array_equal(vocabulary.encode(score), words)
        assert_steps_make_the_whole(vocabulary, words, beside, len(first))
        assert vocabulary.decode(words[: len(first)]).n_bars == seed.n_bars
        assert bars is None or score.n_bars == bars
