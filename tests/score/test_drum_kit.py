"""Drums in MusicXML: on the staff where players look for them, and the same drums when read."""

import re
import warnings

import music21
import pytest

from musegen.score.musicxml_read import read_musicxml
from musegen.score.musicxml_safe import Element, parse_musicxml
from musegen.score.musicxml_write import write_musicxml
from musegen.score.score import Notes, Part, Score

KIT = {  # Weinberg: kick, snare, rim, hi-hats, cymbals, toms
    36: "F4",
    38: "C5",
    37: "C5 x",
    42: "G5 x",
    46: "G5 circle-x",
    44: "D4 x",
    49: "A5 x",
    51: "F5 x",
    53: "F5 diamond",
    48: "E5",
    47: "D5",
    43: "A4",
}


def kit(*rows: tuple[int, int, int]) -> Score:
    """A drum part of rows of onset, length and drum, at the most usual loudness."""
    notes = Notes.of([(onset, length, drum, 80) for onset, length, drum in rows])
    return Score(480, (Part("Kit", 0, notes, is_drums=True),))


def shown(note: Element) -> str:
    step, octave = (note.findtext(f"unpitched/display-{name}") for name in ("step", "octave"))
    return f"{step}{octave} {note.findtext('notehead', '')}".strip()


def tree(score: Score) -> Element:
    return parse_musicxml(write_musicxml(score))


@pytest.mark.parametrize(("drum", "place"), KIT.items())
def test_a_kit_is_written_as_drummers_read_it(drum, place):
    (note,) = (n for n in tree(kit((0, 480, drum))).iter("note") if n.find("rest") is None)
    assert shown(note) == place


def test_every_drum_is_read_again_and_nothing_is_told_of_its_head():
    score = kit(*((480 * number, 480, number) for number in range(128)))
    again = read_musicxml(write_musicxml(score))
    assert again.parts[0].is_drums
    assert again.parts[0].notes == score.parts[0].notes
    assert dict(again.unread) == {}


def test_drums_that_no_number_tells_are_known_by_their_place_and_head():
    written = write_musicxml(kit(*((480 * n, 480, drum) for n, drum in enumerate(KIT)))).decode()
    bare = re.sub(r"<(score-instrument|midi-instrument) .*?</\1>|<instrument [^>]*/>", "", written)
    drums = dict(zip(KIT, read_musicxml(bare.encode()).parts[0].notes.pitch.tolist(), strict=True))
    assert {a: b for a, b in drums.items() if a != b} == {43: 41}  # both are floor toms


def test_a_head_that_is_not_its_drums_is_told():
    written = write_musicxml(kit((0, 480, 42))).replace(b">x<", b">slash<")
    assert dict(read_musicxml(written).unread) == {"notehead shapes": 1}


def test_music21_has_each_stroke_at_its_place_with_its_head():
    rows = [(0, 240, 42), (0, 480, 36), (480, 240, 38), (480, 240, 42), (720, 240, 46)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = write_musicxml(kit(*rows)).decode()
        stream = music21.converter.parse(text, format="musicxml", forceSource=True)
    found = []
    for element in stream.flatten().notes:
        onset, length = int(element.offset * 480), int(element.quarterLength * 480)
        for note in element.notes if hasattr(element, "notes") else [element]:
            head = "" if note.notehead == "normal" else note.notehead
            found.append((onset, length, f"{note.displayPitch()} {head}".strip()))
    assert sorted(found) == sorted((onset, length, KIT[drum]) for onset, length, drum in rows)


def test_hands_have_stems_up_and_feet_stems_down_in_a_voice_of_their_own():
    score = kit((0, 480, 36), (0, 240, 42), (240, 240, 42), (480, 480, 38))
    notes = [n for n in tree(score).iter("note") if n.find("rest") is None]
    assert {(n.findtext("voice"), n.findtext("stem"), shown(n)[:2]) for n in notes} == {
        ("1", "up", "G5"),
        ("1", "up", "C5"),
        ("2", "down", "F4"),
    }
    assert read_musicxml(write_musicxml(score)).parts[0].notes == score.parts[0].notes
