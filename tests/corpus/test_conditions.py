"""What is told: by folder, by terciles, by the bars a tracker counts; and to whom, by chance."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus.batches import Batch, Batches, Window, gather, whole
from musegen.corpus.conditions import (
    KINDS,
    NOTHING,
    Conditions,
    kinds_of,
    style_of,
)
from musegen.corpus.prepare import Prepared, prepare
from musegen.errors import ModelError, UsageError

MakeCorpus = Callable[..., Path]


@pytest.fixture(scope="module", params=["abc", "grid", "notes"])
def styled(
    request: pytest.FixtureRequest,
    make_corpus: MakeCorpus,
    tmp_path_factory: pytest.TempPathFactory,
) -> Prepared:
    """Folders `train/jig`, `train/reel` and `valid/jig` of small pieces, and one in none."""
    root = tmp_path_factory.mktemp("styled")
    make_corpus(root / "train" / "jig", request.param, 3)
    make_corpus(root / "train" / "reel" / "slow", request.param, 4, first=10)
    make_corpus(root / "valid" / "jig", request.param, 2, first=20)
    make_corpus(root, request.param, 1, first=30)
    return prepare(root)


@pytest.mark.parametrize(
    ("path", "style"),
    [
        ("piece.mid", ""),
        ("train/piece.mid", ""),
        ("jig/piece.mid", "jig"),
        ("Train/jig/slow/piece.mid", "jig"),
        ("jig/valid/piece.mid", "jig"),
        ("jig/book.abc:12", "jig"),
    ],
)
def test_the_style_is_the_outermost_folder_that_names_no_split(path: str, style: str) -> None:
    assert style_of(path) == style


def test_styles_are_those_of_at_least_two_training_pieces(styled: Prepared) -> None:
    found = Conditions.of(styled, KINDS[:3])
    assert (found.styles, found.pieces) == (("jig", "reel"), (3, 4))
    assert found.kinds == KINDS[:3]
    assert Conditions.from_dict(found.to_dict()) == found
    assert Conditions.of(styled, ("density", "bars")).styles == ()
    one = replace(styled, pieces=tuple(p for p in styled.pieces if "reel" not in p.path))
    assert Conditions.of(one, ("style",)) == NOTHING


def test_density_parts_the_training_pieces_in_three(styled: Prepared) -> None:
    pieces = [replace(p, split="train", notes=n * n) for n, p in enumerate(styled.pieces, start=1)]
    many = replace(styled, pieces=tuple(pieces))
    conditions = Conditions.of(many, ("density",))
    levels = [int(conditions.of_piece(many, piece)[0, 0]) for piece in pieces]
    assert levels == sorted(levels)
    assert sorted(Counter(levels).values()) == [2, 4, 4]  # pieces at the edges go outwards
    even = replace(styled, pieces=tuple(replace(p, notes=9, quarters=9.0) for p in pieces))
    assert Conditions.of(even, ("density",)) == NOTHING


def test_bars_to_come_are_what_a_tracker_has_still_to_pass(styled: Prepared) -> None:
    conditions = Conditions(bars=True)
    for piece in styled.pieces:
        words = styled.words[piece.start : piece.stop]
        tracker, passed = styled.vocabulary.start(1), []
        for word in words:
            passed.append(int(tracker.bars[0]))
            tracker.advance(word[None])
        np.testing.assert_array_equal(
            styled.vocabulary.bars(words, styled.features[piece.start : piece.stop]), passed
        )
        to_come = np.array(passed[-1]) - passed
        assert to_come[0] == 4
        told = conditions.of_piece(styled, piece)[:, 0]
        np.testing.assert_array_equal(told, 1 + to_come)  # exact, as there are few


def test_many_bars_to_come_are_told_coarsely_and_in_order() -> None:
    told = Conditions(bars=True).columns(1000, to_come=np.arange(1000))[:, 0]
    assert told[:17].tolist() == list(range(1, 18))
    assert set(np.diff(told)) == {0, 1}
    assert told[-1] == Conditions(bars=True).sizes[0] - 1


def test_what_is_told_is_a_column_and_what_is_not_is_zero(styled: Prepared) -> None:
    conditions = Conditions.of(styled, KINDS[:3])
    assert conditions.columns(3).tolist() == [[0, 0, 0]] * 3
    told = conditions.columns(2, style="reel", density="low", to_come=np.array([1, 0]))
    assert told.tolist() == [[2, 1, 2], [2, 1, 1]]
    assert all((told < conditions.sizes).ravel())


def test_half_of_the_windows_are_told_nothing_and_the_others_any_of_the_conditions(
    styled: Prepared,
) -> None:
    conditions = Conditions.of(styled, KINDS[:3])
    made = Batches(
        styled, styled.of("train"), length=9, batch=4, random_seed=3, conditions=conditions
    )
    told: Counter[tuple[bool, ...]] = Counter()
    for epoch in range(150):
        for windows in made._plan(epoch):
            told.update(window.told for window in windows)
    assert told[(False,) * 3] / told.total() == pytest.approx(0.5, abs=0.03)
    for way, count in told.items():
        if any(way):
            assert count / told.total() == pytest.approx(0.5 / 7, abs=0.02)
    windows = made._plan(1)[0]
    batch = gather(styled, windows, conditions)
    for row, window in enumerate(windows):
        every = conditions.of_piece(styled, window.piece)[window.start : window.stop]
        n = window.stop - window.start
        np.testing.assert_array_equal(batch.conditions[row, :n], every * np.array(window.told))
        assert not batch.conditions[row, n:].any()


def test_every_kind_is_told_to_a_third_of_the_windows_beside_music_that_is_given(
    styled: Prepared,
) -> None:
    conditions = Conditions.of(styled, KINDS)
    made = Batches(
        styled, styled.of("train"), length=9, batch=4, random_seed=3, conditions=conditions
    )
    windows = [w for epoch in range(100) for many in made._plan(epoch) for w in many if w.told]
    for column, kind in enumerate(conditions.kinds):
        share = np.mean([window.told[column] for window in windows])
        assert share == (0 if kind == "given" else pytest.approx(0.27, abs=0.03))


def test_what_is_told_changes_no_window_but_that_some_told_bars_to_come_are_the_last(
    styled: Prepared,
) -> None:
    conditions = Conditions.of(styled, KINDS[:3])
    plain, telling = (
        Batches(styled, styled.of("train"), length=9, batch=4, random_seed=3, conditions=c)
        for c in (NOTHING, conditions)
    )
    bars = conditions.kinds.index("bars")
    usual = {key for number in range(plain.per_epoch) for key, _ in windows(plain[number], None)}
    alone, moved = set(), set()
    for number in range(plain.per_epoch):
        assert plain[number].conditions.shape[-1] == 0
        for key, told in windows(telling[number], bars):
            (moved if told else alone).add(key)
    assert alone <= usual
    assert moved <= usual | last_windows(styled, 9)


def windows(batch: Batch, bars: int | None) -> Iterator[tuple[bytes, bool]]:
    """The words of each window, and whether it is told how many bars are to come."""
    for row, valid in enumerate(batch.valid):
        told = bars is not None and batch.conditions[row, valid, bars].any()
        yield batch.words[row, valid].tobytes(), bool(told)


def last_windows(prepared: Prepared, length: int) -> set[bytes]:
    """The last words of every piece, in all keys."""
    found = set()
    for piece in prepared.of("train"):
        for semitones in range(piece.low, piece.high + 1):
            start = max(0, piece.stop - piece.start - length)
            window = Window(piece, start, piece.stop - piece.start, semitones)
            found.add(gather(prepared, [window]).words[0].tobytes())
    return found


def test_of_those_told_bars_to_come_half_stand_at_the_end(styled: Prepared) -> None:
    """Of a long piece few words are near its end, and hardly any would tell of it."""
    only = Conditions.of(styled, ("bars",))
    batches = Batches(styled, styled.of("train"), length=9, batch=4, random_seed=3, conditions=only)
    ends = [
        row[valid][-1, 0] == 1
        for number in range(4 * batches.per_epoch)
        for row, valid in zip(batches[number].conditions, batches[number].valid, strict=True)
        if row[valid].any()
    ]
    assert 0.45 < np.mean(ends) < 0.75


def test_whole_pieces_are_told_nothing(styled: Prepared) -> None:
    for windows in whole(styled.pieces, 3):
        assert not gather(styled, windows, Conditions.of(styled, KINDS[:3])).conditions.any()


def test_what_cannot_be_told_is_refused_with_a_way_out(styled: Prepared) -> None:
    conditions = Conditions.of(styled, KINDS[:3])
    with pytest.raises(UsageError, match="no style called 'waltz'") as told:
        conditions.columns(1, style="waltz")
    assert "jig, reel" in told.value.hint
    with pytest.raises(UsageError, match="no density called 'much'"):
        conditions.columns(1, density="much")
    for given in ({"style": "jig"}, {"density": "low"}, {"to_come": np.array([1])}):
        with pytest.raises(ModelError, match="never told") as refused:
            NOTHING.columns(1, **given)  # type: ignore[arg-type]
        assert "Train one" in refused.value.hint


def test_kinds_of_conditions_are_read_from_a_list() -> None:
    assert kinds_of("style, bars") == ("style", "bars")
    assert kinds_of("none") == ()
    with pytest.raises(UsageError, match="'tempo'"):
        kinds_of("tempo")


def test_a_quarter_of_the_windows_has_music_that_is_given(styled: Prepared) -> None:
    """Words that are given are read, and not learnt."""
    conditions = Conditions.of(styled, ("given",))
    made = Batches(
        styled, styled.of("train"), length=90, batch=4, random_seed=3, conditions=conditions
    )
    given = [window.given is not None for e in range(150) for b in made._plan(e) for window in b]
    assert np.mean(given) == pytest.approx(0.25, abs=0.03)
    roles = set()
    for number in range(2 * made.per_epoch):
        batch = made[number]
        role = batch.conditions[..., 0]
        roles |= set(role.ravel().tolist())
        assert (batch.valid == ((role != 1) & (batch.words[..., 0] >= 0) & batch.valid)).all()
        assert not batch.valid[role == 1].any()
        assert batch.valid[role == 2].all()
    assert roles == {0, 1, 2}


def test_the_home_key_is_told_where_words_do_not_say_it(styled: Prepared) -> None:
    """And it moves with the music."""
    conditions = Conditions.of(styled, ("key",))
    assert conditions.key == (styled.vocabulary.name == "grid")
    if conditions.key:
        for piece in styled.pieces:
            keys = [
                int(conditions.of_piece(styled, piece, by)[0, 0]) - 1 for by in (0, 1, 5, 12, -1)
            ]
            moved = [(key - keys[0]) % 12 for key in keys]
            assert moved == [0, 1, 5, 0, 11]
            assert len({key // 12 for key in keys}) == 1
            assert keys[0] == piece.key
