"""Fields that share their values, as voices share pitches: one table for all, and one head.

What is learnt of a value in one field is then known in all. On chorales this generalises far better
than a table and a head for each voice (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .dropout import Dropout
from .fields import Echo, Table
from .heads import EchoScores, FieldHeads

VALUE_WIDTH = 64  # E, the length of a value's vector


ECHO_STATES = 7  # see echo_state


class Shared(NamedTuple):
    """What fields share. The features named hold a shared value plus one, or 0 for none.

    Attributes:
        size: how many values, from 0 on, mean the same in every field.
        seen: the features that hold one before the word (indices).
        standing: for each field, the feature that holds the value that stands in it.
        drawn: for each field, the feature that holds the value that stands once it is drawn.
    """

    size: int
    seen: tuple[int, ...]
    standing: tuple[int, ...]
    drawn: tuple[int, ...]


def echo_state(seen: Any, agrees: Any) -> Any:
    """How a field stands to its echo (N,), from what its head sees (N, 3), arrays or tensors.

    0: there is none. Else what the echo says: nothing, what stands already, or something new; three
    more where the fields before were not as in their echo.
    """
    alike, echo, stands = seen.T
    says = 1 + (echo > 0) * (1 + (echo != stands))
    return (alike > 0) * (says + 3 * ~agrees)


def value_table(shared: Shared) -> nn.Embedding:
    """The vectors (1 + values, E) of no value and of each."""
    table = nn.Embedding(1 + shared.size, VALUE_WIDTH)
    nn.init.normal_(table.weight)
    return table


class SharedEmbedding(nn.Module):
    """What is known before a word as one vector; the word before says nothing beyond it.

    Args:
        shared: what the fields share.
        values: see value_table.
        others: the other features known before a word: index → size.
        width: D.
        forget: share of the features that are left out in training, see Table.
    """

    def __init__(
        self,
        shared: Shared,
        values: nn.Embedding,
        others: dict[int, int],
        width: int,
        forget: float,
    ) -> None:
        super().__init__()
        self.seen, self.others = list(shared.seen), list(others)
        self.values = values
        self.join = nn.Linear(len(self.seen) * VALUE_WIDTH, width)
        self.table = Table(list(others.values()), width, forget)
        self.forget = Dropout(forget)

    def forward(self, _: Tensor, features: Tensor) -> Tensor:
        """The words before, unread, and all features (B, T, G) → inputs (B, T, D)."""
        vectors = self.values(features[..., self.seen])
        vectors = vectors * self.forget(torch.ones_like(vectors[..., :1]))
        inputs: Tensor = self.join(vectors.flatten(-2)) + self.table(features[..., self.others])
        return inputs


class SharedHeads(FieldHeads):
    """Fields drawn one after the other by one head, which is told for which field it speaks.

    A field's value is chosen in two steps: whether it is one of those shared, and which. The
    scores of these are products with their vectors (Press and Wolf 2017), and a bias.

    Args:
        shared: what the fields share.
        values: see value_table.
        sizes, applies, width, dropout, echo: see FieldHeads. An echo holds a shared value.
    """

    def __init__(
        self,
        shared: Shared,
        values: nn.Embedding,
        sizes: Sequence[int],
        applies: Tensor,
        width: int,
        dropout: float,
        echo: Echo | None = None,
    ) -> None:
        self.shared = shared
        late = [([i], [1 + shared.size]) for i in shared.drawn]
        super().__init__(sizes, late, applies, width, dropout, echo=echo)
        self.sees = [[*sees, its] for sees, its in zip(self.sees, shared.standing, strict=True)]
        self.values = values

    def _make(
        self, sizes: Sequence[int], late: Sequence[Sequence[int]], width: int, dropout: float
    ) -> None:
        inner, n_fields = width * 3 // 2, len(sizes)
        others = [size - self.shared.size for size in sizes]
        self.read = nn.Linear(width, inner)
        self.field = nn.Embedding(n_fields, inner)
        self.standing = nn.Linear(VALUE_WIDTH, inner, bias=False)
        self.norm = nn.RMSNorm(inner)
        self.inner = nn.Linear(inner, inner)
        self.dropout = Dropout(dropout)
        self.kinds = nn.ModuleList(nn.Linear(inner, 1 + n) for n in others)
        self.query = nn.Linear(inner, VALUE_WIDTH)
        self.again = nn.Linear(inner, 1)
        self.echoed = None if self.echo is None else EchoScores(self.echo, ECHO_STATES, inner)
        self.bias = nn.Embedding(n_fields, self.shared.size)
        self.drawn_values = nn.ModuleList(nn.Linear(VALUE_WIDTH, inner, bias=False) for _ in sizes)
        self.drawn_kinds = nn.ModuleList(Table([1 + n], inner) for n in others)
        nn.init.normal_(self.field.weight, std=0.4)
        nn.init.zeros_(self.bias.weight)

    def _known(self, hidden: Tensor) -> Tensor:
        known: Tensor = self.read(hidden)
        return known

    def _scores(self, field: int, known: Tensor, seen: Tensor, agrees: Tensor) -> Tensor:
        """See FieldHeads; here the last feature seen is what stands."""
        stands = seen[:, -1]
        told = self.field.weight[field] + self.standing(self.values(stands))
        if self.echoed is not None:
            told = told + self.echoed.told(seen[:, 0], echo_state(seen, agrees))
        inner = functional.gelu(self.norm(known + told))
        inner = inner + functional.gelu(self.inner(self.dropout(inner)))
        inner = self.dropout(inner)
        kinds = self.kinds[field](inner)
        vectors = self.values.weight[1:]
        scores = self.query(inner) @ vectors.T * VALUE_WIDTH**-0.5 + self.bias.weight[field]
        is_again = stands[:, None] - 1 == torch.arange(len(vectors), device=stands.device)
        scores = scores + is_again * self.again(inner)
        if self.echoed is not None:
            scores = scores + self.echoed(inner, seen[:, 1], len(vectors))
        return torch.cat([scores.log_softmax(-1) + kinds[:, :1], kinds[:, 1:]], dim=-1)

    def _as_echoed(self, field: int, words: Tensor, features: Tensor) -> Tensor:
        """See FieldHeads; what stands once the field is drawn is what stood there."""
        if self.echo is None:
            return super()._as_echoed(field, words, features)
        drawn = features[:, self.shared.drawn[field]]
        return drawn == features[:, self.echo.fields[field]]

    def _link(self, field: int, value: Tensor, features: Tensor) -> Tensor:
        """See FieldHeads."""
        kind = (value - self.shared.size + 1).clamp(min=0)
        stands = features[:, self.shared.drawn[field]]
        by_value: Tensor = self.drawn_values[field](self.values(stands))
        by_kind: Tensor = self.drawn_kinds[field](kind[:, None])
        return by_value + by_kind
