"""The fields of a word drawn one after the other, in NumPy; see heads.py and shared.py."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from .fields import CLASSES, Table
from .heads import EchoScores, FieldHeads, Head
from .shared import VALUE_WIDTH, SharedHeads, echo_state
from .stepwise_layers import Floats, Gelu, Norm, Rows, array, dense, log_softmax

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
        self._late, self._n_fields = module.late, module.n_fields
        self._echo = module.echo
        self._begins_echo = [k > 0 and module.begins_echo(k) for k in range(module.n_fields)]
        self._make(module)

    def _make(self, module: FieldHeads) -> None:
        self._heads = [
            _Head(head, sees)  # type: ignore[arg-type]
            for head, sees in zip(module.heads, module.sees, strict=True)
        ]
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
        known, scored = self._known(hidden), {}
        applies = np.ones(words.shape, bool)  # until the first field says which others do
        asked = [True] * self._n_fields  # fields that apply to any of the words
        agrees = np.ones(len(hidden), bool)
        for field in range(self._n_fields):
            value = words[:, field]
            if asked[field]:
                scored[field] = self._scores(field, known, shown, agrees)
                value[:] = draw(field, scored[field], words[:, :field])
                value *= applies[:, field]
            if field == 0:
                applies = self._applies[value]
                asked = np.asarray(applies.any(axis=0)).tolist()
            if not any(asked[field + 1 :]):
                break
            if self._late[field]:
                shown = features(words[:, : field + 1])
            known = known + self._link(field, value, shown)
            if self._echo is not None:
                if self._begins_echo[field + 1]:
                    agrees = np.ones(len(hidden), bool)
                elif asked[field]:
                    as_echoed = self._as_echoed(field, self._echo.fields[field], value, shown)
                    agrees = agrees & (as_echoed | ~applies[:, field])
        applies[:, 0] = True
        return words, _log_likelihoods(scored, words) * applies

    def _known(self, hidden: Floats) -> Floats:
        return hidden

    def _scores(self, field: int, known: Floats, shown: Numbers, agrees: Mask) -> Floats:
        return self._heads[field](known, shown, agrees)

    def _as_echoed(self, field: int, echo: int, value: Numbers, shown: Numbers) -> Mask:
        return np.asarray(value + 1 == shown[:, echo])

    def _link(self, field: int, value: Numbers, features: Numbers) -> Floats:
        late = self._late[field]
        link = self._chain[field].of(value)
        return link + self._chain[field].beside(features[:, late]) if late else link


def _log_likelihoods(scored: dict[int, Floats], words: Numbers) -> NDArray[np.float64]:
    """Scores of fields (B, size), and the words drawn (B, F) → of each field drawn (B, F)."""
    nats, fields = np.zeros(words.shape), list(scored)
    sizes = [scores.shape[1] for scores in scored.values()]
    first = [0, *accumulate(sizes[:-1])]
    every = np.concatenate(list(scored.values()), axis=1)
    every -= np.maximum.reduceat(every, first, axis=1).repeat(sizes, axis=1)
    drawn = every[np.arange(len(words))[:, None], words[:, fields] + first]
    nats[:, fields] = drawn - np.log(np.add.reduceat(np.exp(every), first, axis=1))
    return nats


class _Head:
    """Head.

    What echo and rhyme add to a value is scored beside the values, in columns before them. From
    the last of these on a value plus one is its column, and none, 0, is one that has been read.
    """

    def __init__(self, module: Head, sees: list[int]) -> None:
        norm, inner, *_ = module.inner
        assert isinstance(norm, nn.RMSNorm)
        assert isinstance(inner, nn.Linear)
        self._norm, self._inner = Norm(norm, gain=False), dense(inner, after=norm)
        self._gelu = Gelu()
        pointing = [its for its in (module.echo, module.rhyme) if its is not None]
        self._sees, self._gains = sees, len(pointing)
        chord = [] if module.chord is None else [module.chord.gains]
        self._out = dense(*(its.again for its in pointing), module.scores, *chord)
        self._size = self._gains + module.size
        self._chord = None if module.chord is None else _Chord(module)
        self._echo = None if module.echo is None else _Echo(module.echo)
        self._rhyme = None if module.rhyme is None else _Echo(module.rhyme)
        self._by_aspect = None if module.by_aspect is None else dense(module.by_aspect)
        self._aspects_of = None if module.by_aspect is None else array(module.aspects_of)

    def __call__(self, known: Floats, shown: Numbers, agrees: Mask) -> Floats:
        seen = [shown[:, feature] for feature in self._sees]
        if self._echo is not None:
            known = known + self._echo(seen[0], (seen[1] > 0) * (2 - agrees))
        if self._rhyme is not None:
            known = known + self._rhyme(seen[2], (seen[3] > 0) * 1)
        inner = self._gelu(self._inner(self._norm(known)))
        scores, rows = self._out(inner), np.arange(len(inner))
        if self._rhyme is not None:
            scores[rows, seen[3] + (self._gains - 1)] += scores[:, 1]
        if self._echo is not None:
            scores[rows, seen[1] + (self._gains - 1)] += scores[:, 0]
        if self._chord is None:
            scores = scores[:, self._gains :]
        else:
            gains = self._chord(scores[:, self._size :], shown[:, self._sees])
            scores = scores[:, self._gains : self._size] + gains
        if self._by_aspect is not None and self._aspects_of is not None:
            its = self._aspects_of[seen[-1]]
            scores += self._by_aspect(inner)[rows[:, None, None], its].sum(axis=2)
        return scores


class _Chord:
    """ChordScores, less its products: numbers for intervals (B, 12), what is seen → (B, size)."""

    def __init__(self, module: Head) -> None:
        assert module.chord is not None
        self._interval, self._seen = array(module.chord.interval), module.chord_seen
        self._class = np.arange(module.size) % CLASSES

    def __call__(self, gains: Floats, seen: Numbers) -> Floats:
        sounding = seen[:, self._seen, None].astype(np.float32)
        of_class = gains.take(self._interval, axis=1) @ sounding
        return of_class[:, :, 0].take(self._class, axis=1)


class _Echo:
    """EchoScores.told: how like the music is (B,), how a field stands to its echo (B,) → (B, D)."""

    def __init__(self, module: EchoScores) -> None:
        rows, second = array(module.table.bag.weight), int(module.table.offsets[1])
        both = rows[:second, None] + rows[second:]
        self._states, self._both = both.shape[1], both.reshape(-1, both.shape[2])

    def __call__(self, alike: Numbers, state: Numbers) -> Floats:
        return np.asarray(self._both.take(alike * self._states + state, axis=0))


class _Chain:
    """Table."""

    def __init__(self, module: Table) -> None:
        self._rows, self._offsets = Rows(module.bag), array(module.offsets)[1:]

    def of(self, value: Numbers) -> Floats:
        """A value of the first column (B,) → (B, D)."""
        return self._rows.one(value)

    def beside(self, columns: Numbers) -> Floats:
        """Those of the other columns (B, C − 1) → (B, D)."""
        return self._rows(columns + self._offsets)


class SharedValuesHeads(Heads):
    """SharedHeads."""

    def __init__(self, module: SharedHeads) -> None:
        self._size, self._drawn = module.shared.size, module.shared.drawn
        super().__init__(module)

    def _make(self, module: FieldHeads) -> None:
        assert isinstance(module, SharedHeads)
        self._sees = module.sees
        self._values = array(module.values.weight)
        self._bias, self._field = array(module.bias.weight), array(module.field.weight)
        self._read, self._standing = dense(module.read), dense(module.standing)
        self._norm, self._inner = Norm(module.norm), dense(module.inner)
        self._gelu, self._gelu_again = Gelu(), Gelu()
        self._query, self._again = dense(module.query), dense(module.again)
        self._echoed = None if module.echoed is None else _Echo(module.echoed)
        self._pointed = None if module.echoed is None else dense(module.echoed.again)
        self._kinds = [dense(kinds) for kinds in module.kinds]  # type: ignore[arg-type]
        self._drawn_values = [dense(d) for d in module.drawn_values]  # type: ignore[arg-type]
        self._drawn_kinds = [_Chain(table) for table in module.drawn_kinds]  # type: ignore[arg-type]
        self._to_values = self._values[1:].T * np.float32(VALUE_WIDTH**-0.5)

    def _known(self, hidden: Floats) -> Floats:
        return self._read(hidden)

    def _scores(self, field: int, known: Floats, shown: Numbers, agrees: Mask) -> Floats:
        seen = shown[:, self._sees[field]]
        stands = seen[:, -1]
        told = self._field[field] + self._standing(self._values[stands])
        if self._echoed is not None:
            told = told + self._echoed(seen[:, 0], echo_state(seen, agrees))
        inner = self._gelu(self._norm(known + told))
        inner = inner + self._gelu_again(self._inner(inner))
        kinds = self._kinds[field](inner)
        scores = self._query(inner) @ self._to_values + self._bias[field]
        _point(scores, stands, self._again(inner))
        if self._pointed is not None:
            _point(scores, seen[:, 1], self._pointed(inner))
        return np.concatenate([log_softmax(scores) + kinds[:, :1], kinds[:, 1:]], axis=1)

    def _as_echoed(self, field: int, echo: int, value: Numbers, shown: Numbers) -> Mask:
        return np.asarray(shown[:, self._drawn[field]] == shown[:, echo])

    def _link(self, field: int, value: Numbers, features: Numbers) -> Floats:
        kind = np.maximum(value - self._size + 1, 0)
        by_value = self._drawn_values[field](self._values[features[:, self._drawn[field]]])
        return by_value + self._drawn_kinds[field].of(kind)


def _point(scores: Floats, value: Numbers, gain: Floats) -> None:
    """Let values plus one (B,), where there are any, gain (B, 1) among the scores (B, size)."""
    rows = np.flatnonzero(value)
    scores[rows, value[rows] - 1] += gain[rows, 0]
