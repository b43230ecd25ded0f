"""ABC files written: clean, and read back to the same notes, bars and marks."""

import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21.corpus import getWork

from musegen.score.abc import read_book, read_tunes, write_book
from musegen.score.bars import check_bars
from musegen.score.midi import read_midi
from musegen.score.repeats import unfold
from musegen.score.score import Score

HALF = Fraction(1, 2)


def tune(music: str) -> Score:
    return read_book(f"X:1\nM:4/4\nL:1/8\nK:C\n{music}\n")[0]


LEXEMES = [
    *("A", "B", "c", "d", "^f", "_e", "=g", "C,", "e'", "[CE]", "[C-E]2", "z", "Z2", "x"),
    *("2", "3/2", "/", "//", ">", "<", "<<", "(3", "(5", "(3:2:2", "-", "[L:1/16]"),
    *("{g}", "{^c/d}", "~", "!trill!", '"Am"', "|", "||", "|]", "|:", ":|", "::"),
    *("|1", ":|2", "[1", "[2", "[1,3", "[1-3"),
    *("!fine!", "!D.C.!", "!D.S.alcoda!", "!dacoda!", "S", "!coda!", '"_D.C. al Fine"'),
    *("[K:clef=bass]", "[K:clef=treble-8]", "[K:alto]"),
]


@given(
    st.sampled_from(["4/4", "6/8", "C|", "none"]),
    st.sampled_from(["C", "Eb", "Ador", "none", "Dmix =c", "G % estimated", "F clef=tenor"]),
    st.lists(st.sampled_from([*LEXEMES, "\n"]), max_size=40),
)
def test_whatever_is_read_is_written_the_same(metre: str, key: str, lexemes: list[str]) -> None:
    """A tune is read or refused; then it is written, checked and played without fail."""
    text = f"X:1\nM:{metre}\nL:1/8\nQ:1/4=95\nK:{key}\n" + " ".join(lexemes)
    for score in read_tunes(text):
        if isinstance(score, Score):
            assert read_book(write_book([score])) == [score]
            assert unfold(score).end >= 0
            check_bars(score)


def test_each_part_is_a_voice() -> None:
    header = 'M:4/4\nL:1/8\nV:1 name="Flute"\nV:2\nK:C'
    score = read_book(f"X:1\n{header}\nV:1\nA8|B8|\nV:2\n[C4E4] D4|Z|\n")[0]
    assert write_book([score]).count("V:2") == 2
    assert read_book(write_book([score])) == [score]


@pytest.mark.parametrize(
    ("fields", "music", "said"),
    [
        ("K:C clef=bass", "C,8|", "K:C clef=bass"),
        ("K:C", "C,8|", "K:C clef=bass"),
        ("K:C clef=bass", "c8|", "K:C clef=bass"),
        ("K:G alto", "G8|", "K:G clef=alto"),
        ("K:G clef=C3", "G8|", "K:G clef=C3"),
        ("K:C none", "c8|", "K:C\n"),
        ("K:C clef=treble", "C,8|", "K:C clef=treble"),
        ("K:C clef=treble-8", "c8|", "K:C clef=treble-8"),
        ("V:1 clef=tenor\nV:2 bass\nK:C", "V:1\nc8|\nV:2\nc8|", 'V:2 name="2" clef=bass'),
        ("V:bass name=low\nV:2\nK:C", "V:bass\nc8|\nV:2\nc8|", 'V:1 name="bass"\n'),
        ("K:C", "c8|[K:clef=bass]C,8|", "[K:clef=bass]C,8"),
    ],
)
def test_a_clef_is_kept_and_a_low_part_has_one(fields: str, music: str, said: str) -> None:
    (score,) = read_book(f"X:1\nM:4/4\nL:1/8\n{fields}\n{music}\n")
    assert said in write_book([score])
    assert read_book(write_book([score])) == [score]
    assert write_book(read_book(write_book([score]))) == write_book([score])


@pytest.mark.skipif(not shutil.which("abc2midi"), reason="needs abc2midi, from Debian's abcmidi")
def test_abc2midi_hears_what_a_clef_lowers(tmp_path: Path) -> None:
    score = tune("[K:C clef=treble-8]^c2 C2 e4|[K:clef=bass]F8|")
    again = read_book(write_book([score]))[0]
    (tmp_path / "tune.abc").write_text(write_book([score]), encoding="utf-8")
    command = ["abc2midi", "tune.abc", "-o", "tune.mid"]
    subprocess.run(command, check=True, cwd=tmp_path)
    (heard,) = read_midi(tmp_path / "tune.mid").parts
    assert heard.notes.pitch.tolist() == again.parts[0].notes.pitch.tolist() == [61, 49, 64, 53]


def test_a_guessed_key_is_written_as_such_and_stays_one() -> None:
    given = tune("CDEF GABc|")
    guessed = replace(given, key=[[0, 1, 0, 1]], characters=0)
    assert "K:G % estimated\n" in write_book([guessed])
    assert read_book(write_book([guessed]))[0].key.tolist() == [[0, 1, 0, 1]]
    assert read_book(write_book([given]))[0].key.tolist() == [[0, 0, 0, 0]]


def test_tunes_keep_the_numbers_of_their_book_where_these_are_their_own() -> None:
    tunes = read_book("\n".join(f"X:{number}\nK:C\nC|\n" for number in (7, 12, 7)))
    assert write_book(tunes[1:2]).startswith("X:12\n")
    assert [line for line in write_book(tunes[:2]).split("\n") if line[:2] == "X:"] == [
        *("X:7", "X:12")
    ]
    numbers = [score.number for score in read_book(write_book(tunes))]
    assert numbers == [1, 2, 3]
    assert write_book([replace(tunes[0], number=0)]).startswith("X:1\n")


def test_a_tune_without_a_title_has_no_line_for_it() -> None:
    assert "T:" not in write_book([tune("CDEF|")])


@given(st.integers(150_000, 3_000_000) | st.integers(30, 300).map(lambda bpm: 60_000_000 // bpm))
def test_a_tempo_is_the_shortest_decimal_that_is_read_the_same(tempo_us: int) -> None:
    score = replace(tune("CDEF|"), tempo=[[0, tempo_us]])
    (again,) = read_book(write_book([score]))
    assert again.tempo.tolist() == [[0, tempo_us]]
    (told,) = re.findall(r"Q:1/4=(.*)", write_book([score])) or ["120"]
    decimals = len(told.partition(".")[2])
    slowest, fastest = Fraction(60_000_000) / (tempo_us + HALF), 60_000_000 / (tempo_us - HALF)
    for fewer in range(decimals):
        assert ceil(slowest * 10**fewer) >= fastest * 10**fewer


@pytest.mark.parametrize("tempo", ["Q:1/4=120\n", ""])
def test_the_usual_tempo_is_written_where_it_was_said(tempo: str) -> None:
    (tune,) = read_book(f"X:1\nM:4/4\nL:1/8\n{tempo}K:C\nC8|\n")
    assert write_book([tune]) == f"X:1\nM:4/4\nL:1/8\n{tempo}K:C\nC8|\n"


def test_what_is_written_reads_back_the_same(shared: Path) -> None:
    files = [*sorted(shared.glob("irish/*/*.abc")), *sorted(shared.glob("nottingham/*.abc"))]
    files += sorted(Path(getWork("ryansMammoth/7thRegimentReel.abc")).parent.glob("*.abc"))[::8]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    tunes = [tune for text in texts for tune in read_tunes(text)][::3]
    scores = [tune for tune in tunes if isinstance(tune, Score)]
    assert len(scores) > 350
    assert read_book(write_book(scores)) == scores


def test_accidentals_are_written_so_that_all_readers_agree() -> None:
    """Some let them hold in their octave alone, and some let a tie carry them on."""
    other_octave = tune("^C4 ^c4|")
    assert "^C4 ^c4" in write_book([other_octave])
    tied = tune("[B^f-]8|[=f^f]8|")
    assert "[=f^f]8" in write_book([tied])
    assert read_book(write_book([tied])) == [tied]


GOLDEN = """X:1
T:Clean
M:4/4
L:1/8
K:D
A2|
|:"D"d2fd (3ABc^gf|g2g2 {a}~e4|[A-c]6A2:|
[M:6/8]d2e f3|[1 d6:|[2 d6|]
[K:Gm]g3 ^f3-|^f3 =f3|
"""


def test_written_abc_is_clean() -> None:
    assert write_book(read_book(GOLDEN)) == GOLDEN


def test_everything_a_tune_may_hold_is_written_and_read_the_same() -> None:
    header = 'T:Caf\\\'e 50\\%\nM:none\nL:1/8\nQ:1/4=95\nV:1 name="Fl\u00f6te"\nV:2\nK:Dmix'
    first = 'V:1\n%%MIDI program 73\n"Am"d4 {g}!trill!(3ABA|[M:3/4]A6|\nw:one two-_ * three\n'
    second = "V:2\n%%MIDI channel 10\n[DF]6-|[DF]6|\nw:la\n"
    (score,) = read_book(f"X:1\n{header}\n{first}{second}")
    assert not score.faults
    written = write_book([score])
    assert read_book(written) == [score]
    assert {mark.kind for mark in score.marks} >= {"lyric", "metre", "chord", "grace", "ornament"}
    for line in ("T:Café 50\\%", "M:none", "%%MIDI program 73", "w:one two---three", "w:la"):
        assert line in written


@pytest.mark.skipif(not shutil.which("abc2midi"), reason="needs abc2midi, from Debian's abcmidi")
def test_abc2midi_takes_what_is_written_without_a_complaint(shared: Path, tmp_path: Path) -> None:
    """Where the tune itself has its repeats in pairs and its bars right."""
    texts = [file.read_text() for file in sorted(shared.glob("irish/valid/*.abc"))]
    scores = [tune for text in texts for tune in read_tunes(text) if isinstance(tune, Score)]
    sound = [score for score in scores if _is_sound(score)]
    assert len(sound) > 5
    for score in sound:
        (tmp_path / "tune.abc").write_text(write_book([score]), encoding="utf-8")
        command = ["abc2midi", "tune.abc", "-o", "tune.mid"]
        told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert "Error" not in told.stdout, told.stdout


def _is_sound(score: Score) -> bool:
    signs = [mark.text for mark in score.marks if mark.kind == "repeat"]
    endings = any(mark.kind == "ending" for mark in score.marks)
    paired = signs.count("start") == signs.count("end") or not endings
    return score.n_notes > 0 and paired and not check_bars(score)
