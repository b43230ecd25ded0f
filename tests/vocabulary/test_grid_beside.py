"""What stands beside the words of a grid: voices that are given, what follows a gap, the past."""

import numpy as np
import pytest

from musegen.vocabulary.grid import GridVocabulary
from tests.vocabulary.test_grid import voices


def columns_of(vocabulary: GridVocabulary, features: np.ndarray) -> dict[str, list[int]]:
    """What each feature is, word by word."""
    names = [feature.name for feature in vocabulary.features]
    return dict(zip(names, features.T.tolist(), strict=True))


def test_a_voice_that_is_given_is_told_now_a_quarter_later_and_how() -> None:
    score = voices([(0, 4, 60), (5, 3, 62)], [(0, 8, 48)])
    vocabulary = GridVocabulary.build([score])
    words = vocabulary.encode(score)
    assert vocabulary.beside(words, vocabulary.features_of(words), {0}) is None
    vocabulary = vocabulary.taking_given()
    alone = vocabulary.features_of(words)
    beside = vocabulary.beside(words, alone, {0})
    told = columns_of(vocabulary, beside)
    assert told["given 1"] == [0, 61, 61, 61, 61, 0, 63, 63, 63, 0]
    assert told["soon 1"] == [0, 0, 63, 63, 63, 0, 0, 0, 0, 0]
    assert told["gives 1"] == [0, 1, 2, 2, 2, 3, 1, 2, 2, 0]
    for name in ("given 2", "soon 2", "gives 2", "until"):
        assert told[name] == [0] * 10
    n = len(GridVocabulary.build([score]).features)
    assert np.array_equal(beside[:, :n], alone[:, :n])
    tracker = vocabulary.start(1)
    tracker.give(beside)
    for row, word in zip(beside, words, strict=True):
        assert np.array_equal(tracker.features(word[None])[0], row)
        tracker.advance(word[None])


@pytest.mark.parametrize("there", [10, 5])
def test_beside_a_gap_stands_what_comes_after_it_and_how_far_that_is(there: int) -> None:
    """However many words there are so far."""
    score = voices([(0, 4, 60), (5, 3, 62)], [(0, 8, 48)])
    vocabulary = GridVocabulary.build([score])
    words = vocabulary.encode(score)
    assert vocabulary.toward(words, vocabulary.features_of(words), 3, 7) is None
    vocabulary = vocabulary.taking_given()
    features = vocabulary.features_of(words)[:there]
    assert vocabulary.toward(words, features, 3, 3) is None
    told = vocabulary.toward(words, features, 3, 7)
    inside = columns_of(vocabulary, told[3:7])
    assert inside["until"] == [4, 3, 2, 1][: there - 3]
    for name, value in {"given 1": 63, "gives 1": 2, "given 2": 49, "gives 2": 2}.items():
        assert set(inside[name]) == {value}
    assert np.array_equal(told[:3], features[:3])
    assert np.array_equal(told[7:], features[7:])


def test_after_a_gap_to_the_very_end_nothing_stands_and_the_end_may_be_far() -> None:
    score = voices([(0, 100, 60)])
    vocabulary = GridVocabulary.build([score]).taking_given()
    words = vocabulary.encode(score)
    told = vocabulary.toward(words, vocabulary.features_of(words), 1, len(words))
    assert (told < [feature.size for feature in vocabulary.features]).all()
    columns = columns_of(vocabulary, told)
    assert not any(columns["given 1"])
    assert columns["until"][-3:] == [3, 2, 1]


def test_each_of_many_voices_sees_itself_and_the_voice_before_it() -> None:
    score = voices(
        [(0, 3, 60), (3, 1, 62), (4, 7, 64)], [(0, 6, 55), (6, 4, 57)], [(2, 4, 50)], [(1, 9, 48)]
    )
    vocabulary = GridVocabulary.build([score])
    words = vocabulary.encode(score)
    features = vocabulary.features_of(words)
    past = vocabulary.history(words, features)
    told = columns_of(vocabulary, features)
    now = vocabulary.decode(words).parts
    for field, voice in enumerate(vocabulary.order):
        assert past[:, field, 0].tolist() == told[f"sounding {voice + 1}"]
        if field:
            before = now[vocabulary.order[field - 1]].notes
            for onset, length, pitch, _ in before.rows.tolist():
                assert (past[1 + onset : 1 + onset + length, field, 1] == pitch).all()
        held = np.minimum(told[f"held {voice + 1}"], 4).tolist()
        seen = list(zip(held, np.array(told["place"]) % 4, strict=True))
        kinds = set(zip(seen, past[:, field, 2].tolist(), strict=True))
        assert len(kinds) == len(set(seen)) == len(set(past[:, field, 2].tolist()))
