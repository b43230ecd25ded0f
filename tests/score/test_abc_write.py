"""ABC files written: clean, and read back to the same notes, bars and marks."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from music21.corpus import getWork

from musegen.score.abc import read_book, read_tunes, write_book
from musegen.score.bars import check_bars
from musegen.score.repeats import unfold
from musegen.score.score import Score


def tune(music: str) -> Score:
    return read_book(f"X:1\nM:4/4\nL:1/8\nK:C\n{music}\n")[0]


LEXEMES = [
    *("A", "B", "c", "d", "^f", "_e", "=g", "C,", "e'", "[CE]", "[C-E]2", "z", "Z2", "x"),
    *("2", "3/2", "/", "//", ">", "<", "<<", "(3", "(5", "(3:2:2", "-", "[L:1/16]"),
    *("{g}", "{^c/d}", "~", "!trill!", '"Am"', "|", "||", "|]", "|:", ":|", "::"),
    *("|1", ":|2", "[1", "[2", "[1,3", "[1-3"),
]


@given(
    st.sampled_from(["4/4", "6/8", "C|", "none"]),
    st.sampled_from(["C", "Eb", "Ador", "none", "Dmix =c"]),
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
