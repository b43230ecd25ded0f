"""Train, valid and test: by piece and by family, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

SPLITS = ("train", "valid", "test")
_SHARES = {"valid": 0.1, "test": 0.1}
_TEST_FROM = 30  # families; fewer are too few to set a test split aside


def given_split(path: str) -> str:
    """The split that a piece's own folders name, the innermost first; empty if none does."""
    folders = PurePosixPath(path).parts[:-1]
    return next((name for name in reversed(folders) if name in SPLITS), "")


def assign(families: Sequence[str | None], given: Sequence[str]) -> list[str]:
    """The split of each piece.

    Folders that name a split are obeyed. Where none is named `valid`, families are put on a side
    by the hash of their name, which is that of their notes: the same on every machine, wherever
    the files lie. At least one family is held out where there are two.

    Args:
        families: of each piece; None for a piece that is not kept.
        given: what `given_split` said of each.

    Returns:
        One of SPLITS for each piece; empty where it is not kept.
    """
    kept = [split for family, split in zip(families, given, strict=True) if family is not None]
    if "valid" in kept:
        return [
            "" if family is None else split or "train"
            for family, split in zip(families, given, strict=True)
        ]
    open_families = {
        f for f, g in zip(families, given, strict=True) if f is not None and g != "test"
    }
    sides = _sides(sorted(open_families), "test" in kept)
    return [
        "" if family is None else ("test" if split == "test" else sides[family])
        for family, split in zip(families, given, strict=True)
    ]


def _sides(families: list[str], has_test: bool) -> dict[str, str]:
    """Each family's side by its rank among all hashes, so that the shares hold."""
    ranked = sorted(families, key=lambda name: hashlib.sha256(name.encode()).digest())
    n = len(ranked)
    n_valid = max(1, round(n * _SHARES["valid"])) if n > 1 else 0
    n_test = round(n * _SHARES["test"]) if n >= _TEST_FROM and not has_test else 0
    sides = dict.fromkeys(ranked, "train")
    sides.update(dict.fromkeys(ranked[:n_valid], "valid"))
    sides.update(dict.fromkeys(ranked[n_valid : n_valid + n_test], "test"))
    return sides
