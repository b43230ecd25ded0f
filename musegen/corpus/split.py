"""Train, valid and test: by piece and by family, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

SPLITS = ("train", "valid", "test")
_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "eval"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_SHARES = {"valid": 0.1, "test": 0.1}
_TEST_FROM = 30  # families; fewer are too few to set a test split aside


def given_split(path: str) -> str:
    """The split that a piece's own folders name, the innermost first; empty if none does.

    The usual names of the three are known, in capitals or not: `val`, `validation`, `Test`, ….
    """
    folders = PurePosixPath(path).parts[:-1]
    named = (_NAMES.get(name.lower(), "") for name in reversed(folders))
    return next(filter(None, named), "")


def assign(families: Sequence[str | None], given: Sequence[str]) -> list[str]:
    """The split of each piece.

    Folders that name a split are obeyed, and a piece in none stands with its family. Where no
    folder is named `valid`, families are put on a side by the hash of their name, which is that
    of their notes: the same on every machine, wherever the files lie. At least one family is held
    out where there are two.

    Args:
        families: of each piece; None for a piece that is not kept.
        given: what `given_split` said of each.

    Returns:
        One of SPLITS for each piece; empty where it is not kept.
    """
    pieces = list(zip(families, given, strict=True))
    kept = [(family, split) for family, split in pieces if family is not None]
    named = {split for _, split in kept}
    homes = {family: split for family, split in sorted(kept) if split in _SHARES}
    others = sorted({family for family, _ in kept} - homes.keys())
    sides = {} if "valid" in named else _sides(others, "test" in named)
    splits = []
    for family, split in pieces:
        if family is None:
            splits.append("")
        elif split:
            splits.append(sides.get(family, split) if split == "train" else split)
        else:
            splits.append(homes.get(family) or sides.get(family, "train"))
    return splits


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
