"""Words as vectors, and back: embeds the fields of a word; predicts them one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .dropout import Dropout


class Table(nn.Module):
    """The sum of the embeddings of several columns of small numbers, each with rows of its own.

    Args:
        sizes: how many values each of the C columns has.
        width: D.
        forget: share of the columns that are left out in training, each by itself (as words are in
            Gal and Ghahramani 2016).
    """

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], width: int, forget: float = 0.0) -> None:
        super().__init__()
        self.forget = Dropout(forget)
        offsets = torch.tensor([0, *sizes]).cumsum(0)
        self.bag = nn.EmbeddingBag(int(offsets[-1]), width, mode="sum")
        nn.init.normal_(self.bag.weight, std=len(sizes) ** -0.5)
        self.register_buffer("offsets", offsets[:-1], persistent=False)

    def forward(self, columns: Tensor) -> Tensor:
        """Columns (…, C) of numbers → their vectors (…, D)."""
        flat = (columns + self.offsets).reshape(-1, columns.shape[-1])
        kept = None
        if self.training and self.forget.p:
            kept = self.forget(torch.ones_like(flat, dtype=self.bag.weight.dtype))
        vectors: Tensor = self.bag(flat, per_sample_weights=kept)
        return vectors.view(*columns.shape[:-1], -1)

    def begin_as(self, column: int, value: int, other: int) -> None:
        """Give a number of a column the vector of another."""
        first = int(self.offsets[column])
        self.bag.weight[first + value] = self.bag.weight[first + other]


class WordEmbedding(nn.Module):
    """The word before, and what is known of the next, as one vector.

    Args:
        sizes: of the F fields. The value `size` of every field stands for 'no word yet'.
        early: the features known before the word: index → size.
        width: D.
        forget: see Table.
    """

    def __init__(
        self, sizes: Sequence[int], early: dict[int, int], width: int, forget: float
    ) -> None:
        super().__init__()
        self.early = list(early)
        self.table = Table([*(size + 1 for size in sizes), *early.values()], width, forget)

    def forward(self, before: Tensor, features: Tensor) -> Tensor:
        """Words before (B, T, F), all features (B, T, G) → inputs (B, T, D)."""
        embedded: Tensor = self.table(torch.cat([before, features[..., self.early]], dim=-1))
        return embedded

    def begin_as(self, field: int, value: int, other: int) -> None:
        """Read a value of a field as another one."""
        self.table.begin_as(field, value, other)


class Head(nn.Module):
    """The scores of one field's values.

    Args:
        size: how many values.
        width: D.
        dropout: share of the inner values that are dropped in training.
    """

    def __init__(self, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.RMSNorm(width), nn.Linear(width, width), nn.GELU(), Dropout(dropout)
        )
        self.scores = nn.Linear(width, size)

    def forward(self, known: Tensor) -> Tensor:
        """What is known (N, D) → scores (N, size)."""
        scores: Tensor = self.scores(self.inner(known))
        return scores


class FieldHeads(nn.Module):
    """The fields of one word, each given those before it: p(word) = Π_k p(field_k | fields < k).

    Between two fields, what was drawn, and the features that it makes known, are added to what
    the next head sees.

    Args:
        sizes: of the F fields.
        late: for each field, which features it makes known (indices), and their sizes.
        applies: (size of field 0, F), see Vocabulary.
        width: D.
        dropout: share of a head's inner values that are dropped in training.
    """

    applies: Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        late: Sequence[tuple[Sequence[int], Sequence[int]]],
        applies: Tensor,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("applies", applies, persistent=False)
        self.late = [list(indices) for indices, _ in late]
        self.sees: list[list[int]] = [[] for _ in sizes]  # features that each head reads
        self.n_fields = len(sizes)
        self._make(sizes, [late_sizes for _, late_sizes in late], width, dropout)

    def _make(
        self, sizes: Sequence[int], late: Sequence[Sequence[int]], width: int, dropout: float
    ) -> None:
        self.chain = nn.ModuleList(
            Table([size, *late_sizes], width) for size, late_sizes in zip(sizes, late, strict=True)
        )
        self.heads = nn.ModuleList(Head(size, width, dropout) for size in sizes)

    def log_prob(self, hidden: Tensor, words: Tensor, features: Tensor) -> Tensor:
        """Hidden (N, D), the words that came (N, F), all features (N, G) → nats (N, F), ≤ 0."""
        columns = []
        for field, rows, scores in self.scored(hidden, words, features):
            nats = functional.cross_entropy(scores, words[rows, field], reduction="none")
            columns.append(nats.new_zeros(len(words)).index_put((rows,), -nats))
        return torch.stack(columns, dim=1)

    def scored(
        self, hidden: Tensor, words: Tensor, features: Tensor
    ) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Field by field, which words ask it (n,) and the scores of its values there (n, size).

        Args: see log_prob.
        """
        asked = self.applies[words[:, 0]]
        known = self._known(hidden)
        for field in range(self.n_fields):
            rows = asked[:, field].nonzero()[:, 0]
            yield field, rows, self._scores(field, known[rows], features[:, self.sees[field]][rows])
            if field + 1 < self.n_fields:
                known = known + self._link(field, words[:, field], features)

    def begin_as(self, field: int, value: int, other: int) -> None:
        """Score a value of a field as another one, and take it for that in the fields after."""
        head, table = self.heads[field], self.chain[field]
        assert isinstance(head, Head)
        assert isinstance(table, Table)
        for weights in (head.scores.weight, head.scores.bias):
            weights[value] = weights[other]
        table.begin_as(0, value, other)

    def _known(self, hidden: Tensor) -> Tensor:
        """What is known before any field is drawn (N, D)."""
        return hidden

    def _scores(self, field: int, known: Tensor, seen: Tensor) -> Tensor:
        """What is known (N, D), and the features that the head sees → scores (N, size)."""
        scores: Tensor = self.heads[field](known)
        return scores

    def _link(self, field: int, value: Tensor, features: Tensor) -> Tensor:
        """What field `field`, and the features known after it, add to what is known (N, D)."""
        columns = [value[:, None]]
        if self.late[field]:
            columns.append(features[:, self.late[field]])
        vectors: Tensor = self.chain[field](torch.cat(columns, dim=1))
        return vectors
