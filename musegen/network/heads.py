"""Vectors as words: predicts the fields of a word, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .dropout import Dropout
from .fields import CLASSES, Aspects, Chord, Echo, Table


class EchoScores(nn.Module):
    """What an echo adds to the scores of a field: it points at one value (as See et al. 2017 do).

    Args:
        echo: the features.
        states: how many ways the field can stand to its echo.
        width: D.
    """

    def __init__(self, echo: Echo, states: int, width: int) -> None:
        super().__init__()
        self.table = Table([echo.size, states], width)
        self.again = nn.Linear(width, 1)
        nn.init.zeros_(self.again.weight)

    def told(self, alike: Tensor, state: Tensor) -> Tensor:
        """How like the music is (N,), how the field stands to its echo (N,) → vectors (N, D)."""
        vectors: Tensor = self.table(torch.stack([alike, state], dim=-1))
        return vectors

    def forward(self, inner: Tensor, value: Tensor, size: int) -> Tensor:
        """The inner values (N, D), the value plus one (N,) → what it gains (N, size)."""
        points = value[:, None] - 1 == torch.arange(size, device=value.device)
        gains: Tensor = points * self.again(inner)
        return gains


class ChordScores(nn.Module):
    """What sounds already adds to the scores of pitches: a number for each interval above it.

    So what is learnt of a chord in one key, and of one orchestra, holds in all.

    Args:
        width: D.
    """

    interval: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gains = nn.Linear(width, CLASSES)
        nn.init.zeros_(self.gains.weight)
        classes = torch.arange(CLASSES)
        between = (classes[:, None] - classes) % CLASSES
        self.register_buffer("interval", between, persistent=False)

    def forward(self, inner: Tensor, sounding: Tensor, size: int) -> Tensor:
        """The inner values (N, D), which classes sound (N, 12) → what pitches gain (N, size)."""
        of_class = self.gains(inner)[:, self.interval] @ sounding[..., None].to(inner.dtype)
        gains: Tensor = of_class[:, torch.arange(size, device=inner.device) % CLASSES, 0]
        return gains


class Head(nn.Module):
    """The scores of one field's values.

    Args:
        size: how many values.
        width: D.
        dropout: share of the inner values that are dropped in training.
        aspects: those of the values, which are scored too; a value has the sum.
        echo: where set, the scores heed what the field was when music went like this.
        rhyme: where set, they heed what it was at this place of the section before.
        chord: whether values are pitches, whose scores heed what sounds.
    """

    aspects_of: Tensor

    def __init__(
        self,
        size: int,
        width: int,
        dropout: float,
        aspects: Aspects | None = None,
        echo: Echo | None = None,
        rhyme: Echo | None = None,
        chord: bool = False,
    ) -> None:
        super().__init__()
        self.size = size
        self.inner = nn.Sequential(
            nn.RMSNorm(width), nn.Linear(width, width), nn.GELU(), Dropout(dropout)
        )
        self.scores = nn.Linear(width, size)
        self.by_aspect: nn.Linear | None = None
        self.echo = None if echo is None else EchoScores(echo, 3, width)
        self.rhyme = None if rhyme is None else EchoScores(rhyme, 2, width)
        self.chord = ChordScores(width) if chord else None
        first = 2 * (echo is not None) + 2 * (rhyme is not None)
        self.chord_seen = slice(first, first + CLASSES)
        if aspects is not None:
            self.by_aspect = nn.Linear(width, sum(aspects.sizes), bias=False)
            offsets = np.cumsum([0, *aspects.sizes[:-1]])
            table = torch.tensor(aspects.table + offsets)
            self.register_buffer("aspects_of", table, persistent=False)

    def forward(self, known: Tensor, seen: Tensor, agrees: Tensor) -> Tensor:
        """Scores (N, size).

        Args:
            known: (N, D).
            seen: the features it sees (N, …): how like, and its echo, where there are echoes; the
                same of rhymes; what sounds; and that on which aspects hang; where there are such.
            agrees: whether the fields before that have this echo are as in it (N,).
        """
        if self.echo is not None:
            state = (seen[:, 1] > 0) * (2 - agrees.long())  # none, agrees, differs
            known = known + self.echo.told(seen[:, 0], state)
        if self.rhyme is not None:
            known = known + self.rhyme.told(seen[:, 2], (seen[:, 3] > 0).long())
        inner = self.inner(known)
        scores: Tensor = self.scores(inner)
        if self.echo is not None:
            scores = scores + self.echo(inner, seen[:, 1], self.size)
        if self.rhyme is not None:
            scores = scores + self.rhyme(inner, seen[:, 3], self.size)
        if self.chord is not None:
            scores = scores + self.chord(inner, seen[:, self.chord_seen], self.size)
        if self.by_aspect is not None:
            its = self.aspects_of[seen[:, -1]]
            scores = scores + self.by_aspect(inner).gather(1, its.flatten(1)).view_as(its).sum(-1)
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
        aspects: those of a field's values.
        echo: the features that say what came when music went like this.
        rhyme: those that say what stood at the same place of the section before; with an echo.
        chord: those that say what sounds.
    """

    applies: Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        late: Sequence[tuple[Sequence[int], Sequence[int]]],
        applies: Tensor,
        width: int,
        dropout: float,
        aspects: Aspects | None = None,
        echo: Echo | None = None,
        rhyme: Echo | None = None,
        chord: Chord | None = None,
    ) -> None:
        super().__init__()
        self.aspects, self.echo, self.rhyme, self.chord = aspects, echo, rhyme, chord
        self.register_buffer("applies", applies, persistent=False)
        self.late = [list(indices) for indices, _ in late]
        self.sees: list[list[int]] = [[] for _ in sizes]  # features that each head reads
        for its in (echo, rhyme):
            pairs = () if its is None else zip(its.alike, its.fields, strict=True)
            for field, pair in enumerate(pairs):
                self.sees[field] += pair
        if chord is not None:
            self.sees[chord.field] += chord.features
        if aspects is not None:
            self.sees[aspects.field].append(aspects.feature)
        self.n_fields = len(sizes)
        self._make(sizes, [late_sizes for _, late_sizes in late], width, dropout)

    def _make(
        self, sizes: Sequence[int], late: Sequence[Sequence[int]], width: int, dropout: float
    ) -> None:
        self.chain = nn.ModuleList(
            Table([size, *late_sizes], width) for size, late_sizes in zip(sizes, late, strict=True)
        )
        of = {} if self.aspects is None else {self.aspects.field: self.aspects}
        self.heads = nn.ModuleList(
            Head(
                *(size, width, dropout, of.get(field), self.echo, self.rhyme),
                chord=self.chord is not None and field == self.chord.field,
            )
            for field, size in enumerate(sizes)
        )

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
        agrees = torch.ones_like(words[:, 0], dtype=torch.bool)
        for field in range(self.n_fields):
            rows = asked[:, field].nonzero()[:, 0]
            seen = features[:, self.sees[field]][rows]
            yield field, rows, self._scores(field, known[rows], seen, agrees[rows])
            if field + 1 < self.n_fields:
                known = known + self._link(field, words[:, field], features)
                agrees = agrees & (~asked[:, field] | self._as_echoed(field, words, features))
                if self.begins_echo(field + 1):
                    agrees = torch.ones_like(agrees)

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

    def _scores(self, field: int, known: Tensor, seen: Tensor, agrees: Tensor) -> Tensor:
        """See Head.forward."""
        scores: Tensor = self.heads[field](known, seen, agrees)
        return scores

    def begins_echo(self, field: int) -> bool:
        """Whether the echo of a field is another one than that of the field before."""
        return self.echo is not None and self.echo.alike[field] != self.echo.alike[field - 1]

    def _as_echoed(self, field: int, words: Tensor, features: Tensor) -> Tensor:
        """Whether a field of words (N, F) is what it was when music went like this (N,)."""
        if self.echo is None:
            return torch.ones_like(words[:, 0], dtype=torch.bool)
        return words[:, field] + 1 == features[:, self.echo.fields[field]]

    def _link(self, field: int, value: Tensor, features: Tensor) -> Tensor:
        """What field `field`, and the features known after it, add to what is known (N, D)."""
        columns = [value[:, None]]
        if self.late[field]:
            columns.append(features[:, self.late[field]])
        vectors: Tensor = self.chain[field](torch.cat(columns, dim=1))
        return vectors
