"""What lexemes of ABC mean, which of them are words, and what they have in common."""

from dataclasses import replace

import numpy as np
import pytest

from musegen.errors import ModelError
from musegen.score.abc import read_book
from musegen.score.abc_fields import note_pitch
from musegen.score.score import MODES, Mark, Notes, Part, Score
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.abc_lexicon import read_lexeme, transposed
from musegen.vocabulary.choose import build_of
from musegen.vocabulary.traits import traits
from tests.vocabulary.test_abc import TUNES, texts

TWO_AT_ONCE = Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80), (240, 480, 64, 80)])),))


def tune_of(line: str, key: str = "C", metre: str = "4/4") -> Score:
    (tune,) = read_book(f"X:1\nM:{metre}\nL:1/8\nK:{key}\n{line}\n")
    assert isinstance(tune, Score)
    return tune


def test_what_is_no_tune_is_refused() -> None:
    tune = tune_of("C8|]")
    with pytest.raises(ModelError, match="a piece is no tune"):
        AbcVocabulary.build([tune, TWO_AT_ONCE])
    with pytest.raises(ModelError, match="no piece is a tune"):
        build_of(traits([TWO_AT_ONCE]), "abc")
    assert build_of(traits([tune, TWO_AT_ONCE]), "abc") == AbcVocabulary.build([tune])


def test_a_tune_moves_as_far_as_the_pitches_of_its_corpus_reach() -> None:
    """From C to c, so that E to G have room for four semitones below, and five above."""
    wide, narrow = tune_of("C2D2E2G2|c8|]"), tune_of("E2F2G2E2|]")
    vocabulary = AbcVocabulary.build([wide, narrow])
    assert vocabulary.transpositions(vocabulary.encode(narrow)) == (-4, 5)
    assert vocabulary.transpositions(vocabulary.encode(wide)) == (0, 0)
    pitches = {
        pitch for lexeme in vocabulary.tables.lexemes if lexeme.units for pitch in lexeme.pitches(0)
    }
    assert (min(pitches), max(pitches)) == (60, 72)


def test_any_bar_can_be_filled_with_eighths_of_the_notes_there_are() -> None:
    words = AbcVocabulary.build([tune_of("C4[EG]4|^F8|]")]).words
    assert {"C", "E", "G"} <= set(words)
    assert "^F" not in words


def test_words_keep_the_numbers_that_saved_models_know() -> None:
    vocabulary = AbcVocabulary(("|", "M:4/4", "K:C", "C"))
    assert vocabulary.sizes == (3 + 95 + 4,)
    words = vocabulary.encode(tune_of("C D|"))
    assert words[:, 0].tolist() == [99, 100, 101, 1, 3 + ord("D") - 32, 2, 98, 0]


def test_aspects_are_degree_pitch_and_length_in_the_key() -> None:
    vocabulary = AbcVocabulary(
        ("|", "M:4/4", "K:A", "K:F#m", "K:Cb", "K:none", *"CDEFGAB", "A2", "[ce]", "z", "g''''")
    )
    field, feature, sizes, table = vocabulary.aspects
    assert field == 0
    index = vocabulary.tables.index

    def its(text: str, key: str) -> list[int]:
        words = np.array([[index["M:4/4"]], [index[key]], [index["|"]]])
        value = vocabulary.features_of(words)[2, feature]
        return table[value, index[text]].tolist()

    assert its("A", "K:A")[:2] == [1, 1 + 69]
    assert its("G", "K:A")[:2] == [1 + 11, 1 + 68]
    assert its("A", "K:F#m")[:2] == [1 + 3, 1 + 69]
    assert its("F", "K:F#m")[:2] == [1, 1 + 66]
    assert its("C", "K:Cb")[:2] == [1, 1 + 59]
    assert its("[ce]", "K:A")[:2] == [1 + 4, 1 + 73]
    assert its("z", "K:A")[:2] == its("|", "K:A")[:2] == [0, 0]
    plain = [its(letter, "K:none")[:2] for letter in "CDEFGAB"]
    assert plain == [[0, 1 + pitch] for pitch in (60, 62, 64, 65, 67, 69, 71)]
    lengths = {text: its(text, "K:A")[2] for text in ("|", "A", "A2", "[ce]", "z")}
    assert lengths == {"|": 0, "A": 1, "A2": 2, "[ce]": 1, "z": 1}
    assert its("g''''", "K:none")[:2] == [0, 128]
    assert (table.max(axis=(0, 1)) + 1).tolist() == list(sizes)
    assert table.min() == 0


def test_the_place_in_a_bar_is_told_to_a_twelfth_of_an_eighth() -> None:
    tune = tune_of("C|(3DEF G2 A4|B8|:c8|]", metre="4/4")
    vocabulary = AbcVocabulary.build([tune])
    words = vocabulary.encode(tune)
    names = [feature.name for feature in vocabulary.features]
    told = dict(zip(names, vocabulary.features_of(words).T.tolist(), strict=True))
    assert texts(vocabulary, words)[:8] == ["M:4/4", "K:C", "C", "|", "D2/3", "E2/3", "F2/3", "G2"]
    assert told["place"] == [0, 0, 0, 12, 0, 8, 16, 24, 48, 96, 0, 96, 0, 96, 0]
    assert told["to go"] == [0, 96, 96, 84, 96, 88, 80, 72, 48, 0, 96, 0, 96, 0, 96]
    assert told["bars in section"] == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 0, 0, 0]


def test_features_of_a_spelled_tune_are_those_met_word_by_word() -> None:
    """Of whose lexemes but some are words."""
    vocabulary = AbcVocabulary(("|", "M:6/8", "K:Gm", "A", "d2", "^f-", "[DG]6"))
    for score in read_book(TUNES):
        words, tracker, known, bars = vocabulary.encode(score), vocabulary.start(1), [], []
        for word in words:
            known.append(tracker.features(np.zeros((1, 0), np.int16))[0])
            bars.append(int(tracker.bars[0]))
            tracker.advance(word[None])
        features = vocabulary.features_of(words)
        assert np.array_equal(features, known)
        assert vocabulary.bars(words, features).tolist() == bars
        again = vocabulary.decode(words)
        assert again.parts[0].notes == score.parts[0].notes


SIGNS = {"": 0, "b": -1, "#": 1}


@pytest.mark.parametrize("semitones", range(-6, 7))
@pytest.mark.parametrize("fifths", [-5, 0, 6])
def test_a_chord_symbol_moves_root_and_bass_and_keeps_its_kind(fifths: int, semitones: int) -> None:
    for letter in "ABCDEFG":
        for sign in SIGNS:
            said = transposed(read_lexeme(f'"{letter}{sign}m7/{letter}{sign}"'), fifths, semitones)
            root, bass = said.strip('"').split("m7/")
            assert root == bass
            before = note_pitch(letter, "", SIGNS[sign])
            after = note_pitch(root[0], "", SIGNS[root[1:]])
            assert (after - before - semitones) % 12 == 0


@pytest.mark.parametrize(
    ("text", "fifths", "semitones", "moved"),
    [
        ('"C"', 0, 1, '"Db"'),
        ('"C"', 0, 6, '"F#"'),
        ('"F#"', 0, 6, '"B#"'),  # in six sharps
        ('"C#"', 0, 6, '"G"'),
        ('"(Am/c)"', 0, 2, '"(Bm/d)"'),
        ('"G7/f+"', 0, 2, '"A7/g#"'),
        ("K:Am", 0, 3, "K:Cm"),
        ("K:none", 0, 3, "K:none"),
        ("|:", 0, 3, "|:"),
        ("{/ga}", 0, 2, "{/ab}"),
        ("[CEG]2-", 0, 5, "[FAc]2-"),
        ("[GEC]2", 0, 5, "[FAc]2"),
        ("^f''''", 0, 1, "=g''''"),
        ("z4", 0, 2, "z4"),
    ],
)
def test_a_lexeme_is_moved_as_a_musician_would_write_it(
    text: str, fifths: int, semitones: int, moved: str
) -> None:
    assert transposed(read_lexeme(text), fifths, semitones) == moved


@pytest.mark.parametrize(("text", "semitones"), [("g''''", 1), ("C,,,,,", -1)])
def test_no_lexeme_is_moved_beyond_midi(text: str, semitones: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        transposed(read_lexeme(text), 0, semitones)


def test_without_a_key_notes_move_and_the_signature_stays() -> None:
    assert transposed(read_lexeme("E"), 0, 1, in_key=False) == "F"
    assert transposed(read_lexeme("F"), 0, 1, in_key=False) == "^F"


def test_marks_that_have_no_note_or_no_sign_are_counted_as_lost() -> None:
    tune = tune_of("C4D4|]")
    vocabulary = AbcVocabulary.build([tune])
    end = tune.end
    assert vocabulary.lost(tune) == {}
    cases = [
        (Mark(0, "chord", "G7"), 0),
        (Mark(0, "chord", "slowly now"), 1),
        (Mark(end, "chord", "G7"), 1),
        (Mark(end - 1, "chord", "G7"), 0),
        (Mark(0, "ornament", "?"), 1),
        (Mark(0, "ornament", "~"), 0),
        (Mark(end, "bar", "|]"), 0),
        (Mark(0, "repeat", "|:"), 0),
        (Mark(0, "ending", "1"), 0),
        (Mark(0, "ending", "C"), 1),
    ]
    for mark, count in cases:
        assert vocabulary.lost(replace(tune, marks=(mark,))).get("marks", 0) == count, mark


def test_a_key_that_is_told_again_is_no_change() -> None:
    """Be it that one of them was guessed."""
    tune = tune_of("C8|D8|E8|]", "G")
    keys = np.array([[0, 1, 0, 0], [tune.barlines[0], 1, 0, 1], [tune.barlines[1], 2, 0, 0]])
    vocabulary = AbcVocabulary.build([tune])
    said = texts(vocabulary, vocabulary.encode(replace(tune, key=keys)))
    assert [text for text in said if text[:2] == "K:"] == ["K:G", "K:D"]


def test_of_a_line_every_note_has_a_length_and_chords_end_together() -> None:
    cases = {
        ((0, 480, 60), (480, 480, 62)): True,
        ((0, 480, 60), (480, 0, 62)): False,
        ((0, 480, 60), (0, 480, 64), (480, 480, 62)): True,
        ((0, 480, 60), (0, 240, 64)): False,
        ((0, 480, 60), (0, 480, 60)): False,
        ((0, 480, 60), (479, 480, 62)): False,
    }
    for rows, fits in cases.items():
        part = Part("", 0, Notes.of([(*row, 80) for row in rows]))
        assert AbcVocabulary.fits(Score(480, (part,))) == fits
        assert not AbcVocabulary.fits(Score(480, (part, part)))


def test_a_new_vocabulary_has_every_mode() -> None:
    for mode in MODES:
        tune = tune_of("C8|]", f"D {mode}")
        vocabulary = AbcVocabulary.build([tune])
        again = vocabulary.decode(vocabulary.encode(tune))
        assert again.key.tolist() == tune.key.tolist()


@pytest.mark.parametrize("key", ["Bb", "Edor", "none"])
def test_a_tune_that_is_moved_sounds_so_and_its_features_are_those_of_the_moved(key: str) -> None:
    tune = tune_of('"C"CDEF [EG]2 A2|1 G8:|2 c4 G4|]', key)
    vocabulary = AbcVocabulary.build([tune_of("A,8|c'8|]", key), tune])
    words = vocabulary.encode(tune)
    features = vocabulary.features_of(words)
    low, high = vocabulary.transpositions(words)
    assert -5 < low < 0 < high == 5
    for shift in (low, high):
        moved, beside = vocabulary.transpose(words, features, shift)
        assert np.array_equal(beside, vocabulary.features_of(moved))
        before, after = tune.parts[0].notes, vocabulary.decode(moved).parts[0].notes
        assert after == replace(before, pitch=before.pitch + shift)
        assert np.array_equal(vocabulary.encode(vocabulary.decode(moved)), moved)


def test_every_word_of_a_good_tune_may_follow_those_before_it() -> None:
    """Pickups, repeats and endings, ties, marks, new metres and keys, seven flats among them."""
    lines = (
        'G2|:"C"C2 {d}~E2 G4-|G4 z2 B2|1 c4 d4:|2 c6|]',
        'K:Cb\n"Ab"A2|',
        "M:3/4\nB6-|B4||",
        "K:Bb\nd2|[Bd]6|]",
    )
    tune = tune_of("\n".join(lines))
    vocabulary = AbcVocabulary.build([tune])
    tracker, words = vocabulary.start(1), vocabulary.encode(tune)
    assert "K:Cb" in texts(vocabulary, words)
    for place, word in enumerate(words):
        legal = tracker.legal(np.zeros((1, 0), np.int16))[0]
        assert legal[word[0]], texts(vocabulary, words[: place + 1])
        tracker.advance(word[None])


def test_a_tie_is_begun_where_a_note_that_is_not_tied_can_end_it() -> None:
    vocabulary = AbcVocabulary(("|", "|]", "M:4/4", "K:C", "C", "C8-", "D8-"))
    tracker, index = vocabulary.start(1), vocabulary.tables.index
    for text in ("M:4/4", "K:C"):
        tracker.advance(np.array([[index[text]]], np.int16))
    legal = tracker.legal(np.zeros((1, 0), np.int16))[0]
    assert legal[[index[text] for text in ("C", "C8-", "D8-")]].tolist() == [True, True, False]


def test_what_a_pickup_took_a_section_ends_without_right_after_a_sound() -> None:
    vocabulary = AbcVocabulary(("|", "|]", "|:", "M:4/4", "K:C", '"C"', "C", "C2", "C6"))
    tracker, index = vocabulary.start(1), vocabulary.tables.index
    ends = []
    for text in ("M:4/4", "K:C", "C2", "|", "C6", '"C"', "C", "C"):
        tracker.advance(np.array([[index[text]]], np.int16))
        legal = tracker.legal(np.zeros((1, 0), np.int16))[0]
        ends.append(bool(legal[index["|]"]]))
    assert ends == [False, False, True, False, True, False, False, True]


def test_places_in_a_bar_are_told_apart_for_two_whole_notes() -> None:
    tune = tune_of("C8 C4 C4 C8 C8|]", metre="32/8")
    vocabulary = AbcVocabulary.build([tune])
    features = vocabulary.features_of(vocabulary.encode(tune))
    assert features[2:, 0].tolist() == [0, 96, 144, 192, 192, 192, 0]
    assert features[2:, 1].tolist() == [192, 192, 192, 192, 96, 0, 192]
    assert [feature.size for feature in vocabulary.features[:3]] == [193, 193, 16]
