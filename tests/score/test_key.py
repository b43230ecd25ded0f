"""Keys: estimated where none is given or the given one is belied by the notes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21 import converter, corpus

from musegen.score.files import read
from musegen.score.key import estimate_key, pitch_name, settled_key
from musegen.score.score import MODE_DEGREE, Notes, Part, tonic

MAJOR, MINOR = MODE_DEGREE["major"], MODE_DEGREE["minor"]
TUNES = {  # degrees in semitones above the tonic, with their lengths
    MAJOR: [(0, 4), (4, 2), (7, 4), (5, 2), (4, 2), (2, 2), (9, 1), (11, 1), (0, 4)],
    MINOR: [(0, 4), (3, 2), (7, 4), (5, 2), (3, 2), (2, 2), (8, 1), (11, 1), (0, 4)],
}
fifths = st.integers(-5, 6)
modes = st.sampled_from([MAJOR, MINOR])


def tune(key_fifths, mode, octave=4):
    """The one part of a tune in a key."""
    home = 12 * (octave + 1) + tonic(key_fifths, mode)
    rows, onset = [], 0
    for degree, length in TUNES[mode]:
        rows.append((onset, 24 * length, home + degree, 80))
        onset += 24 * length
    return (Part("", 0, Notes.of(rows)),)


@given(fifths, modes)
def test_the_notes_of_a_key_and_its_leading_note_have_a_letter_each(key_fifths, mode):
    degrees = [degree for degree, _ in TUNES[mode]]
    home = 60 + tonic(key_fifths, mode)
    assert len({pitch_name(home + degree, key_fifths)[0] for degree in degrees}) == 7


def test_pitches_are_named_as_the_key_spells_them():
    named = {0: "G#4", -3: "Ab4", 5: "G#4", -6: "Ab4"}  # A minor, C minor, B major, G♭ major
    assert {key: pitch_name(68, key) for key in named} == named
    assert [pitch_name(60, 7), pitch_name(59, -7), pitch_name(0)] == ["B#3", "Cb4", "C-1"]


def signatures(*rows):
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


@given(fifths, modes)
def test_a_tune_in_any_key_is_heard_in_it(key_fifths, mode):
    assert estimate_key(tune(key_fifths, mode)) == (key_fifths, mode)
    assert settled_key(tune(key_fifths, mode), signatures()).tolist() == [[0, key_fifths, mode, 1]]


@given(fifths, modes, st.integers(1, 20))
def test_octave_and_speed_leave_the_key_and_drums_say_nothing(key_fifths, mode, times):
    notes = tune(key_fifths, mode, octave=2)[0].notes
    slow = Notes(notes.onset * times, notes.duration * times, notes.pitch, notes.velocity)
    noise = Part("", 0, Notes.of([(0, 9999, 61, 127)]), is_drums=True)
    assert estimate_key((Part("", 0, slow), noise)) == (key_fifths, mode)


@pytest.mark.parametrize(
    ("given_fifths", "is_believed"),
    [(0, False), (2, True), (1, True), (-4, False), (-5, False)],
)
def test_a_signature_is_believed_unless_the_notes_belie_it(given_fifths, is_believed):
    key = settled_key(tune(2, MAJOR), signatures((0, given_fifths, MAJOR)))
    assert key.tolist() == ([[0, given_fifths, MAJOR, 0]] if is_believed else [[0, 2, MAJOR, 1]])


def test_a_printed_signature_is_believed_whatever_the_notes_say():
    given = signatures((0, -5, MAJOR))
    assert settled_key(tune(2, MAJOR), given, is_printed=True).tolist() == [[0, -5, MAJOR, 0]]
    assert settled_key(tune(2, MAJOR), signatures(), is_printed=True).tolist() == [[0, 2, MAJOR, 1]]


def test_c_major_stands_where_it_is_the_key():
    key = settled_key(tune(0, MAJOR), signatures((0, 0, MAJOR)))
    assert key.tolist() == [[0, 0, MAJOR, 0]]


def test_the_signature_of_most_parts_stands_over_those_of_transposing_instruments():
    rows = [(0, 2, MINOR)] * 5 + [(0, 4, MINOR)] * 2 + [(0, 0, MAJOR)]
    assert settled_key(tune(2, MINOR), signatures(*rows)).tolist() == [[0, 2, MINOR, 0]]


def test_of_equally_common_signatures_the_one_that_explains_the_notes_stands():
    rows = [(0, -3, MAJOR), (0, 2, MAJOR)]
    assert settled_key(tune(2, MAJOR), signatures(*rows)).tolist() == [[0, 2, MAJOR, 0]]


def test_a_change_of_key_is_kept_and_a_repetition_is_not():
    rows = [(0, 2, MAJOR), (48, 2, MAJOR), (96, 1, MAJOR)]
    key = settled_key(tune(2, MAJOR), signatures(*rows))
    assert key.tolist() == [[0, 2, MAJOR, 0], [96, 1, MAJOR, 0]]


def test_without_a_pitch_there_is_no_key_to_estimate():
    drums = (Part("", 0, Notes.of([(0, 24, 36, 80)]), is_drums=True),)
    assert settled_key(drums, signatures()).tolist() == []
    assert settled_key(drums, signatures((0, 3, MAJOR))).tolist() == [[0, 3, MAJOR, 0]]


def test_the_symphony_is_in_b_minor_and_e_major(shared):
    keys = [read(path).key.tolist() for path in sorted((shared / "unfinished").iterdir())]
    assert keys == [[[0, 2, MINOR, 0]], [[0, 4, MAJOR, 0]]]


def test_the_estimate_is_that_of_another_implementation():
    paths = [path for path in corpus.getComposer("bach") if path.suffix == ".mxl"][::34]
    for path in paths:
        oracle = converter.parse(path).analyze("key.krumhanslkessler")
        assert estimate_key(read(path).parts) == (oracle.sharps, MODE_DEGREE[oracle.mode]), path
