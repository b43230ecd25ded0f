"""Batches: each depends on its number alone, holds the words of the corpus, and wastes little."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus.batches import Batch, Batches, Window, gather, whole
from musegen.corpus.prepare import Prepared, prepare

KINDS = ("abc", "grid", "notes")
COLUMNS = ("before", "words", "features", "valid")


@pytest.fixture(scope="module", params=KINDS)
def prepared(
    request: pytest.FixtureRequest, make_corpus: Callable, tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    return prepare(make_corpus(tmp_path_factory.mktemp("corpus"), request.param, 7))


def batches(prepared: Prepared, length: int = 24, batch: int = 3, seed: int = 5) -> Batches:
    return Batches(prepared, prepared.pieces, length=length, batch=batch, random_seed=seed)


def same(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(getattr(one, c), getattr(other, c)) for c in COLUMNS)


def test_a_batch_depends_on_the_seed_and_its_number_alone(prepared: Prepared) -> None:
    made = batches(prepared)
    first = [made[number] for number in range(2 * made.per_epoch + 1)]
    for number in (2 * made.per_epoch, 0, made.per_epoch, 1, made.per_epoch - 1):
        assert same(batches(prepared)[number], first[number])
        assert same(made[number], first[number])
    other = batches(prepared, seed=6)
    assert not all(same(other[number], first[number]) for number in range(made.per_epoch))
    assert not all(same(first[n], first[n + made.per_epoch]) for n in range(made.per_epoch))


def test_windows_are_stretches_of_pieces_in_any_key(prepared: Prepared) -> None:
    vocabulary, sizes = prepared.vocabulary, np.array(prepared.vocabulary.sizes)
    for piece in prepared.pieces:
        n = piece.stop - piece.start
        for start, stop, shift in [
            (0, n, 0),
            (0, 5, piece.low),
            (3, n, piece.high),
            (n - 1, n, 0),
            (1, 4, piece.low),
        ]:
            rows = slice(piece.start, piece.stop)
            words, features = vocabulary.transpose(
                prepared.words[rows], prepared.features[rows], shift
            )
            window = Window(piece, start, stop, shift)
            longest = Window(prepared.pieces[0], 0, 12)
            batch = gather(prepared, [longest, window])
            size, valid = stop - start, batch.valid[1]
            assert batch.words.shape == (2, max(size, 12), len(sizes))
            assert batch.before.shape == batch.words.shape
            assert batch.features.shape == (2, max(size, 12), features.shape[1])
            assert valid.tolist() == [True] * size + [False] * (len(valid) - size)
            np.testing.assert_array_equal(batch.words[1, :size], words[start:stop])
            np.testing.assert_array_equal(batch.features[1, :size], features[start:stop])
            np.testing.assert_array_equal(batch.before[1, 1:size], words[start : stop - 1])
            np.testing.assert_array_equal(batch.before[1, 0], words[start - 1] if start else sizes)
            assert not batch.words[1, size:].any()
            assert not batch.features[1, size:].any()


@pytest.mark.parametrize(("length", "batch"), [(24, 3), (8, 4), (1000, 5), (24, 1000)])
def test_each_epoch_meets_every_piece_once_for_each_length_of_words(
    prepared: Prepared, length: int, batch: int
) -> None:
    made = batches(prepared, length, batch)
    expected = Counter({p: -(-(p.stop - p.start) // length) for p in prepared.pieces})
    for epoch in range(3):
        plan = made._plan(epoch)
        assert len(plan) == made.per_epoch
        windows = [window for its in plan for window in its]
        met = Counter(window.piece for window in windows)
        assert met >= expected
        assert sum(met.values()) - sum(expected.values()) < min(batch, sum(expected.values()))
        assert {len(its) for its in plan} == {min(batch, sum(expected.values()))}
        for window in windows:
            n = window.piece.stop - window.piece.start
            assert 0 <= window.start < window.stop <= n
            assert window.stop == min(window.start + length, n)
            assert window.stop - window.start >= min(length // 2, n)
            assert window.piece.low <= window.semitones <= window.piece.high


def test_every_word_and_every_key_is_met_in_time(prepared: Prepared) -> None:
    made = batches(prepared, length=10)
    met: dict[int, set[int]] = {}
    keys: dict[int, set[int]] = {}
    for epoch in range(120):
        for window in (window for its in made._plan(epoch) for window in its):
            met.setdefault(window.piece.start, set()).update(range(window.start, window.stop))
            keys.setdefault(window.piece.start, set()).add(window.semitones)
    for piece in prepared.pieces:
        assert met[piece.start] == set(range(piece.stop - piece.start))
        assert keys[piece.start] == set(range(piece.low, piece.high + 1))


def test_without_transposition_every_key_is_its_own(prepared: Prepared) -> None:
    made = Batches(prepared, prepared.pieces, length=24, batch=3, random_seed=1, transposed=0.0)
    assert not any(window.semitones for its in made._plan(0) for window in its)


def test_a_piece_ends_anywhere_in_the_second_half_of_a_window(prepared: Prepared) -> None:
    """Where it always ends at the last word, a network expects the end after so many words."""
    made = batches(prepared, length=10)
    ends = Counter(
        window.stop - window.start
        for epoch in range(40)
        for its in made._plan(epoch)
        for window in its
        if window.stop == window.piece.stop - window.piece.start
    )
    assert set(ends) == set(range(6, 11))
    assert max(ends.values()) < 3 * min(ends.values())


def test_whole_pieces_come_once_each_and_like_lengths_together(prepared: Prepared) -> None:
    groups = list(whole(prepared.pieces, 3))
    windows = [window for group in groups for window in group]
    assert sorted(w.piece.start for w in windows) == [p.start for p in prepared.pieces]
    assert all((w.start, w.stop) == (0, w.piece.stop - w.piece.start) for w in windows)
    lengths = [w.stop for w in windows]
    assert lengths == sorted(lengths)
    assert [len(group) for group in groups] == [3, 3, 1]


def test_windows_of_like_length_make_little_padding(
    tmp_path: Path, make_score: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musegen.score.files import write

    for number in range(24):
        write(make_score("notes", number, 1 + number // 2), tmp_path / f"{number}.mid")
    prepared = prepare(tmp_path)
    made = Batches(prepared, prepared.pieces, length=512, batch=4, random_seed=0)
    valid = np.concatenate([made[n].valid.ravel() for n in range(made.per_epoch)])
    assert valid.mean() > 0.9
