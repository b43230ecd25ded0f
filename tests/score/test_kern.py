"""Kern: what a Score has no place for is counted, and what is damaged is told, with its line."""

import pytest

from musegen.errors import UnreadableFile
from musegen.score.kern_spines import ORDERS
from musegen.score.musicxml import read_kern
from musegen.score.musicxml_unread import TRANSPOSED

KERN = """!!!COM: Anon
!!!YEM: Free
!!!YEM: for all
**kern\t**text\t**kern\t**dynam
*M4/4\t*\t*M4/4\t*
*\t*\t*ITrd1c2\t*
=1\t=1\t=1\t=1
*^\t*\t*\t*
2c\t2e\tSal-\t2g\tp
2d\t2f\t-ve\t2g\t.
*v\t*v\t*\t*\t*
=2\t=2\t=2\t=2
1c\tla\t1g\tf
==\t==\t==\t==
*-\t*-\t*-\t*-
"""


def test_what_kern_holds_beside_notes_is_counted():
    score = read_kern(KERN)
    assert score.faults == ()
    assert score.unread == {
        "composers": 1,
        "rights": 1,
        TRANSPOSED: 1,
        "lyrics": 3,
        "columns of **dynam": 1,
    }


def test_that_a_syllable_goes_on_is_no_syllable():
    assert read_kern(KERN.replace("-ve", "_")).unread["lyrics"] == 2
    assert "lyrics" not in read_kern("**kern\t**text\n4c\t_\n4d\t.\n*-\t*-\n").unread


def test_slurs_and_orders_of_sections_are_counted():
    text = "**kern\t**kern\n*>[A,A,B]\t*>[A,A,B]\n*>norep[A,B]\t*>norep[A,B]\n*>A\t*>A\n=1\t=1\n"
    score = read_kern(text + "(2c\t2e\n2d)\t(2f 2a)\n==\t==\n*-\t*-\n")
    assert score.unread == {"slurs": 2, ORDERS: 2}


@pytest.mark.parametrize("bar", ["=:|!", "==:|!", "=:|", "=2:|!"])
def test_a_repeat_that_ends_does_not_begin_another(bar):
    score = read_kern(f"**kern\n*M2/4\n=1\n4c\n4d\n{bar}\n*-\n")
    assert [(mark.kind, mark.text) for mark in score.marks] == [("repeat", "end")]
    both = read_kern(f"**kern\n*M2/4\n=1\n4c\n4d\n{bar}|:\n4c\n4d\n==\n*-\n")
    assert [mark.text for mark in both.marks if mark.kind == "repeat"] == ["end", "start"]


def test_kern_lines_that_lack_columns_are_told():
    score = read_kern(KERN.replace("1c\tla\t1g\tf", "1c\tla"))
    assert score.faults[0] == "line 13 has 2 of 4 columns"


def test_kern_that_is_cut_short_is_told():
    score = read_kern(KERN[: KERN.index("==\t")])
    assert any("may be cut short" in fault for fault in score.faults)


@pytest.mark.parametrize("token", ["zz9", "4q", "xx", "4", "4ce", "4c4c", "9999999c", "0%3c"])
def test_kern_that_is_no_note_is_left_out_and_told_with_its_line_and_bar(token):
    text = "**kern\t**kern\n*M4/4\t*M4/4\n=1\t=1\n1c\t1e\n=\t=\n2d\t{}\n2d\t2f\n==\t==\n*-\t*-\n"
    score = read_kern(text.format(token))
    assert score.faults[0] == f"line 6, bar 2: {token!r} is no note, and is left out"
    assert sorted(len(part.notes) for part in score.parts) == [2, 3]
    chord = read_kern(text.format(f"2a {token} 2c"))
    assert chord.faults[0].startswith(f"line 6, bar 2: {token!r}")
    assert chord.n_notes == 7


def test_kern_notes_without_a_length_are_told_and_grace_notes_and_chords_of_rests_are_none():
    assert read_kern("**kern\n*M4/4\n=\n4c\ne\n4d 4f\n4r\n==\n*-\n").faults == (
        "line 5, bar 1: 'e' has no length, and is taken for a quarter",
    )
    score = read_kern("**kern\n*M4/4\n=1\n4c\nddq\n4e 4g\n4r 4r\n4r\n=2\n1c\n==\n*-\n")
    assert (score.faults, score.barlines.tolist()) == ((), [1920, 3840])


def test_kern_that_is_mostly_no_notes_is_refused():
    with pytest.raises(UnreadableFile, match="line 3, bar 1: 'x' is no note"):
        read_kern("**kern\n*M4/4\nx\ny\n4c\n*-\n")


def test_a_bar_of_kern_longer_than_its_metre_is_told():
    for numbers in (("1", "2", "3"), ("", "", "")):
        first, second, third = numbers
        bars = f"={first}\n1c\n={second}\n4c\n4d\n4e\n4f\n4g\n8a\n={third}\n1c\n==\n"
        score = read_kern(f"**kern\n*M4/4\n{bars}*-\n")
        assert score.faults == ("bar 2 is 11/8 long, the metre says 4/4",)
    assert score.metre.tolist() == [[0, 4, 4]]
