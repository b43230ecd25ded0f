"""A score as bytes: all of it comes back, and damage is seen."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.corpus.packed import pack, unpack
from musegen.score.score import Event, Mark, Notes, Part, Score

TEXT = st.text(max_size=8)
EVENTS = st.lists(st.builds(Event, st.integers(0, 2**40), st.binary(max_size=5)), max_size=3)
MARKS = st.lists(
    st.builds(Mark, st.integers(0, 999), TEXT, TEXT, st.integers(0, 3)), max_size=3, unique=True
)
ROW = st.tuples(
    st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 127), st.integers(1, 127)
)
PARTS = st.builds(
    Part,
    TEXT,
    st.integers(0, 127),
    st.lists(ROW, max_size=5).map(Notes.of),
    is_drums=st.booleans(),
    pedal=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 127)), max_size=3).map(
        lambda rows: np.array(rows).reshape(-1, 2)
    ),
    events=EVENTS.map(tuple),
    channel=st.none() | st.integers(0, 15),
)
SCORES = st.builds(
    Score,
    st.integers(1, 10_080),
    st.lists(PARTS, max_size=3).map(tuple),
    tempo=st.just(np.array([[0, 400_000], [7, 1]])),
    key=st.sampled_from((np.zeros((0, 4)), np.array([[3, -7, 5, 1]]))),
    barlines=st.sampled_from((np.array([]), np.array([3, 2**40]))),
    marks=MARKS.map(tuple),
    events=EVENTS.map(tuple),
    title=TEXT,
    number=st.integers(0, 9),
    characters=st.integers(0, 9),
    faults=st.lists(TEXT, max_size=2).map(tuple),
    unread=st.dictionaries(TEXT, st.integers(0, 9), max_size=2),
    says_tempo=st.booleans(),
)


@given(SCORES)
def test_everything_comes_back(score: Score) -> None:
    """What equality of scores passes over too."""
    again = unpack(pack(score))
    assert again == score
    for name in ("number", "characters", "faults", "unread", "says_tempo"):
        assert getattr(again, name) == getattr(score, name)
    assert [part.channel for part in again.parts] == [part.channel for part in score.parts]
    assert pack(again) == pack(score)


def test_a_new_column_of_scores_is_not_forgotten() -> None:
    """The strategy above sets every field but the metre."""
    assert {field.name for field in fields(Score)} == {
        *("ticks_per_quarter", "parts", "tempo", "metre", "key", "barlines", "marks", "events"),
        *("title", "number", "characters", "faults", "unread", "says_tempo"),
    }


@given(SCORES, st.data())
def test_damage_is_seen(score: Score, data: st.DataObject) -> None:
    packed = bytearray(pack(score))
    place = data.draw(st.integers(0, len(packed) - 1))
    if data.draw(st.booleans()):
        packed = packed[:place]
    else:
        packed[place] ^= data.draw(st.integers(1, 255))
    try:
        again = unpack(bytes(packed))
    except ValueError:
        return
    assert again == score  # a bit that zlib does not use


def test_a_lyric_in_any_script_comes_back() -> None:
    score = Score(24, (), marks=(Mark(0, "lyric", "ø̈ 春"),))
    assert unpack(pack(replace(score, title="Ну"))) == replace(score, title="Ну")


def test_what_is_no_score_is_refused() -> None:
    with pytest.raises(ValueError, match="no score"):
        unpack(b"")
