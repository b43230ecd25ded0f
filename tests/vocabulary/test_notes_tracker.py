"""What may follow in notes: the range, the parts, the time and the bars that were asked for."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from musegen.score.files import read
from musegen.score.score import MODES, Notes, Part, Score
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import (
    APPLIES,
    BARLINE,
    DESK,
    END,
    INSTRUMENT,
    KEY,
    KIND,
    KINDS,
    LONGER,
    METRE,
    NOTE,
    PEDAL,
    PITCH,
    TEMPO,
    VALUE,
    WAIT,
    key_value,
    tempo_of_value,
)
from musegen.vocabulary.vocabulary import Words

DRUMS = 128
SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mask_keeps_to_the_range_the_parts_and_the_time_it_is_told(
    seed: int, walk: Callable
) -> None:
    vocabulary = NotesVocabulary(24, 50, 55)
    places = [(0, 0), (0, 3), (DRUMS, 0)]
    tracker = vocabulary.start(4)
    tracker.keep_parts(places)
    tracker.keep_time, tracker.last_bar = True, 8
    for words, _ in walk(vocabulary, tracker, np.random.default_rng(seed), 200, END):
        played = words[np.isin(words[:, KIND], (NOTE, PEDAL))]
        assert set(map(tuple, played[:, [INSTRUMENT, DESK]].tolist())) <= set(places)
        melodic = played[(played[:, KIND] == NOTE) & (played[:, INSTRUMENT] != DRUMS)]
        assert set(melodic[:, PITCH].tolist()) <= set(range(50, 56))
        counts = [int((words[:, KIND] == kind).sum()) for kind in (METRE, KEY, TEMPO, BARLINE)]
        assert counts[0] == counts[2] == 1
        assert counts[1] <= 1
        assert counts[3] == 8


def test_every_kind_of_word_is_drawn(walk: Callable) -> None:
    """The walks of the other tests would prove nothing of a kind that they never met."""
    vocabulary = NotesVocabulary(24)
    met: set[int] = set()
    values: set[int] = set()
    for seed in SEEDS:
        for words, _ in walk(
            vocabulary, vocabulary.start(4), np.random.default_rng(seed), 150, END
        ):
            met |= set(words[:, KIND].tolist())
            values |= set(words[words[:, KIND] == METRE, VALUE].tolist())
    assert met == set(range(len(KINDS))) - {LONGER}
    assert len(values) > 10


@pytest.mark.parametrize(("pitches", "seed"), [(3, 12), (3, 23), (4, 0), (12, 10)])
def test_a_pitch_is_not_begun_while_it_sounds(pitches: int, seed: int, walk: Callable) -> None:
    """Unless all of its part sound: a file could not tell which of the two ends first."""
    vocabulary = NotesVocabulary(24, 60, 59 + pitches)
    tracker = vocabulary.start(2)
    tracker.keep_parts([(0, 0), (40, 1)])
    tracker.last_bar = 6
    for words, _ in walk(vocabulary, tracker, np.random.default_rng(seed), 80, END):
        assert (words[:, KIND] == NOTE).any()
        for part in vocabulary.decode(words).parts:
            sounding: dict[int, int] = {}
            for onset, length, pitch, _ in part.notes.rows.tolist():
                full = sum(end > onset for end in sounding.values()) >= pitches
                assert sounding.get(pitch, 0) <= onset or full
                sounding[pitch] = max(sounding.get(pitch, 0), onset + length)


def held(quarters: int) -> Part:
    """One note, held so long."""
    return Part("", 0, Notes.of([(0, 24 * quarters, 60, 80)]))


def test_a_note_made_longer_sounds_on() -> None:
    vocabulary = NotesVocabulary(24)
    score = Score(24, (held(100),), barlines=np.array([96]))
    tracker = vocabulary.start(1)
    for word in vocabulary.prime(score):
        tracker.advance(word[None])
    after = np.zeros((1, PITCH), np.int16)
    after[0, KIND] = NOTE
    assert np.flatnonzero(~tracker.legal(after)[0]).tolist() == [60]


def test_a_new_metre_lets_what_sounds_end_with_the_piece() -> None:
    """A note of three bars of 4/4 was begun; three bars of 2/4 would be over before it."""
    vocabulary = NotesVocabulary(24)
    score = Score(24, (held(16),), barlines=np.array([96]))
    tracker = vocabulary.start(1)
    for word in vocabulary.prime(score):
        tracker.advance(word[None])
    tracker.last_bar = 4
    metre = np.zeros((1, VALUE), np.int16)
    metre[0, KIND] = METRE
    legal = {divmod(v, 8) for v in np.flatnonzero(tracker.legal(metre)[0]).tolist()}
    quarters = {Fraction(4 * (n + 1), 1 << power) for n, power in legal}
    assert min(quarters) == 4
    assert (3, 2) not in legal
    tracker.last_bar = 2
    legal = {divmod(v, 8) for v in np.flatnonzero(tracker.legal(metre)[0]).tolist()}
    assert min(Fraction(4 * (n + 1), 1 << power) for n, power in legal) == 12


def test_a_metre_that_is_composed_has_up_to_16_beats_from_half_notes_to_sixteenths() -> None:
    """And is another than the one that stands."""
    vocabulary = NotesVocabulary(24)
    tracker = vocabulary.start(1)
    for word in vocabulary.prime(Score(24, (held(4),), barlines=np.array([96]))):
        tracker.advance(word[None])
    metre = np.zeros((1, VALUE), np.int16)
    metre[0, KIND] = METRE
    legal = {divmod(v, 8) for v in np.flatnonzero(tracker.legal(metre)[0]).tolist()}
    assert legal == {(n, power) for n in range(16) for power in (1, 2, 3, 4)} - {(3, 2)}


def illegal(vocabulary: NotesVocabulary, words: Words) -> int:
    """How many of the words have a field that the mask would not let follow."""
    tracker, count = vocabulary.start(1), 0
    for word in words:
        asked = np.flatnonzero(vocabulary.applies[word[KIND]])
        count += not all(tracker.legal(word[None, :k])[0, word[k]] for k in asked.tolist())
        tracker.advance(word[None])
    return count


def test_a_word_may_stand_right_where_a_wait_leads_to() -> None:
    """A bar of 40 quarters: 32 are waited for, and the pedal and the note come just then."""
    onset = 32 * 24
    part = Part("", 0, Notes.of([(onset, 24, 60, 80)]), pedal=np.array([[onset, 127]]))
    metre = np.array([[0, 20, 2]])
    words = NotesVocabulary(24).encode(Score(24, (part,), metre=metre, barlines=np.array([960])))
    assert [KINDS[kind] for kind in words[:, KIND]][2:5] == ["wait", "pedal", "note"]
    # The metre alone is not legal: 20 beats are read but never made.
    assert illegal(NotesVocabulary(24), words) == 1


@pytest.mark.parametrize("pattern", ["ensemble/valid/game", "ensemble/valid/pop", "unfinished"])
def test_what_is_seen_in_training_is_almost_always_legal(pattern: str, shared: Path) -> None:
    """Else a model would learn what it may not say."""
    score = read(min((shared / pattern).glob("*.mid")))
    vocabulary = NotesVocabulary.build([score])
    words = vocabulary.encode(score)[:1500]
    assert illegal(vocabulary, words) < 0.003 * len(words)


def test_a_part_that_fell_silent_leaves_no_order_to_keep() -> None:
    """A seed stops on a flute's note; the piano that goes on cannot come after it at once."""
    flute = Part("", 73, Notes.of([(100, 24, 60, 80)]))
    vocabulary = NotesVocabulary(24)
    tracker = vocabulary.start(1)
    for word in vocabulary.prime(Score(24, (flute,), barlines=np.array([96]))):
        tracker.advance(word[None])
    tracker.keep_parts([(0, 0)])
    here, later = np.array([[NOTE, 0]], np.int16), np.array([[NOTE, 0, 1]], np.int16)
    assert not tracker.legal(here)[0, 0]
    assert np.flatnonzero(tracker.legal(later)[0]).tolist() == [0]


def test_a_piece_is_not_over_before_it_began() -> None:
    vocabulary = NotesVocabulary(24)
    tracker = vocabulary.start(1)
    for word in vocabulary.prime(Score(24, ())):
        assert not tracker.legal(word[None, :0])[0, END]
        tracker.advance(word[None])
    assert not tracker.legal(np.zeros((1, 0), np.int16))[0, END]


def test_a_tempo_that_is_composed_is_one_that_people_play() -> None:
    tracker = NotesVocabulary().start(3)
    tracker.last_bar, tracker.keep_time = 1, True
    rng, n_tempos = np.random.default_rng(0), 0
    for _ in range(4):
        word = np.zeros((3, 0), np.int16)
        for _ in range(len(NotesVocabulary().fields)):
            legal = tracker.legal(word)
            drawn = [rng.choice(np.flatnonzero(row)) if row.any() else 0 for row in legal]
            word = np.concatenate([word, np.array(drawn, np.int16)[:, None]], axis=1)
        for kind, value in word[:, [KIND, VALUE]]:
            if kind == TEMPO:
                n_tempos += 1
                assert 29 < 60e6 / tempo_of_value(int(value)) < 245
        tracker.advance(word)
    assert n_tempos


def test_drums_play_every_pitch_whatever_range_the_corpus_has() -> None:
    tracker = NotesVocabulary(24, 50, 55).start(1)
    for instrument, pitches in ((DRUMS, range(128)), (0, range(50, 56))):
        note = np.array([[NOTE, 0, 0, instrument, 0]], np.int16)
        assert np.flatnonzero(tracker.legal(note)[0]).tolist() == list(pitches)


def test_in_turn_the_desks_of_an_instrument_come_in_one_after_the_other() -> None:
    """Be it with a note or with a pedal; in each piece for itself."""
    tracker = NotesVocabulary(24).start(2)
    tracker.in_turn = True
    tracker.keep_parts([(40, 0), (40, 1), (40, 2), (41, 0), (41, 1)])

    def desks(instrument: int) -> list[list[int]]:
        note = np.array([[NOTE, 0, 1, instrument]] * 2, np.int16)
        return [np.flatnonzero(row).tolist() for row in tracker.legal(note)]

    def take(kind: int, desk: int) -> None:
        words = np.array([[kind, 0, 1, 40, desk, 60, 1, 0, 20, 0], [WAIT, *[0] * 9]], np.int16)
        words[0, ~APPLIES[kind]] = 0
        tracker.advance(words)

    assert desks(40) == [[0], [0]]
    take(NOTE, 0)
    assert desks(40) == [[0, 1], [0]]
    take(PEDAL, 1)
    assert desks(40) == [[0, 1, 2], [0]]
    take(NOTE, 0)
    assert desks(40) == [[0, 1, 2], [0]]
    assert desks(41) == [[0], [0]]


def test_every_signature_in_every_mode_may_be_said() -> None:
    values = {key_value(fifths, mode) for fifths in range(-7, 8) for mode in range(len(MODES))}
    tracker = NotesVocabulary(24).start(1)
    drawn = np.zeros((1, VALUE), np.int64)
    drawn[:, KIND] = KEY
    assert set(np.flatnonzero(tracker.legal(drawn)[0]).tolist()) == values


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_sound_no_more_notes_at_once_than_they_may(seed: int, walk: Callable) -> None:
    vocabulary = NotesVocabulary(24, 60, 72)
    most = {(40, 0): 2, (73, 0): 1, (73, 1): 1}
    tracker = vocabulary.start(4)
    tracker.keep_parts(list(most), voices=most)
    tracker.last_bar = 8
    for words, _ in walk(vocabulary, tracker, np.random.default_rng(seed), 200, END):
        score = vocabulary.decode(words)
        np.testing.assert_array_equal(vocabulary.encode(score), words)
        for part, place in zip(score.parts, vocabulary.places(score), strict=True):
            begun = np.searchsorted(part.notes.onset, part.notes.onset, side="right")
            ended = np.searchsorted(np.sort(part.notes.end), part.notes.onset, side="right")
            assert (begun - ended <= most[place]).all()


def test_a_wind_that_sounds_is_free_when_its_note_ends() -> None:
    vocabulary, flute = NotesVocabulary(24), Part("", 73, Notes.of([(0, 24, 60, 80)]))
    tracker = vocabulary.start(1)
    for word in vocabulary.prime(Score(24, (flute,), barlines=np.array([96])))[:-1]:
        tracker.advance(word[None])

    def legal(*drawn: int) -> list[int]:
        return np.flatnonzero(tracker.legal(np.array([drawn], np.int16))[0]).tolist()

    tracker.keep_parts([(40, 0), (73, 0), (73, 1)], voices={(73, 0): 1, (73, 1): 1})
    assert legal(NOTE, 0, 0) == [73]  # words of one tick are in the order of instruments
    assert legal(NOTE, 0, 23) == legal(NOTE, 1, 0) == [40, 73]
    assert legal(NOTE, 0, 0, 73) == legal(NOTE, 0, 23, 73) == [1]
    assert legal(NOTE, 1, 0, 73) == [0, 1]
    tracker.keep_parts([(73, 0)], voices={(73, 0): 1, (73, 1): 1})
    assert NOTE in legal()
    assert legal(NOTE) == [1, 2, 3]  # quarters: nobody is free before
    tracker.keep_parts([(73, 0)], voices={(73, 0): 2})
    assert legal(NOTE) == [0, 1, 2, 3]
