"""What musegen and its peer are compared on is the same music."""

from __future__ import annotations

import numpy as np
import pytest

from musegen.score.score import Notes, Part, Score
from musegen.vocabulary.notes import NotesVocabulary
from tests.bench.peer_notes import LONGEST, STEPS, plain, remi, remi_sequence, rows_of, rows_of_remi


@pytest.fixture
def band() -> Score:
    """Two pianos that share notes, and drums, off the grid, with rests and notes that are held."""
    rng = np.random.default_rng(0)
    parts = []
    for program, is_drums in ((0, False), (0, False), (40, False), (0, True)):
        columns = (
            rng.integers(0, 480 * 40, 200),
            rng.integers(1, 480 * 20, 200),
            rng.integers(0, 128, 200),
            rng.integers(1, 128, 200),
        )
        rows = np.column_stack(columns)
        rows[:20] = [[480 * i, 480, 60, 80] for i in range(20)]  # the same in every part
        parts.append(Part(f"part {len(parts)}", program, Notes.of(rows), is_drums=is_drums))
    return Score(480, tuple(parts))


def test_words_hold_the_notes_that_are_compared(band: Score) -> None:
    """What our words give back is what was put in."""
    score = plain(band)
    vocabulary = NotesVocabulary.build([score], STEPS)
    again = vocabulary.decode(vocabulary.encode(score))
    assert np.array_equal(rows_of(again), rows_of(score))


def test_tokens_of_the_peer_hold_the_notes_that_are_compared(band: Score) -> None:
    """What the peer's tokens give back is what was put in."""
    pytest.importorskip("miditok")
    rows, tokenizer = rows_of(plain(band)), remi()
    assert np.array_equal(rows_of_remi(remi_sequence(rows, tokenizer), tokenizer), rows)


def test_no_compared_note_stands_twice(band: Score) -> None:
    """Copies in two parts of one program are one note, and none is too long for the peer."""
    rows = rows_of(plain(band))
    assert len(np.unique(rows, axis=0)) == len(rows) <= 800 - 20
    assert rows[:, 2].max() == LONGEST


def test_windows_count_every_token_once() -> None:
    """Sliding windows leave no token out and count none twice."""
    pytest.importorskip("transformers")
    from tests.bench.peer_gpt2 import windows

    for context in (7, 8):
        for length in range(1, 40):
            counted = [
                at
                for start, first in windows(length, context)
                for at in range(start + first, min(start + context, length))
            ]
            assert counted == list(range(length))
