"""Dynamics and wedges of MusicXML are marks at notes, the same as those of ABC."""

import pytest

from musegen.score.abc import read_tunes, write_book
from musegen.score.losses import missing_in
from musegen.score.musicxml import read_musicxml, write_musicxml

P, F = "<dynamics><p/></dynamics>", "<dynamics><f/></dynamics>"
GROW, SHRINK, STOP = (f"<wedge type='{kind}'/>" for kind in ("crescendo", "diminuendo", "stop"))
REST = "<note><rest/><duration>1</duration></note>"


def direction(*signs: str, offset: int = 0) -> str:
    """Signs that stand where they are written, or so many divisions later."""
    types = "".join(f"<direction-type>{sign}</direction-type>" for sign in signs)
    return f"<direction>{types}<offset>{offset}</offset></direction>"


def note(quarters: int = 1) -> str:
    return (
        "<note><pitch><step>C</step><octave>4</octave></pitch>"
        f"<duration>{quarters}</duration></note>"
    )


def read(*bars: str):
    measures = "".join(f"<measure number='{n}'>{bar}</measure>" for n, bar in enumerate(bars, 1))
    head = "<attributes><divisions>1</divisions></attributes>"
    measures = measures.replace(">", f">{head}", 1)
    parts = "<part-list><score-part id='P1'><part-name/></score-part></part-list>"
    text = f"<score-partwise>{parts}<part id='P1'>{measures}</part></score-partwise>"
    return read_musicxml(text.encode())


def dynamics(score) -> list[tuple[int, str]]:
    """Quarter and text of the dynamics of a piece."""
    return [(m.tick // score.ticks_per_quarter, m.text) for m in score.marks]


GROWN = [(1, "!crescendo(!"), (2, "!crescendo)!")]


@pytest.mark.parametrize(
    ("bars", "found"),
    [
        ([direction(P), note(4)], [(0, "!p!")]),
        ([note(2), direction(F), note(2)], [(2, "!f!")]),
        ([direction(F, offset=1), note(4), note(4)], [(4, "!f!")]),  # the note that follows
        ([direction(P), REST * 4, note(4)], [(0, "!p!")]),
        ([note(), direction(GROW), note(), note(), direction(STOP), note()], GROWN),
        ([note(), direction(GROW), note() * 2 + direction(STOP, offset=0) + REST], GROWN),
        ([direction(SHRINK, offset=2), note(4), direction(STOP)], None),  # within a note
    ],
)
def test_a_sign_stands_at_the_note_that_it_is_for(bars, found):
    inside = [(0, "!diminuendo(!"), (0, "!diminuendo)!")]
    assert dynamics(read("".join(bars))) == (found or inside)


def test_a_wedge_that_ends_where_a_bar_begins_ends_with_the_note_before():
    grow = read(note() + direction(GROW) + note() + note(2), direction(STOP, F) + note(4))
    assert dynamics(grow) == [*GROWN, (4, "!f!")]


def test_what_has_no_note_is_told():
    score = read(note(4) + direction(P) + direction(GROW))
    assert (score.marks, score.unread) == ((), {"dynamics after the last note": 1, "hairpins": 1})


def test_dynamics_are_the_same_in_abc_and_change_no_loudness():
    score = read(direction(P, GROW) + note() + note(3), direction(STOP, F) + note(4))
    assert score.parts[0].notes.velocity.tolist() == [44, 44, 89]
    (tune,) = read_tunes(write_book([score]))
    assert dynamics(tune) == dynamics(score)
    assert missing_in(read_musicxml(write_musicxml(score)), score) == {}


def test_the_short_names_of_hairpins_are_read():
    (tune,) = read_tunes("X:1\nL:1/4\nK:C\n!<(!C D !<)!E !>(!F|!>)!G4|\n")
    again = read_musicxml(write_musicxml(tune))
    assert [text for _, text in dynamics(again)] == [
        "!crescendo(!",
        "!crescendo)!",
        "!diminuendo(!",
        "!diminuendo)!",
    ]
