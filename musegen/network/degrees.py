"""What pitches are to the home key that is told: how many semitones above its tonic, in which mode.

Music that is moved keeps its degrees, so that what is learnt of them holds in every key: that a
phrase closes on its tonic need not be learnt twelve times.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

DEGREES = 24  # semitones from the tonic up, in major and in minor


def degree(pitch: Any, home: Any) -> Any:
    """The degree plus one, 0 for none, of pitches in a key, arrays or tensors of one shape.

    Args:
        pitch: a pitch plus one, or 0 for none.
        home: the number of the key (score.key.home_number) plus one, or 0 where it is not told.
    """
    tonic = home - 1
    return (1 + (pitch - 1 - tonic) % 12 + 12 * (tonic // 12)) * ((pitch > 0) & (home > 0))


class Degrees(nn.Module):
    """The sum of vectors of the degrees of P pitches, each of which has a table of its own.

    Args:
        n: P.
        width: D, of the vectors.
    """

    offsets: Tensor

    def __init__(self, n: int, width: int) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(1 + n * DEGREES, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.bag.weight[1:], std=n**-0.5)
        self.register_buffer("offsets", DEGREES * torch.arange(n), persistent=False)

    def forward(self, pitch: Tensor, home: Tensor) -> Tensor:
        """Pitches plus one (…, P), and the home key (…) → (…, D), 0 where no key is told."""
        its = degree(pitch, home[..., None])
        rows = torch.where(its > 0, its + self.offsets, 0)
        vectors: Tensor = self.bag(rows.reshape(-1, rows.shape[-1]))
        return vectors.view(*home.shape, -1)
