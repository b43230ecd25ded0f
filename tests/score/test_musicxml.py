"""MusicXML and kern: what stands in the score is what is read."""

import zipfile

import numpy as np
import pytest
from music21 import converter, corpus

from musegen.errors import UnreadableFile
from musegen.score.fingerprint import melody_hash
from musegen.score.midi import read_midi, write_midi
from musegen.score.musicxml import read_music21
from musegen.score.score import MODE_DEGREE, Mark

# A pickup of one quarter; a tie over the barline; a chord; a grace note; a repeat with two endings.
MEASURES = """
<measure number="0" implicit="yes">
  <attributes><divisions>2</divisions><key><fifths>-1</fifths><mode>minor</mode></key>
    <time><beats>3</beats><beat-type>4</beat-type></time></attributes>
  <direction><sound tempo="90"/></direction>
  <note><pitch><step>A</step><octave>4</octave></pitch><duration>2</duration></note>
</measure>
<measure number="1">
  <barline location="left"><repeat direction="forward"/></barline>
  <note><grace/><pitch><step>E</step><octave>5</octave></pitch></note>
  <note><pitch><step>D</step><octave>5</octave></pitch><duration>4</duration></note>
  <note><pitch><step>F</step><octave>4</octave></pitch><duration>2</duration>
    <tie type="start"/></note>
</measure>
<measure number="2">
  <barline location="left"><ending number="1" type="start"/></barline>
  <note><pitch><step>F</step><octave>4</octave></pitch><duration>6</duration>
    <tie type="stop"/></note>
  <barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>
</measure>
<measure number="3">
  <barline location="left"><ending number="2" type="start"/></barline>
  <note><pitch><step>D</step><octave>4</octave></pitch><duration>6</duration></note>
  <note><chord/><pitch><step>A</step><octave>4</octave></pitch><duration>6</duration></note>
  <barline location="right"><ending number="2" type="stop"/></barline>
</measure>
"""
PIECE = f"""<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><movement-title>Small piece</movement-title>
<part-list><score-part id="P1"><part-name>Clarinet</part-name></score-part></part-list>
<part id="P1">{MEASURES}</part></score-partwise>
"""


@pytest.fixture
def piece(tmp_path):
    path = tmp_path / "piece.musicxml"
    path.write_text(PIECE)
    return path


def test_each_thing_in_a_score_is_read(piece):
    score = read_music21(piece)
    (part,) = score.parts
    assert (score.title, score.ticks_per_quarter) == ("Small piece", 480)
    assert (part.name, part.program, part.is_drums) == ("Clarinet", 71, False)
    assert part.notes.rows.tolist() == [
        [0, 480, 69, 80],
        [480, 960, 74, 80],
        [1440, 1920, 65, 80],
        [3360, 1440, 62, 80],
        [3360, 1440, 69, 80],
    ]
    assert score.barlines.tolist() == [480, 1920, 3360, 4800]
    assert score.metre.tolist() == [[0, 3, 4]]
    assert score.key.tolist() == [[0, -1, MODE_DEGREE["minor"], 0]]
    assert score.tempo.tolist() == [[0, 666_667]]
    assert score.marks == (
        Mark(480, "repeat", "start"),
        Mark(1920, "ending", "1"),
        Mark(3360, "ending", "2"),
        Mark(3360, "repeat", "end"),
    )


def test_a_compressed_file_is_the_same_piece(piece, tmp_path):
    packed = tmp_path / "piece.mxl"
    container = (
        '<container><rootfiles><rootfile full-path="piece.musicxml"/></rootfiles></container>'
    )
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("piece.musicxml", PIECE)
    assert read_music21(packed) == read_music21(piece)


# music21 leaves ties into a chord unjoined; these pieces have none.
@pytest.mark.parametrize("name", ["bach/bwv66.6", "bach/bwv248.28", "palestrina/Agnus_01"])
def test_the_notes_sound_as_music21_sounds_them(name):
    path = corpus.getWork(name)
    score = read_music21(path)
    oracle = converter.parse(path).toSoundingPitch().stripTies()
    for part, other in zip(score.parts, oracle.parts, strict=True):
        sounding = sorted(
            (float(note.offset), float(note.quarterLength), pitch.midi)
            for note in other.flatten().notes
            if not note.duration.isGrace
            for pitch in note.pitches
        )
        per_quarter = score.ticks_per_quarter
        found = [(t / per_quarter, d / per_quarter, p) for t, d, p, _ in part.notes.rows.tolist()]
        np.testing.assert_allclose(sorted(found), sounding)


@pytest.mark.parametrize("name", ["bach/bwv66.6", "palestrina/Agnus_01"])
def test_a_converted_piece_keeps_its_parts_bars_and_melody(name):
    path = corpus.getWork(name)
    score = read_music21(path)
    again = read_midi(write_midi(score))
    assert [part.name for part in again.parts] == [part.name for part in score.parts]
    assert again.barlines.tolist() == score.barlines.tolist()
    assert melody_hash(again) == melody_hash(score)


@pytest.mark.parametrize("content", ["<?xml version='1.0'?><svg/>", PIECE[:900], "<?xml"])
def test_what_is_no_score_is_refused(content, tmp_path):
    path = tmp_path / "no.musicxml"
    path.write_text(content)
    with pytest.raises(UnreadableFile) as raised:
        read_music21(path)
    assert raised.value.file == str(path)
