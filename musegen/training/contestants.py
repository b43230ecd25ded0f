"""Who is compared: networks of seven kinds and one size, and three of them changed in one thing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from musegen.corpus.prepare import Prepared
from musegen.evaluation.trained import network_for
from musegen.network.backbones import BACKBONES, FOILS
from musegen.network.next_word import NetworkSettings
from musegen.vocabulary.vocabulary import Vocabulary

from .settings import FitSettings, network_settings

LENGTHS = (8, 32, 128)  # of backpropagation, in words, beside that of all others
WIDTHS = (8, 4, 2)  # the hidden state's, as divisors of that of all others
VARIED = "lstm"  # whose lengths and widths
UNCLIPPED = ("rnn", "irnn")  # whose gradients go free
BATCH_WORDS = 1024  # of an update: half of the usual, as there is little time
MEASURING = 2.0  # seconds that it takes to measure one, about
_SHORT = 120  # seconds in which only the smallest networks get anywhere
_WIDEST = 2048
_AWAY = 8  # by how much a width may miss what was wished, so that sizes agree
_HEAD_WIDTHS, _HEAD_WIDTH = range(16, 49), 24


@dataclass(frozen=True)
class Contestant:
    """One network that is trained and measured.

    Attributes:
        group: what it is compared by: `backbone`, `length`, `width` or `clipping`.
        network: its shape.
        fit: how it learns.
    """

    group: str
    network: NetworkSettings
    fit: FitSettings

    @property
    def name(self) -> str:
        """What it is called beside the others of its group."""
        return {
            "backbone": self.network.backbone,
            "length": f"{self.network.backbone}, {self.fit.length} back",
            "width": f"{self.network.backbone}, {self.network.width} wide",
            "clipping": f"{self.network.backbone}, free",
        }[self.group]


def seconds_each(budget: float) -> float:
    """How long each contestant learns where all have so many seconds together."""
    share = budget / len((*BACKBONES, *FOILS, *LENGTHS, *WIDTHS, *UNCLIPPED))
    return max(share - MEASURING, share / 2)


def contestants(prepared: Prepared, seconds: float, random_seed: int) -> list[Contestant]:
    """All that are trained, those that differ in their backbone first.

    All have the size of an LSTM of half the width that `train` would take, or of a quarter where
    there is very little time: each has but a small share of it.

    Args:
        prepared: the corpus.
        seconds: that each has to learn in.
        random_seed: all that chance depends on.
    """
    words = [piece.stop - piece.start for piece in prepared.of("train")]

    def fit(length: int) -> FitSettings:
        n = batch_words(words, length)
        return FitSettings(length=length, batch_words=n, random_seed=random_seed)

    vocabulary, as_usual = prepared.vocabulary, fit(FitSettings().length)
    shapes = {
        kind: network_settings(
            kind, "auto", n_words=sum(words), seconds=seconds, vocabulary=vocabulary.name
        )
        for kind in (*BACKBONES, *FOILS)
    }
    wish = shapes[VARIED].width // (4 if seconds < _SHORT else 2)
    equal = of_one_size(vocabulary, shapes, VARIED, wish)
    usual, free = equal[VARIED], replace(as_usual, clip=math.inf)
    narrower = (replace(usual, width=max(2, usual.width // n // 2 * 2)) for n in WIDTHS)
    return [
        *(Contestant("backbone", settings, as_usual) for settings in equal.values()),
        *(Contestant("length", usual, fit(length)) for length in LENGTHS),
        *(Contestant("width", settings, as_usual) for settings in narrower),
        *(Contestant("clipping", equal[kind], free) for kind in UNCLIPPED),
    ]


def batch_words(pieces: Sequence[int], length: int) -> int:
    """The setting at which an update sees about BATCH_WORDS words, padding not counted.

    Windows of pieces shorter than they are not full; without this, long ones would see fewer words.

    Args:
        pieces: the words of each piece.
        length: most words of a window.
    """
    windows = sum(-(-words // length) for words in pieces)
    full = sum(min(words, length) * -(-words // length) for words in pieces) / windows
    return length * max(1, round(BATCH_WORDS / full))


def of_one_size(
    vocabulary: Vocabulary, shapes: dict[str, NetworkSettings], of: str, width: int
) -> dict[str, NetworkSettings]:
    """The shapes with widths that make their parameters as many as can be.

    Args:
        vocabulary: what they read.
        shapes: by backbone.
        of: the backbone whose size all take.
        width: about the width that it has.
    """
    counts = {kind: parameters_by_width(vocabulary, shape) for kind, shape in shapes.items()}

    def widths(near: int) -> dict[str, int]:
        target = counts[of](near)
        return {k: min(_widths(k), key=lambda w: abs(counts[k](w) - target)) for k in shapes}

    def spread(widths: dict[str, int]) -> float:
        sizes = [counts[kind](width) for kind, width in widths.items()]
        return max(sizes) / min(sizes)

    wishes = range(max(2, width - _AWAY), width + _AWAY + 1, 2)
    best = min((widths(near) for near in wishes), key=spread)
    return {
        kind: replace(shape, width=best[kind], heads=_heads(kind, best[kind]))
        for kind, shape in shapes.items()
    }


def parameters_by_width(vocabulary: Vocabulary, settings: NetworkSettings) -> Callable[[int], int]:
    """How many parameters a network of an even width has: a quadratic, known from three."""
    two, four, six = (
        network_for(vocabulary, replace(settings, width=width, heads=1)).n_parameters
        for width in (2, 4, 6)
    )

    def count(width: int) -> int:
        x = width // 2 - 2
        return four + (x * (six - two) + x * x * (two - 2 * four + six)) // 2

    return count


@cache
def _widths(kind: str) -> list[int]:
    """The widths that a backbone may have."""
    return [width for width in range(2, _WIDEST, 2) if _heads(kind, width)]


def _heads(kind: str, width: int) -> int:
    """How many heads part a width best, each 16 to 48 wide; 0 where none do."""
    if kind != "transformer" or width < 2 * _HEAD_WIDTHS.start:
        return 1
    fitting = [n for n in range(1, width) if width % (2 * n) == 0 and width // n in _HEAD_WIDTHS]
    return min(fitting, key=lambda n: abs(width // n - _HEAD_WIDTH), default=0)
