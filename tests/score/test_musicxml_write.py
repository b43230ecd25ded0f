"""MusicXML written: what is read again is the same, and every bar is full in every voice."""

import contextlib
import io
import re
import time
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from music21 import converter

from musegen.errors import UnreadableFile
from musegen.score.abc import read_tunes
from musegen.score.losses import missing_in
from musegen.score.musicxml import compressed, read_musicxml, write_musicxml
from musegen.score.musicxml_layout import Layout
from musegen.score.musicxml_rhythm import LENGTHS, split
from musegen.score.notatable import UNITS
from musegen.score.score import Mark, Notes, Part, Score, bar_ticks

TICKS = 840  # a quarter: twofold, threefold, fivefold and sevenfold divisions are whole
METRES = ((4, 4), (3, 4), (6, 8), (2, 2), (12, 8))  # of whole quarters, as quintuplets need
BESIDE = ("chord", "ornament", "lyric", "grace")
LEVELS = ("p", "mf", "fff", "sfz", "fp")
PROGRAMS = (0, 0, 24, 40, 41, 42, 43, 60, 72)


def tree(data: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(data)  # noqa: S314 — ours


def voice_ends(data: bytes) -> Iterator[tuple[str, dict[str, Fraction], Fraction]]:
    """Of each bar of a file: its part, how far each voice reaches, and how far it goes in all."""
    for part in tree(data).iter("part"):
        divisions = 1
        for measure in part.iter("measure"):
            divisions = int(measure.findtext("attributes/divisions") or divisions)
            clock, ends, furthest = Fraction(0), {}, Fraction(0)
            for element in measure:
                length = Fraction(int(element.findtext("duration") or 0), divisions)
                if element.tag in ("backup", "forward"):
                    clock += length * (1 if element.tag == "forward" else -1)
                elif element.tag == "note" and element.find("chord") is None:
                    clock += length
                    ends[element.findtext("voice") or "1"] = clock
                furthest = max(furthest, clock)
            yield part.get("id", ""), ends, furthest


@st.composite
def notes(draw: st.DrawFn, quarters: int) -> Notes:
    """Notes of one part, each beat in a division of its own; no pitch overlaps with itself."""
    divisions = [draw(st.sampled_from((1, 2, 4, 8, 3, 6, 5, 7))) for _ in range(quarters)]
    places = [q * TICKS + TICKS * k // d for q, d in enumerate(divisions) for k in range(d)]
    places.append(quarters * TICKS)
    rows: list[tuple[int, int, int, int]] = []
    for _ in range(draw(st.integers(0, 9))):
        start, end = sorted(draw(st.lists(st.sampled_from(places), min_size=2, max_size=2)))
        pitch, velocity = draw(st.integers(30, 95)), draw(st.sampled_from((80, 80, 1, 127, 61)))
        clear = all(p != pitch or s + n <= start or end <= s for s, n, p, _ in rows)
        if start < end and clear:
            rows.append((start, end - start, pitch, velocity))
    return Notes.of(rows)


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Scores that notation can write: pickups, changes of metre, key and tempo, voices, marks."""
    metre = [draw(st.sampled_from(METRES)) for _ in range(2)]
    lengths = [bar_ticks(n, d, TICKS) for n, d in (metre[0], metre[0], metre[1])]
    if draw(st.booleans()):
        lengths.insert(0, TICKS)
    lines = np.cumsum(lengths)
    change = int(lines[-2])
    quarters = int(-(-lines[-1] // TICKS))
    kinds = draw(st.lists(st.sampled_from((*PROGRAMS, None)), min_size=1, max_size=4))
    parts = []
    for number, program in enumerate(kinds):
        line = draw(notes(quarters))
        line = Notes.of([row for row in line.rows.tolist() if row[0] + row[1] <= lines[-1]])
        name = draw(st.sampled_from(("", "Piano", f"Part {number}")))
        parts.append(Part(name, program or 0, line, is_drums=program is None))
    metres = [[0, *metre[0]]] + ([[change, *metre[1]]] if metre[0] != metre[1] else [])
    tempo = [
        [0, draw(st.integers(200_000, 2_000_000))],
        [TICKS, draw(st.integers(200_000, 2_000_000))],
    ]
    keys = [[0, draw(st.integers(-7, 7)), draw(st.integers(0, 6)), 0]]
    return Score(
        TICKS,
        tuple(parts),
        tempo=np.array(tempo[: 1 + (tempo[0][1] != tempo[1][1])]),
        metre=np.array(metres),
        key=np.array(keys),
        barlines=lines,
        marks=draw(marks(parts, lines.tolist())),
        title=draw(st.sampled_from(("", "Air", "Nächtlich <&> still"))),
    )


@st.composite
def marks(draw: st.DrawFn, parts: list[Part], lines: list[int]) -> tuple[Mark, ...]:
    """Signs at bar lines, and what is written at notes."""
    found = {Mark(lines[0], "repeat", "start"), Mark(lines[1], "repeat", "end")}
    found = set(draw(st.sets(st.sampled_from(sorted(found)))))
    if draw(st.booleans()):
        found |= {Mark(lines[0], "ending", "1"), Mark(lines[1], "ending", "2,3")}
    if draw(st.booleans()):
        found.add(Mark(lines[-1], "bar", draw(st.sampled_from(("||", "|]")))))
    texts = (("chord", "Bb7/D"), ("chord", "F#m"), ("ornament", "!trill!"), ("ornament", "."))
    more = (("ornament", "!//!"), ("grace", "{c}"), ("grace", "{/[ce]f}"), ("lyric", "la-"))
    more += (("clef", "alto"), ("clef", "C5"), ("clef", "bass-8"))
    for number, part in enumerate(parts):
        standing = ""
        for tick in sorted({*part.notes.onset.tolist()})[:3]:
            kind, text = draw(st.sampled_from((*texts, *more)))
            if part.is_drums and kind in ("grace", "clef"):
                continue  # a drum has no place on the staff twice
            if kind == "clef" and text == standing:
                continue  # it changes nothing, so a reader drops it
            standing = text if kind == "clef" else standing
            found.add(Mark(tick, kind, text, number))
        found |= draw(dynamics(part, number))
    return tuple(found)


@st.composite
def dynamics(draw: st.DrawFn, part: Part, number: int) -> set[Mark]:
    """Signs at notes of a part: how loud, and hairpins one after the other."""
    onsets = sorted({*part.notes.onset.tolist()})
    told = draw(st.sets(st.sampled_from(onsets), max_size=3)) if onsets else set()
    found = {Mark(n, "ornament", f"!{draw(st.sampled_from(LEVELS))}!", number) for n in told}
    ends = sorted(draw(st.sets(st.sampled_from(onsets), max_size=6))) if onsets else []
    for begin, end in zip(ends[::2], ends[1::2], strict=False):
        end = draw(st.sampled_from((begin, end)))
        kind = draw(st.sampled_from(("crescendo", "diminuendo")))
        found |= {Mark(begin, "ornament", f"!{kind}(!", number)}
        found |= {Mark(end, "ornament", f"!{kind})!", number)}
    return found


@given(scores())
@settings(max_examples=10)
def test_what_is_written_is_read_again_the_same(score):
    again = read_musicxml(write_musicxml(score))
    lost, won = missing_in(again, score), missing_in(score, again)
    if again.key[:, 3].any():  # a key that speaks against the notes is not believed by a reader
        for kind in ("keys", "grace marks"):  # and grace notes are spelled in the key
            lost.pop(kind, None), won.pop(kind, None)
    assert (lost, won) == ({}, {})
    placed = [{(m.part, m.kind) for m in s.marks if m.kind in BESIDE} for s in (again, score)]
    assert placed[0] == placed[1]
    assert again.title == score.title
    assert (again.faults, dict(again.unread)) == ((), {})


@given(scores())
@settings(max_examples=10)
def test_every_voice_fills_its_bars(score):
    lengths = [Fraction(b - a, TICKS) for a, b in pairwise([0, *score.barlines.tolist()])]
    for number, (_, ends, furthest) in enumerate(voice_ends(write_musicxml(score))):
        assert {*ends.values(), furthest} == {lengths[number % len(lengths)]}


performed = st.lists(
    st.tuples(*(st.integers(0, 4000), st.integers(0, 3000), st.integers(0, 127), st.just(80))),
    max_size=12,
)


@given(
    performed,
    st.sampled_from((96, 480, 997)),
    st.booleans(),
    st.lists(st.integers(1, 5000), max_size=4),
)
@settings(max_examples=10)
def test_what_no_notation_can_say_is_moved_a_little_and_never_fails(rows, ticks, drums, lines):
    part = Part("Performed", 0, Notes.of(rows), is_drums=drums)
    score = Score(ticks, (part,), barlines=np.unique(lines))
    over = np.diff(score.barlines, prepend=0) / ticks - 4
    assume(not ((over > 0) & (over < 1 / 16)).any())  # a reader takes so little for rounding
    data = write_musicxml(score)
    assert all(len({*ends.values(), furthest}) == 1 for _, ends, furthest in voice_ends(data))
    again = read_musicxml(data)
    if not lines:
        moved = sorted(again.parts[0].notes.onset / again.ticks_per_quarter)
        np.testing.assert_allclose(moved, sorted(part.notes.onset / ticks), atol=1 / 24)
    assert again.parts[0].notes.pitch.sum() == part.notes.pitch.sum()


@given(st.integers(0, 400), st.integers(1, 400), st.sampled_from((UNITS // 2, UNITS, 5040)))
def test_a_stretch_is_written_in_lengths_that_fill_it(start, length, beat):
    step = UNITS // 96
    pieces = split(start * step, (start + length) * step, 0, beat)
    assert pieces[0][0] == start * step
    assert all(a + n.units == b for (a, n), (b, _) in pairwise(pieces))
    assert sum(n.units for _, n in pieces) == length * step
    assert all(LENGTHS[n.units] is n for _, n in pieces)


@pytest.mark.parametrize(
    ("start", "end", "beat", "written"),
    [
        (1, 3, 2, "quarter"),  # ♪ ♩ ♪
        (1, 4, 2, "quarter."),  # ♪ ♩.
        (3, 6, 4, "eighth quarter"),  # over the middle of 4/4
        (2, 6, 4, "half"),
        (1, 3, 3, "quarter"),
        (2, 4, 3, "eighth eighth"),  # over the beat of 6/8
        (0, 4, 3, "quarter. eighth"),
        (0, 6, 3, "half."),
    ],
)
def test_a_note_hides_no_beat_but_by_a_usual_syncopation(start, end, beat, written):
    eighth = UNITS // 2
    pieces = split(start * eighth, end * eighth, 0, beat * eighth)
    assert " ".join(length.type + "." * length.dots for _, length in pieces) == written


def test_a_rest_and_a_short_note_end_where_a_beat_begins():
    sixteenth = UNITS // 4
    for start, end, is_rest in ((2, 6, True), (3, 5, False)):
        pieces = split(start * sixteenth, end * sixteenth, 0, UNITS, is_rest=is_rest)
        assert [place for place, _ in pieces] == [start * sixteenth, UNITS]


def test_quarters_in_the_time_of_two_are_not_cut():
    third = 2 * UNITS // 3
    assert len(split(third, 2 * third, 0, UNITS)) == 1


def test_a_score_without_a_key_is_written_in_the_one_its_notes_suggest():
    pitches = (65, 67, 68, 70, 72, 73, 75, 77)  # A flat major
    rows = [(n * TICKS, TICKS, pitch, 80) for n, pitch in enumerate((68, *pitches, 68, 75, 68))]
    root = tree(write_musicxml(Score(TICKS, (Part("A part", 40, Notes.of(rows)),))))
    assert root.findtext(".//key/fifths") == "-4"
    assert {alter.text for alter in root.iter("alter")} == {"-1"}


def one_part(program: int, pitches: list[int], drums: bool = False) -> bytes:
    rows = [(n * TICKS, TICKS, pitch, 80) for n, pitch in enumerate(pitches)]
    part = Part("A part", program, Notes.of(rows), is_drums=drums)
    return write_musicxml(Score(TICKS, (part,)))


@pytest.mark.parametrize(
    ("program", "pitches", "clef"),
    [
        (40, [60, 90], "G2"),  # violin
        (40, [96, 90], "G2+1"),
        (41, [50, 65], "C3"),  # viola
        (42, [40, 50], "F4"),  # cello
        (42, [64, 66], "C4"),
        (43, [30, 40], "F4-1"),  # double bass
        (24, [50, 60], "G2-1"),  # guitar
        (0, [40, 80], "G2 F4"),  # a piano's two hands
        (0, [60, 80], "G2"),
        (0, [55, 80], "G2"),  # the tune of a fiddle
        (52, [69, 74], "G2"),  # voices
        (52, [55, 67], "G2-1"),
        (52, [45, 57], "F4"),
    ],
)
def test_clefs_suit_the_instrument_and_its_range(program, pitches, clef):
    found = []
    for element in tree(one_part(program, pitches)).iter("clef"):
        octave = element.findtext("clef-octave-change")
        shift = f"{int(octave):+d}" if octave else ""
        found.append(f"{element.findtext('sign')}{element.findtext('line')}{shift}")
    assert " ".join(found) == clef


def test_drums_are_written_without_pitch_and_say_which_they_are():
    root = tree(one_part(8, [36, 42], drums=True))
    assert [clef.findtext("sign") for clef in root.iter("clef")] == ["percussion"]
    assert not list(root.iter("pitch"))
    numbers = {m.get("id"): m.findtext("midi-unpitched") for m in root.iter("midi-instrument")}
    assert {numbers[i.get("id")] for i in root.iter("instrument")} == {"37", "43"}
    assert {m.findtext("midi-channel") for m in root.iter("midi-instrument")} == {"10"}


def accidentals(body: str) -> list[str]:
    """The accidentals to be seen in a tune, note by note."""
    (tune,) = read_tunes(f"X:1\nM:4/4\nL:1/4\n{body}\n")
    notes = tree(write_musicxml(tune)).iter("note")
    return [note.findtext("accidental") or "-" for note in notes]


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("K:G\nF ^F =F F|", "- - natural -"),
        ("K:F\n_B =B B _B|B", "- natural - flat -"),
        ("K:C\n^F =f ^f F|F", "sharp - sharp - -"),
        ("K:C\nC D E ^F-|F ^F F C|", "- - - sharp - sharp - -"),
    ],
)
def test_an_accidental_stands_where_the_pitch_is_not_that_of_the_bar_so_far(body, seen):
    assert " ".join(accidentals(body)) == seen


def test_a_pickup_is_bar_nought_and_a_tuplet_has_its_bracket():
    (tune,) = read_tunes("X:1\nM:4/4\nL:1/8\nK:C\nG2|(3cde f2 g4|\n")
    root = tree(write_musicxml(tune))
    assert [m.get("number") for m in root.iter("measure")] == ["0", "1"]
    assert next(root.iter("measure")).get("implicit") == "yes"
    assert [t.get("type") for t in root.iter("tuplet")] == ["start", "stop"]
    assert [b.text for b in root.iter("beam")][:3] == ["begin", "continue", "end"]


def test_a_note_held_in_one_voice_is_not_cut_by_another():
    rows = [(0, 4 * TICKS, 48, 80), *((n * TICKS, TICKS, 72, 80) for n in range(4))]
    data = write_musicxml(Score(TICKS, (Part("Organ", 40, Notes.of(rows)),)))
    assert not list(tree(data).iter("tie"))
    assert {note.findtext("voice") for note in tree(data).iter("note")} == {"1", "2"}


def test_two_voices_on_one_pitch_keep_their_lengths_over_the_bar():
    rows = [(0, 6 * TICKS, 60, 80), (2 * TICKS, 6 * TICKS, 60, 80)]
    score = Score(TICKS, (Part("Organ", 40, Notes.of(rows)),), barlines=[4 * TICKS, 8 * TICKS])
    assert missing_in(read_musicxml(write_musicxml(score)), score) == {}


def test_the_bytes_depend_on_the_score_alone_and_name_what_made_it(make_score):
    data = write_musicxml(make_score("notes", 1), "musegen 1.0")
    assert data == write_musicxml(make_score("notes", 1), "musegen 1.0")
    assert compressed(data) == compressed(data)
    assert tree(data).findtext("identification/encoding/software") == "musegen 1.0"


def test_a_compressed_file_opens_elsewhere(make_score, tmp_path):
    data = write_musicxml(make_score("grid", 2))
    path = tmp_path / "a.mxl"
    path.write_bytes(compressed(data))
    assert zipfile.ZipFile(io.BytesIO(path.read_bytes())).namelist()[0] == "META-INF/container.xml"
    assert len(converter.parse(path, forceSource=True).parts) == 3
    assert read_musicxml(path.read_bytes()) == read_musicxml(data)


def test_a_score_of_nothing_is_a_bar_of_rest():
    assert read_musicxml(write_musicxml(Score(480, ()))).barlines.tolist() == [1920]


@pytest.mark.parametrize("kind", ["abc", "grid", "notes"])
def test_verovio_engraves_what_is_written(kind, make_score):
    verovio = pytest.importorskip("verovio")
    toolkit = verovio.toolkit()
    assert toolkit.loadData(write_musicxml(make_score(kind, 3)).decode())
    page = toolkit.renderToSVG(1)
    drawn = len(re.findall(r'class="note"', page))
    assert drawn >= make_score(kind, 3).n_notes


def test_names_that_xml_cannot_hold_lose_those_characters_alone():
    score = Score(480, (Part("a\x01\ufffe\x0bb", 0, Notes.of([(0, 480, 60, 80)])),), title="c\x00d")
    again = read_musicxml(write_musicxml(score))
    assert (again.parts[0].name, again.title) == ("ab", "cd")


@pytest.mark.parametrize("written", ["²", "9" * 5000, "-1", "١"])
def test_drums_that_are_told_by_no_number_are_read_or_refused(written):
    drums = write_musicxml(Score(480, (Part("", 0, Notes.of([(0, 480, 38, 80)]), True),))).decode()
    for tag in ("midi-unpitched", "display-octave"):
        odd = re.sub(rf"(<{tag}>)\d+", rf"\g<1>{written}", drums)
        assert odd != drums
        with contextlib.suppress(UnreadableFile):
            assert read_musicxml(odd.encode()).parts[0].is_drums


def test_many_signs_and_changes_are_laid_out_in_no_time():
    bars, onsets = 4000, np.arange(16_000) * 480
    notes = Notes(onsets, np.full(16_000, 480), np.full(16_000, 60), np.full(16_000, 80))
    lines = np.arange(1, bars + 1) * 1920
    chords = [Mark(tick, "chord", "C") for tick in (lines - 1920).tolist()]
    syllables = [Mark(tick, "lyric", "la") for tick in onsets.tolist()]
    metre = np.array([[1920 * bar, 4 + 4 * (bar % 2), 4 + 4 * (bar % 2)] for bar in range(bars)])
    score = Score(
        480, (Part("", 40, notes),), metre=metre, barlines=lines, marks=(*chords, *syllables)
    )
    began = time.process_time()
    laid_out = Layout.of(score)
    assert {laid_out.bar_at(bar.start) for bar in laid_out.bars} == set(range(bars))
    assert time.process_time() - began < 60


@pytest.mark.parametrize("says_tempo", [True, False])
def test_a_tempo_of_120_is_written_where_it_was_said(says_tempo):
    score = Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80)])),), says_tempo=says_tempo)
    data = write_musicxml(score)
    assert (b"<per-minute>120</per-minute>" in data) is says_tempo
    assert read_musicxml(data).says_tempo is says_tempo


def test_a_fermata_stands_upright():
    mark = Mark(0, "ornament", "!fermata!")
    score = Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80)])),), marks=(mark,))
    (fermata,) = tree(write_musicxml(score)).iter("fermata")
    assert fermata.get("type", "upright") == "upright"
