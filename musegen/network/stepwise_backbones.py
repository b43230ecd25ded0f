"""Backbones that read one word of each of B pieces, in NumPy; backbones.py says where from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .backbones import Backbone, Recurrent, State, Transformer, TransformerLayer
from .stepwise_layers import Dense, Floats, Gelu, Norm, array, dense, sigmoid

Past = Any  # what a backbone has read: its own affair
_ROOM = 256  # words for which a cache is made longer


def stepping(backbone: Backbone) -> Attentive | Recurring:
    """What reads as this backbone does, word by word."""
    if isinstance(backbone, Transformer):
        return Attentive(backbone)
    assert isinstance(backbone, Recurrent)
    return Recurring(backbone)


class Caches(NamedTuple):
    """What a Transformer has read.

    Attributes:
        read: how many words in all.
        common: keys and values of each layer that all pieces have before their own, (H, C, D / H)
            each. Pieces that go on from one seed read it once, and not each by itself.
        kept: how many words of their own are cached.
        keys: theirs, of each layer (B, H, ≥ kept, D / H).
        values: the same.
    """

    read: int
    common: list[tuple[Floats, Floats]]
    kept: int
    keys: list[Floats]
    values: list[Floats]


class Attentive:
    """Transformer."""

    def __init__(self, module: Transformer) -> None:
        self._layers = [_Layer(layer) for layer in module.layers]  # type: ignore[arg-type]
        self._final = Norm(module.final)
        self._frequencies = array(module.rotary.frequencies)
        self._context = self._layers[0].context

    def past(self, state: State | None, n: int) -> Caches:
        """See Stepwise.past."""
        heads, width = self._layers[0].heads, 2 * len(self._frequencies)
        nothing = np.empty((1, heads, 0, width), np.float32)
        common = [(nothing[0], nothing[0]) for _ in self._layers]
        read, keys, values = 0, [nothing] * len(common), [nothing] * len(common)
        if state is not None:
            read, *layers = state
            keys = [array(_paired(key)) for key, _ in layers]
            values = [array(value) for _, value in layers]
        one = Caches(read, common, keys[0].shape[2], keys, values)
        if n > 1:
            return self._alike(one, 0, n)
        return one._replace(keys=list(map(_longer, keys)), values=list(map(_longer, values)))

    def chosen(self, past: Caches, rows: NDArray[np.int64]) -> Caches:
        """See Stepwise.chosen."""
        if len(rows) > 1 and (rows == rows[0]).all():
            return self._alike(past, int(rows[0]), len(rows))
        keys, values = ([cache[rows] for cache in caches] for caches in (past.keys, past.values))
        return past._replace(keys=keys, values=values)

    def _alike(self, past: Caches, row: int, n: int) -> Caches:
        """The past of one of the pieces → that of `n`, which have nothing of their own yet."""
        own = ([cache[row, :, : past.kept] for cache in both] for both in (past.keys, past.values))
        common = [
            (np.concatenate([keys, k], axis=1), np.concatenate([values, v], axis=1))
            for (keys, values), k, v in zip(past.common, *own, strict=True)
        ]
        _, heads, _, width = past.keys[0].shape
        shape = (n, heads, _ROOM, width)
        keys, values = ([np.empty(shape, np.float32) for _ in common] for _ in range(2))
        return Caches(past.read, common, 0, keys, values)

    def step(self, x: Floats, past: Caches) -> tuple[Floats, Caches]:
        """Inputs (B, D) → hidden (B, D). A past may be gone on from again, but not two at once."""
        read, common, kept, keys, values = past
        if kept == keys[0].shape[2]:
            start = max(kept - self._context + 1, 0)
            keys, values = ([_longer(a[:, :, start:]) for a in both] for both in (keys, values))
            kept -= start
        turn = np.exp(1j * (read * self._frequencies)).astype(np.complex64)
        for layer, before, key, value in zip(self._layers, common, keys, values, strict=True):
            x = layer(x, turn, before, key, value, kept)
        return self._final(x), Caches(read + 1, common, kept + 1, keys, values)


def _paired(x: Tensor) -> Tensor:
    """Queries or keys (…, D / H), with the numbers that are rotated together side by side."""
    return x.reshape(*x.shape[:-1], 2, -1).mT.reshape(x.shape)


def _longer(cache: Floats) -> Floats:
    """A copy of a cache (B, H, S, D / H) with room for more words."""
    batch, heads, kept, width = cache.shape
    longer = np.empty((batch, heads, kept + max(_ROOM, kept // 2), width), np.float32)
    longer[:, :, :kept] = cache
    return longer


class _Layer:
    """TransformerLayer.

    The two numbers that are rotated together stand side by side, as one complex number, in queries
    and keys alike; their products are the same.
    """

    def __init__(self, module: TransformerLayer) -> None:
        self.heads, self.context = module.attention.heads, module.attention.context
        before, between = module.attention_norm, module.feed_norm
        self._attention_norm, self._feed_norm = Norm(before, gain=False), Norm(between, gain=False)
        asked = module.attention.query_key_value.weight * before.weight
        self._asked = Dense(self._as_kept(asked))
        self._out = dense(module.attention.out)
        widen, _, narrow = module.feed
        assert isinstance(widen, nn.Linear)
        assert isinstance(narrow, nn.Linear)
        self._widen, self._gelu, self._narrow = dense(widen, after=between), Gelu(), dense(narrow)

    def _as_kept(self, weight: Tensor) -> Tensor:
        """The weights of queries, keys and values (3 D, D), so that they come as they are kept."""
        width = weight.shape[1]
        query, key, value = weight.detach().view(3, self.heads, -1, width)
        query = query * query.shape[1] ** -0.5
        query, key = (_paired(part.mT).mT for part in (query, key))
        return torch.stack([query, key, value]).view(3 * width, width)

    def __call__(
        self,
        x: Floats,
        turn: NDArray[np.complex64],
        common: tuple[Floats, Floats],
        keys: Floats,
        values: Floats,
        at: int,
    ) -> Floats:
        """Rows x (B, D), the rotation of their place, and caches whose place `at` they fill."""
        batch, width = x.shape
        parts = self._asked(self._attention_norm(x)).reshape(batch, 3, self.heads, -1)
        parts[:, :2].view(np.complex64)[...] *= turn
        keys[:, :, at], values[:, :, at] = parts[:, 1], parts[:, 2]
        seen = slice(max(at + 1 - self.context, 0), at + 1)
        first = max(common[0].shape[1] + at + 1 - self.context, 0)
        before = common[0][:, first:], common[1][:, first:]
        read = _attended(parts[:, 0], before, keys[:, :, seen], values[:, :, seen])
        x = x + self._out(read.reshape(batch, width))
        return x + self._narrow(self._gelu(self._widen(self._feed_norm(x))))


def _attended(asked: Floats, common: tuple[Floats, Floats], keys: Floats, values: Floats) -> Floats:
    """Queries (B, H, E), keys and values of all (H, C, E) and of each (B, H, S, E) → (B, H, E)."""
    own = np.matmul(keys, asked[..., None])[..., 0]
    most = np.maximum.reduce(own, axis=2, keepdims=True)
    if not common[0].shape[1]:  # one piece, as most often: half as many calls
        own -= most
        np.exp(own, out=own)
        read = np.matmul(own[:, :, None], values)[:, :, 0]
        return np.asarray(read / np.add.reduce(own, axis=2, keepdims=True))
    every = np.matmul(asked.swapaxes(0, 1), common[0].swapaxes(1, 2))  # (H, B, C)
    most = np.maximum(most, np.maximum.reduce(every, axis=2, keepdims=True).swapaxes(0, 1))
    own, every = np.exp(own - most), np.exp(every - most.swapaxes(0, 1))
    read = np.matmul(own[:, :, None], values)[:, :, 0]
    read += np.matmul(every, common[1]).swapaxes(0, 1)
    total = np.add.reduce(every, axis=2, keepdims=True).swapaxes(0, 1)
    return np.asarray(read / (total + np.add.reduce(own, axis=2, keepdims=True)))


class Recurring:
    """Recurrent. It has read, for each layer, a hidden state (B, D) and, in an LSTM, a memory."""

    def __init__(self, module: Recurrent) -> None:
        self._norms = [Norm(norm) for norm in module.norms]  # type: ignore[arg-type]
        self._cells = [_cell(cell) for cell in module.cells]  # type: ignore[arg-type]
        self._final = Norm(module.final)

    def past(self, state: State | None, n: int) -> list[list[Floats]]:
        """See Stepwise.past."""
        if state is None:
            return [[np.zeros((n, cell.width), np.float32)] * cell.n_states for cell in self._cells]
        layers = [layer if isinstance(layer, tuple) else (layer,) for layer in state]
        return [[np.repeat(array(part[0]), n, axis=0) for part in layer] for layer in layers]

    def chosen(self, past: list[list[Floats]], rows: NDArray[np.int64]) -> list[list[Floats]]:
        """See Stepwise.chosen."""
        return [[part[rows] for part in layer] for layer in past]

    def step(self, x: Floats, past: list[list[Floats]]) -> tuple[Floats, list[list[Floats]]]:
        """Inputs (B, D) → hidden (B, D)."""
        now = []
        for norm, cell, before in zip(self._norms, self._cells, past, strict=True):
            after = cell(norm(x), before)
            x = x + after[0]
            now.append(after)
        return self._final(x), now


def _cell(module: nn.RNNBase) -> _Rnn:
    kinds: dict[type, type[_Rnn]] = {nn.LSTM: _Lstm, nn.GRU: _Gru}
    return kinds.get(type(module), _Rnn)(module)


class _Rnn:
    """nn.RNN of one layer."""

    n_states = 1

    def __init__(self, module: nn.RNNBase) -> None:
        self.width = module.hidden_size
        from_inputs, from_state, input_bias, state_bias = map(array, module.parameters())
        self._inputs, self._state = from_inputs.T.copy(), from_state.T.copy()
        self._input_bias, self._state_bias = input_bias, state_bias
        self._relu = module.mode == "RNN_RELU"

    def _sums(self, x: Floats, hidden: Floats) -> tuple[Floats, Floats]:
        """What inputs and state bring to the gates (B, gates × D each)."""
        return x @ self._inputs + self._input_bias, hidden @ self._state + self._state_bias

    def __call__(self, x: Floats, before: list[Floats]) -> list[Floats]:
        new, old = self._sums(x, before[0])
        return [np.maximum(new + old, 0) if self._relu else np.tanh(new + old)]


class _Gru(_Rnn):
    """nn.GRU of one layer."""

    def __call__(self, x: Floats, before: list[Floats]) -> list[Floats]:
        new, old = (np.split(sums, 3, axis=1) for sums in self._sums(x, before[0]))
        reset, keep = sigmoid(new[0] + old[0]), sigmoid(new[1] + old[1])
        written = np.tanh(new[2] + reset * old[2])
        return [written + keep * (before[0] - written)]


class _Lstm(_Rnn):
    """nn.LSTM of one layer."""

    n_states = 2

    def __call__(self, x: Floats, before: list[Floats]) -> list[Floats]:
        write, keep, written, show = np.split(np.add(*self._sums(x, before[0])), 4, axis=1)
        memory = sigmoid(keep) * before[1] + sigmoid(write) * np.tanh(written)
        return [sigmoid(show) * np.tanh(memory), memory]
