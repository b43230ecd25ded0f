"""Voices as steps: what each step says, what ends a piece, and the published chorales."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import ModelError
from musegen.score.files import read
from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.vocabulary.choose import build, suits
from musegen.vocabulary.grid import GridVocabulary
from musegen.vocabulary.grid_tracker import HOLD, REST

VOICE_STEPS = {"train": 220_912, "valid": 73_632}  # of the chorales, as published
NOTHING = np.zeros((1, 0), np.int16)


def voices(*lines: list[tuple[int, int, int]], metre: tuple[int, int] = (4, 4)) -> Score:
    """A score of 4 ticks a quarter, its notes told as onset, length and pitch."""
    parts = tuple(
        Part(f"Voice {number}", 52, Notes.of([(*note, 80) for note in line]))
        for number, line in enumerate(lines)
    )
    metres = np.array([[0, *metre]])
    end = max(on + length for line in lines for on, length, _ in line)
    return Score(4, parts, metre=metres, barlines=barlines_of_metre(metres, end, 4))


def spelt(vocabulary: GridVocabulary, score: Score) -> list[list[int]]:
    """The steps of each voice of the score, in its order."""
    words = vocabulary.encode(score)
    return [words[1:-1, vocabulary.order.index(v)].tolist() for v in range(len(score.parts))]


def told_steps(part: Part, ticks_per_quarter: int, steps: int) -> dict[int, int]:
    """What a voice says at each step, walked through one step at a time; rests are left out."""

    def step(tick: int) -> int:
        return floor(Fraction(int(tick) * steps, ticks_per_quarter) + Fraction(1, 2))

    begun: dict[int, tuple[int, int]] = {}
    for onset, duration, pitch, _ in part.notes.rows.tolist():
        start = step(onset)
        stop = max(step(onset + duration), start + 1)
        begun[start] = max(begun.get(start, (-1, 0)), (pitch, stop))
    said: dict[int, int] = {}
    until = 0
    for now in range(max((stop for _, stop in begun.values()), default=0)):
        if now in begun:
            said[now], until = begun[now]
        elif now < until:
            said[now] = HOLD
    return said


@pytest.mark.parametrize("steps", [4, 6])
@given(st.from_type(Score))
def test_each_step_says_what_begins_or_is_held(steps: int, score: Score) -> None:
    if not score.parts:
        return
    vocabulary = GridVocabulary.build([score], steps)
    found, length = spelt(vocabulary, score), len(vocabulary.encode(score)) - 2
    expected = [told_steps(part, score.ticks_per_quarter, steps) for part in score.parts]
    assert length == max((max(said, default=-1) for said in expected), default=-1) + 1
    for its, said in zip(found, expected, strict=True):
        assert its == [said.get(step, REST) for step in range(length)]
    words = vocabulary.encode(score)
    assert vocabulary.units(score, words) == length * len(score.parts)


def test_a_small_score_is_spelt_by_hand() -> None:
    score = voices(
        [(2, 2, 60), (4, 1, 60), (6, 1, 62)],
        [(0, 8, 48)],
        [(0, 1, 55), (1, 9, 57), (3, 1, 59)],
        metre=(3, 4),
    )
    vocabulary = GridVocabulary.build([score])
    assert vocabulary.order == (0, 2, 1)
    assert spelt(vocabulary, score) == [
        [REST, REST, 60, HOLD, 60, REST, 62, REST],
        [48, *[HOLD] * 7],
        [55, 57, HOLD, 59, REST, REST, REST, REST],
    ]
    assert vocabulary.decode(vocabulary.encode(score)).barlines.tolist() == [12]


def test_a_note_shorter_than_a_step_is_a_step_long() -> None:
    score = voices([(0, 0, 60), (2, 0, 62), (3, 1, 64), (4, 0, 65)])
    vocabulary = GridVocabulary.build([score])
    assert spelt(vocabulary, score) == [[60, REST, 62, 64, 65]]
    assert vocabulary.decode(vocabulary.encode(score)).parts[0].notes.duration.tolist() == [1] * 4


def test_the_features_of_a_small_score_are_counted_by_hand() -> None:
    score = voices([(2, 4, 60)], [(0, 3, 48), (3, 4, 48)], metre=(1, 4))
    vocabulary = GridVocabulary.build([score])
    names = [feature.name for feature in vocabulary.features]
    features = dict(zip(names, vocabulary.features_of(vocabulary.encode(score)).T, strict=True))
    assert features["place"].tolist() == [0, 0, 1, 2, 3, 0, 1, 2, 3]
    assert features["metre"].tolist() == [0, *[1] * 8]
    assert features["sounding 1"].tolist() == [0, 0, 0, 0, 61, 61, 61, 61, 0]
    assert features["held 1"].tolist() == [0, 0, 0, 0, 1, 2, 3, 4, 0]
    assert features["sounding 2"].tolist() == [0, 0, 49, 49, 49, 49, 49, 49, 49]
    assert features["held 2"].tolist() == [0, 0, 1, 2, 3, 1, 2, 3, 4]


def test_a_voice_sees_itself_and_the_voice_before_it() -> None:
    score = voices([(0, 3, 60), (3, 1, 62)], [(0, 4, 48)])
    vocabulary = GridVocabulary.build([score])
    words = vocabulary.encode(score)
    past = vocabulary.history(words, vocabulary.features_of(words))
    assert past[1:5, 0, 0].tolist() == [0, 61, 61, 61]
    assert past[1:5, 0, 1].tolist() == [-1] * 4
    assert past[1:5, 1, 0].tolist() == [0, 49, 49, 49]
    assert past[1:5, 1, 1].tolist() == [60, 60, 60, 62]
    assert len(set(past[2:5, 0, 2].tolist())) == 3


def test_a_score_of_other_voices_or_metre_is_refused() -> None:
    one, two = voices([(0, 4, 60)]), voices([(0, 4, 60)], [(0, 4, 50)])
    vocabulary = GridVocabulary.build([two])
    for score in (one, voices([(0, 4, 60)], [(0, 4, 50)], metre=(3, 4))):
        with pytest.raises(ModelError):
            vocabulary.encode(score)
    with pytest.raises(ModelError):
        GridVocabulary.build([one, two])


def test_a_seed_without_bars_is_refused() -> None:
    score = Score(4, (Part("", 0, Notes.of([(0, 4, 60, 80)])),))
    vocabulary = GridVocabulary.build([score])
    with pytest.raises(ModelError):
        vocabulary.prime(score)


@given(st.integers(1, 12), st.integers(1, 40))
def test_a_seed_ends_on_a_barline_of_the_grid(pickup: int, length: int) -> None:
    """Rests before a pickup make its first bar whole; what sounds keeps its distance to the end."""
    notes = [(0, length, 60)]
    metre = np.array([[0, 3, 4]])
    lines = np.concatenate([[pickup], barlines_of_metre(metre, length, 4) + pickup])
    score = Score(4, voices(notes, notes, metre=(3, 4)).parts, metre=metre, barlines=lines)
    vocabulary = GridVocabulary.build([score])
    words = vocabulary.prime(score)
    tracker = vocabulary.start(1)
    for word in words:
        tracker.advance(word[None])
    assert (len(words) - 1) % 12 == 0
    assert tracker.bars[0] == (len(words) - 1) // 12
    assert tracker.features(NOTHING)[0, 0] == 0
    assert (words[:, 0] == 60).argmax() == len(words) - lines[-1]


@pytest.mark.parametrize("seed", range(3))
def test_a_piece_ends_on_a_barline_while_something_sounds(seed: int, walk: Callable) -> None:
    vocabulary = GridVocabulary(4, (("", 0),) * 3, ((60, 60),) * 3, ((3, 4), (4, 4)))
    for last_bar in (None, 4):
        tracker = vocabulary.start(4)
        tracker.last_bar = last_bar
        rng = np.random.default_rng(seed)
        for words, _ in walk(vocabulary, tracker, rng, 60, vocabulary.end_value):
            score = vocabulary.decode(words)
            bar = 4 * int(score.metre[0, 1])
            assert (len(words) - 2) % bar == 0
            assert score.end == score.barlines[-1] == len(words) - 2
            assert last_bar in (None, score.n_bars)


@pytest.mark.parametrize(("last", "may_end"), [(HOLD, True), (60, True), (REST, False)])
def test_rests_before_the_end_would_be_lost(last: int, may_end: bool) -> None:
    vocabulary = GridVocabulary(4, (("", 0),), ((60, 60),), ((1, 4),))
    tracker = vocabulary.start(1)
    for value in (vocabulary.end_value + 1, 60, HOLD, HOLD, last):
        assert not tracker.legal(NOTHING)[0, vocabulary.end_value]
        tracker.advance(np.array([[value]], np.int16))
    assert tracker.legal(NOTHING)[0, vocabulary.end_value] == may_end


@pytest.mark.parametrize("split", ["train", "valid"])
def test_the_published_steps_are_read_from_the_chorales_voice_by_voice(
    split: str, shared: Path
) -> None:
    folder = shared / "chorales"
    published = json.loads((folder / "Jsb16thSeparated.train-valid.json").read_text("utf-8"))
    scores = [read(file) for file in sorted(folder.glob(f"{split}/*.mid"))]
    vocabulary = build(scores)
    assert isinstance(vocabulary, GridVocabulary)
    units = 0
    for score, steps in zip(scores, published[split], strict=True):
        words = vocabulary.encode(score)
        units += vocabulary.units(score, words)
        assert sounding(spelt(vocabulary, score)) == steps
        np.testing.assert_array_equal(vocabulary.encode(vocabulary.decode(words)), words)
        assert vocabulary.lost(score).get("notes off the grid", 0) == 0
    assert units == VOICE_STEPS[split]


def sounding(lines: list[list[int]]) -> list[list[int]]:
    """The pitch of every voice at each step (T, V), −1 for a rest."""
    heard: list[list[int]] = []
    for step in zip(*lines, strict=True):
        before = heard[-1] if heard else [-1] * len(step)
        heard.append(
            [
                before[voice] if value == HOLD else -1 if value == REST else value
                for voice, value in enumerate(step)
            ]
        )
    return heard


def test_only_voices_that_the_grid_keeps_are_put_on_it(make_score: Callable) -> None:
    good = [make_score("grid", number) for number in range(3)]
    assert suits(good) == "grid"
    off = voices([(0, 4, 60)] * 1, [(k, 2, 48) for k in range(20)], [(0, 4, 50)])
    assert suits([*good, off]) == "notes"
    assert suits([*good, voices([(0, 4, 60)], [(0, 4, 60)])]) == "notes"
    assert suits([make_score("notes", 0)]) == "notes"


def test_a_piece_may_end_within_its_last_bar_and_is_held_to_the_barline() -> None:
    vocabulary = GridVocabulary(4, (("", 0),), ((60, 60),), ((2, 4),))
    tracker = vocabulary.start(1)
    tracker.last_bar, tracker.exact = 2, False
    said = [vocabulary.end_value + 1, *[60] * 9]
    for place, value in enumerate(said):
        assert tracker.legal(NOTHING)[0, vocabulary.end_value] == (place > 9), "not in bar one"
        tracker.advance(np.array([[value]]))
    tracker.advance(np.array([[vocabulary.end_value]]))
    assert tracker.done[0]
    assert tracker.bars[0] == 2
    words = np.array([*said, vocabulary.end_value])[:, None]
    score = vocabulary.decode(vocabulary.to_barline(words))
    assert score.end == score.barlines[-1] == 16
    assert score.parts[0].notes.end.tolist()[-2:] == [8, 16]


def test_the_bar_that_a_piece_ends_in_is_one_of_its_bars() -> None:
    for length, bars in ((15, 1), (16, 1), (17, 2)):
        score = voices([(0, length, 60)])
        vocabulary = GridVocabulary.build([score])
        words = vocabulary.encode(score)
        features = vocabulary.features_of(words)
        assert vocabulary.n_bars(words, features) == bars
        assert vocabulary.bars(words, features)[-1] == length // 16


def test_what_has_not_ended_or_not_begun_is_not_held_to_a_barline() -> None:
    vocabulary = GridVocabulary(4, (("", 0),), ((60, 60),), ((2, 4),))
    end = vocabulary.end_value
    for said in ([end + 1, 60, 60], [end], []):
        words = np.array(said, np.int16)[:, None]
        assert np.array_equal(vocabulary.to_barline(words), words)
    words = np.array([end + 1, 60, REST, end], np.int16)[:, None]
    assert vocabulary.to_barline(words)[:, 0].tolist() == [end + 1, 60, *[REST] * 7, end]


def test_a_voice_that_never_plays_may_play_anything() -> None:
    vocabulary = GridVocabulary.build([voices([(0, 4, 60), (4, 4, 65)], [])])
    assert vocabulary.ranges == ((60, 65), (0, 127))


@pytest.mark.parametrize("semitones", [-3, 3])
def test_features_follow_a_pitch_to_the_ends_of_midi(semitones: int) -> None:
    vocabulary = GridVocabulary.build([voices([(0, 4, 3), (4, 4, 124), (8, 4, 3)])])
    words = vocabulary.encode(voices([(0, 4, 3), (4, 4, 124), (8, 4, 3)]))
    moved, features = vocabulary.transpose(words, vocabulary.features_of(words), semitones)
    assert np.array_equal(features, vocabulary.features_of(moved))


def test_what_a_grid_loses_is_counted_and_a_guessed_key_is_no_loss() -> None:
    score = voices([(0, 4, 60)])
    vocabulary = GridVocabulary.build([score])
    told = {name: rows for name, rows in vocabulary.lost(score).items() if name != "tempos"}
    assert told == {}
    keys = np.array([[0, 1, 0, 0], [4, 2, 0, 1], [8, 3, 0, 0]])
    assert vocabulary.lost(replace(score, key=keys))["keys"] == 2


def test_of_the_bars_asked_for_only_the_last_step_has_to_sound() -> None:
    vocabulary = GridVocabulary(4, (("", 0),) * 2, ((60, 60),) * 2, ((1, 4),))
    tracker = vocabulary.start(1)
    tracker.last_bar = 2
    tracker.advance(np.array([[vocabulary.end_value + 1, 0]]))
    for step in range(8):
        assert tracker.legal(NOTHING)[0, REST]
        for first in (60, REST):
            may_rest = tracker.legal(np.array([[first]], np.int16))[0, REST]
            assert may_rest == (step < 7 or first == 60)
        tracker.advance(np.array([[60, REST]]))


def test_the_lowest_pitch_of_midi_sounds_like_any_other() -> None:
    """So it may be held, and a piece may end on it."""
    vocabulary = GridVocabulary(4, (("", 0),), ((0, 127),), ((1, 4),))
    tracker = vocabulary.start(1)
    for value in (vocabulary.end_value + 1, 0, 0, 0, 0):
        tracker.advance(np.array([[value]]))
    assert tracker.legal(NOTHING)[0, [HOLD, vocabulary.end_value]].all()
