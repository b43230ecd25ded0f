"""Repeats played out, and the lengths of bars."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musegen.score.abc import read_book, write_book
from musegen.score.bars import check_bars
from musegen.score.repeats import unfold
from musegen.score.score import Event, Mark, Notes, Part, Score


def tune(music: str, metre: str = "4/4") -> Score:
    return read_book(f"X:1\nM:{metre}\nL:1/4\nK:C\n{music}\n")[0]


def letters(score: Score) -> str:
    return "".join("C?D?EF?G?A?B"[pitch % 12] for pitch in score.parts[0].notes.pitch)


@pytest.mark.parametrize(
    ("music", "heard"),
    [
        ("C4|D4:|E4|:F4:|", "CDCDEFF"),
        ("|:C4|D4:|:E4:|", "CDCDEE"),
        ("C4:|D4:|E4|]", "CCDDE"),
        ("C4|1D4:|2E4||F4:|", "CDCEFF"),
        ("C4|1D4:|2E4:|F4|G4:|", "CDCEFGFG"),
        ("|:C4|[1,3D4:|[2E4:|[4F4|]G4|", "CDCECDCFG"),
        ("|:C4|[1-3D4:|[4E4|]", "CDCDCDCE"),
        ("C4[1D4|[2E4|]", "CDCE"),
        ("|:C4|1D4:|", "CDC"),
        ("C4||D4:|", "CDD"),
        ("|:C4||D4:|", "CDCD"),
        ("|:C4||D4|1E4:|2F4:|3G4|]", "CDECDFCDG"),
        ("C4|1D4:|2E4||F4|1G4:|2A4|]", "CDCEFGFA"),
        ("C4|1D4:|2E4||F4|1G4:|2A4:|3B4|]", "CDCEFGFAFB"),
        ("C4|D4|]", "CD"),
    ],
)
def test_repeats_and_endings_are_played_in_order(music: str, heard: str) -> None:
    assert letters(unfold(tune(music))) == heard


@pytest.mark.parametrize(
    ("music", "heard"),
    [
        ("C4|D4!fine!|E4|F4!D.C.!|", "CDEFCD"),
        ("C4|D4|!fine!E4|F4|!D.C.!G4|]", "CDEFGCDE"),
        ("C4|D4!fine!|E4|F4|!D.C.alfine!", "CDEFCD"),
        ("C4|D4!fine!|E4|F4!dacapo!|]", "CDEFCD"),
        ('C4|D4"Fine"|E4|F4"_D.C."|]', "CDEFCD"),
        ("C4|D4!D.C.!|", "CDCD"),
        ('C4|"S"D4|E4!fine!|F4!Dacapo!|', "CDEFCDE"),
        ("C4|D4!D.C.!|E4|", "CDCDE"),
        ("C4|!segno!D4|E4!fine!|F4!D.S.!|", "CDEFDE"),
        ("C4|!segno!D4|E4|!segno!F4|G4!fine!|A4!D.S.alfine!|", "CDEFGAFG"),
        ("C4|SD4|E4!dacoda!|F4!D.S.alcoda!|OG4|A4|", "CDEFDEGA"),
        ("C4|D4!coda!|E4!D.C.!|!coda!F4|", "CDECDF"),
        ("C4!fine!|D4!dacoda!|E4!D.C.alcoda!|!coda!F4|", "CDECDF"),
        ("C4!dacoda!|D4!fine!|E4!D.C.alfine!|!coda!F4|", "CDECD"),
        ("|:C4|D4:|E4!fine!|F4|!D.C.!G4|]", "CDCDEFGCDE"),
        ("|:C4|1D4:|2E4!fine!|F4!D.C.!|]", "CDCEFCE"),
        ("|:C4|D4!D.C.!:|E4", "CDCDCDE"),
        ("C4!dacoda!|D4!D.C.!|!coda!|:E4:|F4|", "CDCEEF"),
        ("C4!fine!|D4!D.C.!|E4!D.C.!|]", "CDCEC"),
        ("C4|!segno!D4|!segno!|:E4:|!D.S.!F4", "CDEEFEF"),
    ],
)
def test_jumps_are_made_and_what_is_played_again_is_not_repeated(music: str, heard: str) -> None:
    assert letters(unfold(tune(music))) == heard
    assert not tune(music).faults
    assert unfold(unfold(tune(music))) == unfold(tune(music))


@pytest.mark.parametrize(
    ("music", "heard", "fault"),
    [
        ("C4|D4!D.S.!|E4", "CDE", "D.S. at the end of bar 2 has no segno"),
        ("C4!D.S.!|!segno!D4|E4", "CDE", "has no segno before it"),
        ("C4|D4!D.C.alfine!|E4!fine!|F4", "CDCDEF", "comes to no Fine"),
        ("C4!fine!|!segno!D4|E4!D.S.alfine!|F4", "CDEDEF", "comes to no Fine"),
        ("C4|!coda!D4|E4!D.C.alcoda!|F4", "CDECDEF", "comes to no coda"),
        ("C4|D4!D.C.alcoda!|!coda!E4|", "CDCDE", "comes to no coda"),
    ],
)
def test_a_jump_to_nowhere_is_played_through_and_told(music: str, heard: str, fault: str) -> None:
    assert letters(unfold(tune(music))) == heard
    assert fault in "".join(tune(music).faults)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                *("C4|", "D4:|", "|:E4", "[1F4|", "[2G4:|", "A4||", "!fine!B4|", "!segno!"),
                *("!coda!", "!dacoda!C4|", "!D.C.!D4|", "!D.S.!E4|", "!D.C.alfine!F4|"),
                "!D.S.alcoda!G4|",
            ]
        ),
        min_size=1,
        max_size=12,
    )
)
def test_playing_ends_and_plays_no_note_that_is_not_written(lexemes: list[str]) -> None:
    """Whatever stands in it; without endings, coda and Fine every note is played."""
    written = tune("".join(lexemes))
    played = letters(unfold(written))
    assert len(played) <= len(letters(written)) * 2 * (len(lexemes) + 1)
    assert set(played) <= set(letters(written))
    if not any(sign in lexeme for lexeme in lexemes for sign in ("[", "coda", "!fine!")):
        assert set(played) == set(letters(written))


def test_jumps_are_written_as_they_were_read_and_read_the_same_in_every_voice() -> None:
    music = "C4|!segno!D4|E4!fine!|!trill!F4!dacoda!|G4!D.S.alcoda!|]!coda!A4|"
    book = f"X:1\nM:4/4\nL:1/4\nK:C\nV:1\n{music}\nV:2\n{music}\n"
    (score,) = read_book(book)
    written = write_book([score])
    assert read_book(written) == [score]
    assert [mark.text for mark in score.marks if mark.kind == "jump"] == [
        *("segno", "Fine", "To Coda", "D.S. al Coda", "coda")
    ]
    for decoration in ("!segno!", "!fine!", "!dacoda!", "!D.S.alcoda!", "!coda!", "!trill!"):
        assert decoration in written


def test_many_returns_are_played_in_time() -> None:
    began = time.process_time()
    assert unfold(tune("C4!D.C.!|" * 2000)).n_notes < 33 * 2000
    assert unfold(tune("C4||" * 2000 + "D4!D.C.!|" * 40)).n_notes < 33 * 2100
    assert time.process_time() - began < 20


def test_many_repeats_are_played_out_in_time_and_no_ending_more_than_32_times() -> None:
    began = time.process_time()
    assert unfold(tune("|:C4:|" * 4000)).n_notes == 8000
    many = tune("|:C4|[1 D4:|")
    far = replace(many, marks=(*many.marks, Mark(0, "ending", "999999999")))
    assert unfold(far).n_notes <= 2 * 32 + 2
    assert time.process_time() - began < 20


def test_what_is_played_out_has_its_bars_changes_and_no_signs() -> None:
    score = unfold(tune('|:"C"C4|[M:3/4][K:G]D3:|E3|'))
    quarter = score.ticks_per_quarter
    assert (score.barlines // quarter).tolist() == [4, 7, 11, 14, 17]
    assert (score.metre // [quarter, 1, 1]).tolist() == [
        [0, 4, 4],
        [4, 3, 4],
        [7, 4, 4],
        [11, 3, 4],
    ]
    assert (score.key[:, :2] // [quarter, 1]).tolist() == [[0, 0], [4, 1], [7, 0], [11, 1]]
    assert [(mark.tick // quarter, mark.kind) for mark in score.marks] == [
        (0, "chord"),
        (7, "chord"),
    ]


def test_pedal_events_and_tempo_are_repeated_too() -> None:
    written = tune("|:C4|D4:|E4|")
    bar = 4 * written.ticks_per_quarter
    part = Part(
        "", 0, written.parts[0].notes, False, np.array([[bar, 127]]), (Event(bar, b"\xb0"),)
    )
    changed = {
        "tempo": np.array([[0, 500_000], [bar, 400_000]]),
        "events": (Event(3 * bar, b"\xff"),),
    }
    score = unfold(
        Score(
            written.ticks_per_quarter,
            (part,),
            **changed,
            barlines=written.barlines,
            marks=written.marks,
        )
    )
    assert score.parts[0].pedal.tolist() == [[bar, 127], [3 * bar, 127]]
    assert [event.tick for event in score.parts[0].events] == [bar, 3 * bar]
    assert [event.tick for event in score.events] == [5 * bar]
    assert score.tempo.tolist() == [
        [0, 500_000],
        [bar, 400_000],
        [2 * bar, 500_000],
        [3 * bar, 400_000],
    ]


def test_a_note_is_cut_where_playing_turns_away() -> None:
    written = tune("|:C4:|")
    notes = Notes.of([(0, 9 * written.ticks_per_quarter, 60, 80)])
    score = unfold(
        Score(
            written.ticks_per_quarter,
            (Part("", 0, notes),),
            barlines=np.array([4, 12]) * written.ticks_per_quarter,
            marks=written.marks,
        )
    )
    assert (score.parts[0].notes.duration // written.ticks_per_quarter).tolist() == [4, 9]


def test_a_score_without_repeats_stays_itself() -> None:
    score = tune("C4|D4|]")
    assert unfold(score) is score


@pytest.mark.parametrize(
    ("music", "wrong"),
    [
        ("C|CDEF|CDE:|G|CDEF|CDE|]", []),
        ("CDEF|C|CDEF|]", ["bar 2 is 1/4 long, the metre says 4/4"]),
        (
            "CDEF|CDEFG|CDE/|]",
            [
                "bar 2 is 5/4 long, the metre says 4/4",
                "bar 3 is 5/8 long, the metre says 4/4 (and no pickup completes it)",
            ],
        ),
        ("CD:|EF|CDEF|]", []),
        (
            "CDEF|CDE|]",
            ["bar 2 is 3/4 long, the metre says 4/4 (and no pickup completes it)"],
        ),
        (
            "CDEF|CDEF GABc|CDEF|]",
            ["bar 2 is 8/4 long, the metre says 4/4 (is a bar line missing?)"],
        ),
        ("CDEF|CD||EF|CDEF|]", []),
        ("F|CDEF|1CDE:|2CDE||A|CDEF|CDE|]", []),
        ("CDEF\nCDEF|C2\nDE|CDEF|]", []),
        ("[M:none]CDE|CDEFG|[M:4/4]CDEF|C|CDEF|]", ["bar 4 is 1/4 long, the metre says 4/4"]),
    ],
)
def test_bars_that_contradict_the_metre_are_named(music: str, wrong: list[str]) -> None:
    """A pickup may begin a section, and what it takes may lack at a section's end."""
    assert check_bars(tune(music)) == wrong


def test_most_bars_of_the_irish_book_are_right(shared: Path) -> None:
    books = [read_book(file.read_text()) for file in sorted(shared.glob("irish/*/*.abc"))]
    clean = [not check_bars(score) for book in books for score in book]
    assert np.mean(clean) > 0.98
