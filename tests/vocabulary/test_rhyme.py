"""What stood at the same place of the section before."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musegen.vocabulary.rhyme import RHYME, Rhymes, rhyme_features, rhymed
from musegen.vocabulary.vocabulary import RHYMING

# Words 0 and 1 last one tick, 4 none; 2 ends a bar, 3 a section.
_SECTION = st.lists(st.lists(st.sampled_from([0, 1, 4]), max_size=3), min_size=1, max_size=3)
_SECTIONS = st.lists(_SECTION, min_size=1)


def placed(words: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Bars of the section and ticks of the bar before each word and after the last (T + 1,)."""
    bar, place, found = 0, 0, [(0, 0)]
    for word in words:
        if word in (0, 1, 4):
            place += word < 2
        else:
            bar, place = (bar + 1) * (word == 2), 0
        found.append((bar, place))
    bars, places = np.array(found).T
    return bars, places


def test_a_second_strain_is_told_what_the_first_had_there() -> None:
    words = [0, 1, 2, 0, 0, 3, 1, 1, 2, 0, 0, 3]
    bars, places = placed(words)
    rhyming, rhyme = rhymed(np.array(words), bars[:-1], places[:-1]).T.tolist()
    assert rhyme == [0] * 6 + [1, 2, 3, 1, 1, 4]
    assert rhyming == [0] * 6 + [1, 1, 2, 3, 3, 4], "how many words in a row were as their rhyme"


def test_of_words_at_one_place_each_has_its_own_rhyme() -> None:
    words = [4, 4, 0, 3, 4, 0, 0, 3]
    bars, places = placed(words)
    rhyming, rhyme = rhymed(np.array(words), bars[:-1], places[:-1]).T.tolist()
    assert rhyme == [0] * 4 + [5, 5, 4, 0]
    assert rhyming == [0] * 4 + [1, 2, 1, 0]


def test_long_rhymes_are_told_in_classes_that_features_have_room_for() -> None:
    words = [*[0] * 20, 3] * 2
    bars, places = placed(words)
    found = rhymed(np.array(words), bars[:-1], places[:-1])
    expected = [1, 2, 3, 3, *[4] * 4, *[5] * 8, *[6] * 5]
    assert found[21:, 0].tolist() == expected
    first, second = rhyme_features(4)
    assert (first.name, second.name) == (RHYMING, RHYME)
    assert (first.size, second.size) == (7, 5)
    assert found.max(axis=0).tolist() == [first.size - 1, second.size - 1]


@given(_SECTIONS)
def test_word_by_word_as_for_the_whole(sections: list[list[list[int]]]) -> None:
    words = [word for bars in sections for bar in bars for word in (*bar, 2 + (bar is bars[-1]))]
    bars, places = placed(words)
    whole = rhymed(np.array(words), bars[:-1], places[:-1])
    rhymes = Rhymes(2)
    for n, word in enumerate(words):
        assert (rhymes.columns == whole[n]).all()
        now = np.array([word, word])
        rhymes.take(now, np.repeat(bars[n + 1], 2), np.repeat(places[n + 1], 2))
