"""What was performed, in the lengths that one would write; what was written stays."""

import pytest

from musegen.picture.notated import notated
from musegen.score.abc import read_book
from musegen.score.musicxml_read import read_musicxml
from musegen.score.musicxml_write import write_musicxml
from musegen.score.score import Mark, Notes, Part, Score

E = 240  # an eighth, of 480 ticks to the quarter
Rows = list[tuple[int, int]]


def written(rows: Rows, *, program: int = 40, drum: int = 0, per: int = 480) -> list[list[int]]:
    """Onset and length, as written, of notes of one part in 4/4 so played."""
    notes = Notes.of([(onset, length, drum or 60, 80) for onset, length in rows])
    part = Part("A part", program, notes, is_drums=drum > 0)
    score = notated(Score(per, (part,), barlines=range(4 * per, 1000 * per, 4 * per)))
    return score.parts[0].notes.rows[:, :2].tolist()


def dots(rows: Rows, program: int = 40) -> list[int]:
    notes = Notes.of([(onset, length, 60, 80) for onset, length in rows])
    score = notated(Score(480, (Part("A part", program, notes),), barlines=[1920]))
    return [mark.tick for mark in score.marks if mark.text == "."]


@pytest.mark.parametrize("gate", [0.35, 0.49, 0.7, 0.9, 0.97, 1.05])
def test_however_detached_they_are_played_eighths_are_eighths(gate: float) -> None:
    played = [(n * E, int(E * gate)) for n in range(8)]
    assert written(played) == [[n * E, E] for n in range(8)]


@pytest.mark.parametrize(
    ("played", "lengths"),
    [
        ([(0, 350), (480, 350), (960, 930)], [480, 480, 960]),  # quarters, a half
        ([(0, 110), (480, 111), (960, 900)], [240, 240, 960]),  # short ones leave rests
        ([(0, 251), (360, 85), (480, 1420)], [360, 120, 1440]),  # ♪. ♬ ♩
        ([(0, 1590), (1920, 1900)], [1920, 1920]),  # a whole note, at some distance
        ([(0, 1430), (1920, 1900)], [1440, 1920]),  # a half with a dot, and a rest
        ([(0, 148), (160, 148), (320, 148), (480, 470)], [160, 160, 160, 480]),  # a triplet
        ([(0, 52), (60, 52), (120, 113), (240, 233)], [60, 60, 120, 240]),  # 32nds
        ([(7, 460), (489, 222), (714, 230), (966, 930)], [480, 240, 240, 960]),  # by hand
    ],
)
def test_played_lengths_become_those_that_one_would_write(played: Rows, lengths: list[int]) -> None:
    assert [length for _, length in written(played)] == lengths


def test_onsets_off_the_grid_go_to_16ths_or_triplets_and_stay_apart() -> None:
    played = [(7, 100), (131, 100), (229, 100), (370, 100), (484, 150), (633, 150), (806, 150)]
    starts = [onset for onset, _ in written(played)]
    assert starts == [0, 120, 240, 360, 480, 640, 800]
    assert len({*map(tuple, written([(11, 30), (51, 30), (93, 30), (140, 300)]))}) == 4


def test_only_notes_much_shorter_than_they_are_written_have_dots() -> None:
    assert dots([(0, 115), (240, 220), (480, 115), (720, 1190)]) == [0, 480]
    assert dots([(0, 115), (240, 115)], program=45) == []  # pizzicato


def test_short_notes_on_the_grid_are_staccato_beside_others_that_are_not() -> None:
    exact = [(1920 + n * E, 120) for n in range(8)]
    assert written(exact) == [[onset, 120] for onset, _ in exact]
    detached = [(n * E, 77) for n in range(8)]
    long = [(1920 * n, 1920) for n in range(2, 200)]  # so that most of the part is on the grid
    lengths = [length for _, length in written([*detached, *exact, *long])]
    assert lengths == [E] * 16 + [1920] * 198


def test_drums_last_to_the_next_stroke_of_hand_or_foot_and_a_beat_at_most() -> None:
    assert written([(0, 11), (240, 11), (480, 11), (1440, 11)], drum=42) == [
        [0, 240],
        [240, 240],
        [480, 480],
        [1440, 480],
    ]
    ringing = Notes.of([(0, 1920, 49, 80), (0, 1920, 36, 80), (480, 960, 38, 80), (960, 9, 36, 80)])
    kit = notated(Score(480, (Part("", 0, ringing, is_drums=True),), barlines=[1920])).parts[0]
    assert kit.notes.duration.tolist() == [480, 480, 480, 480]


TUNE = "X:1\nT:A tune\nM:4/4\nL:1/16\nK:D\n{/c}D4 F2z2 A3zA z3|(3:2:3B4c4d4 .a2g2 !trill!f4|]\n"


def test_what_was_written_stays_as_it_is() -> None:
    tune = read_book(TUNE)[0]
    assert notated(tune) == tune
    again = read_musicxml(write_musicxml(tune))
    assert notated(again) == again


def test_nothing_but_onsets_and_lengths_of_notes_changes() -> None:
    notes = Notes.of([(3, 100, 60, 80), (250, 90, 64, 81), (250, 95, 67, 82), (490, 1400, 72, 83)])
    marks = (Mark(250, "lyric", "la"), Mark(0, "repeat", "start"))
    part = Part("A", 0, notes, pedal=[(0, 127)])
    score = Score(480, (part,), tempo=[(0, 400_000)], barlines=[1920], marks=marks)
    done = notated(score)
    assert done.parts[0].notes.rows[:, 2:].tolist() == notes.rows[:, 2:].tolist()
    assert [(m.tick, m.kind) for m in done.marks] == [(0, "repeat"), (240, "lyric")]
    assert done.parts[0].pedal.tolist() == [[0, 127]]
    assert done.barlines.tolist() == [1920]


def test_parts_without_a_name_are_told_apart_by_their_instruments() -> None:
    violin, flute = (Part("", program, Notes.of([(0, 480, 70, 80)])) for program in (40, 73))
    assert [part.name for part in notated(Score(480, (violin, flute))).parts] == ["Violin", "Flute"]
    assert [part.name for part in notated(Score(480, (violin, violin))).parts] == ["", ""]
