"""The longest passage that music shares with other music."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import ModelError
from musegen.evaluation.originality import PASSAGES, SHORTEST, Copied, Passages
from musegen.score.score import Notes, Part


def melody(seed: int, n: int = 60) -> list[tuple[int, int]]:
    """Lengths and pitches of `n` notes."""
    rng = np.random.default_rng(seed)
    lengths = rng.choice([1, 2, 3, 4], n) * 12
    return list(zip(lengths.tolist(), rng.integers(50, 70, n).tolist(), strict=True))


def part(notes: list[tuple[int, int]], *, drums: bool = False, rest: int = 0) -> Part:
    onset, rows = 0, []
    for length, pitch in notes:
        rows.append((onset, length, pitch, 80))
        onset += length + rest
    return Part("Part", 0, Notes.of(rows), is_drums=drums)


KNOWN = Passages.of(
    (f"{seed}.mid", [part(melody(seed)), part(melody(100 + seed))]) for seed in range(5)
)


@given(st.integers(SHORTEST, 40), st.integers(0, 20), st.integers(-12, 12), st.integers(0, 9))
def test_the_longest_passage_is_found_in_any_key_and_tempo_with_its_source(n, start, shift, rest):
    copied = [(2 * length, pitch + shift) for length, pitch in melody(3)[start : start + n]]
    new = [*melody(900, 20), *copied, *melody(901, 20)]
    found = KNOWN.longest_in([part(melody(902)), part(new, rest=rest)])
    assert found.source == "3.mid"
    assert n <= found.notes <= n + 2  # a neighbour may happen to fit


def test_what_is_not_copied_shares_nothing():
    assert KNOWN.longest_in([part(melody(seed)) for seed in range(200, 220)]) == Copied()
    assert KNOWN.longest_in([]) == Copied()
    assert KNOWN.longest_in([part(melody(1)[: SHORTEST - 1])]) == Copied()


def test_passages_of_two_pieces_are_not_taken_for_one():
    found = KNOWN.longest_in([part([*melody(1)[:15], *melody(2)[:12]])])
    assert found.source == "1.mid"
    assert 15 <= found.notes <= 16


def test_drums_and_scales_are_nobodys():
    scale = [(12, 40 + n) for n in range(30)]
    known = Passages.of([("a.mid", [part(scale), part(melody(0), drums=True)])])
    assert known.longest_in([part(scale), part(melody(0)), part(melody(0), drums=True)]) == Copied()


def test_passages_are_kept_without_a_note_and_read_again(tmp_path: Path):
    KNOWN.save(tmp_path)
    again = Passages.load(tmp_path)
    assert np.array_equal(again.hashes, KNOWN.hashes)
    assert np.array_equal(again.pieces, KNOWN.pieces)
    assert again.sources == KNOWN.sources
    assert 0 < again.false_alarms < 1e-6
    (tmp_path / PASSAGES).write_bytes(b"no such thing")
    with pytest.raises(ModelError):
        Passages.load(tmp_path)


def test_a_piece_that_is_in_both_is_kept_once_and_a_namesake_is_another() -> None:
    """A run that goes on with the same music knows it already."""
    first, second, third = (("a.mid", [part(melody(1))]), ("b.mid", [part(melody(2))]), melody(3))
    both, other = Passages.of([first, second]), Passages.of([second, ("a.mid", [part(third)])])
    once = both.and_of(both)
    assert once.sources == both.sources
    assert np.array_equal(once.hashes, both.hashes)
    assert np.array_equal(once.pieces, both.pieces)
    joined = both.and_of(other)
    assert joined.sources == ("a.mid", "b.mid", "a.mid")
    assert len(joined.hashes) == len(both.hashes) + len(Passages.of([("a", [part(third)])]).hashes)
    assert joined.longest_in([part(third)]).notes == len(third)
