"""Words as vectors: embeds the fields of a word, and what is known of the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .dropout import Dropout

CLASSES = 12  # of pitches


class Aspects(NamedTuple):
    """What values of a field have in common, whatever their numbers: pitch, length, degree.

    A melody that is moved keeps its degrees, so that what is learnt of them holds in every key.

    Attributes:
        field: which field.
        feature: which feature tells the key, on which they hang.
        sizes: how many values each of the A aspects has.
        table: them, for each value of the feature and of the field (K, V, A).
    """

    field: int
    feature: int
    sizes: tuple[int, ...]
    table: NDArray[np.int64]


class Echo(NamedTuple):
    """Which features say what came when music last went as it has just gone, or at this place.

    Attributes:
        alike: for each field, how like it is, 0 where it never did.
        size: how many values that has.
        fields: for each field, its value there plus one, or 0 for none.
    """

    alike: tuple[int, ...]
    size: int
    fields: tuple[int, ...]


class Chord(NamedTuple):
    """Which features say what pitch classes sound, from C on, where a field's values are pitches.

    Attributes:
        field: which field.
        features: twelve.
    """

    field: int
    features: tuple[int, ...]


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
        return vectors.view(*columns.shape[:-1], self.bag.embedding_dim)

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
        aspects: those of a field of the word before, which are read too.
    """

    aspects_of: Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        early: dict[int, int],
        width: int,
        forget: float,
        aspects: Aspects | None = None,
    ) -> None:
        super().__init__()
        self.n_fields, self.early, self.aspects = len(sizes), list(early), aspects
        columns = [*(size + 1 for size in sizes), *early.values()]
        if aspects is not None:
            columns += aspects.sizes
            every = functional.pad(torch.tensor(aspects.table), (0, 0, 0, 1))  # 'no word' has none
            self.register_buffer("aspects_of", every, persistent=False)
        self.table = Table(columns, width, forget)

    def forward(self, before: Tensor, features: Tensor) -> Tensor:
        """Words before (B, T, F), all features (B, T, G) → inputs (B, T, D)."""
        columns = [before, features[..., self.early]]
        if self.aspects is not None:
            key, value = features[..., self.aspects.feature], before[..., self.aspects.field]
            columns.append(self.aspects_of[key, value])
        embedded: Tensor = self.table(torch.cat(columns, dim=-1))
        return embedded

    def begin_as(self, field: int, value: int, other: int) -> None:
        """Read a value of a field as another one."""
        self.table.begin_as(field, value, other)

    def echo_begins_as(self, feature: int, value: int, other: int) -> None:
        """Read a value of a feature, known before the word, as another one."""
        if feature in self.early:
            self.table.begin_as(self.n_fields + self.early.index(feature), value, other)
