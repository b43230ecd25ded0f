"""Words as vectors, and back: embeds the fields of a word; predicts them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class Table(nn.Module):
    """The sum of the embeddings of several columns of small numbers, each with rows of its own."""

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        offsets = torch.tensor([0, *sizes]).cumsum(0)
        self.bag = nn.EmbeddingBag(int(offsets[-1]), width, mode="sum")
        nn.init.normal_(self.bag.weight, std=len(sizes) ** -0.5)
        self.register_buffer("offsets", offsets[:-1], persistent=False)

    def forward(self, columns: Tensor) -> Tensor:
        """Columns (…, C) of numbers → their vectors (…, D)."""
        flat = (columns + self.offsets).reshape(-1, columns.shape[-1])
        vectors: Tensor = self.bag(flat)
        return vectors.view(*columns.shape[:-1], -1)


class WordEmbedding(nn.Module):
    """The word before, and what is known of the next, as one vector.

    Args:
        sizes: of the F fields. The value `size` of every field stands for 'no word yet'.
        feature_sizes: of the features known before the word.
        width: D.
    """

    def __init__(self, sizes: Sequence[int], feature_sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.table = Table([*(size + 1 for size in sizes), *feature_sizes], width)

    def forward(self, before: Tensor, features: Tensor) -> Tensor:
        """Words before (B, T, F), features known (B, T, G′) → inputs (B, T, D)."""
        embedded: Tensor = self.table(torch.cat([before, features], dim=-1))
        return embedded


class Draw(Protocol):
    """How a field is chosen: `(k, scores (B, size), fields drawn so far (B, k)) → values (B,)`."""

    def __call__(self, field: int, scores: Tensor, drawn: Tensor) -> Tensor:
        """See the class."""
        ...


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
        self.chain = nn.ModuleList(
            Table([size, *late_sizes], width)
            for size, (_, late_sizes) in zip(sizes, late, strict=True)
        )
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.RMSNorm(width),
                nn.Linear(width, width),
                nn.GELU(),
                nn.Dropout(dropout),
                nn.Linear(width, size),
            )
            for size in sizes
        )

    def log_prob(self, hidden: Tensor, words: Tensor, features: Tensor) -> Tensor:
        """Hidden (N, D), the words that came (N, F), all features (N, G) → nats (N, F), ≤ 0."""
        asked = self.applies[words[:, 0]]
        columns, known = [], hidden
        for field, head in enumerate(self.heads):
            rows = asked[:, field].nonzero()[:, 0]
            scores = head(known[rows])
            nats = functional.cross_entropy(scores, words[rows, field], reduction="none")
            columns.append(words.new_zeros(len(words), dtype=nats.dtype).index_put((rows,), -nats))
            if field + 1 < len(self.heads):
                known = known + self._link(field, words[:, field], features)
        return torch.stack(columns, dim=1)

    def draw(
        self, hidden: Tensor, draw: Draw, features: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """One word for each hidden state (B, D), field by field.

        Args:
            hidden: (B, D).
            draw: chooses a value of each field from its scores.
            features: fields drawn so far (B, k) → features (B, G).

        Returns:
            The words (B, F), and the nats of each field (B, F) by its scores as they are.
        """
        words = hidden.new_zeros(len(hidden), 0, dtype=torch.long)
        nats, known = [], hidden
        for field, head in enumerate(self.heads):
            asked = self.applies[words[:, 0], field] if field else None
            value = words.new_zeros(len(hidden))
            cost = hidden.new_zeros(len(hidden))
            if asked is None or bool(asked.any()):
                scores = head(known)
                drawn = draw(field, scores, words)
                value = drawn if asked is None else torch.where(asked, drawn, 0)
                log_p = scores.log_softmax(-1).gather(1, value[:, None])[:, 0]
                cost = log_p if asked is None else torch.where(asked, log_p, 0.0)
            words = torch.cat([words, value[:, None]], dim=1)
            nats.append(cost)
            if field + 1 < len(self.heads):
                late = features(words) if self.late[field] else words
                known = known + self._link(field, value, late)
        return words, torch.stack(nats, dim=1)

    def _link(self, field: int, value: Tensor, features: Tensor) -> Tensor:
        """What field `field`, and the features known after it, add to what is known (N, D)."""
        columns = [value[:, None]]
        if self.late[field]:
            columns.append(features[:, self.late[field]])
        vectors: Tensor = self.chain[field](torch.cat(columns, dim=1))
        return vectors
