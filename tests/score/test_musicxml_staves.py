"""A keyboard's staves in MusicXML: a part each when read, one part of the page when written."""

from xml.etree import ElementTree

import pytest

from musegen.score.fingerprint import melody_hash
from musegen.score.losses import missing_in
from musegen.score.midi import read_midi, write_midi
from musegen.score.musicxml import read_musicxml, write_musicxml
from musegen.score.score import Mark, Notes, Part, Score

TICKS = 480
HEAD = '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Piano</part-name>'
HEAD += '</score-part></part-list><part id="P1"><measure number="1">'
HEAD += "<attributes><divisions>4</divisions><staves>2</staves></attributes>"
BACK = "<backup><duration>{}</duration></backup>"


def note(step: str, octave: int, staff: int = 0, duration: int = 4, tie: str = "") -> str:
    told = f"<staff>{staff}</staff>" * (staff > 0)
    tie = f'<tie type="{tie}"/>' if tie else ""
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{tie}<voice>1</voice>{told}</note>"


def piano(bar: str) -> Score:
    """What is read of one bar of a piano of two staves."""
    return read_musicxml(f"{HEAD}{bar}</measure></part></score-partwise>".encode())


def pitches(score: Score) -> list[list[int]]:
    return [part.notes.pitch.tolist() for part in score.parts]


def test_each_staff_is_a_part_of_its_instruments_name():
    score = piano(note("C", 5, 1) + BACK.format(4) + note("C", 3, 2))
    assert pitches(score) == [[72], [48]]
    assert [(part.name, part.program) for part in score.parts] == [("Piano", 0)] * 2


def test_what_names_no_staff_stands_on_the_first_alone():
    chord = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
    score = piano(chord + note("C", 5) + BACK.format(4) + note("C", 3, 2))
    assert pitches(score) == [[72], [48]]
    assert score.marks == (Mark(0, "chord", "C", 0),)


def test_ties_and_dynamics_reach_from_staff_to_staff():
    forte = "<direction><direction-type><dynamics><ff/></dynamics></direction-type>"
    forte += "<staff>1</staff></direction>"
    crossing = note("C", 4, 1, tie="start") + note("C", 4, 2, tie="stop")
    score = piano(forte + crossing + BACK.format(8) + note("C", 3, 2))
    assert [part.notes.rows[:, :3].tolist() for part in score.parts] == [
        [[0, 960, 60]],
        [[0, 480, 48]],
    ]
    (loud,), (also,) = (part.notes.velocity.tolist() for part in score.parts)
    assert loud == also > 100


def test_a_unison_held_in_both_hands_stays_in_both():
    held = note("D", 4, 1) + note("C", 4, 1, 4, "start") + note("C", 4, 1, 4, "stop")
    lower = note("C", 4, 2, 8, "start") + note("C", 4, 2, 8, "stop")
    rows = [part.notes.rows[:, :3].tolist() for part in piano(held + BACK.format(12) + lower).parts]
    assert rows == [[[0, 480, 62], [480, 960, 60]], [[0, 1920, 60]]]


def hand(name: str, program: int, *line: int, drums: bool = False) -> Part:
    rows = [(n * TICKS, TICKS, pitch, 80) for n, pitch in enumerate(line)]
    return Part(name, program, Notes.of(rows), is_drums=drums)


def staves_written(data: bytes) -> list[int]:
    """How many staves each part of a file has."""
    root = ElementTree.fromstring(data)  # noqa: S314 — ours
    return [int(part.findtext(".//staves") or 1) for part in root.iter("part")]


RIGHT, LEFT = (72, 64, 50, 55), (40, 48, 76, 60)  # they cross


@pytest.mark.parametrize(
    ("parts", "staves"),
    [
        ([hand("Piano", 0, *RIGHT), hand("Piano", 0, *LEFT)], [2]),
        ([hand("", 46, *RIGHT), hand("", 46, *LEFT)], [2]),
        ([hand("Organ", 19, *RIGHT), hand("Organ", 19, *LEFT), hand("Organ", 19, 30)], [3]),
        ([hand("Piano", 0, *RIGHT)] * 4, [2, 2]),
        ([hand("", 0, 72), hand("", 0, 67), hand("", 0, 60), hand("", 0, 50)], [1] * 4),
        ([hand("Piano I", 0, 72), hand("Piano II", 0, 50)], [1, 1]),
        ([hand("Piano", 0, 72), hand("Piano", 6, 50)], [1, 1]),
        ([hand("Violin", 40, *RIGHT), hand("Violin", 40, *LEFT)], [1, 1]),
        ([hand("Kit", 0, 36, drums=True), hand("Kit", 0, 42, drums=True)], [1, 1]),
        ([hand("Piano", 0, *RIGHT), hand("Flute", 73, 90), hand("Piano", 0, *LEFT)], [2, 1, 2]),
    ],
)
def test_neighbours_of_one_keyboard_are_written_as_its_staves_and_come_back(parts, staves):
    score = Score(TICKS, tuple(parts))
    data = write_musicxml(score)
    assert staves_written(data) == staves
    again = read_musicxml(data)
    assert (again.parts, missing_in(again, score)) == (score.parts, {})


def test_marks_stay_with_their_hand():
    texts = (("chord", "C"), ("lyric", "la"), ("ornament", "!trill!"), ("grace", "{c}"))
    marks = [Mark(n * TICKS, *texts[n], part) for part in (0, 1) for n in range(4)]
    hands = (hand("Piano", 0, *RIGHT), hand("Piano", 0, *LEFT))
    score = Score(TICKS, hands, marks=tuple(marks))
    assert set(read_musicxml(write_musicxml(score)).marks) == set(marks)


def test_a_part_divided_for_its_range_is_one_again_unless_another_program_wrote_it_anew():
    score = Score(TICKS, (hand("Piano", 0, *RIGHT, *LEFT),))
    data = write_musicxml(score)
    assert staves_written(data) == [2]
    assert read_musicxml(data).parts == score.parts
    renamed = data.replace(b"-divided", b"")
    assert renamed != data
    assert pitches(read_musicxml(renamed)) == [[72, 64, 76, 60], [50, 55, 40, 48]]


def test_a_piano_of_two_staves_and_its_one_track_are_the_same_piece():
    upper = hand("Piano", 0, *RIGHT)
    together = Part("", 0, Notes.of([*upper.notes.rows, *hand("", 0, *LEFT).notes.rows]))
    staves = read_musicxml(write_musicxml(Score(TICKS, (upper, hand("Piano", 0, *LEFT)))))
    track = read_midi(write_midi(Score(TICKS, (together,))))
    assert (len(staves.parts), len(track.parts)) == (2, 1)
    assert melody_hash(staves) == melody_hash(track)
