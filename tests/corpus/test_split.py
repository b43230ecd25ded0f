"""Who learns and who is held out: by family, the same everywhere, as the folders say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.corpus.split import SPLITS, assign, given_split

FAMILIES = st.one_of(st.none(), st.integers(0, 60).map(str))
GIVEN = st.sampled_from(("", "", "", *SPLITS))
PIECES = st.lists(st.tuples(FAMILIES, GIVEN), max_size=80)


def split_of(pieces: list[tuple[str | None, str]]) -> list[str]:
    return assign([family for family, _ in pieces], [given for _, given in pieces])


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("a.mid", ""),
        ("train.mid", ""),
        ("pop/valid/a.mid", "valid"),
        ("test/train/b/c.mid", "train"),
        ("trains/validate/a.mid", ""),
        ("book.abc:3", ""),
        ("valid/book.abc:3", "valid"),
        ("Test/a.mid", "test"),
        ("val/a.mid", "valid"),
        ("music/VALIDATION/pop/a.mid", "valid"),
        ("training/dev/a.mid", "valid"),
    ],
)
def test_the_innermost_folder_that_names_a_split_decides(path: str, split: str) -> None:
    assert given_split(path) == split


@given(PIECES, st.randoms(use_true_random=False))
def test_the_order_of_pieces_decides_nothing(
    pieces: list[tuple[str | None, str]], random: st.DataObject
) -> None:
    order = list(range(len(pieces)))
    random.shuffle(order)
    splits = split_of(pieces)
    assert split_of([pieces[i] for i in order]) == [splits[i] for i in order]


@given(PIECES)
def test_folders_are_obeyed_and_what_is_not_kept_has_no_split(
    pieces: list[tuple[str | None, str]],
) -> None:
    kept = [given for family, given in pieces if family is not None]
    for (family, given_as), split in zip(pieces, split_of(pieces), strict=True):
        assert (split == "") == (family is None)
        assert split in ("", *SPLITS)
        if family is not None and (given_as == "test" or ("valid" in kept and given_as)):
            assert split == given_as


@given(st.lists(st.integers(0, 40).map(str), max_size=80))
def test_a_family_stands_on_one_side(families: list[str]) -> None:
    sides: dict[str, set[str]] = {}
    for family, split in zip(families, assign(families, [""] * len(families)), strict=True):
        sides.setdefault(family, set()).add(split)
    assert all(len(its) == 1 for its in sides.values())


@given(st.lists(st.tuples(st.integers(0, 9).map(str), st.sampled_from(("", "valid", "test")))))
def test_a_family_that_is_held_out_by_a_folder_is_not_learnt(pieces: list[tuple[str, str]]) -> None:
    held_out = {family for family, given_as in pieces if given_as}
    tested = {family for family, given_as in pieces if given_as == "test"}
    has_valid = "valid" in [given_as for _, given_as in pieces]
    for (family, _), split in zip(pieces, split_of(pieces), strict=True):
        assert split != "train" or family not in held_out
        assert split != "valid" or not has_valid or family in held_out
        assert split != "test" or not tested or family in tested


@pytest.mark.parametrize("n", [1, 5, 40])
def test_where_all_is_said_to_be_learnt_some_is_held_out_as_if_nothing_was_said(n: int) -> None:
    families = [f"family {number}" for number in range(n)]
    assert assign(families, ["train"] * n) == assign(families, [""] * n)


def test_where_a_folder_says_what_is_tested_nothing_else_is() -> None:
    """However many families there are, a tenth of them is held out for validation alone."""
    pieces = [*((f"family {n}", "") for n in range(100)), ("tested", "test"), ("tested", "")]
    splits = split_of(pieces)
    assert splits[:100].count("valid") == 10
    assert splits[:100].count("test") == 0
    assert splits[100:] == ["test", "test"]


@pytest.mark.parametrize("n", [1, 2, 3, 10, 29, 30, 100, 1000])
def test_a_tenth_is_held_out_of_families_and_a_tenth_more_of_many(n: int) -> None:
    splits = assign([f"{number:03}" for number in range(n)], [""] * n)
    counts = [splits.count(name) for name in SPLITS]
    held_out = 0 if n == 1 else max(1, round(n / 10))
    assert counts[1] == held_out
    assert counts[2] == (round(n / 10) if n >= 30 else 0)


def test_sides_are_those_of_every_machine() -> None:
    """Pinned: another version that moves them makes its figures those of another task."""
    splits = assign([f"family {number}" for number in range(40)], [""] * 40)
    assert np.flatnonzero(np.array(splits) == "valid").tolist() == [0, 15, 17, 24]
    assert np.flatnonzero(np.array(splits) == "test").tolist() == [6, 7, 26, 38]


def test_one_family_more_moves_few_others() -> None:
    many = [f"family {number}" for number in range(200)]
    before = assign(many, [""] * 200)
    after = assign([*many, "one more"], [""] * 201)[:-1]
    assert sum(a != b for a, b in zip(before, after, strict=True)) <= 3
