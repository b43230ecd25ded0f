"""Multi-head causal self-attention with rotary positions and a cache of keys and values."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

Cache = tuple[Tensor, Tensor]


class Rotary(nn.Module):
    """Positions as rotations (Su et al. 2021, RoFormer, equation 34).

    A query and a key then meet at an angle that depends on their distance alone.
    """

    frequencies: Tensor

    def __init__(self, head_width: int, base: float = 10_000.0) -> None:
        super().__init__()
        powers = torch.arange(0, head_width, 2, dtype=torch.float32) / head_width
        self.register_buffer("frequencies", base**-powers, persistent=False)

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Positions (T,) → cosine and sine of their angles, each (T, head width / 2)."""
        angles = positions[:, None] * self.frequencies
        return angles.cos(), angles.sin()


def rotate(x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate the pairs of features of x (B, H, T, head width) by the angles of each position."""
    cos, sin = angles
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class Attention(nn.Module):
    """softmax(Q Kᵀ / √d) V over the last `context` words (Vaswani et al. 2017, equation 1)."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads, self.context = heads, context
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(
        self, x: Tensor, angles: tuple[Tensor, Tensor], cache: Cache | None = None
    ) -> tuple[Tensor, Cache]:
        """Words x (B, T, D), and the keys and values before them → what each reads, and the cache.

        The cache holds keys and values (B, H, ≤ context − 1, D / H): what the next word can see.
        """
        batch, length, width = x.shape
        query, key, value = self._asked(x, angles, cache)
        read = self._attend(query, key, value)
        kept = max(key.shape[2] - self.context + 1, 0)
        return self.out(read.transpose(1, 2).reshape(batch, length, width)), (
            key[:, :, kept:],
            value[:, :, kept:],
        )

    @torch.no_grad()
    def weights(
        self, x: Tensor, angles: tuple[Tensor, Tensor], cache: Cache | None = None
    ) -> Tensor:
        """What `forward` weighs the S words seen by, those of the cache first (B, H, T, S).

        Each row sums to 1. `forward` never holds them, so they are worked out anew.
        """
        query, key, _ = self._asked(x, angles, cache)
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        seen = self._seen(x.shape[1], key.shape[2], x.device)
        weights: Tensor = scores.masked_fill(~seen, -torch.inf).softmax(dim=-1)
        return weights

    def _asked(
        self, x: Tensor, angles: tuple[Tensor, Tensor], cache: Cache | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The queries of words x (B, H, T, D / H), and the keys and values of all S seen."""
        batch, length, width = x.shape
        parts = self.query_key_value(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        query, key = rotate(query, angles), rotate(key, angles)
        if cache is not None:
            key, value = torch.cat([cache[0], key], dim=2), torch.cat([cache[1], value], dim=2)
        return query, key, value

    def _seen(self, length: int, total: int, device: torch.device) -> Tensor:
        """Which of all S words the last T of them see (T, S)."""
        at = torch.arange(total, device=device)
        distance = at[total - length :, None] - at
        return (distance >= 0) & (distance < self.context)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Queries of the last T of S words → what they read (B, H, T, D / H)."""
        length, seen = query.shape[2], key.shape[2]
        attend = functional.scaled_dot_product_attention
        if length == seen <= self.context:
            return attend(query, key, value, is_causal=True)
        if length == 1:
            return attend(query, key, value)
        return attend(query, key, value, attn_mask=self._seen(length, seen, query.device))
