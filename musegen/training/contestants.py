"""Who is compared: networks of seven kinds and one size, and three of them changed in one thing."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from musegen.corpus.prepare import Prepared
from musegen.evaluation.trained import network_for
from musegen.network.backbones import BACKBONES, FOILS
from musegen.network.next_word import NetworkSettings

from .settings import FitSettings, network_settings

LENGTHS = (8, 32, 128)  # of backpropagation, in words, beside that of all others
WIDTHS = (8, 4, 2)  # the hidden state's, as divisors of that of all others
VARIED = "lstm"  # whose lengths and widths
UNCLIPPED = ("rnn", "irnn")  # whose gradients go free
BATCH_WORDS = 1024  # of an update: half of the usual, as there is little time
MEASURING = 2.0  # seconds that it takes to measure one, about
_SHORT = 120  # seconds in which only the smallest networks get anywhere
_WIDTHS = range(8, 2048, 2)
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
            "length": f"{self.network.backbone}, {self.fit.length} words back",
            "width": f"{self.network.backbone}, {self.network.width} wide",
            "clipping": f"{self.network.backbone}, not clipped",
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
    fit = FitSettings(batch_words=BATCH_WORDS, random_seed=random_seed)
    n_words = sum(piece.stop - piece.start for piece in prepared.of("train"))
    vocabulary = prepared.vocabulary

    def shape(kind: str) -> NetworkSettings:
        return network_settings(
            kind, "auto", n_words=n_words, seconds=seconds, vocabulary=vocabulary.name
        )

    def n_parameters(settings: NetworkSettings) -> int:
        return network_for(vocabulary, settings).n_parameters

    most = shape(VARIED)
    largest = replace(most, width=most.width // (4 if seconds < _SHORT else 2), heads=1)
    target = n_parameters(largest)
    equal = {kind: of_size(shape(kind), target, n_parameters) for kind in (*BACKBONES, *FOILS)}
    narrower = (replace(largest, width=max(2, 2 * (largest.width // (2 * n)))) for n in WIDTHS)
    return [
        *(Contestant("backbone", settings, fit) for settings in equal.values()),
        *(Contestant("length", equal[VARIED], replace(fit, length=words)) for words in LENGTHS),
        *(Contestant("width", settings, fit) for settings in narrower),
        *(Contestant("clipping", equal[kind], replace(fit, clip=math.inf)) for kind in UNCLIPPED),
    ]


def of_size(
    settings: NetworkSettings, target: int, n_parameters: Callable[[NetworkSettings], int]
) -> NetworkSettings:
    """The settings with the width whose parameters come nearest to the target.

    Only a Transformer has heads, of which each is 16 to 48 wide.
    """
    shapes = [
        replace(settings, width=width, heads=heads)
        for width in _WIDTHS
        if (heads := _heads(width) if settings.backbone == "transformer" else 1)
    ]
    above = bisect_left(shapes, target, key=n_parameters)
    near = shapes[max(above - 1, 0) : above + 1]
    return min(near, key=lambda shape: abs(n_parameters(shape) - target))


def _heads(width: int) -> int:
    """How many heads part a width best; 0 where none do."""
    if width < 2 * _HEAD_WIDTHS.start:
        return 1
    fitting = [n for n in range(1, width) if width % (2 * n) == 0 and width // n in _HEAD_WIDTHS]
    return min(fitting, key=lambda n: abs(width // n - _HEAD_WIDTH), default=0)
