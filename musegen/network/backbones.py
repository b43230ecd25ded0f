"""What reads the past: RNN, GRU, LSTM and Transformer behind one call.

Three more are there to be compared with: a bag and a window of the last words, and a ReLU RNN.

    forward(inputs (B, T, D), state | None) -> (hidden (B, T, D), state)

Words read one at a time or all at once give equal results. The state is the backbone's own affair.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .attention import Attention, Rotary
from .dropout import Dropout

REACH = 16  # words that a bag or a window sees
_FAINT = 0.001  # of the weights on what an IdentityRNN reads, as in the paper

State = list[Any]


class Backbone(nn.Module, ABC):
    """A stack of residual layers that read from left to right."""

    @abstractmethod
    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Inputs (B, T, D), and what was read before → hidden (B, T, D), and the new state."""


class Recurrent(Backbone):
    """Layers of one recurrent cell, each normalised first and added to what it reads.

    The cells are those of Elman (1990), Hochreiter and Schmidhuber (1997) and Cho et al. (2014),
    as torch has them; the residual stack is that of Transformers (Vaswani et al. 2017).
    """

    def __init__(
        self, cell: Callable[..., nn.RNNBase], width: int, depth: int, dropout: float
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(depth))
        self.cells = nn.ModuleList(cell(width, width, batch_first=True) for _ in range(depth))
        self.final = nn.RMSNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See Backbone. The state holds each layer's last hidden state (and memory)."""
        hidden, after = inputs, []
        for layer, (norm, cell) in enumerate(zip(self.norms, self.cells, strict=True)):
            read, last = cell(self.dropout(norm(hidden)), None if state is None else state[layer])
            hidden = hidden + self.dropout(read)
            after.append(last)
        return self.final(hidden), after


class Transformer(Backbone):
    """Causal self-attention that sees the last `context` words (Vaswani et al. 2017, section 3).

    Layers are normalised first (Xiong et al. 2020); positions are rotary (Su et al. 2021).
    """

    def __init__(self, width: int, depth: int, heads: int, context: int, dropout: float) -> None:
        super().__init__()
        self.rotary = Rotary(width // heads)
        self.layers = nn.ModuleList(
            TransformerLayer(width, heads, context, dropout) for _ in range(depth)
        )
        self.final = nn.RMSNorm(width)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See Backbone. The state holds how many words were read, and each layer's cache."""
        read = 0 if state is None else state[0]
        length = inputs.shape[1]
        angles = self.rotary(torch.arange(read, read + length, device=inputs.device))
        hidden, caches = inputs, []
        for number, layer in enumerate(self.layers):
            hidden, cache = layer(hidden, angles, None if state is None else state[1 + number])
            caches.append(cache)
        return self.final(hidden), [read + length, *caches]


class TransformerLayer(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x))."""

    def __init__(self, width: int, heads: int, context: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(width)
        self.attention = Attention(width, heads, context)
        self.feed_norm = nn.RMSNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.dropout = Dropout(dropout)

    def forward(
        self, hidden: Tensor, angles: tuple[Tensor, Tensor], cache: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Hidden (B, T, D), rotations of its positions, earlier keys and values → the same, new."""
        read, cache = self.attention(self.attention_norm(hidden), angles, cache)
        hidden = hidden + self.dropout(read)
        return hidden + self.dropout(self.feed(self.feed_norm(hidden))), cache


class LastWords(Backbone):
    """Sees the last REACH words and no more, as one vector each time; then dense layers.

    How the words become one vector is what its kinds differ in.
    """

    def __init__(self, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.RMSNorm(width),
                nn.Linear(width, 4 * width),
                nn.GELU(),
                nn.Linear(4 * width, width),
                Dropout(dropout),
            )
            for _ in range(depth)
        )
        self.final = nn.RMSNorm(width)

    @abstractmethod
    def gathered(self, words: Tensor) -> Tensor:
        """The last words before each (B, T, D, REACH), the latest last → (B, T, D)."""

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See Backbone. The state holds the last words; before the first there are zeros."""
        batch, _, width = inputs.shape
        earlier = inputs.new_zeros(batch, REACH - 1, width) if state is None else state[0]
        seen = torch.cat([earlier, inputs], dim=1)
        hidden = self.gathered(seen.unfold(1, REACH, 1))
        for layer in self.layers:
            hidden = hidden + layer(hidden)
        return self.final(hidden), [seen[:, 1 - REACH :]]


class Bag(LastWords):
    """The sum of the last words: which there were, and not in what order."""

    def gathered(self, words: Tensor) -> Tensor:
        """See LastWords."""
        return words.sum(dim=-1) / math.sqrt(REACH)


class Window(LastWords):
    """The last words side by side, each place with weights of its own (Bengio et al. 2003)."""

    def __init__(self, width: int, depth: int, dropout: float) -> None:
        super().__init__(width, depth, dropout)
        self.places = nn.Linear(REACH * width, width)

    def gathered(self, words: Tensor) -> Tensor:
        """See LastWords."""
        read: Tensor = self.places(words.flatten(2))
        return read


class IdentityRNN(nn.RNN):
    """An RNN of ReLU that begins by adding up what it reads (Le, Jaitly and Hinton 2015, IRNN)."""

    def __init__(self, inputs: int, hidden: int, batch_first: bool) -> None:
        super().__init__(inputs, hidden, nonlinearity="relu", batch_first=batch_first)
        from_inputs, from_state, *biases = self.parameters()
        nn.init.normal_(from_inputs, std=_FAINT)
        nn.init.eye_(from_state)
        for bias in biases:
            nn.init.zeros_(bias)


RECURRENT: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
BACKBONES = (*RECURRENT, "transformer")
FOILS = ("bag", "window", "irnn")  # what those are compared with


def make_backbone(
    kind: str, *, width: int, depth: int, heads: int, context: int, dropout: float
) -> Backbone:
    """The backbone named `kind`, one of BACKBONES or FOILS."""
    if kind in RECURRENT:
        return Recurrent(RECURRENT[kind], width, depth, dropout)
    if kind == "irnn":
        return Recurrent(IdentityRNN, width, depth, dropout)
    if kind in FOILS:
        return (Bag if kind == "bag" else Window)(width, depth, dropout)
    return Transformer(width, depth, heads, context, dropout)
