"""The network that predicts the next word: what reads the past, and what predicts the fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from musegen.errors import ModelError

from .backbones import BACKBONES, FOILS, State, make_backbone
from .conditions import ConditionEmbedding
from .dropout import Dropout
from .fields import Aspects, Chord, Echo, WordEmbedding
from .heads import FieldHeads
from .shared import Shared, SharedEmbedding, SharedHeads, value_table


@dataclass(frozen=True)
class NetworkSettings:
    """The shape of a network.

    Attributes:
        backbone: one of BACKBONES or FOILS.
        width: D, the length of a hidden state.
        depth: how many layers.
        heads: of attention, each D / heads wide; recurrent backbones have none.
        context: how many words attention sees, the word before included.
        dropout: share of values that are dropped in training.
        forget: share of what is read, column by column, that is left out in training.

    Raises:
        ModelError: a setting is out of range.
    """

    backbone: str = "lstm"
    width: int = 256
    depth: int = 2
    heads: int = 4
    context: int = 512
    dropout: float = 0.1
    forget: float = 0.0

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES + FOILS:
            raise ModelError(f"no backbone is called {self.backbone!r}")
        sizes, shares = (
            (self.width, self.depth, self.heads, self.context),
            (
                self.dropout,
                self.forget,
            ),
        )
        if min(sizes) < 1 or min(shares) < 0 or max(shares) >= 1:
            raise ModelError(f"its network has impossible settings: {asdict(self)}")
        if self.width % (2 * self.heads):
            raise ModelError(f"width {self.width} does not part into {self.heads} even heads")


@dataclass(frozen=True)
class Shape:
    """What a network knows of a vocabulary: sizes alone.

    Attributes:
        sizes: of the F fields.
        features: size of each of the G features, and the field after which it is known (−1: none).
        applies: rows of the first field's values, which fields are asked.
        conditions: size of each of the C conditions, whose value 0 is 'not told'.
        shared: what the fields share; None where each has values of its own.
        aspects: what values of a field have in common; None where that is not told.
        echo: the features that say what came when music went like this; None without.
        rhyme: those that say what stood at the same place of the section before; None without.
        chord: those that say what sounds; None without.
    """

    sizes: tuple[int, ...]
    features: tuple[tuple[int, int], ...]
    applies: tuple[tuple[bool, ...], ...]
    conditions: tuple[int, ...] = ()
    shared: Shared | None = None
    aspects: Aspects | None = None
    echo: Echo | None = None
    rhyme: Echo | None = None
    chord: Chord | None = None

    def known_after(self, field: int) -> list[int]:
        """The features that become known after `field`."""
        return [i for i, (_, after) in enumerate(self.features) if after == field]


class NextWordNetwork(nn.Module):
    """p(word_t | words before t), field by field."""

    def __init__(self, shape: Shape, settings: NetworkSettings) -> None:
        super().__init__()
        self.shape, self.settings = shape, settings
        self.embedding, self.heads = _reader_and_heads(shape, settings)
        self.backbone = make_backbone(
            settings.backbone,
            width=settings.width,
            depth=settings.depth,
            heads=settings.heads,
            context=settings.context,
            dropout=settings.dropout,
        )
        self.dropout = Dropout(settings.dropout)
        self.told = (
            ConditionEmbedding(shape.conditions, settings.width) if shape.conditions else None
        )

    @property
    def no_word(self) -> list[int]:
        """The fields of the word before the first (F,)."""
        return list(self.shape.sizes)

    def read(
        self,
        before: Tensor,
        features: Tensor,
        state: State | None = None,
        conditions: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Words before (B, T, F), features of the words to come (B, T, G) → hidden (B, T, D).

        Conditions (B, T, C) stand beside each word; nothing is told where they are None.
        """
        inputs = self.embedding(before, features)
        if self.told is not None and conditions is not None:
            inputs = inputs + self.told(conditions)
        hidden, state = self.backbone(self.dropout(inputs), state)
        return hidden, state

    def log_prob(
        self,
        before: Tensor,
        words: Tensor,
        features: Tensor,
        valid: Tensor | None = None,
        state: State | None = None,
        conditions: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """The log-likelihood of each field of each word.

        Args:
            before: the word before each (B, T, F); `no_word` at the start of a piece.
            words: the words that came (B, T, F).
            features: what is known beside each (B, T, G).
            valid: which are words, not padding (B, T); all where None.
            state: what was read before.
            conditions: what is told beside each (B, T, C); nothing where None.

        Returns:
            Nats (B, T, F), at most 0, and 0 for padding and for fields that do not apply; and the
            state after the last word.
        """
        hidden, state = self.read(before, features, state, conditions)
        if valid is None:
            valid = torch.ones_like(words[..., 0], dtype=torch.bool)
        nats = self.heads.log_prob(hidden[valid], words[valid], features[valid])
        out = nats.new_zeros(*words.shape)
        return out.masked_scatter(valid[..., None].expand_as(out), nats), state

    @torch.no_grad()
    def begin_as(self, field: int, value: int, other: int) -> None:
        """Let a value of a field that was never met be read and predicted as another one."""
        assert isinstance(self.embedding, WordEmbedding)  # shared values have no kin
        self.embedding.begin_as(field, value, other)
        if self.shape.echo is not None:
            echo = self.shape.echo.fields[field]
            self.embedding.echo_begins_as(echo, value + 1, other + 1)
        self.heads.begin_as(field, value, other)

    @property
    def n_parameters(self) -> int:
        """How many numbers are learnt."""
        return sum(p.numel() for p in self.parameters())


def _reader_and_heads(
    shape: Shape, settings: NetworkSettings
) -> tuple[WordEmbedding | SharedEmbedding, FieldHeads]:
    """What makes vectors of words, and what makes words of vectors."""
    width, dropout, forget = settings.width, settings.dropout, settings.forget
    applies, sizes = torch.tensor(shape.applies), [size for size, _ in shape.features]
    early = {i: sizes[i] for i in shape.known_after(-1)}
    if shape.shared is not None:
        values = value_table(shape.shared)
        others = {i: size for i, size in early.items() if i not in shape.shared.seen}
        return (
            SharedEmbedding(shape.shared, values, others, width, forget),
            SharedHeads(shape.shared, values, shape.sizes, applies, width, dropout, shape.echo),
        )
    late = [
        (known, [sizes[i] for i in known])
        for known in map(shape.known_after, range(len(shape.sizes)))
    ]
    return (
        WordEmbedding(shape.sizes, early, width, forget, shape.aspects),
        FieldHeads(
            *(shape.sizes, late, applies, width, dropout),
            *(shape.aspects, shape.echo, shape.rhyme, shape.chord),
        ),
    )


def shape_of(
    fields: Sequence[Any],
    features: Sequence[Any],
    applies: Any,
    conditions: Sequence[int] = (),
    aspects: Any = None,
) -> Shape:
    """The shape of a vocabulary: fields, features, which fields apply, conditions, aspects."""
    return Shape(
        tuple(int(field.size) for field in fields),
        tuple((int(f.size), int(f.known_after)) for f in features),
        tuple(tuple(bool(a) for a in row) for row in applies.tolist()),
        tuple(conditions),
        _shared(fields, features) if fields[0].shared else None,
        aspects and Aspects(*aspects),
        _echo(features, [(field.alike, field.echo) for field in fields]),
        _echo(features, [(field.rhyming, field.rhyme) for field in fields]),
        _chord(fields, features),
    )


def _chord(fields: Sequence[Any], features: Sequence[Any]) -> Chord | None:
    names = [feature.name for feature in features]
    found = (
        Chord(place, tuple(map(names.index, field.sounding)))
        for place, field in enumerate(fields)
        if field.sounding
    )
    return next(found, None)


def _echo(features: Sequence[Any], named: Sequence[tuple[str, str]]) -> Echo | None:
    """The features of these names: for each field how like the music is, and the field's value."""
    if not named[0][1]:
        return None
    names = [feature.name for feature in features]
    alike = tuple(names.index(its) for its, _ in named)
    return Echo(alike, int(features[alike[0]].size), tuple(names.index(its) for _, its in named))


def _shared(fields: Sequence[Any], features: Sequence[Any]) -> Shared:
    names = [feature.name for feature in features]
    holding = [i for i, feature in enumerate(features) if feature.shared]
    return Shared(
        int(fields[0].shared),
        tuple(i for i in holding if features[i].known_after < 0),
        tuple(names.index(field.standing) for field in fields),
        tuple(next(i for i in holding if features[i].known_after == k) for k in range(len(fields))),
    )
