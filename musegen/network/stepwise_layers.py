"""Layers of a network for a few rows at a time, in NumPy."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Floats = NDArray[np.float32]
_EPSILON = float(np.finfo(np.float32).eps)  # torch's, where RMSNorm is told none


def array(weights: Tensor) -> NDArray[Any]:
    """A copy of weights."""
    return np.array(weights.detach().cpu().numpy())


class Gelu(threading.local):
    """x Φ(x) (Hendrycks and Gimpel 2016).

    NumPy has no error function, and to hand torch an array costs as much as the function. So torch
    works in memory that both see; each thread has its own.
    """

    def __init__(self) -> None:
        self._tensor = torch.empty(0)
        self._seen: Floats = self._tensor.numpy()

    def __call__(self, x: Floats) -> Floats:
        """The same shape. What it gives holds until it is called again."""
        if self._seen.shape != x.shape:
            self._tensor = torch.empty(x.shape)
            self._seen = self._tensor.numpy()
        self._seen[...] = x
        functional.gelu(self._tensor, out=self._tensor)  # type: ignore[call-arg]
        return self._seen


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + e^−x), any shape; as a tanh it never overflows."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def log_softmax(scores: Floats) -> Floats:
    """Scores (B, V) → log-likelihoods (B, V)."""
    below = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))


class Dense:
    """x W + b.

    Args:
        weight: W, as torch has it (E, D).
        bias: b (E,), or none.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight = np.ascontiguousarray(array(weight).T)
        self._bias = None if bias is None else array(bias)

    def __call__(self, x: Floats) -> Floats:
        """Rows (B, D) → (B, E)."""
        y: Floats = x @ self._weight
        if self._bias is not None:
            y += self._bias
        return y


def dense(*layers: nn.Linear, after: nn.RMSNorm | None = None) -> Dense:
    """Layers that read the same, as one: what each gives stands beside that of the one before.

    The gain of the norm that comes before them is theirs; see Norm.
    """
    weight = torch.cat([layer.weight.detach() for layer in layers])
    if after is not None:
        assert after.weight is not None
        weight = weight * after.weight.detach()
    biases: list[Tensor | None] = [layer.bias for layer in layers]
    there = [bias.detach() for bias in biases if bias is not None]
    return Dense(weight, torch.cat(there) if there else None)


class Norm:
    """x g / √(mean x² + ε) (Zhang and Sennrich 2019); without its gain g where that is others'."""

    def __init__(self, layer: nn.RMSNorm, *, gain: bool = True) -> None:
        assert layer.weight is not None
        width = len(layer.weight)
        self._gain = np.float32(width**0.5) * (array(layer.weight) if gain else np.float32(1))
        self._least = np.float32(_EPSILON * width)

    def __call__(self, x: Floats) -> Floats:
        """Rows (B, D) → the same, normalised."""
        square = np.add.reduce(x * x, axis=1, keepdims=True)
        return np.asarray(x * (self._gain / np.sqrt(square + self._least)))


class Rows:
    """Sums of rows of a table.

    Args:
        layer: the table.
        skip_first: whether row 0 adds nothing.
    """

    def __init__(self, layer: nn.Embedding | nn.EmbeddingBag, *, skip_first: bool = False) -> None:
        self._table = array(layer.weight)
        if skip_first:
            self._table[0] = 0

    def __call__(self, numbers: NDArray[np.int64]) -> Floats:
        """Numbers of rows (B, C) → the sum of each (B, D)."""
        return np.asarray(self._table.take(numbers, axis=0).sum(axis=1))

    def one(self, number: NDArray[np.int64]) -> Floats:
        """Numbers of rows (B,) → each row (B, D)."""
        return self._table.take(number, axis=0)
