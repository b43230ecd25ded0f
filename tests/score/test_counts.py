"""Counts in words: one of a thing is called by its singular."""

import pytest

from musegen.score.counts import counted


@pytest.mark.parametrize(
    ("things", "one"),
    [
        ("keys", "1 key"),
        ("velocities", "1 velocity"),
        ("notes with another loudness", "1 note with another loudness"),
        ("pieces kept", "1 piece kept"),
        ("names of parts", "1 name of parts"),
        ("pieces that do not fit", "1 piece that does not fit"),
        ("columns of **dynam", "1 column of **dynam"),
        ("jumps (da capo, dal segno: not played)", "1 jump (da capo, dal segno: not played)"),
        ("exclusive messages", "1 exclusive message"),
        ("crosses", "1 cross"),
        ("glosses", "1 gloss"),
        ("rights", "1 rights"),
        ("skipped", "1 skipped"),
    ],
)
def test_one_of_a_thing_has_its_singular_and_many_keep_their_name(things: str, one: str) -> None:
    assert counted(1, things) == one
    assert counted(0, things) == f"0 {things}"
    assert counted(1234, things) == f"1,234 {things}"
