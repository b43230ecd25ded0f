"""MusicXML: signs that a Score has no place for are told; the mixer of a part is kept."""

import pytest

from musegen.score.musicxml import read_musicxml, write_musicxml
from musegen.score.musicxml_read import SPELLED
from musegen.score.score import Event

TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"
HALF = "<beat-unit>half</beat-unit>"
CHANGES = "changes of instrument or volume"
ORGAN = "<midi-program>20</midi-program>"
WAVE = '<ornaments><wavy-line type="start"/></ornaments>'
REST = '<note><rest measure="yes"/><duration>16</duration></note>'


def note(quarters: int, more: str = "") -> str:
    pitch = "<pitch><step>C</step><octave>4</octave></pitch>"
    return f"<note>{pitch}<duration>{4 * quarters}</duration>{more}</note>"


def direction(kind: str) -> str:
    return f"<direction><direction-type>{kind}</direction-type></direction>"


def bar_line(child: str) -> str:
    return f'<barline location="right">{child}</barline>'


DIATONIC = "".join(note(1).replace(">C<", f">{step}<") for step in "CEGC")


def file_of(*bars: str, head: str = "", time: str = TIME, parts: int = 1) -> bytes:
    """A file of parts that are alike."""
    first = f"<attributes><divisions>4</divisions>{time}</attributes>{bars[0]}"
    numbered = enumerate([first, *bars[1:]], start=1)
    measures = "".join(f'<measure number="{n}">{bar}</measure>' for n, bar in numbered)
    listed = "".join(f'<score-part id="P{n}"><part-name/></score-part>' for n in range(parts))
    music = "".join(f'<part id="P{n}">{measures}</part>' for n in range(parts))
    body = f"{head}<part-list>{listed}</part-list>{music}"
    return f'<score-partwise version="4.0">{body}</score-partwise>'.encode()


def unread(bar: str = "", head: str = "", time: str = TIME) -> dict[str, int]:
    """What is counted of two parts of two bars, of which both show the same."""
    return dict(
        read_musicxml(file_of(bar + note(4), note(4), head=head, time=time, parts=2)).unread
    )


@pytest.mark.parametrize(
    ("said", "controls"),
    [
        ("<volume>20</volume><pan>-80</pan>", [(7, 25), (10, 8)]),
        ("<volume>100</volume><pan>90</pan>", [(7, 127), (10, 127)]),
        ("<volume>78.7402</volume><pan>0</pan>", []),  # what MIDI does unasked
        ("<volume>loud</volume><pan>1e999</pan>", []),
    ],
)
def test_volume_and_pan_are_controllers_and_written_back(said, controls):
    mixer = f'<midi-instrument id="P0-I1">{said}</midi-instrument></score-part>'
    data = file_of(note(4)).decode().replace("</score-part>", mixer)
    score = read_musicxml(data.encode())
    events = tuple(Event(0, bytes((0xB0, *control))) for control in controls)
    assert (score.parts[0].events, dict(score.unread)) == (events, {})
    assert read_musicxml(write_musicxml(score)).parts[0].events == events


@pytest.mark.parametrize(
    ("sign", "kind", "count"),
    [
        ("<figured-bass><figure/></figured-bass>", "figured bass signs", 2),
        (note(1, "<lyric><text>Oh</text><extend/></lyric>"), "lyric extenders", 2),
        (note(1, "<notehead>x</notehead>"), "notehead shapes", 2),
        (note(1, "<notehead>normal</notehead>"), "", 0),
        (note(1, '<accidental parentheses="yes">natural</accidental>'), "courtesy accidentals", 2),
        (note(1, '<notations><tied type="let-ring"/></notations>'), "let-ring signs", 2),
        (note(1, f"<notations>{WAVE}</notations>"), "wavy lines", 2),
        (bar_line("<bar-style>dashed</bar-style>"), "bar lines in other styles", 1),
        (bar_line("<bar-style>regular</bar-style>"), "", 0),
        (bar_line("<fermata/>"), "fermatas on bar lines", 1),
        (f"<sound><midi-instrument>{ORGAN}</midi-instrument></sound>", CHANGES, 2),
        (direction(f"<metronome>{HALF}{HALF}</metronome>"), "metric modulations", 1),
    ],
)
def test_signs_that_a_score_has_no_place_for_are_told(sign, kind, count):
    assert unread(sign) == ({kind: count} if kind else {})


def test_a_metre_told_by_a_sign_is_told():
    time = TIME.replace("<time>", '<time symbol="common">')
    assert unread(time=time) == {"metre symbols (C or cut C)": 1}


def test_words_on_the_page_are_told_unless_they_repeat_what_is_known():
    title = "<work><work-title>An Air</work-title></work>"
    words = ("for Anna", "An\nair", "2", "- 3 -")
    credit = "".join(f"<credit><credit-words>{w}</credit-words></credit>" for w in words)
    assert unread(head=title + credit) == {"credit words": 1}


@pytest.mark.parametrize(("movement", "count"), [("Gigue", 1), ("Suite", 0), ("", 0)])
def test_the_title_of_a_movement_is_told_beside_that_of_its_work(movement, count):
    head = f"<work><work-title>Suite</work-title></work><movement-title>{movement}</movement-title>"
    score = read_musicxml(file_of(note(4), head=head))
    assert (score.title, score.unread.get("movement titles", 0)) == ("Suite", count)


@pytest.mark.parametrize(
    ("step", "alter", "fifths", "count"),
    [("E", 1, 0, 1), ("A", -1, 0, 1), ("G", 1, 0, 0), ("A", -1, -3, 0), ("A", -2, 0, 1)],
)
def test_notes_that_the_key_spells_otherwise_are_told(step, alter, fifths, count):
    spelled = f"<step>{step}</step><alter>{alter}</alter>"
    tied = [note(4, f'<tie type="{end}"/>') for end in ("start", "stop")]
    bars = [bar.replace("<step>C</step>", spelled) for bar in tied]
    key = f"<key><fifths>{fifths}</fifths></key>"
    score = read_musicxml(file_of(*bars, note(4), *[DIATONIC] * 9, time=key + TIME))
    assert score.unread == ({SPELLED: count} if count else {})
    assert read_musicxml(write_musicxml(score)).unread == {}


def test_a_rest_of_many_bars_loses_nothing():
    sign = (
        "<attributes><measure-style><multiple-rest>2</multiple-rest></measure-style></attributes>"
    )
    assert read_musicxml(file_of(sign + REST, REST, note(4))).unread == {}
