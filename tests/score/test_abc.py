"""ABC files read: what a tune means, by the standard and by what abc2midi plays."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import UnreadableFile
from musegen.score.abc import read_book, read_tunes, write_book
from musegen.score.abc_fields import ACCIDENTALS, Key, letter_text, note_pitch, read_key, spell
from musegen.score.score import MODES, Score

EIGHTH = 240


def tune(music: str, header: str = "M:4/4\nL:1/8\nK:C") -> Score:
    return read_book(f"X:1\n{header}\n{music}\n")[0]


def rows(score: Score, part: int = 0) -> list[tuple[int, int, int]]:
    """Onset, duration and pitch of each note, in eighths."""
    notes = score.parts[part].notes
    return list(
        zip(
            (notes.onset / EIGHTH).tolist(),
            (notes.duration / EIGHTH).tolist(),
            notes.pitch.tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize(
    ("music", "lengths"),
    [
        ("A A2 A/ A// A/4 A3/2", [1, 2, 0.5, 0.25, 0.25, 1.5]),
        ("A>B A>>B A<B", [1.5, 0.5, 1.75, 0.25, 0.5, 1.5]),
        ("A2>B2", [3, 1]),
        ("(3ABc (2AB", [2 / 3] * 3 + [1.5] * 2),
        ("(3:2:4ABcd A", [2 / 3] * 4 + [1]),
        ("(3A2B", [4 / 3, 2 / 3]),
        ("(5ABcde (6ABcdef", [0.4] * 5 + [1 / 3] * 6),
        ("A- A | A2- | A", [2, 3]),
        ("A4- A>B", [5.5, 0.5]),
        ("[A4c]<[A4c]", [2, 0.5, 6, 1.5]),
    ],
)
def test_lengths_are_as_the_standard_counts_them(music: str, lengths: list[float]) -> None:
    assert [row[1] for row in rows(tune(music))] == pytest.approx(lengths)


@pytest.mark.parametrize(
    ("key", "music", "pitches"),
    [
        ("C", "C,, C, C c c' c''", [36, 48, 60, 72, 84, 96]),
        ("C", "^F F f | F _B =B ^^C __D", [66, 66, 78, 65, 70, 71, 62, 60]),
        ("D", "F C =C C | C", [66, 61, 60, 60, 61]),
        ("Eb", "E A B", [63, 68, 70]),
        ("D =c ^g", "F C G", [66, 60, 68]),
        ("HP", "F C G", [66, 61, 67]),
        ("C", "^F8- | F4 F4", [66, 65]),
        ("C", "F [K:D] F [K:C] F", [65, 66, 65]),
    ],
)
def test_pitches_follow_key_accidental_bar_and_tie(key: str, music: str, pitches: list) -> None:
    assert [row[2] for row in rows(tune(music, f"K:{key}"))] == pitches


@pytest.mark.parametrize(
    ("text", "fifths", "mode"),
    [
        ("D Mixolydian", 1, "mixolydian"),
        ("Ador", 1, "dorian"),
        ("Emin", 1, "minor"),
        ("F#m", 3, "minor"),
        ("Bb", -2, "major"),
        ("A minor", 0, "minor"),
        ("CLYDIAN", 1, "lydian"),
        ("Bphr", 1, "phrygian"),
        ("C treble", 0, "major"),
        ("G clef=bass", 1, "major"),
    ],
)
def test_a_key_is_read_in_any_spelling(text: str, fifths: int, mode: str) -> None:
    key = read_key(text)
    assert (key.fifths, MODES[key.mode]) == (fifths, mode)


@given(st.integers(0, 127), st.integers(-7, 7))
def test_a_spelled_pitch_sounds_the_same_and_needs_no_accidental_in_its_key(
    pitch: int, fifths: int
) -> None:
    letter, accidental, octave = spell(pitch, fifths)
    signature = Key(fifths).signature
    alteration = ACCIDENTALS[accidental] if accidental else signature[letter]
    text = letter_text(letter, octave)
    assert note_pitch(text[0], text[1:], alteration) == pitch
    in_key = {(note_pitch(name, "", plain)) % 12 for name, plain in signature.items()}
    assert (not accidental) == (pitch % 12 in in_key)


def test_bars_repeats_and_endings_are_kept_as_written() -> None:
    score = tune('A2|:B8|1 "Am"c8:|2 {ga}~d8||[1,3 e8|]')
    assert (score.barlines / EIGHTH).tolist() == [2, 10, 18, 26, 34]
    assert {(mark.tick // EIGHTH, mark.kind, mark.text) for mark in score.marks} == {
        (2, "repeat", "start"),
        (10, "ending", "1"),
        (10, "chord", "Am"),
        (18, "repeat", "end"),
        (18, "ending", "2"),
        (18, "grace", "{ga}"),
        (18, "ornament", "~"),
        (26, "bar", "||"),
        (26, "ending", "1,3"),
        (34, "bar", "|]"),
    }


def test_voices_become_parts_that_share_the_bars() -> None:
    score = tune("V:1\nA8|B8|\nV:2\n[C4E4] D4|Z|", 'M:4/4\nL:1/8\nV:1 name="Flute"\nV:2\nK:C')
    assert [part.name for part in score.parts] == ["Flute", "2"]
    assert rows(score, 1) == [(0, 4, 60), (0, 4, 64), (4, 4, 62)]
    assert (score.barlines / EIGHTH).tolist() == [8, 16]


def test_an_overlay_sounds_together_with_its_bar() -> None:
    assert rows(tune("A4 B4 & C8 | D8")) == [(0, 8, 60), (0, 4, 69), (4, 4, 71), (8, 8, 62)]


def test_tempo_and_metre_are_read_in_their_old_and_new_forms() -> None:
    assert tune("A", "M:6/8\nQ:3/8=80\nK:C").tempo.tolist() == [[0, 500_000]]
    assert tune("A", 'M:2+3/8\nQ:"Lento" 1/4=60\nK:C').metre.tolist() == [[0, 5, 8]]
    assert tune("A", "Q:90\nL:1/4\nK:C").tempo.tolist() == [[0, 666_667]]
    assert tune("A8|[M:3/4]B6|\nM:C|\nC8|").metre[:, 1:].tolist() == [[4, 4], [3, 4], [2, 2]]
    assert rows(tune("A", "M:2/4\nK:C"))[0][1] == 0.5


def test_what_is_not_music_is_passed_over() -> None:
    words = "W:la la\n%%MIDI beat 40\nN:a note\n%%begintext\nABC\n%%endtext"
    score = tune(f'(A B) "^slow"y2 A % B B B\n{words}\n`B\\\nB "Solo"B|!')
    assert [row[2] for row in rows(score)] == [69, 71, 69, 71, 71, 71]
    assert not score.marks
    assert score.characters == len('(A B) "^slow"y2 A') + len("`B\\") + len('B "Solo"B|')


def test_odd_lines_of_the_irish_book_are_read(shared: Path) -> None:
    """Fields with music after them, and `!` for the end of a line, are in no standard."""
    score = tune("eAAG|!\nM:3/4 egdB A2| M:4/4 egdB GABd|!trill!e8|]!")
    assert score.metre.tolist() == [[0, 4, 4], [4 * EIGHTH, 3, 4], [10 * EIGHTH, 4, 4]]
    assert score.n_notes == 4 + 5 + 8 + 1
    books = [read_book(file.read_text()) for file in sorted(shared.glob("irish/*/*.abc"))]
    assert [len(book) for book in books] == [692, 38]
    assert sum(score.n_notes == 0 for book in books for score in book) == 2


def test_tunes_need_no_number_and_share_the_fields_of_a_file_header() -> None:
    book = read_book("M:6/8\nL:1/4\n\nsome words\n\nT:One\nK:D\nF2|\nX:7\nT:Two\nM:C\nK:C\nF|\n")
    assert [(score.title, score.metre[0].tolist()) for score in book] == [
        ("One", [0, 6, 8]),
        ("Two", [0, 4, 4]),
    ]
    assert [score.parts[0].notes.pitch.tolist() for score in book] == [[66], [65]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X:1\nT:Bad\nK:C\nA3/0|\n", r"line 4: note length 3/0 has a zero divisor.*Bad"),
        ("X:1\nK:C\n\u2603 \u2603 A|\n", "line 3: .* is no music"),
        ("X:1\nK:C\nA,,,,,,|\n", "line 3: .* out of range"),
        ("X:1\nK:C\nA/997 (7AAAAAAA A/991|\n", "line 3: .* too odd"),
        ("X:1\nM:999/1\nK:C\nZ99999|\n", "line 4: it is too long"),
        ("X:1\nT:No key\nABC|\n", "no K: field"),
        ("nothing", "no tune"),
    ],
)
def test_a_tune_of_more_faults_than_notes_is_refused_with_the_first_line(
    text: str, message: str
) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_book(text)


@pytest.mark.parametrize(
    ("text", "pitches", "fault"),
    [
        ("K:C\nAB A3/0 c|", [69, 71, 72], "line 3: note length 3/0 has a zero divisor"),
        ("M:4/x\nK:C\nA|", [69], "line 3: '4/x' is no metre"),
        ("K:H\nF|", [65], "line 2: 'H' is no key"),
        ("K:C\nA20B 7c|", [69, 71, 72], "line 3: '7' is no music"),
        ("K:C\n[CEG F|", [60, 64, 67, 65], "line 3: the chord '[CEG' is not closed"),
        ("K:C\n{ag F|", [65], "line 3: the grace '{ag' is not closed"),
        ('K:C\nF "Am|', [65], "line 3: the text in quotes 'Am|' is not closed"),
        ("K:C\nA>B2 c|", [69, 71, 72], "line 3: > stands between notes of unequal length"),
        ("K:C\nA,,,,,, B|", [71], "line 3: the note A,,,,,, is out of range"),
        ("K:C\n[+GB]A|", [67, 71, 69], "line 3: '+' is no music"),
        ("K:C\nV:1\nA4|B4|\nV:2\nC2|D4|", [69, 71], "bar 1 of voice 2 ends beside the others'"),
    ],
)
def test_damage_is_passed_over_and_told(text: str, pitches: list[int], fault: str) -> None:
    (score,) = read_book(f"X:1\n{text}\n")
    assert score.parts[0].notes.pitch.tolist() == pitches
    assert any(told.startswith(fault) for told in score.faults), score.faults


@pytest.mark.parametrize(
    "music",
    ["A B <& d |A|", "[M:(2+999)/8]A|", "[CE]2 _B4294967 =c/5 d|", "Z99 |A|", "A/128 B99999 c|"],
)
def test_large_numbers_and_stray_signs_are_written_as_they_are_read(music: str) -> None:
    for score in read_tunes(f"X:1\nM:5/8\nL:1/8\nK:C\n{music}\n"):
        if isinstance(score, Score):
            assert read_book(write_book([score])) == [score]


def test_a_bad_tune_leaves_the_others_readable() -> None:
    tunes = list(read_tunes("X:1\nK:C\nA|\n\nX:2\nT:no key\nA|\n\nX:3\nK:C\nB|\n"))
    assert [isinstance(tune, Score) for tune in tunes] == [True, False, True]


@given(st.text(alphabet="ABcd^_=,'/23-<>([{}])|:\"!~zZM&V+ \n", max_size=40))
def test_any_text_is_read_or_refused_with_its_line(music: str) -> None:
    for tune in read_tunes("X:1\nM:3/4\nL:1/8\nK:D\n" + music):
        assert isinstance(tune, Score) or tune.message.startswith("line ")


CHORD = "[" + "C" * 1000 + "]"


@pytest.mark.parametrize(
    ("header", "music"),
    [
        ("", f"{CHORD}-{CHORD}|"),
        ("", "CDEF|" + "[K:" * 20_000),
        ("", "C" * 10_000 + "\n" + "w:a\n" * 2_000),
        ("", "".join(f"[V:{n}]C{n}/64[K:D]C\n" for n in range(1, 2_000))),
        ("%%MIDI program 3\n" * 1_000, "".join(f"V:{n}\nC|\n" for n in range(1_000))),
        ("M:1/999\n", "C Z999999999|"),
        ("M:1/999\n", "".join(f"[V:{n}]CZ90000|" for n in range(1_000))),
    ],
)
def test_what_a_tune_multiplies_takes_no_time(header: str, music: str) -> None:
    began = time.process_time()
    list(read_tunes(f"X:1\n{header}L:1/8\nK:C\n{music}\n"))
    assert time.process_time() - began < 30


def test_tied_chords_hold_each_note_once() -> None:
    tune = read_book("X:1\nL:1/8\nK:C\n[^CEE]2-[CEG]2|\n")[0]
    lengths = 1 / tune.ticks_per_quarter
    rows = sorted((pitch, length * lengths) for _, length, pitch, _ in tune.parts[0].notes.rows)
    assert rows == [(61, 2), (64, 1), (64, 2), (67, 1)]


@pytest.mark.parametrize("tempo", ["1/4=0.1", "1/4=7", "1/8=0.5", "1/4=60000000"])
def test_a_tempo_of_any_size_is_written_as_it_is_read(tempo: str) -> None:
    tune = read_book(f"X:1\nQ:{tempo}\nK:C\nCDEF|\n")[0]
    assert read_book(write_book([tune]))[0].tempo.tolist() == tune.tempo.tolist()


def test_a_tempo_slower_than_any_music_is_told() -> None:
    tune = read_book("X:1\nQ:1/4=0.00000000000001\nK:C\nCDEF|\n")[0]
    assert "is no tempo" in tune.faults[0]


def test_an_instruction_of_the_header_counts_once_however_many_voices_it_is_for() -> None:
    tune = read_book("X:1\n%%staves 1 2\n%%MIDI program 5\nV:1\nV:2\nK:C\nV:1\nC|\nV:2\nE|\n")[0]
    assert dict(tune.unread) == {"directives": 1}
    assert [part.program for part in tune.parts] == [5, 5]
