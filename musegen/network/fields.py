"""Words as vectors, and back: embeds the fields of a word; predicts them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class Line(NamedTuple):
    """How many of a field's values, from 0 on, lie on a line, and the features that are on it too.

    These hold a value plus one, or 0 for none.
    """

    n_values: int = 0
    anchors: tuple[int, ...] = ()


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
        self.forget = nn.Dropout(forget)
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


class WordEmbedding(nn.Module):
    """The word before, and what is known of the next, as one vector.

    Args:
        sizes: of the F fields. The value `size` of every field stands for 'no word yet'.
        feature_sizes: of the features known before the word.
        width: D.
        forget: see Table.
    """

    def __init__(
        self, sizes: Sequence[int], feature_sizes: Sequence[int], width: int, forget: float
    ) -> None:
        super().__init__()
        self.table = Table([*(size + 1 for size in sizes), *feature_sizes], width, forget)

    def forward(self, before: Tensor, features: Tensor) -> Tensor:
        """Words before (B, T, F), features known (B, T, G′) → inputs (B, T, D)."""
        embedded: Tensor = self.table(torch.cat([before, features], dim=-1))
        return embedded


class Draw(Protocol):
    """How a field is chosen: `(k, scores (B, size), fields drawn so far (B, k)) → values (B,)`."""

    def __call__(self, field: int, scores: Tensor, drawn: Tensor) -> Tensor:
        """See the class."""
        ...


class Distances(nn.Module):
    """Scores of values by how far they lie from given ones: of pitches, by intervals.

    Value v scores Σ_a s_a(v − anchor_a), where the s_a(d), |d| ≤ `reach`, are read off the hidden
    state. So what is learnt of a step or a leap holds for every pitch that it starts from.

    Args:
        width: D.
        n_values: how many values lie on the line.
        n_anchors: A.
        reach: beyond it, a distance scores nothing.
    """

    def __init__(self, width: int, n_values: int, n_anchors: int, reach: int = 14) -> None:
        super().__init__()
        self.n_values, self.reach = n_values, reach
        self.scores = nn.Linear(width, n_anchors * (2 * reach + 1))
        nn.init.zeros_(self.scores.weight)
        nn.init.zeros_(self.scores.bias)

    def forward(self, hidden: Tensor, anchors: Tensor) -> Tensor:
        """Hidden (N, D), the anchors' values plus one, 0 for none (N, A) → scores (N, values)."""
        span = 2 * self.reach + 1
        room = self.n_values + 2 * self.reach  # for values from −reach on
        first = torch.where(anchors > 0, anchors - 1, room)
        places = first[..., None] + torch.arange(span, device=anchors.device)
        scores = self.scores(hidden)
        blank = scores.new_zeros(len(hidden), room + span)
        near: Tensor = blank.scatter_add(1, places.flatten(1), scores)
        return near[:, self.reach : self.reach + self.n_values]


class Head(nn.Module):
    """The scores of one field's values.

    Args:
        size: how many values.
        line: how many of them, from 0 on, lie on a line, and the features that are anchors on it.
        width: D.
        dropout: share of the inner values that are dropped in training.
    """

    def __init__(self, size: int, line: Line, width: int, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.RMSNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout)
        )
        self.scores = nn.Linear(width, size)
        self.n_others = size - line.n_values
        self.distances = (
            Distances(width, line.n_values, len(line.anchors)) if line.anchors else None
        )

    def forward(self, known: Tensor, anchors: Tensor) -> Tensor:
        """What is known (N, D), its anchors, 0 where not known (N, A) → scores (N, size)."""
        inner = self.inner(known)
        scores: Tensor = self.scores(inner)
        if self.distances is None:
            return scores
        near: Tensor = self.distances(inner, anchors)
        return scores + functional.pad(near, (0, self.n_others))


class FieldHeads(nn.Module):
    """The fields of one word, each given those before it: p(word) = Π_k p(field_k | fields < k).

    Between two fields, what was drawn, and the features that it makes known, are added to what
    the next head sees.

    Args:
        sizes: of the F fields.
        lines: of each field, see Head.
        late: for each field, which features it makes known (indices), and their sizes.
        applies: (size of field 0, F), see Vocabulary.
        width: D.
        dropout: share of a head's inner values that are dropped in training.
    """

    applies: Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        lines: Sequence[Line],
        late: Sequence[tuple[Sequence[int], Sequence[int]]],
        applies: Tensor,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("applies", applies, persistent=False)
        self.late = [list(indices) for indices, _ in late]
        self.anchors = [list(line.anchors) for line in lines]
        self.chain = nn.ModuleList(
            Table([size, *late_sizes], width)
            for size, (_, late_sizes) in zip(sizes, late, strict=True)
        )
        self.heads = nn.ModuleList(
            Head(size, line, width, dropout) for size, line in zip(sizes, lines, strict=True)
        )

    def log_prob(
        self, hidden: Tensor, words: Tensor, features: Tensor, order: Sequence[int] = ()
    ) -> Tensor:
        """Hidden (N, D), the words that came (N, F), all features (N, G) → nats (N, F), ≤ 0.

        The fields are predicted in their own order, or in the one given.
        """
        asked = self.applies[words[:, 0]]
        columns: dict[int, Tensor] = {}
        known, shown = hidden, features.clone()
        shown[:, [i for late in self.late for i in late]] = 0
        for field in order or range(len(self.heads)):
            rows = asked[:, field].nonzero()[:, 0]
            scores = self.heads[field](known[rows], shown[:, self.anchors[field]][rows])
            nats = functional.cross_entropy(scores, words[rows, field], reduction="none")
            columns[field] = nats.new_zeros(len(words)).index_put((rows,), -nats)
            known = known + self._link(field, words[:, field], features)
            shown[:, self.late[field]] = features[:, self.late[field]]
        return torch.stack([columns[field] for field in range(len(self.heads))], dim=1)

    def draw(
        self, hidden: Tensor, draw: Draw, shown: Tensor, features: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """One word for each hidden state (B, D), field by field.

        Args:
            hidden: (B, D).
            draw: chooses a value of each field from its scores.
            shown: the features before any field is drawn (B, G).
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
                scores = head(known, shown[:, self.anchors[field]])
                drawn = draw(field, scores, words)
                value = drawn if asked is None else torch.where(asked, drawn, 0)
                log_p = scores.log_softmax(-1).gather(1, value[:, None])[:, 0]
                cost = log_p if asked is None else torch.where(asked, log_p, 0.0)
            words = torch.cat([words, value[:, None]], dim=1)
            nats.append(cost)
            if field + 1 < len(self.heads):
                if self.late[field]:
                    shown = features(words)
                known = known + self._link(field, value, shown)
        return words, torch.stack(nats, dim=1)

    def _link(self, field: int, value: Tensor, features: Tensor) -> Tensor:
        """What field `field`, and the features known after it, add to what is known (N, D)."""
        columns = [value[:, None]]
        if self.late[field]:
            columns.append(features[:, self.late[field]])
        vectors: Tensor = self.chain[field](torch.cat(columns, dim=1))
        return vectors
