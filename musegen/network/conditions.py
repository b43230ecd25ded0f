"""What is told of a piece beforehand, as a vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ConditionEmbedding(nn.Module):
    """The sum of the embeddings of C conditions, to which one that is not told (0) adds nothing.

    Args:
        sizes: of the conditions, 'not told' included.
        width: D.
    """

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        values = torch.tensor([0, *(size - 1 for size in sizes)]).cumsum(0)
        self.bag = nn.EmbeddingBag(1 + int(values[-1]), width, mode="sum", padding_idx=0)
        nn.init.normal_(self.bag.weight[1:], std=len(sizes) ** -0.5)
        self.register_buffer("offsets", values[:-1], persistent=False)

    def forward(self, conditions: Tensor) -> Tensor:
        """Conditions (…, C) → their vectors (…, D)."""
        rows = torch.where(conditions > 0, conditions + self.offsets, 0)
        vectors: Tensor = self.bag(rows.reshape(-1, rows.shape[-1]))
        return vectors.view(*conditions.shape[:-1], -1)
