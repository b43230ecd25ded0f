"""MusicXML and kern: what stands in the score is what is read."""

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from music21 import converter, corpus

from musegen.errors import UnreadableFile
from musegen.score.fingerprint import melody_hash
from musegen.score.midi import read_midi, write_midi
from musegen.score.musicxml import read_kern, read_musicxml
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


def parted(*parts: str, declared: str = "") -> bytes:
    """A file of parts of one bar each, from their notes."""
    listed = "".join(
        f'<score-part id="P{n}"><part-name>Part {n}</part-name>{declared}</score-part>'
        for n in range(1, len(parts) + 1)
    )
    music = "".join(
        f'<part id="P{n}"><measure number="1"><attributes><divisions>4</divisions></attributes>'
        f"{notes}</measure></part>"
        for n, notes in enumerate(parts, start=1)
    )
    head = f'<score-partwise version="4.0"><part-list>{listed}</part-list>'
    return f"{head}{music}</score-partwise>".encode()


def note(step: str, octave: int = 4, duration: int = 4, rest: str = "", before: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{duration}</duration>{rest}</note>"


def read_work(name):
    """A piece of music21's corpus."""
    data = Path(corpus.getWork(name)).read_bytes()
    is_xml = data.startswith((b"PK", b"<?xml"))
    return read_musicxml(data) if is_xml else read_kern(data.decode("latin-1"))


def test_each_thing_in_a_score_is_read():
    score = read_musicxml(PIECE.encode())
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
        Mark(480, "grace", "{e}"),
        Mark(480, "repeat", "start"),
        Mark(1920, "ending", "1"),
        Mark(3360, "ending", "2"),
        Mark(3360, "repeat", "end"),
    )


def test_a_compressed_file_is_the_same_piece():
    container = (
        '<container><rootfiles><rootfile full-path="piece.musicxml"/></rootfiles></container>'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("other.xml", "<other/>")
        archive.writestr("piece.musicxml", PIECE)
    assert read_musicxml(packed.getvalue()) == read_musicxml(PIECE.encode())


def test_a_score_told_bar_by_bar_is_the_same_piece():
    root = ElementTree.fromstring(PIECE)  # noqa: S314 — ours
    timewise = ElementTree.Element("score-timewise", root.attrib)
    timewise.extend(child for child in root if child.tag != "part")
    for measure in root.iter("measure"):
        bar = ElementTree.SubElement(timewise, "measure", measure.attrib)
        ElementTree.SubElement(bar, "part", {"id": "P1"}).extend(measure)
    assert read_musicxml(ElementTree.tostring(timewise)) == read_musicxml(PIECE.encode())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_any_encoding_is_the_same_piece(encoding):
    text = PIECE.replace("Small", "Sm\xe4ll").replace("UTF-8", encoding.removesuffix("-sig"))
    assert read_musicxml(text.encode(encoding)).title == "Sm\xe4ll piece"


UNPITCHED = "<note><unpitched><display-step>{}</display-step><display-octave>{}</display-octave>"
UNPITCHED += "</unpitched><duration>4</duration>{}</note>"
DRUMKIT = (
    '<score-instrument id="I1"><instrument-name>Cabasa</instrument-name></score-instrument>'
    '<score-instrument id="I2"><instrument-name>Triangle</instrument-name></score-instrument>'
    '<midi-instrument id="I1"><midi-unpitched>70</midi-unpitched></midi-instrument>'
)


@pytest.mark.parametrize(
    ("place", "instrument", "drum"),
    [
        (("E", 4), '<instrument id="I1"/>', 69),  # the file says which, counted from one
        (("E", 4), '<instrument id="I2"/>', 81),  # by its name
        (("C", 5), "", 38),  # by its place on the staff
        (("G", 5), "", 42),
    ],
)
def test_percussion_without_pitch_is_read_as_drums(place, instrument, drum):
    notes = UNPITCHED.format(*place, instrument) + note("C", 4, before="")
    score = read_musicxml(parted(notes, note("C", 4, 8), declared=DRUMKIT))
    assert [part.is_drums for part in score.parts] == [True, False]
    assert score.parts[0].notes.rows[:, :3].tolist()[0] == [0, 480, drum]


def test_a_transposing_instrument_sounds_as_it_sounds():
    transpose = "<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic>"
    transpose += "</transpose></attributes>"
    score = read_musicxml(parted(transpose + note("D", 5)))
    assert score.parts[0].notes.pitch.tolist() == [72]


def test_ties_go_through_voices_and_chords_and_unisons():
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    chord = "<chord/>"
    first = note("C", 4, 8, start + "<voice>1</voice>") + note(
        "E", 4, 8, start + "<voice>1</voice>", before=chord
    )
    second = note("C", 4, 4, stop + "<voice>2</voice>") + note(
        "G", 4, 4, "<voice>2</voice>", before=chord
    )
    back = "<backup><duration>4</duration></backup>"
    third = note("E", 4, 8, stop + "<voice>1</voice>")
    score = read_musicxml(parted(first + second + back + third))
    assert score.parts[0].notes.rows[:, :3].tolist() == [
        [0, 1440, 60],
        [0, 1920, 64],
        [960, 480, 67],
    ]


def test_what_is_written_about_the_notes_is_marked_or_counted():
    notations = (
        "<notations><slur type='start' number='1'/><ornaments><trill-mark/></ornaments>"
        "<articulations><staccato/></articulations><technical><fingering>1</fingering></technical>"
        "<fermata/></notations>"
        "<lyric number='1'><syllabic>begin</syllabic><text>\xa0Hal</text></lyric>"
        "<lyric number='2'><text>Sing</text></lyric>"
    )
    harmony = (
        "<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>"
        "<kind>dominant</kind></harmony>"
    )
    end = "<notations><slur type='stop' number='1'/></notations>"
    score = read_musicxml(parted(harmony + note("B", 4, 4, notations) + note("C", 4, 4, end)))
    assert {(mark.kind, mark.text) for mark in score.marks} == {
        ("chord", "Bb7"),
        ("ornament", "!trill!"),
        ("ornament", "."),
        ("ornament", "!fermata!"),
        ("lyric", "Hal-"),
    }
    assert score.unread == {"slurs": 1, "fingerings": 1, "lyrics of other verses": 1}


def test_a_word_of_tempo_counts_where_no_number_stands():
    words = "<direction><direction-type><words>Allegro</words></direction-type></direction>"
    assert read_musicxml(parted(words + note("C"))).tempo.tolist() == [[0, 454_545]]


# music21 leaves ties into a chord unjoined; these pieces have none.
@pytest.mark.parametrize("name", ["bach/bwv66.6", "bach/bwv248.28", "palestrina/Agnus_01"])
def test_the_notes_sound_as_music21_sounds_them(name):
    score = read_work(name)
    oracle = converter.parse(corpus.getWork(name)).toSoundingPitch().stripTies()
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
    score = read_work(name)
    again = read_midi(write_midi(score))
    assert [part.name for part in again.parts] == [part.name for part in score.parts]
    assert again.barlines.tolist() == score.barlines.tolist()
    assert melody_hash(again) == melody_hash(score)


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("piece.xml", PIECE + " " * 30_000_000)
    return packed.getvalue()


LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><score-partwise>&c;</score-partwise>'
THIEF = (
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><score-partwise>&b;</score-partwise>'
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<?xml version='1.0'?><svg/>", "its root is <svg>"),
        (PIECE[:900].encode(), "not well-formed"),
        (b"<?xml", "not well-formed"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed"),
        (LAUGHS.encode(), "declares the entity 'b'"),
        (THIEF.encode(), "declares the entity 'b'"),
        (LAUGHS.encode("utf-16"), "declares the entity 'b'"),
        (b"<a>" * 100, "more than 64 deep"),
        (bomb(), "times its size"),
        (b"PK\3\4 and no more", "damaged archive"),
        (b"<score-partwise/>", "music21 cannot read it|holds no bars"),
        (parted(note("C")).replace(b"<step>C", b"<step>H"), "music21 cannot read it"),
    ],
)
def test_what_is_no_score_or_unsafe_is_refused(data, reason):
    with pytest.raises(UnreadableFile, match=reason):
        read_musicxml(data)


def test_nothing_is_fetched(monkeypatch):
    """A document type that names a file of another place is not looked up."""
    doctype = '<!DOCTYPE score-partwise PUBLIC "-//A//B" "http://127.0.0.1:9/partwise.dtd">'
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something was fetched"))
    assert read_musicxml(PIECE.replace("?>", "?>" + doctype, 1).encode()).n_notes == 5


def test_a_whole_rest_beside_chords_is_as_long_as_it_says():
    metre = "<attributes><time><beats>6</beats><beat-type>4</beat-type></time></attributes>"
    chord = note("C", 4, 8) + note("E", 4, 8, before="<chord/>")
    rest = "<note><rest/><duration>16</duration><type>whole</type></note>"
    assert read_musicxml(parted(metre + chord + rest)).barlines.tolist() == [6 * 480]
