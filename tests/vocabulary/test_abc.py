"""Tunes as words: what goes in comes out, and whatever the mask allows is a tune."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21.corpus import getWork

from musegen.errors import ModelError
from musegen.score.abc import read_book, read_tunes
from musegen.score.bars import check_bars
from musegen.score.play_order import stretches_of
from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.abc_lexicon import Kind
from musegen.vocabulary.choose import from_dict, suits

SHARED = Path(__file__).parents[3] / "shared" / "data"
NOTHING = np.zeros((1, 0), np.int16)
TUNES = """
X:1
M:6/8
L:1/8
K:Dmix
A|:"D"d2e {g}f>e^d|~d3- d2A|B/c/d z (3ABc ~[Ad]|[1 d3 d2:|[2 =f3-f2|]
K:Gm
M:3/4
d2|"Gm/d"[GB]4 z ^f-|^f2 [DG]4-|[DG]6||

X:2
M:C
L:1/16
K:none
z4C4^F8|(5CDEFG ||
"""


@pytest.fixture(scope="module")
def small() -> AbcVocabulary:
    return AbcVocabulary.build(read_book(TUNES))


@pytest.fixture(scope="module")
def irish() -> list[Score]:
    """The tunes beside the project; where they are not, some of O'Neill's, of 1903."""
    files = sorted(SHARED.glob("irish/*/*.abc"))
    if files:
        return [score for file in files for score in read_book(file.read_text(encoding="utf-8"))]
    files = sorted(Path(getWork("oneills1850/0001-0050.abc")).parent.glob("*.abc"))
    return list(islice(tunes_of(files), 300))


@pytest.fixture(scope="module")
def of_irish(irish: list[Score]) -> AbcVocabulary:
    return AbcVocabulary.build(irish)


@pytest.fixture(scope="module")
def ryans() -> list[Score]:
    files = sorted(Path(getWork("ryansMammoth/7thRegimentReel.abc")).parent.glob("*.abc"))[::5]
    return list(tunes_of(files))


def tunes_of(files: list[Path]) -> Iterator[Score]:
    """Those that can be read and are of one line."""
    for file in files:
        for tune in read_tunes(file.read_text("utf-8", errors="replace")):
            if isinstance(tune, Score) and tune.n_notes and AbcVocabulary.fits(tune):
                yield tune


def texts(vocabulary: AbcVocabulary, words: np.ndarray) -> list[str]:
    return [text for _, text in vocabulary.tables.texts(words[:, 0].astype(np.int64))]


def walk(vocabulary: AbcVocabulary, batch: int, seed: int, last_bar: int | None = None) -> list:
    """Tunes drawn at random under the mask, each with the features that stood beside its words."""
    generator = np.random.default_rng(seed)
    tracker = vocabulary.start(batch)
    tracker.last_bar = last_bar
    kind, none = vocabulary.tables.kind, np.zeros((batch, 0), np.int16)
    drawn, beside, done = [], [], []
    while not tracker.done.all() and len(drawn) < 150:
        legal = tracker.legal(none)
        assert legal[~tracker.done].any(axis=1).all()
        assert not legal[:, kind == Kind.SPELLING][~tracker.done].any()
        word = np.zeros((batch, 1), np.int16)
        for row in range(batch):
            kinds = np.unique(kind[legal[row]])
            weight = np.where(kinds == Kind.NOTE, 6.0, np.where(kinds == Kind.BAR, 4.0, 1.0))
            chosen = generator.choice(kinds, p=weight / weight.sum())
            word[row] = generator.choice(np.flatnonzero(legal[row] & (kind == chosen)))
        beside.append(tracker.features(none))
        done.append(tracker.done.copy())
        drawn.append(word)
        tracker.advance(word)
    words, known, over = np.stack(drawn, 1), np.stack(beside, 1), np.stack(done, 1)
    return [
        (words[row, ~over[row]], known[row, ~over[row]], bool(tracker.done[row]))
        for row in range(batch)
    ]


def test_words_read_as_abc(small: AbcVocabulary) -> None:
    first, second = (texts(small, small.encode(score)) for score in read_book(TUNES))
    assert first == [
        *("M:6/8", "K:Dmix", "A", "|:", '"D"', "d2", "e", "{g}", "f3/2", "e/2", "^d", "|"),
        *("~", "d5", "A", "|", "B/2", "c/2", "d", "z", "A2/3", "B2/3", "c2/3", "~", "[Ad]", "|"),
        *("[1", "d3", "d2", ":|", "[2", "=f5", "|]", "M:3/4", "K:Gm", "d2", "|", '"Gm/d"'),
        *("[GB]4", "z", "^f-", "|", "^f2", "[DG]4-", "|", "[DG]6", "||"),
    ]
    assert second[:6] == ["M:4/4", "K:none", "z2", "C2", "^F4", "|"]
    assert second[6:] == ["C/5", "D/5", "E/5", "F/5", "G/5", "||"]


def test_every_tune_comes_back_from_its_words(irish: list[Score], ryans: list[Score]) -> None:
    """Notes, bar lines, metre, key and marks; of marks only those after the last note are lost."""
    for scores in (irish, ryans):
        vocabulary = AbcVocabulary.build(scores)
        for score in scores:
            words = vocabulary.encode(score)
            again = vocabulary.decode(words)
            assert again.ticks_per_quarter == score.ticks_per_quarter
            assert again.parts[0].notes == score.parts[0].notes
            for column in ("barlines", "metre", "key"):
                assert np.array_equal(getattr(again, column), getattr(score, column))
            gone = len(set(score.marks) - set(again.marks))
            assert gone == vocabulary.lost(score).get("marks", 0)
            assert np.array_equal(vocabulary.encode(again), words)
    assert len(irish) in (730, 300)
    assert len(ryans) > 195


def test_tunes_never_seen_are_spelled_and_come_back(irish: list[Score], ryans: list[Score]) -> None:
    vocabulary = AbcVocabulary.build(irish[:50])
    for score in ryans[:100]:
        words = vocabulary.encode(score)
        again = vocabulary.decode(words)
        assert again.parts[0].notes == score.parts[0].notes
        assert np.array_equal(vocabulary.encode(again), words)
        assert (vocabulary.tables.kind[words] == Kind.SPELLING).any() or score.n_notes < 200


@pytest.mark.parametrize("name", ["irish", "ryans", "small"])
def test_whatever_the_mask_allows_is_a_tune_of_good_bars(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Its words come back from its score, and no bar contradicts the metre."""
    source = request.getfixturevalue(name)
    vocabulary = source if name == "small" else AbcVocabulary.build(source[::4])
    ended = 0
    for words, _, done in walk(vocabulary, 70, seed=1):
        score = vocabulary.decode(words)
        ended += done
        if done:
            assert np.array_equal(vocabulary.encode(score), words), texts(vocabulary, words)
            assert check_bars(score) == []
            lengths = np.diff(score.barlines, prepend=0)  # a pickup too ends with its tuplet
            assert not (4 * lengths % score.ticks_per_quarter).any(), texts(vocabulary, words)
    assert ended > 30


def test_every_bar_that_the_mask_allows_is_played(irish: list[Score]) -> None:
    """A second ending without a first would be passed over."""
    vocabulary = AbcVocabulary.build(irish[::4])
    endings = 0
    for words, _, done in walk(vocabulary, 120, seed=4):
        score = vocabulary.decode(words)
        played = {at for start, stop in stretches_of(score) for at in range(start, stop)}
        endings += sum(mark.kind == "ending" for mark in score.marks)
        assert not done or played == set(range(score.end)), texts(vocabulary, words)
    assert endings > 20


def test_a_piece_ends_after_the_bars_asked_for(small: AbcVocabulary) -> None:
    for words, _, done in walk(small, 20, seed=2, last_bar=6):
        assert done
        assert small.decode(words).n_bars == 6


def test_features_of_a_whole_piece_are_those_met_word_by_word(
    small: AbcVocabulary, irish: list[Score]
) -> None:
    for words, known, _ in walk(small, 30, seed=3):
        assert np.array_equal(small.features_of(words), known)
    stranger = AbcVocabulary.build(irish[:3])
    for score in irish[100:120]:
        words, tracker, known = stranger.encode(score), stranger.start(1), []
        for word in words:
            known.append(tracker.features(NOTHING)[0])
            tracker.advance(word[None])
        assert np.array_equal(stranger.features_of(words), known)


def test_features_keep_to_their_sizes(irish: list[Score], ryans: list[Score]) -> None:
    for scores in (irish, ryans):
        vocabulary = AbcVocabulary.build(scores)
        pieces = [vocabulary.encode(score) for score in scores[::4]]
        known = np.concatenate([vocabulary.features_of(words) for words in pieces])
        assert (known >= 0).all()
        assert (known.max(axis=0) < [feature.size for feature in vocabulary.features]).all()


def test_chosen_tunes_go_on_by_themselves(
    ryans: list[Score], assert_chosen_go_on: Callable
) -> None:
    vocabulary = AbcVocabulary.build(ryans)
    assert_chosen_go_on(vocabulary, [vocabulary.encode(score) for score in ryans[5:8]])


@given(st.integers(0, 200), st.integers(-5, 5))
def test_a_moved_tune_sounds_moved(
    irish: list[Score], of_irish: AbcVocabulary, index: int, shift: int
) -> None:
    """Whole or in any window, words and features move together.

    Where a tune changes its key, one word may become two: then other words are alike than before.
    """
    vocabulary, score = of_irish, irish[index]
    words = vocabulary.encode(score)
    low, high = vocabulary.transpositions(words)
    shift = min(max(shift, low), high)
    known = vocabulary.features_of(words)
    moved, features = vocabulary.transpose(words, known, shift)
    pairs = np.unique(np.concatenate([words, moved], axis=1), axis=0)
    one_to_one = len(pairs) == len(np.unique(words)) == len(np.unique(moved))
    assert not one_to_one or np.array_equal(vocabulary.features_of(moved), features)
    notes, before = vocabulary.decode(moved).parts[0].notes, score.parts[0].notes
    assert notes == replace(before, pitch=before.pitch + shift)
    assert np.array_equal(vocabulary.encode(vocabulary.decode(moved)), moved)
    window = slice(len(words) // 3, len(words) // 2)
    assert np.array_equal(
        vocabulary.transpose(words[window], known[window], shift)[0], moved[window]
    )


def test_aspects_of_words_are_what_notes_have_in_common(
    irish: list[Score], of_irish: AbcVocabulary
) -> None:
    """The degree stays where a tune is moved; pitches and lengths are those that sound."""
    vocabulary, aspects = of_irish, of_irish.aspects
    for score in irish[:20]:
        words = vocabulary.encode(score)
        features = vocabulary.features_of(words)
        its = aspects.table[features[:, aspects.feature], words[:, 0]]
        assert (its < aspects.sizes).all()
        sounds = vocabulary.tables.kind[words[:, 0]] == Kind.NOTE
        assert np.array_equal(its[sounds, 0] > 0, its[sounds, 1] > 0)
        low, high = vocabulary.transpositions(words)
        for shift in {low, high}:
            moved, beside = vocabulary.transpose(words, features, shift)
            other = aspects.table[beside[:, aspects.feature], moved[:, 0]]
            assert np.array_equal(other[:, [0, 2]], its[:, [0, 2]])
            played = sounds & (its[:, 1] > 0)
            assert (other[played, 1] - its[played, 1] == shift).all()


def test_chord_symbols_and_grace_notes_are_moved_too(small: AbcVocabulary) -> None:
    words = small.encode(read_book(TUNES)[0])
    known = small.features_of(words)
    moved = texts(small, small.transpose(words, known, -2)[0])
    assert {'"C"', "{f}", "K:Cmix", "K:Fm", '"Fm/c"', "c2", "_e5"} <= set(moved)


def test_what_is_seen_in_training_is_almost_always_legal(
    irish: list[Score], of_irish: AbcVocabulary
) -> None:
    """Else a model would learn what it may not say."""
    illegal = met = 0
    for score in filter(lambda score: not check_bars(score), irish[::8]):
        tracker = of_irish.start(1)
        for word in of_irish.encode(score):
            illegal += not tracker.legal(NOTHING)[0, word[0]]
            met += 1
            tracker.advance(word[None])
    assert illegal < 0.001 * met


def test_tunes_are_told_from_other_music(small: AbcVocabulary, irish: list[Score]) -> None:
    assert suits([score for score in irish if score.n_notes]) == "abc"
    two_voices = Notes.of([(0, 480, 60, 80), (240, 480, 64, 80)])
    unequal = Notes.of([(0, 480, 60, 80), (0, 240, 64, 80)])
    for notes in (two_voices, unequal):
        score = Score(480, (Part("", 0, notes),))
        assert not AbcVocabulary.fits(score)
        with pytest.raises(ModelError, match="no tune of one line"):
            small.encode(score)
    drums = Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80)]), is_drums=True),))
    assert not AbcVocabulary.fits(drums)
    assert AbcVocabulary.fits(Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80)])),)))


def test_a_vocabulary_is_saved_as_plain_json(small: AbcVocabulary) -> None:
    again = from_dict(json.loads(json.dumps(small.to_dict())))
    assert again == small
    words = small.encode(read_book(TUNES)[0])
    assert again.decode(words) == small.decode(words)


def test_units_are_the_characters_of_the_music_as_it_stood(small: AbcVocabulary) -> None:
    score = read_book(TUNES)[1]
    words = small.encode(score)
    assert small.units(score, words) == len("z4C4^F8|(5CDEFG ||")
    written = sum(len(text) for text in texts(small, words)[2:])
    assert small.units(replace(score, characters=0), words) == written
