"""What can be told of a piece before it sounds: style, density, bars to come, home key.

Each is a column of small numbers beside the words, 0 where it is not told. None is ever scored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musegen.errors import ModelError, UsageError
from musegen.score.key import moved_home

from .prepare import Encoded, Prepared
from .split import given_split

Long = NDArray[np.int64]
KINDS = ("style", "density", "bars", "given", "key")
DENSITIES = ("low", "medium", "high")
_FEWEST = 2  # pieces of a style: one alone would be told by its name
_BARS = (*range(17), 20, 24, 32, 48, 64, 96, 128)  # to come, at most, for each value but the last
_HOMES = 24  # see home_number
_ROLES = 2  # what is given, and what is written to it: corpus/given.py
_NEVER_TOLD = {
    "style": "a style",
    "density": "a density",
    "bars": "how many bars are to come",
    "given": "music to be written to",
    "key": "the home key",
}
_WAYS = {
    "style": "Train one on a folder that has a sub-folder for each style: musegen train FOLDER.",
    "density": "Train one with --tell density.",
    "bars": "Train one with --tell bars.",
    "given": "Take chorales or ensemble, which ship, or musegen train FOLDER --tell given.",
    "key": "Train one with --tell key.",
}


@dataclass(frozen=True)
class Conditions:
    """What a model can be told.

    Attributes:
        styles: the sub-folders that it learnt from; none, or two and more.
        pieces: how many pieces of each it learnt from.
        densities: the most notes a quarter of a low density, and the fewest of a high one; empty
            where density cannot be told.
        bars: whether it can be told how many bars are to come.
        given: whether it can be given music to write to.
        key: whether it can be told the home key, where words do not say it.
    """

    styles: tuple[str, ...] = ()
    pieces: tuple[int, ...] = ()
    densities: tuple[float, ...] = ()
    bars: bool = False
    given: bool = False
    key: bool = False

    @classmethod
    def of(cls, prepared: Prepared, kinds: Collection[str] = KINDS) -> Conditions:
        """What can be told of the training pieces of a corpus, of these kinds."""
        learnt = prepared.of("train")
        counts = Counter(style_of(piece.path) for piece in learnt)
        styles = sorted(name for name, n in counts.items() if name and n >= _FEWEST)
        if "style" not in kinds or len(styles) < 2:
            styles = []
        low, high = np.quantile([_rate(piece) for piece in learnt], [1 / 3, 2 / 3]).tolist()
        return cls(
            tuple(styles),
            tuple(counts[name] for name in styles),
            (low, high) if "density" in kinds and low < high else (),
            "bars" in kinds,
            "given" in kinds,
            "key" in kinds and not prepared.vocabulary.says_key,
        )

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Conditions:
        """The conditions from what `to_dict` gave."""
        return cls(
            tuple(settings["styles"]),
            tuple(settings["pieces"]),
            tuple(settings["densities"]),
            settings["bars"],
            settings.get("given", False),
            settings.get("key", False),
        )

    def to_dict(self) -> dict[str, Any]:
        """The conditions, as JSON knows them."""
        return asdict(self)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of KINDS that can be told, in the order of the columns (C,)."""
        can = (bool(self.styles), bool(self.densities), self.bars, self.given, self.key)
        return tuple(kind for kind, it_can in zip(KINDS, can, strict=True) if it_can)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each has, 'not told' included (C,)."""
        of = {
            "style": len(self.styles),
            "density": len(DENSITIES),
            "bars": len(_BARS) + 1,
            "given": _ROLES,
            "key": _HOMES,
        }
        return tuple(1 + of[kind] for kind in self.kinds)

    def require(self, kind: str) -> None:
        """Make sure that a kind can be told.

        Raises:
            ModelError: it cannot.
        """
        if kind not in self.kinds:
            raise ModelError(f"this model was never told {_NEVER_TOLD[kind]}", hint=_WAYS[kind])

    def columns(
        self,
        n: int,
        *,
        style: str = "",
        density: str = "",
        to_come: Long | None = None,
        role: Long | int = 0,
        key: int | None = None,
    ) -> Long:
        """What is told beside `n` words (n, C).

        Args:
            n: how many.
            style: one of the styles; empty: not told.
            density: one of DENSITIES; empty: not told.
            to_come: bars still to come at each word, that in progress included (n,).
            role: whether words are given or written to what is (n,); 0 where nothing is given.
            key: the home key, see home_number; None: not told.

        Raises:
            UsageError: no style or density has this name.
            ModelError: what is given cannot be told.
        """
        values: dict[str, Long | int] = {
            "style": self._value("style", style, self.styles),
            "density": self._value("density", density, DENSITIES),
            "bars": 0 if to_come is None else 1 + np.searchsorted(_BARS, to_come),
            "given": role,
            "key": 0 if key is None else 1 + key,
        }
        if to_come is not None:
            self.require("bars")
        if np.any(role):
            self.require("given")
        if key is not None:
            self.require("key")
        columns = np.zeros((n, len(self.kinds)), np.int64)
        for column, kind in enumerate(self.kinds):
            columns[:, column] = values[kind]
        return columns

    def of_piece(self, prepared: Prepared, piece: Encoded, semitones: int = 0) -> Long:
        """All that can be told beside each word of a piece (T, C) moved by so many semitones."""
        style = style_of(piece.path)
        return self.columns(
            piece.stop - piece.start,
            style=style if style in self.styles else "",
            density=self._density(piece),
            to_come=_to_come(prepared, piece) if self.bars else None,
            key=moved_home(piece.key, semitones) if self.key else None,
        )

    def _density(self, piece: Encoded) -> str:
        if not self.densities:
            return ""
        low, high = self.densities
        rate = _rate(piece)
        return DENSITIES[(rate > low) + (rate >= high)]

    def _value(self, kind: str, name: str, names: tuple[str, ...]) -> int:
        if not name:
            return 0
        self.require(kind)
        if name not in names:
            hint = f"It knows {', '.join(names)}."
            raise UsageError(f"the model knows no {kind} called {name!r}", hint=hint)
        return 1 + names.index(name)


NOTHING = Conditions()


def kinds_of(text: str) -> tuple[str, ...]:
    """`style,bars` → those of KINDS; `none` → none.

    Raises:
        UsageError: one is no kind of condition.
    """
    names = [name.strip() for name in text.split(",")]
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        hint = f"Name some of {', '.join(KINDS)}, or none."
        raise UsageError(f"{unknown[0]!r} is nothing that can be told in training", hint=hint)
    return tuple(names)


def style_of(path: str) -> str:
    """The style of a piece: its outermost folder that names no split; empty for none."""
    folders = PurePosixPath(path).parts[:-1]
    return next((name for name in folders if not given_split(f"{name}/_")), "")


def _to_come(prepared: Prepared, piece: Encoded) -> Long:
    """How many bars are still to come at each word of a piece (T,)."""
    rows = slice(piece.start, piece.stop)
    its = prepared.words[rows], prepared.features[rows]
    return np.asarray(prepared.vocabulary.n_bars(*its) - prepared.vocabulary.bars(*its))


def _rate(piece: Encoded) -> float:
    """Notes a quarter."""
    return piece.notes / max(piece.quarters, 1.0)
