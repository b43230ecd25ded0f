"""A trained network that reads and writes one word at a time, in NumPy.

So little is computed for a word that torch spends most of the time on its calls. What is written
here equals NextWordNetwork (tests/network/test_laws.py), and is several times as fast.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from .backbones import State
from .conditions import ConditionEmbedding
from .fields import WordEmbedding
from .next_word import NextWordNetwork
from .shared import SharedEmbedding, SharedHeads
from .stepwise_backbones import Past, stepping
from .stepwise_heads import Heads, Numbers, SharedValuesHeads
from .stepwise_layers import Floats, Rows, array, dense


class Stepwise:
    """See the module.

    Args:
        network: a trained one, of any of BACKBONES; it is not changed, and its weights are copied.

    Attributes:
        draw: draws one word after each hidden state, see Heads.draw.
    """

    def __init__(self, network: NextWordNetwork) -> None:
        embedding, heads = network.embedding, network.heads
        self._embed: _Words | _SharedWords
        if isinstance(embedding, WordEmbedding):
            self._embed = _Words(embedding)
            self.draw = Heads(heads).draw
        else:
            assert isinstance(heads, SharedHeads)
            self._embed = _SharedWords(embedding)
            self.draw = SharedValuesHeads(heads).draw
        self._backbone = stepping(network.backbone)
        self._told = None if network.told is None else _Told(network.told)

    def past(self, state: State | None, n: int) -> Past:
        """The state of one piece (B = 1) as torch has it → that of `n` pieces which go on there."""
        return self._backbone.past(state, n)

    def chosen(self, past: Past, rows: NDArray[np.int64]) -> Past:
        """The past of some of the pieces, by their numbers (R,)."""
        return self._backbone.chosen(past, rows)

    def read(
        self, before: Numbers, features: Numbers, told: Numbers, past: Past
    ) -> tuple[Floats, Past]:
        """Read one word more.

        Args:
            before: the words before (B, F).
            features: of the words to come (B, G).
            told: conditions (B, C).
            past: what was read before.

        Returns:
            The hidden states (B, D), and what was read now.
        """
        inputs = self._embed(before, features)
        if self._told is not None:
            inputs = inputs + self._told(told)
        return self._backbone.step(inputs, past)


class _Told:
    """ConditionEmbedding."""

    def __init__(self, module: ConditionEmbedding) -> None:
        self._rows, self._offsets = Rows(module.bag, skip_first=True), array(module.offsets)

    def __call__(self, told: Numbers) -> Floats:
        return self._rows(np.where(told > 0, told + self._offsets, 0))


class _Words:
    """WordEmbedding."""

    def __init__(self, module: WordEmbedding) -> None:
        self._early, self._aspects = module.early, module.aspects
        self._aspects_of = None if module.aspects is None else array(module.aspects_of)
        self._rows, self._offsets = Rows(module.table.bag), array(module.table.offsets)

    def __call__(self, before: Numbers, features: Numbers) -> Floats:
        columns = [before, features[:, self._early]]
        if self._aspects is not None and self._aspects_of is not None:
            key, value = features[:, self._aspects.feature], before[:, self._aspects.field]
            columns.append(self._aspects_of[key, value])
        return self._rows(np.concatenate(columns, axis=1) + self._offsets)


class _SharedWords:
    """SharedEmbedding."""

    def __init__(self, module: SharedEmbedding) -> None:
        self._seen, self._others = module.seen, module.others
        self._values = array(module.values.weight)
        self._join = dense(module.join)
        self._rows, self._offsets = Rows(module.table.bag), array(module.table.offsets)

    def __call__(self, before: Numbers, features: Numbers) -> Floats:
        vectors = self._values[features[:, self._seen]].reshape(len(features), -1)
        return self._join(vectors) + self._rows(features[:, self._others] + self._offsets)


@torch.no_grad()
def read_all(
    network: NextWordNetwork, before: Numbers, features: Numbers, told: Numbers, chunk: int
) -> State | None:
    """What a network has read of N words of one piece, many at once; None where there are none.

    Args:
        network: what reads.
        before: the word before each (N, F).
        features: of each (N, G).
        told: conditions of each (N, C).
        chunk: words read at once.
    """
    device = next(network.parameters()).device
    columns = [torch.from_numpy(a.astype(np.int64))[None] for a in (before, features, told)]
    state: State | None = None
    for first in range(0, len(before), chunk):
        now = [column[:, first : first + chunk].to(device) for column in columns]
        _, state = network.read(now[0], now[1], state, now[2])
    return state
