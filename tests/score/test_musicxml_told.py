"""MusicXML: what a Score has no place for is counted, and what is damaged is told."""

import time
from itertools import pairwise

import numpy as np
import pytest

from musegen.errors import UnreadableFile
from musegen.score.abc import read_book
from musegen.score.losses import missing_in
from musegen.score.musicxml import read_musicxml, write_musicxml
from musegen.score.musicxml_unread import JUMPS, MICROTONES, SUMMED, TRANSPOSED
from musegen.score.repeats import unfold
from musegen.score.score import Mark, Notes, Part, Score

HEAD = "<attributes><divisions>4</divisions>{}</attributes>"
FOUR_FOUR = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def note(quarters: float = 1) -> str:
    pitch = "<pitch><step>C</step><octave>4</octave></pitch>"
    return f"<note>{pitch}<duration>{int(4 * quarters)}</duration></note>"


def file_of(*parts: list[str], head: str = "", attributes: str = FOUR_FOUR) -> bytes:
    """A file of parts, each a list of what its bars hold."""
    listed = "".join(
        f'<score-part id="P{n}"><part-name/></score-part>' for n in range(1, len(parts) + 1)
    )
    music = ""
    for n, bars in enumerate(parts, start=1):
        told = [HEAD.format(attributes) + bars[0], *bars[1:]]
        measures = [f'<measure number="{m}">{bar}</measure>' for m, bar in enumerate(told, start=1)]
        music += f'<part id="P{n}">{"".join(measures)}</part>'
    body = f"{head}<part-list>{listed}</part-list>{music}"
    return f'<score-partwise version="4.0">{body}</score-partwise>'.encode()


def unread(bar: str, **given: str) -> dict[str, int]:
    """What is counted of two parts of two bars, of which all show the same."""
    bars = [bar + note(4), note(4)]
    return dict(read_musicxml(file_of(bars, bars, **given)).unread)


def test_who_made_a_piece_is_counted():
    creators = "".join(
        f'<creator type="{kind}">Anon</creator>'
        for kind in ("composer", "composer", "lyricist", "poet", "arranger", "engraver")
    )
    head = f"<identification>{creators}<rights>Free</rights></identification>"
    assert unread("", head=head) == {
        "composers": 2,
        "lyricists": 2,
        "arrangers": 1,
        "other authors": 1,
        "rights": 1,
    }


@pytest.mark.parametrize(
    ("transpose", "count"),
    [
        ("<diatonic>-1</diatonic><chromatic>-2</chromatic>", 2),
        ("<chromatic>0</chromatic><octave-change>-1</octave-change>", 2),
        ("<diatonic>0</diatonic><chromatic>0</chromatic>", 0),
    ],
)
def test_parts_that_sound_elsewhere_than_they_are_written_are_counted(transpose, count):
    attributes = f"{FOUR_FOUR}<transpose>{transpose}</transpose>"
    assert unread("", attributes=attributes).get(TRANSPOSED, 0) == count


def direction(kind: str, sound: str = "") -> str:
    return f"<direction><direction-type>{kind}</direction-type>{sound}</direction>"


@pytest.mark.parametrize(
    ("sign", "mark"),
    [
        (direction("<segno/>", '<sound segno="s"/>'), (0, "segno")),
        (direction("<coda/>"), (0, "coda")),
        (direction("<words>D.C. al Fine</words>", '<sound dacapo="yes"/>'), (1, "D.C. al Fine")),
        (direction("<words>Da Capo al Fine</words>"), (1, "D.C. al Fine")),
        (direction("<words>D. S. al Coda</words>"), (1, "D.S. al Coda")),
        (direction("<words>Fine</words>"), (1, "Fine")),
        (direction("<coda/>", '<sound tocoda="c"/>'), (1, "To Coda")),
        (direction("<words>D.C. senza replica</words>", '<sound dacapo="yes"/>'), (1, "D.C.")),
        ('<sound dalsegno="s"/>', (1, "D.S.")),
        ('<barline location="left" segno="s"><segno/></barline>', (0, "segno")),
    ],
)
def test_a_jump_is_one_mark_whatever_tells_it(sign, mark):
    bars = [sign + note(4), note(4)]
    score = read_musicxml(file_of(bars, bars))
    assert score.marks == (Mark(1920 * mark[0], "jump", mark[1]),)
    assert not score.unread


def test_a_jump_in_words_that_no_mark_says_is_counted():
    assert unread(direction("<words>D.C. al Trio e poi la Coda</words>")) == {JUMPS: 1}


@pytest.mark.parametrize("voices", [1, 2])
def test_jumps_are_written_as_they_were_read(voices):
    music = "C4|!segno!D4|E4!fine!|F4!dacoda!|C2D2!D.S.alcoda!||!coda!A4!D.C.!|]"
    lines = "".join(f"V:{voice}\n{music}\n" for voice in range(1, voices + 1))
    (score,) = read_book(f"X:1\nM:4/4\nL:1/4\nK:C\n{lines}")
    again = read_musicxml(write_musicxml(score))
    assert not missing_in(again, score)
    assert sum(mark.kind == "jump" for mark in again.marks) == 6


def test_jumps_are_played():
    capo = direction("<words>D.C. al Fine</words>")
    bars = [note(4), note(4) + direction("<words>Fine</words>"), note(4), note(4) + capo]
    assert unfold(read_musicxml(file_of(bars, bars))).parts[0].notes.onset.tolist() == [
        *range(0, 6 * 1920, 1920)
    ]


def test_words_that_are_no_jump_are_counted_as_words():
    assert unread(direction("<words>finely</words>")) == {"text expressions": 2}


def test_a_repeat_of_more_than_two_turns_is_counted():
    repeat = '<barline location="right"><repeat direction="backward" times="{}"/></barline>'
    longer = {"repeats played more than twice": 1}
    assert unread(repeat.format(3)) == longer
    assert unread(repeat.format(2)) == {}


def test_a_bar_that_is_short_in_one_part_is_filled_up_and_told():
    short, full = [note(3), note(4), note(2)], [note(4), note(4), note(4)]
    score = read_musicxml(file_of(short, full, full))
    assert [part.notes.onset.tolist() for part in score.parts] == [[0, 1920, 3840]] * 3
    assert score.barlines.tolist() == [1920, 3840, 5760]
    assert score.faults == tuple(
        f"bar {bar} of part P1 is {length} long, others 4/4: the next bar begins in all at once"
        for bar, length in ((1, "3/4"), (3, "2/4"))
    )


def test_rests_beyond_the_metre_in_one_part_do_not_hold_up_the_others():
    rest = f"<note><rest/><duration>{4 * 4}</duration></note>"
    full = [note(4)] * 3
    score = read_musicxml(file_of(full, [note(4), rest * 2, note(4)], full))
    assert score.barlines.tolist() == [1920, 3840, 5760]
    assert score.faults[0].startswith("bar 2 of part P2 is 8/4 long, others 4/4")
    longer = read_musicxml(file_of(full, [note(4), note(5), note(4)]))
    assert longer.barlines.tolist() == [1920, 4320, 6240]


def test_a_pickup_that_all_parts_share_stays_short():
    bars = [note(1), note(4), note(3)]
    score = read_musicxml(file_of(bars, bars, ["", note(4), note(3)]))
    assert (score.barlines.tolist(), score.faults) == ([480, 2400, 3840], ())


def test_of_many_short_bars_a_few_are_told_and_the_rest_numbered():
    score = read_musicxml(file_of([note(3.75)] * 20, [note(4)] * 20))
    assert [b - a for a, b in pairwise(score.barlines.tolist())] == [1920] * 19
    assert score.faults[0].startswith("bar 1 of part P1 is 15/16 long, others 4/4")
    assert score.faults[5:] == ("15 more bars differ between the parts",)


@pytest.mark.parametrize(
    ("good", "bad", "reason"),
    [
        ("<divisions>4<", "<divisions>0<", "'0' where <divisions>"),
        ("<duration>16<", "<duration>-16<", "'-16' where <duration>"),
        ("<beats>4<", "<beats>0<", "'0' where <beats>"),
        (f"<duration>16</duration></note>{FOUR_FOUR}", "", "a bar or a tempo of 0"),
    ],
)
def test_numbers_that_no_music_has_are_named(good, bad, reason):
    if not bad:
        data = file_of([note(0)], attributes="").decode()
    else:
        data = file_of([note(4)]).decode().replace(good, bad)
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read_musicxml(data.encode())
    assert "export" in caught.value.hint


def test_an_arpeggio_over_two_voices_is_told_in_words_of_music():
    rolled = note(4).replace("</note>", '<notations><arpeggiate number="1"/></notations></note>')
    back = "<backup><duration>16</duration></backup>"
    assert unread(rolled + back + rolled) == {"arpeggio marks": 1}


def test_a_chord_that_is_not_to_be_rolled_is_told_and_no_arpeggio():
    low, high = (
        note(4).replace("</note>", f'<notations><non-arpeggiate type="{end}"/></notations></note>')
        for end in ("bottom", "top")
    )
    chord = low + high.replace("<note>", "<note><chord/>").replace(">C<", ">E<")
    score = read_musicxml(file_of([chord]))
    assert (score.marks, dict(score.unread)) == ((), {"non-arpeggio brackets": 1})


def test_a_tempo_of_nought_is_left_out_and_told():
    mark = "<metronome><beat-unit>quarter</beat-unit><per-minute>0</per-minute></metronome>"
    assert unread(direction(mark)) == {"tempos of 0": 2}


def test_a_syllable_that_ends_its_word_says_so():
    words = ("Sal-", "ve", "Re-", "gi-", "na", "la")
    rows = [(n * 480, 480, 60, 80) for n in range(len(words))]
    marks = tuple(Mark(n * 480, "lyric", word) for n, word in enumerate(words))
    score = Score(480, (Part("", 52, Notes.of(rows)),), marks=marks)
    data = write_musicxml(score)
    syllabics = [piece.split("<")[0] for piece in data.decode().split("<syllabic>")[1:]]
    assert syllabics == ["begin", "end", "begin", "middle", "end", "single"]
    assert [m for m in read_musicxml(data).marks if m.kind == "lyric"] == list(marks)


def test_many_bars_shorter_than_their_metre_are_read_in_no_time():
    data = file_of([note(3)] * 1000, attributes="")
    began = time.process_time()
    assert len(read_musicxml(data).barlines) == 1000
    assert time.process_time() - began < 60


def test_a_bar_longer_than_its_metre_is_told_and_the_metre_stays():
    score = read_musicxml(file_of([note(1), note(4), note(5.5), note(3)]))
    assert score.faults == ("bar 3 is 11/8 long, the metre says 4/4",)
    assert (score.metre.tolist(), score.barlines.tolist()[2]) == ([[0, 4, 4]], 5040)
    many = read_musicxml(file_of([note(5)] * 20))
    assert many.faults[5:] == ("15 more bars are not as long as the metre says",)


def test_a_bar_shorter_than_its_metre_is_told_unless_it_is_a_pickup_or_half_of_a_bar():
    double = '<barline location="right"><bar-style>light-light</bar-style></barline>'
    half = [note(3), note(1)]
    section = [note(4) + double, note(1), note(4), note(3) + double]
    bars = [note(1), note(4), *half, note(4), note(2.5), note(4), *section, note(4), note(3)]
    assert read_musicxml(file_of(bars)).faults == ("bar 6 is 5/8 long, the metre says 4/4",)


def test_no_bar_is_too_long_where_no_metre_stands_or_it_is_free():
    bars = [note(4), note(5.5), note(7)]
    assert read_musicxml(file_of(bars, attributes="")).faults == ()
    free = "<attributes><time><senza-misura/></time></attributes>"
    assert read_musicxml(file_of([note(4), free + note(5.5), note(7)])).faults == ()


def test_words_that_are_printed_beyond_their_bar_do_not_lengthen_it():
    words = "<direction><direction-type><words>dolce</words></direction-type>"
    words += "<offset>6</offset></direction>"
    score = read_musicxml(file_of([note(4), note(4) + words, note(4)]))
    assert (score.faults, score.barlines.tolist()) == ((), [1920, 3840, 5760])


def clef(sign: str, line: int, octaves: str = "") -> str:
    change = f"<clef-octave-change>{octaves}</clef-octave-change>" if octaves else ""
    return f"<attributes><clef><sign>{sign}</sign><line>{line}</line>{change}</clef></attributes>"


def test_clefs_that_the_range_does_not_suggest_are_marks_and_written_back():
    bars = [clef("C", 3) + note(4), clef("F", 4) + note(2) + clef("G", 2, "-1") + note(2)]
    score = read_musicxml(file_of(bars))
    assert [(m.tick, m.kind, m.text) for m in score.marks] == [
        (0, "clef", "alto"),
        (1920, "clef", "bass"),
        (2880, "clef", "treble-8"),
    ]
    assert read_musicxml(write_musicxml(score)).marks == score.marks
    assert read_musicxml(file_of([clef("G", 2) + note(4)])).marks == ()


def test_a_part_that_sounds_an_octave_lower_has_the_clef_that_says_so():
    lower = "<attributes><transpose><chromatic>0</chromatic><octave-change>-1</octave-change>"
    lower += "</transpose><clef><sign>G</sign><line>2</line></clef></attributes>"
    assert [m.text for m in read_musicxml(file_of([lower + note(4)])).marks] == ["treble-8"]


def sung(step: str, quarters: float, first: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>4</octave></pitch>"
    return f"<note>{first}{pitch}<duration>{int(4 * quarters)}</duration></note>"


def repeat_sign(kind: str, bars: str = "") -> str:
    sign = f'<measure-repeat type="{kind}">{bars}</measure-repeat>'
    return f"<attributes><measure-style>{sign}</measure-style></attributes>"


REST = '<note><rest measure="yes"/><duration>16</duration></note>'


@pytest.mark.parametrize(
    "bars",
    [
        [sung("C", 2) + sung("D", 2), repeat_sign("start", "1") + REST, REST],
        [sung("C", 2) + sung("D", 2), repeat_sign("start", "1"), ""],
    ],
)
def test_a_bar_that_a_sign_repeats_sounds_again(bars):
    score = read_musicxml(file_of([*bars, repeat_sign("stop") + sung("E", 4)]))
    pitches = score.parts[0].notes.pitch.tolist()
    assert pitches == [60, 62, 60, 62, 60, 62, 64]
    assert np.array_equal(np.diff(score.barlines), [score.barlines[0]] * 3)


def test_two_bars_that_a_sign_repeats_sound_again():
    bars = [sung("C", 4), sung("D", 4), repeat_sign("start", "2") + REST, REST]
    score = read_musicxml(file_of([*bars, repeat_sign("stop") + sung("E", 4)]))
    assert score.parts[0].notes.pitch.tolist() == [60, 62, 60, 62, 64]


def test_cue_notes_are_silent_and_told():
    cues = sung("C", 1, "<cue/>") + sung("E", 1, "<cue/><chord/>")
    grace = "<note><grace/><cue/><pitch><step>C</step><octave>4</octave></pitch></note>"
    score = read_musicxml(file_of([cues + grace + sung("D", 3)]))
    assert score.parts[0].notes.rows.tolist()[0][:3] == [
        score.ticks_per_quarter,
        3 * score.ticks_per_quarter,
        62,
    ]
    assert (score.n_notes, score.unread) == (1, {"cue notes": 3})


def test_what_sounds_or_looks_otherwise_than_written_is_told():
    pedal, up = (
        f'<direction><direction-type><pedal type="{kind}"/></direction-type></direction>'
        for kind in ("start", "stop")
    )
    quarter_tone = note(4).replace("</step>", "</step><alter>0.5</alter>")
    hidden = note(1).replace("<note>", '<note print-object="no">')
    found = read_musicxml(
        file_of(
            [pedal + quarter_tone + up + hidden],
            attributes="<key><fifths>0</fifths></key>"
            "<time><beats>3+2</beats><beat-type>4</beat-type></time>",
            head="<work><work-number>5</work-number></work><movement-number>2</movement-number>",
        )
    )
    assert found.metre.tolist() == [[0, 5, 4]]
    assert found.unread == {
        MICROTONES: 1,
        SUMMED: 1,
        "pedal signs": 1,
        "hidden notes (now shown)": 1,
        "numbers of works and movements": 2,
    }
