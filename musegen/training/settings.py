"""What a run needs to know, and defaults that suit the data and the time there is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from musegen.network.next_word import NetworkSettings, NextWordNetwork

from . import distributed
from .schedule import Extent

SIZES = ("small", "medium", "large")
_WIDTHS = {"small": 128, "medium": 256, "large": 512}
_RECURRENT_DEPTH = {"small": 2, "medium": 2, "large": 3}
_ATTENTION_DEPTH = {"small": 4, "medium": 4, "large": 8}
_HEAD_WIDTH = 32
_WORDS_A_SECOND = {"small": 5000, "medium": 1500, "large": 400}  # about, on two cores
_DROPOUT = {"notes": 0.35, "abc": 0.15, "grid": 0.15}  # of a run of nine epochs
_MOST_DROPOUT = {"notes": 0.4, "abc": 0.4, "grid": 0.33}
_HELD_BACK = 0.07  # left out of the input of a run that meets each word twenty times (notes: three)
_CONTEXT = {"notes": 1024, "abc": 512, "grid": 128}  # words


@dataclass(frozen=True)
class FitSettings:
    """How a network learns.

    Attributes:
        length: most words of a window: how far gradients go back.
        batch_words: about how many words an update sees, all processes together.
        lr: AdamW's learning rate, for embeddings, gains and biases.
        matrix_lr: Muon's, for matrices; 0: they learn by AdamW too.
        decay: weight decay.
        clip: the largest norm a gradient may have (Pascanu et al. 2013).
        average: decay of the running average of the weights; the average is what is kept.
        transposed: share of the windows that are moved to another key.
        told: share of the windows that are told conditions.
        random_seed: all that chance depends on.
    """

    length: int = 256
    batch_words: int = 2048
    lr: float = 3e-3
    matrix_lr: float = 0.02
    decay: float = 0.01
    clip: float = 1.0
    average: float = 0.995
    transposed: float = 0.5
    told: float = 0.5
    random_seed: int = 0

    @property
    def batch(self) -> int:
        """B, windows an update sees."""
        return max(1, self.batch_words // self.length)

    def to_dict(self) -> dict[str, Any]:
        """The settings, as JSON knows them."""
        return asdict(self)


def expected_seconds(extent: Extent, settings: FitSettings) -> float:
    """How long a run will last, or would on an ordinary laptop where its steps are given."""
    if extent.steps is None:
        return extent.seconds
    return extent.steps * settings.batch_words / _WORDS_A_SECOND["small"]


def network_settings(
    backbone: str, size: str, *, n_words: int, seconds: float, vocabulary: str
) -> NetworkSettings:
    """A network for so many words to learn from, and so many seconds to do it in.

    `auto` takes the small size where there is little data or little time, the medium one else.
    Dropout grows with how often the run will meet each word: short runs learn too little with it,
    long ones learn by heart without it (measured on tunes and chorales, docs/decisions.md).
    """
    if size == "auto":
        size = "small" if n_words < 300_000 or seconds < 1200 else "medium"
    width = _WIDTHS[size]
    attentive = backbone == "transformer"
    if not attentive:
        width = width * 3 // 2  # a recurrent layer has 8 to 2 D² weights, an attentive one 12
    epochs = seconds * _WORDS_A_SECOND[size] / max(n_words, 1)
    dropout = _DROPOUT[vocabulary] * math.log10(1 + epochs)
    dropout = round(min(dropout, _MOST_DROPOUT[vocabulary]), 2)
    return NetworkSettings(
        backbone=backbone,
        width=width,
        depth=(_ATTENTION_DEPTH if attentive else _RECURRENT_DEPTH)[size],
        heads=width // _HEAD_WIDTH,
        context=_CONTEXT[vocabulary],
        dropout=dropout,
        forget=0.0 if vocabulary == "abc" else round(dropout / 3, 2),
    )


def suited(settings: FitSettings, network: NetworkSettings) -> FitSettings:
    """The settings for a network that must be held back from learning the music by heart.

    Windows are no longer than what it attends to. Where it meets each word so often that much of
    what it reads is left out, all windows are moved to another key, and weights are held small
    (measured on chorales, and on bands and quartets: docs/decisions.md).
    """
    if not network.forget:
        return settings
    short = replace(settings, length=min(settings.length, network.context))
    if network.forget < _HELD_BACK:
        return short
    return replace(short, transposed=1.0, decay=0.05, average=0.998)


def memory_mb(network: NextWordNetwork, settings: FitSettings) -> int:
    """About the most megabytes that a process that trains takes, torch itself included.

    The allocator keeps many times what lives at once, as windows differ in length: a long run
    of the `notes` vocabulary that was watched grew to nine times that.
    """
    shape, words = network.settings, settings.length * settings.batch / distributed.count()
    layers = shape.depth * (20 if shape.backbone == "transformer" else 10)
    fields = 8 * len(network.shape.sizes) + sum(network.shape.sizes) / shape.width
    numbers = 6 * network.n_parameters + words * shape.width * (layers + fields)
    return 100 * round(3 + 9 * 4 * numbers / 1e8)
