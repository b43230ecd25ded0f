"""What a vocabulary tells of the past, told another way: counted by hand, or word by word."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from musegen.score.abc import read_book
from musegen.score.score import Event, Notes, Part, Score, barlines_of_metre
from musegen.vocabulary.abc import AbcVocabulary
from musegen.vocabulary.choose import build, from_dict
from musegen.vocabulary.grid import GridVocabulary
from musegen.vocabulary.notes import NotesVocabulary
from musegen.vocabulary.notes_layout import KIND, NOTE, PITCH
from musegen.vocabulary.vocabulary import Vocabulary, Words

KINDS = ("abc", "grid", "notes")
MakeScore = Callable[..., Score]


def of(kind: str, make_score: MakeScore, bars: int = 4) -> tuple[Vocabulary, Score]:
    score = make_score(kind, 1, bars)
    return build([score], kind), score


@pytest.mark.parametrize("kind", KINDS)
def test_what_tells_of_a_field_is_known_before_the_field_is_drawn(
    kind: str, make_score: MakeScore
) -> None:
    vocabulary, _ = of(kind, make_score)
    known = {feature.name: feature.known_after for feature in vocabulary.features}
    for number, field in enumerate(vocabulary.fields):
        for name in (field.echo, field.standing, field.alike, field.rhyme):
            assert known.get(name, -1) < number
        assert field.echo in known
        assert field.alike in known


@pytest.mark.parametrize("kind", KINDS)
def test_bars_and_features_are_those_that_a_tracker_tells(kind: str, make_score: MakeScore) -> None:
    vocabulary, score = of(kind, make_score, bars=20)
    words = vocabulary.encode(score)
    features = vocabulary.features_of(words)
    tracker, counted = vocabulary.start(1), []
    for word, beside in zip(words, features, strict=True):
        counted.append(int(tracker.bars[0]))
        assert np.array_equal(tracker.features(word[None])[0], beside)
        tracker.advance(word[None])
    assert vocabulary.bars(words, features).tolist() == counted
    assert vocabulary.n_bars(words, features) == score.n_bars == 20


def test_a_bar_that_a_performance_ends_in_is_one_of_its_bars() -> None:
    part = Part("", 0, Notes.of([(0, 24, 60, 80), (100, 24, 60, 80)]))
    score = Score(24, (part,), barlines=np.array([96]))
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(score)
    features = vocabulary.features_of(words)
    assert vocabulary.bars(words, features)[-1] == 1
    assert vocabulary.n_bars(words, features) == 2


def test_a_tune_sees_the_three_words_before() -> None:
    (tune,) = read_book("X:1\nM:2/4\nL:1/8\nK:C\nCDEF|]\n")
    vocabulary = AbcVocabulary.build([tune])
    words = vocabulary.encode(tune)
    past = vocabulary.history(words, vocabulary.features_of(words))
    said = words[:, 0].tolist()
    for at in range(len(said)):
        assert past[at, 0].tolist() == [said[at - k] if at >= k else -1 for k in (1, 2, 3)]


def test_a_field_of_a_note_sees_those_before_it_and_itself_in_the_word_before(
    make_score: MakeScore,
) -> None:
    vocabulary, score = of("notes", make_score)
    words = vocabulary.encode(score)
    past = vocabulary.history(words, vocabulary.features_of(words))
    for at, word in enumerate(words.tolist()):
        for k in range(len(word)):
            own = words[at - 1, k] if at else -1
            expected = [word[k - 1] if k else -1, own, word[k - 2] if k > 1 else -1]
            assert past[at, k].tolist() == expected


def test_a_field_moves_where_what_it_becomes_is_its_alone() -> None:
    """Notes at the top of MIDI stay there: two pitches would become one."""
    part = Part("", 0, Notes.of([(0, 24, 60, 80), (24, 24, 126, 80), (48, 24, 127, 80)]))
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(Score(24, (part,)))
    features = vocabulary.features_of(words)
    pitches = np.flatnonzero(words[:, KIND] == NOTE)
    assert vocabulary.moves(words, features, 1)[pitches, PITCH].tolist() == [True, True, False]
    assert vocabulary.moves(words, features, -1).all()
    assert vocabulary.moves(words, features, 3)[pitches, PITCH].tolist() == [True, False, False]


def test_a_lexeme_moves_where_its_counterpart_is_a_word() -> None:
    vocabulary = AbcVocabulary(("|", "M:4/4", "K:C", "C", "D", "E"))
    lines = ("M:4/4", "K:C", "C", "D", "E", "|")
    words = np.array([[vocabulary.tables.index[text]] for text in lines], np.int16)
    features = vocabulary.features_of(words)
    moved = vocabulary.moves(words, features, 12)[:, 0].tolist()
    assert moved == [True, True, False, False, False, True]
    none = AbcVocabulary(("|", "M:4/4", "K:none", "C", "D", "E"))
    words = np.array([[none.tables.index[text.replace("K:C", "K:none")]] for text in lines])
    features = none.features_of(words)
    assert none.moves(words, features, 2)[:, 0].tolist() == [True, True, True, True, False, True]


def highest(vocabulary: Vocabulary, pieces: list[Words]) -> dict[str, int]:
    every = np.concatenate([vocabulary.features_of(words) for words in pieces])
    names = [feature.name for feature in vocabulary.features]
    return dict(zip(names, every.max(axis=0).tolist(), strict=True))


def sizes(vocabulary: Vocabulary) -> dict[str, int]:
    return {feature.name: feature.size for feature in vocabulary.features}


def test_features_of_notes_have_room_for_the_most_there_can_be_and_no_more() -> None:
    vocabulary = NotesVocabulary(24)
    far = Notes.of([(0, 24 * 30, 127, 127), (24 * 31, 24 * 30, 127, 127), (24 * 62, 1, 127, 127)])
    slow = Score(
        24,
        (Part("", 0, far),),
        tempo=np.array([[0, 1000]]),
        metre=np.array([[0, 32, 1]]),
        key=np.array([[0, 7, 6, 0]]),
        barlines=np.array([24 * 128]),
    )
    short = np.array([[0, 32, 128]])
    quick = replace(slow, metre=short, barlines=barlines_of_metre(short, 24 * 20, 24))
    found = highest(vocabulary, [vocabulary.encode(score) for score in (slow, quick)])
    echoes = list(found).index("part_velocity") + 1
    for name, most in list(found.items())[:echoes]:
        assert most == sizes(vocabulary)[name] - 1, name


def test_features_of_a_grid_have_room_for_the_most_there_can_be_and_no_more() -> None:
    voices = (("", 0), ("", 0))
    metres = ((4, 4), (33, 4))
    vocabulary = GridVocabulary(4, voices, ((0, 127),) * 2, metres).taking_given()
    line = Notes.of(
        [(0, 40, 127, 80), (41, 1, 127, 80)] * 1 + [(k, 1, 127, 80) for k in range(42, 300)]
    )
    score = Score(4, (Part("", 0, line), Part("", 0, line)), metre=np.array([[0, 33, 4]]))
    words = vocabulary.encode(score)
    features = vocabulary.beside(words, vocabulary.features_of(words), {0, 1})
    gone = vocabulary.toward(words, features, 1, 200)
    most = np.maximum(features, gone).max(axis=0)
    for feature, value in zip(vocabulary.features, most.tolist(), strict=True):
        if not feature.name.startswith(("echo", "alike")):
            assert value == feature.size - 1, feature.name


def test_features_of_a_tune_have_room_for_the_most_there_can_be_and_no_more() -> None:
    line = "C8" * 9 + "|" + "C|" * 16 + "|]"
    (tune,) = read_book(f"X:1\nM:9/1\nL:1/8\nK:C# locrian\n{line}\n")
    vocabulary = AbcVocabulary.build([tune])
    found = highest(vocabulary, [vocabulary.encode(tune)])
    for name in ("place", "to go", "bars in section", "metre"):
        assert found[name] == sizes(vocabulary)[name] - 1, name
    fifths = [f"K:{tonic} {mode}" for tonic in ("Cb", "C#") for mode in ("major", "locrian")]
    keys = [read_book(f"X:1\nM:4/4\n{key}\nC8|]\n")[0] for key in fifths]
    assert (
        max(vocabulary.features_of(vocabulary.encode(score))[-1, 4] for score in keys)
        < sizes(vocabulary)["key"]
    )


@pytest.mark.parametrize(
    ("kind", "unit", "grid", "says_key"),
    [
        ("abc", "character", "lexemes of ABC with L:1/8", True),
        ("grid", "voice and step", "4 steps a quarter", False),
        ("notes", "note", "24 ticks a quarter", True),
    ],
)
def test_a_vocabulary_says_what_likelihoods_are_counted_in(
    kind: str, unit: str, grid: str, says_key: bool, make_score: MakeScore
) -> None:
    vocabulary, _ = of(kind, make_score)
    again = from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    for each in (vocabulary, again):
        assert (each.unit, each.grid, each.says_key) == (unit, grid, says_key)


@pytest.mark.parametrize("kind", KINDS)
def test_what_words_keep_is_not_counted_as_lost_and_events_are(
    kind: str, make_score: MakeScore
) -> None:
    vocabulary, score = of(kind, make_score)
    score = replace(score, tempo=np.array([[0, 500_000]]))
    kept = {"tempos": 1} if kind == "grid" else {}
    assert vocabulary.lost(score) == kept
    event = Event(0, b"\xff\x01\x00")
    parts = tuple(replace(part, events=(event,)) for part in score.parts)
    more = replace(score, parts=parts, events=(event, event))
    assert vocabulary.lost(more) == kept | {"events": 2 + len(score.parts)}


@pytest.mark.parametrize("semitones", [-3, 3])
def test_features_of_notes_follow_a_pitch_to_the_ends_of_midi(semitones: int) -> None:
    rows = [(24 * k, 24, pitch, 80) for k, pitch in enumerate((0, 60, 127, 60, 0, 60))]
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(Score(24, (Part("", 0, Notes.of(rows)),)))
    moved, features = vocabulary.transpose(words, vocabulary.features_of(words), semitones)
    notes = vocabulary.decode(moved).parts[0].notes
    assert notes.pitch.tolist() == [min(max(row[2] + semitones, 0), 127) for row in rows]
    assert np.array_equal(features, vocabulary.features_of(moved))


def test_music_without_bars_is_read_in_common_time_at_the_usual_tempo() -> None:
    vocabulary = NotesVocabulary(24)
    score = vocabulary.decode(np.zeros((1, 10), np.int16))
    assert score.metre.tolist() == [[0, 4, 4]]
    assert score.tempo.tolist() == [[0, 500_000]]


def test_a_part_with_a_pedal_alone_is_a_part() -> None:
    vocabulary = NotesVocabulary(24)
    score = Score(24, (Part("", 0, Notes.of([]), pedal=np.array([[0, 127], [24, 0]])),))
    again = vocabulary.decode(vocabulary.encode(score))
    assert [part.pedal.tolist() for part in again.parts] == [[[0, 127], [24, 0]]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_bars_asked_of_each_piece_are_chosen_with_it(kind: str, make_score: MakeScore) -> None:
    vocabulary, _ = of(kind, make_score)
    tracker = vocabulary.start(3)
    tracker.last_bar = np.array([2, 3, 4])
    chosen = tracker.chosen(np.array([2, 0, 2]))
    assert chosen.last_bar.tolist() == [4, 2, 4]
    assert tracker.last_bar.tolist() == [2, 3, 4]
    tracker.last_bar = 5
    assert tracker.chosen(np.array([1])).last_bar == 5


@pytest.mark.parametrize("kind", KINDS)
def test_shared_are_the_features_that_hold_what_voices_share_or_nothing(
    kind: str, make_score: MakeScore
) -> None:
    vocabulary, _ = of(kind, make_score)
    n_shared = vocabulary.fields[0].shared
    assert n_shared == (128 if kind == "grid" else 0)
    for feature in vocabulary.features:
        assert feature.shared == (n_shared > 0 and feature.size == n_shared + 1), feature.name


def test_a_note_is_told_what_sounds_where_it_begins() -> None:
    """By the notes before it, of any part but drums; what ends there sounds no more."""
    chord = [(0, 96, 60, 80), (0, 24, 64, 80), (48, 24, 67, 80)]
    flute = Part("", 73, Notes.of([(24, 12, 74, 80)]))
    drums = Part("", 0, Notes.of([(0, 96, 38, 80)]), is_drums=True)
    score = Score(24, (Part("", 0, Notes.of(chord)), flute, drums), barlines=np.array([96]))
    vocabulary = NotesVocabulary(24)
    words = vocabulary.encode(score)
    names = [feature.name for feature in vocabulary.features]
    columns = [names.index(name) for name in vocabulary.fields[PITCH].sounding]

    def sounding(features: np.ndarray) -> list[list[int]]:
        told = features[words[:, KIND] == NOTE][:, columns]
        return [np.flatnonzero(row).tolist() for row in told]

    features = vocabulary.features_of(words)
    assert sounding(features) == [[], [0], [0, 4], [0], [0]]
    _, moved = vocabulary.transpose(words, features, 3)
    assert sounding(moved) == [[], [3], [3, 7], [3], [3]]
