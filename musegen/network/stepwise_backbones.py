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
        kept: how many of them are cached.
        keys: of each layer (B, H, ≥ kept, D / H).
        values: the same.
    """

    read: int
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
        if state is None:
            shape = (n, self._layers[0].heads, _ROOM, 2 * len(self._frequencies))
            empty = [[np.empty(shape, np.float32) for _ in self._layers] for _ in range(2)]
            return Caches(0, 0, *empty)
        read, *layers = state
        keys = [_longer(np.repeat(array(_paired(key)), n, axis=0)) for key, _ in layers]
        values = [_longer(np.repeat(array(value), n, axis=0)) for _, value in layers]
        return Caches(read, layers[0][0].shape[2], keys, values)

    def chosen(self, past: Caches, rows: NDArray[np.int64]) -> Caches:
        """See Stepwise.chosen."""
        read, kept, *both = past
        keys, values = ([cache[rows] for cache in caches] for caches in both)
        return Caches(read, kept, keys, values)

    def step(self, x: Floats, past: Caches) -> tuple[Floats, Caches]:
        """Inputs (B, D) → hidden (B, D). A past may be gone on from again, but not two at once."""
        read, kept, keys, values = past
        if kept == keys[0].shape[2]:
            start = max(kept - self._context + 1, 0)
            keys, values = ([_longer(a[:, :, start:]) for a in both] for both in (keys, values))
            kept -= start
        turn = np.exp(1j * (read * self._frequencies)).astype(np.complex64)
        for layer, key, value in zip(self._layers, keys, values, strict=True):
            x = layer(x, turn, key, value, kept)
        return self._final(x), Caches(read + 1, kept + 1, keys, values)


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
        self._attention_norm, self._feed_norm = Norm(module.attention_norm), Norm(module.feed_norm)
        self._asked = Dense(self._as_kept(module.attention.query_key_value.weight))
        self._out = dense(module.attention.out)
        widen, _, narrow = module.feed
        assert isinstance(widen, nn.Linear)
        assert isinstance(narrow, nn.Linear)
        self._widen, self._gelu, self._narrow = dense(widen), Gelu(), dense(narrow)

    def _as_kept(self, weight: Tensor) -> Tensor:
        """The weights of queries, keys and values (3 D, D), so that they come as they are kept."""
        width = weight.shape[1]
        query, key, value = weight.detach().view(3, self.heads, -1, width)
        query = query * query.shape[1] ** -0.5
        query, key = (_paired(part.mT).mT for part in (query, key))
        return torch.stack([query, key, value]).view(3 * width, width)

    def __call__(
        self, x: Floats, turn: NDArray[np.complex64], keys: Floats, values: Floats, at: int
    ) -> Floats:
        """Rows x (B, D), the rotation of their place, and caches whose place `at` they fill."""
        batch, width = x.shape
        parts = self._asked(self._attention_norm(x)).reshape(batch, 3, self.heads, -1)
        parts[:, :2].view(np.complex64)[...] *= turn
        keys[:, :, at], values[:, :, at] = parts[:, 1], parts[:, 2]
        seen = slice(max(at + 1 - self.context, 0), at + 1)
        weights = np.matmul(keys[:, :, seen], parts[:, 0, :, :, None])
        weights -= np.maximum.reduce(weights, axis=2, keepdims=True)
        np.exp(weights, out=weights)
        read = np.matmul(weights.swapaxes(2, 3), values[:, :, seen])
        read /= np.add.reduce(weights, axis=2, keepdims=True)
        x = x + self._out(read.reshape(batch, width))
        return x + self._narrow(self._gelu(self._widen(self._feed_norm(x))))


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
