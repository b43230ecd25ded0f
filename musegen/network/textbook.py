"""The lecture's equations, one short class each, as they stand on its slides.

Read these beside `backbones.py` and `attention.py`, which do the same faster. Each equals its
counterpart in torch to 1e-6 (tests/network/test_textbook.py). Vectors are rows: W x is `x @ W.T`,
which is what `nn.Linear` computes.

    one-hot and learned embeddings      OneHot, Embedding
    the recurrent cell                  RecurrentCell
    its gated kin                       LSTMCell, GRUCell
    the same cell at each step          Unrolled
    where a word stands                 SinusoidalPositions
    self-attention                      attention, SelfAttention, MultiHeadAttention
    the Transformer                     TransformerBlock
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .backbones import Backbone, State


class OneHot(nn.Module):
    """A word as a vector of zeros with a one at its number."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, words: Tensor) -> Tensor:
        """Words (…) of numbers below V → (…, V)."""
        return (words[..., None] == torch.arange(self.size, device=words.device)).float()


class Embedding(nn.Module):
    """A word as a learned vector: the row of E that its one-hot vector picks, x = onehot(w) E."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.one_hot = OneHot(size)
        self.E = nn.Parameter(torch.randn(size, width))

    def forward(self, words: Tensor) -> Tensor:
        """Words (…) of numbers below V → (…, D)."""
        vectors: Tensor = self.one_hot(words) @ self.E
        return vectors


class RecurrentCell(nn.Module):
    """h_t = tanh(W_hh h_{t−1} + W_xh x_t) (Elman 1990), and y_t = W_hy h_t."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.W_xh = nn.Linear(inputs, hidden, bias=False)
        self.W_hh = nn.Linear(hidden, hidden, bias=False)
        self.W_hy = nn.Linear(hidden, outputs, bias=False)

    def start(self, x: Tensor) -> tuple[Tensor, ...]:
        """The state before the first of the inputs x (B, X): h of zeros (B, H)."""
        return (x.new_zeros(len(x), self.hidden),)

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One step: x (B, X) and h (B, H) → y (B, Y), and the new h."""
        (h,) = state
        h = torch.tanh(self.W_hh(h) + self.W_xh(x))
        return self.W_hy(h), (h,)


class LSTMCell(nn.Module):
    """A memory c behind three gates (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    f = σ(W_f [x, h])          what of the memory to forget
    i = σ(W_i [x, h])          what of the new to store
    g = tanh(W_g [x, h])       the new
    o = σ(W_o [x, h])          what of the memory to tell
    c = f ⊙ c + i ⊙ g          no matrix stands between c and the c before: gradients last
    h = o ⊙ tanh(c)

    Each W adds a bias.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.W_f = nn.Linear(inputs + hidden, hidden)
        self.W_i = nn.Linear(inputs + hidden, hidden)
        self.W_g = nn.Linear(inputs + hidden, hidden)
        self.W_o = nn.Linear(inputs + hidden, hidden)

    def start(self, x: Tensor) -> tuple[Tensor, ...]:
        """The state before the first of the inputs x (B, X): h and c of zeros (B, H)."""
        zeros = x.new_zeros(len(x), self.hidden)
        return zeros, zeros

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One step: x (B, X), h and c (B, H) → the new h, and the new state."""
        h, c = state
        both = torch.cat([x, h], dim=-1)
        f, i, o = (torch.sigmoid(W(both)) for W in (self.W_f, self.W_i, self.W_o))
        g = torch.tanh(self.W_g(both))
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, (h, c)


class GRUCell(nn.Module):
    """Two gates and no memory apart (Cho et al. 2014, equations 5 to 8, as torch has them).

    r = σ(W_r [x, h])                    what of the past to look at
    z = σ(W_z [x, h])                    what of the past to keep
    n = tanh(W_n x + r ⊙ U_n h)          the new
    h = (1 − z) ⊙ n + z ⊙ h

    Each W and U adds a bias.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.W_r = nn.Linear(inputs + hidden, hidden)
        self.W_z = nn.Linear(inputs + hidden, hidden)
        self.W_n = nn.Linear(inputs, hidden)
        self.U_n = nn.Linear(hidden, hidden)

    def start(self, x: Tensor) -> tuple[Tensor, ...]:
        """The state before the first of the inputs x (B, X): h of zeros (B, H)."""
        return (x.new_zeros(len(x), self.hidden),)

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One step: x (B, X) and h (B, H) → the new h, and the new state."""
        (h,) = state
        both = torch.cat([x, h], dim=-1)
        r, z = torch.sigmoid(self.W_r(both)), torch.sigmoid(self.W_z(both))
        n = torch.tanh(self.W_n(x) + r * self.U_n(h))
        h = (1 - z) * n + z * h
        return h, (h,)


Cell = RecurrentCell | LSTMCell | GRUCell


class Unrolled(Backbone):
    """One cell with the same weights at every step, as backpropagation through time sees it."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See Backbone. The state is the cell's."""
        now = self.cell.start(inputs[:, 0]) if state is None else tuple(state)
        outputs = []
        for x in inputs.unbind(dim=1):
            y, now = self.cell(x, now)
            outputs.append(y)
        return torch.stack(outputs, dim=1), list(now)


class SinusoidalPositions(nn.Module):
    """Where a word stands, as waves (Vaswani et al. 2017, section 3.5).

    PE(t, 2i) = sin(t / 10000^{2i/D}), PE(t, 2i + 1) = cos(t / 10000^{2i/D}).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, positions: Tensor) -> Tensor:
        """Positions (T,) → (T, D)."""
        even = torch.arange(0, self.width, 2, device=positions.device)
        angles = positions[:, None] / 10_000 ** (even / self.width)
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def attention(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √d) V, no word seeing a later one (Vaswani et al. 2017, equation 1).

    Queries Q (…, T, d), keys K and values V (…, S, d) of which the last T are the queries' own
    words → (…, T, d).
    """
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    queries, keys = scores.shape[-2:]
    is_later = torch.ones(queries, keys, device=Q.device).triu(1 + keys - queries).bool()
    return scores.masked_fill(is_later, -torch.inf).softmax(dim=-1) @ V


class SelfAttention(nn.Module):
    """One head: a word asks (Q = x W_Q), words answer (K = x W_K) and tell (V = x W_V)."""

    def __init__(self, width: int, head_width: int) -> None:
        super().__init__()
        self.W_Q = nn.Linear(width, head_width)
        self.W_K = nn.Linear(width, head_width)
        self.W_V = nn.Linear(width, head_width)

    def forward(self, x: Tensor, past: Tensor | None = None) -> Tensor:
        """Words x (B, T, D), and the words before them (B, P, D) → what each reads (B, T, d)."""
        seen = x if past is None else torch.cat([past, x], dim=1)
        return attention(self.W_Q(x), self.W_K(seen), self.W_V(seen))


class MultiHeadAttention(nn.Module):
    """Several heads beside each other, and their findings mixed by W_O (the same, 3.2.2)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(SelfAttention(width, width // heads) for _ in range(heads))
        self.W_O = nn.Linear(width, width)

    def forward(self, x: Tensor, past: Tensor | None = None) -> Tensor:
        """Words x (B, T, D), and the words before them (B, P, D) → what each reads (B, T, D)."""
        mixed: Tensor = self.W_O(torch.cat([head(x, past) for head in self.heads], dim=-1))
        return mixed


class TransformerBlock(nn.Module):
    """Attention, then two dense layers, each added to what it read and normalised (3.1, 3.3)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads)
        self.norm_1 = nn.LayerNorm(width)
        self.W_1 = nn.Linear(width, 4 * width)
        self.W_2 = nn.Linear(4 * width, width)
        self.norm_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, past: Tensor | None = None) -> Tensor:
        """Words x (B, T, D), and the words before them (B, P, D) → the same, read (B, T, D)."""
        x = self.norm_1(x + self.attention(x, past))
        read: Tensor = self.norm_2(x + self.W_2(torch.relu(self.W_1(x))))
        return read


class TextbookTransformer(Backbone):
    """Positions added, then one block after another. Its state is all that each block has read."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.positions = SinusoidalPositions(width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(depth))

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See Backbone."""
        past = state or [None] * len(self.blocks)
        read = 0 if past[0] is None else past[0].shape[1]
        places = torch.arange(read, read + inputs.shape[1], device=inputs.device)
        x, after = inputs + self.positions(places), []
        for block, before in zip(self.blocks, past, strict=True):
            after.append(x if before is None else torch.cat([before, x], dim=1))
            x = block(x, before)
        return x, after
