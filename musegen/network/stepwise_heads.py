"""The fields of a word drawn one after the other, in NumPy; see fields.py and shared.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from .fields import EchoScores, FieldHeads, Head, Table
from .shared import VALUE_WIDTH, SharedHeads, echo_state
from .stepwise_layers import Dense, Floats, Norm, Rows, array, gelu, log_softmax

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Draw(Protocol):
    """How a field is chosen: `(k, scores (B, size), fields drawn so far (B, k)) → values (B,)`."""

    def __call__(self, field: int, scores: Floats, drawn: Numbers) -> Numbers:
        """See the class."""
        ...


class Heads:
    """FieldHeads."""

    def __init__(self, module: FieldHeads) -> None:
        self._applies = array(module.applies)
        self._late, self._sees = module.late, module.sees
        self._n_fields, self._echo = module.n_fields, module.echo
        self._begins_echo = module.begins_echo
        self._make(module)

    def _make(self, module: FieldHeads) -> None:
        self._heads = [_Head(head) for head in module.heads]  # type: ignore[arg-type]
        self._chain = [_Chain(table) for table in module.chain]  # type: ignore[arg-type]

    def draw(
        self,
        hidden: Floats,
        draw: Draw,
        shown: Numbers,
        features: Callable[[Numbers], Numbers],
    ) -> tuple[Numbers, NDArray[np.float64]]:
        """One word after each hidden state, field by field.

        A field that does not apply to a word is 0, and costs nothing.

        Args:
            hidden: (B, D).
            draw: chooses a value of each field from its scores.
            shown: the features before any field is drawn (B, G).
            features: fields drawn so far (B, k) → features (B, G).

        Returns:
            The words (B, F), and the log-likelihood of each field (B, F) by its scores as they are.
        """
        words = np.zeros((len(hidden), self._n_fields), np.int64)
        nats = np.zeros(words.shape)
        known = self._known(hidden)
        rows = np.arange(len(hidden))
        applies = np.ones(words.shape, bool)  # until the first field says which others do
        agrees = np.ones(len(hidden), bool)
        for field in range(self._n_fields):
            asked = applies[:, field]
            if asked.any():
                scores = self._scores(field, known, shown[:, self._sees[field]], agrees)
                value = draw(field, scores, words[:, :field]) * asked
                below = scores - scores.max(axis=1, keepdims=True)
                log_p = below[rows, value] - np.log(np.exp(below).sum(axis=1))
                words[:, field], nats[:, field] = value, log_p * asked
            if field == 0:
                applies = self._applies[words[:, 0]]
            if applies[:, field + 1 :].any():
                if self._late[field]:
                    shown = features(words[:, : field + 1])
                known = known + self._link(field, words[:, field], shown)
                agrees = agrees & (~asked | self._as_echoed(field, words, shown))
                if self._begins_echo(field + 1):
                    agrees = np.ones(len(hidden), bool)
        return words, nats

    def _known(self, hidden: Floats) -> Floats:
        return hidden

    def _scores(self, field: int, known: Floats, seen: Numbers, agrees: Mask) -> Floats:
        return self._heads[field](known, seen, agrees)

    def _as_echoed(self, field: int, words: Numbers, shown: Numbers) -> Mask:
        if self._echo is None:
            return np.ones(len(words), bool)
        return np.asarray(words[:, field] + 1 == shown[:, self._echo.fields[field]])

    def _link(self, field: int, value: Numbers, features: Numbers) -> Floats:
        columns = np.concatenate([value[:, None], features[:, self._late[field]]], axis=1)
        return self._chain[field](columns)


class _Head:
    """Head."""

    def __init__(self, module: Head) -> None:
        norm, dense, *_ = module.inner
        assert isinstance(norm, nn.RMSNorm)
        assert isinstance(dense, nn.Linear)
        self._norm, self._inner, self._out = Norm(norm), Dense(dense), Dense(module.scores)
        self._by_aspect = None if module.by_aspect is None else Dense(module.by_aspect)
        self._aspects_of = None if module.by_aspect is None else array(module.aspects_of)
        self._echo = None if module.echo is None else _Echo(module.echo)
        self._rhyme = None if module.rhyme is None else _Echo(module.rhyme)

    def __call__(self, known: Floats, seen: Numbers, agrees: Mask) -> Floats:
        if self._echo is not None:
            known = known + self._echo.told(seen[:, 0], (seen[:, 1] > 0) * (2 - agrees))
        if self._rhyme is not None:
            known = known + self._rhyme.told(seen[:, 2], (seen[:, 3] > 0) * 1)
        inner = gelu(self._inner(self._norm(known)))
        scores = self._out(inner)
        if self._echo is not None:
            self._echo.add(scores, inner, seen[:, 1])
        if self._rhyme is not None:
            self._rhyme.add(scores, inner, seen[:, 3])
        if self._by_aspect is not None and self._aspects_of is not None:
            rows = np.arange(len(seen))[:, None, None]
            scores += self._by_aspect(inner)[rows, self._aspects_of[seen[:, -1]]].sum(axis=2)
        return scores


class _Echo:
    """EchoScores."""

    def __init__(self, module: EchoScores) -> None:
        self._table, self._again = _Chain(module.table), Dense(module.again)

    def told(self, alike: Numbers, state: Numbers) -> Floats:
        return self._table(np.stack([alike, state], axis=1))

    def add(self, scores: Floats, inner: Floats, value: Numbers) -> None:
        """To the scores (B, size), in place."""
        points = np.flatnonzero(value)
        if len(points):
            scores[points, value[points] - 1] += self._again(inner)[points, 0]


class _Chain:
    """Table."""

    def __init__(self, module: Table) -> None:
        self._rows, self._offsets = Rows(module.bag), array(module.offsets)

    def __call__(self, columns: Numbers) -> Floats:
        return self._rows(columns + self._offsets)


class SharedValuesHeads(Heads):
    """SharedHeads."""

    def __init__(self, module: SharedHeads) -> None:
        self._size, self._drawn = module.shared.size, module.shared.drawn
        super().__init__(module)

    def _make(self, module: FieldHeads) -> None:
        assert isinstance(module, SharedHeads)
        self._values = array(module.values.weight)
        self._bias, self._field = array(module.bias.weight), array(module.field.weight)
        self._read, self._standing = Dense(module.read), Dense(module.standing)
        self._norm, self._inner = Norm(module.norm), Dense(module.inner)
        self._query, self._again = Dense(module.query), Dense(module.again)
        self._echoed = None if module.echoed is None else _Echo(module.echoed)
        self._kinds = [Dense(kinds) for kinds in module.kinds]  # type: ignore[arg-type]
        self._drawn_values = [Dense(d) for d in module.drawn_values]  # type: ignore[arg-type]
        self._drawn_kinds = [_Chain(table) for table in module.drawn_kinds]  # type: ignore[arg-type]
        self._to_values = self._values[1:].T * np.float32(VALUE_WIDTH**-0.5)

    def _known(self, hidden: Floats) -> Floats:
        return self._read(hidden)

    def _scores(self, field: int, known: Floats, seen: Numbers, agrees: Mask) -> Floats:
        stands = seen[:, -1]
        told = self._field[field] + self._standing(self._values[stands])
        if self._echoed is not None:
            told = told + self._echoed.told(seen[:, 0], echo_state(seen, agrees))
        inner = gelu(self._norm(known + told))
        inner = inner + gelu(self._inner(inner))
        kinds = self._kinds[field](inner)
        scores = self._query(inner) @ self._to_values + self._bias[field]
        sounds = np.flatnonzero(stands)
        scores[sounds, stands[sounds] - 1] += self._again(inner)[sounds, 0]
        if self._echoed is not None:
            self._echoed.add(scores, inner, seen[:, 1])
        return np.concatenate([log_softmax(scores) + kinds[:, :1], kinds[:, 1:]], axis=1)

    def _as_echoed(self, field: int, words: Numbers, shown: Numbers) -> Mask:
        if self._echo is None:
            return np.ones(len(words), bool)
        return np.asarray(shown[:, self._drawn[field]] == shown[:, self._echo.fields[field]])

    def _link(self, field: int, value: Numbers, features: Numbers) -> Floats:
        kind = np.maximum(value - self._size + 1, 0)
        by_value = self._drawn_values[field](self._values[features[:, self._drawn[field]]])
        return by_value + self._drawn_kinds[field](kind[:, None])
