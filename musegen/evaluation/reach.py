"""How far a network's past reaches: by place in the piece, by repeated bars, and by gradients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from musegen.corpus.batches import Window, gather
from musegen.corpus.prepare import Encoded, Prepared
from musegen.network.backbones import Recurrent, State
from musegen.network.next_word import NextWordNetwork
from musegen.vocabulary.vocabulary import Words

from .likelihood import tensors

FARTHEST = 256  # words back to which gradients are followed
_PIECES = 12  # in which they are
_PLACES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
_BARS_AGO = (1, 2, 4, 8, 16)
_SHORTEST_BAR = 3  # words; shorter ones are repeated by chance
_NEVER = -1

Nats = dict[str, NDArray[np.float64]]


def nats_by_place(nats: Nats) -> dict[str, list[Any]]:
    """Mean nats of a word by how many words of its piece came before.

    Args:
        nats: those of each field of each word of each piece (T, F).

    Returns:
        `from`: the least number of words before, of each class; the next class ends it.
        `words`: how many words there are. `nats`: a word, on average.
    """
    words = [piece.sum(axis=1) for piece in nats.values()]
    places = np.concatenate([np.arange(len(piece)) for piece in words])
    return _by_class(places, np.concatenate(words), _PLACES, "from")


def nats_by_repeat(nats: Nats, prepared: Prepared, pieces: Sequence[Encoded]) -> dict[str, Any]:
    """Mean nats of a word in bars that repeat an earlier one to the letter, by how long ago.

    Args:
        nats: those of each field of each word of each piece (T, F).
        prepared: the corpus.
        pieces: those of which the nats are.

    Returns:
        `bars_ago`: the fewest bars since the bar was last heard, of each class. `words`, `nats`:
        as by place. `new`: nats a word in bars that are heard for the first time.
    """
    names = [feature.name for feature in prepared.vocabulary.features]
    place = names.index("place")
    ago = [
        bars_ago(prepared.words[p.start : p.stop], prepared.features[p.start : p.stop, place])
        for p in pieces
    ]
    since = np.concatenate(ago)
    words = np.concatenate([nats[piece.path].sum(axis=1) for piece in pieces])
    is_new = since == _NEVER
    found = _by_class(since, words, _BARS_AGO, "bars_ago")
    return {**found, "new": float(words[is_new].mean()) if is_new.any() else None}


def bars_ago(words: Words, place: NDArray[np.int16]) -> NDArray[np.int64]:
    """For each word (T, F) how many bars ago its whole bar was last heard.

    0 in the bars of one or two words, which are passed over; −1 where it was never heard.
    """
    starts = np.flatnonzero(np.diff(place.astype(np.int64)) < 0) + 1
    found = np.zeros(len(words), np.int64)
    last: dict[bytes, int] = {}
    edges = [0, *starts.tolist(), len(words)]
    for bar, (start, stop) in enumerate(pairwise(edges)):
        if stop - start >= _SHORTEST_BAR:
            content = words[start:stop].tobytes()
            found[start:stop] = bar - last[content] if content in last else _NEVER
            last[content] = bar
    return found


def _by_class(
    values: NDArray[np.int64], nats: NDArray[np.float64], bounds: Sequence[int], name: str
) -> dict[str, list[Any]]:
    """Words and mean nats of the classes that begin at the bounds, less the empty ones."""
    of = np.searchsorted(bounds, values, side="right")
    rows = [(low, of == 1 + number) for number, low in enumerate(bounds)]
    filled = [(low, inside) for low, inside in rows if inside.any()]
    return {
        name: [low for low, _ in filled],
        "words": [int(inside.sum()) for _, inside in filled],
        "nats": [float(nats[inside].mean()) for _, inside in filled],
    }


def distances(farthest: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 11, 16, …: half an octave apart, up to `farthest`."""
    steps = (round(2 ** (half / 2)) for half in range(2 * farthest.bit_length() + 1))
    return sorted({step for step in steps if step <= farthest})


def gradients_by_distance(
    network: NextWordNetwork, prepared: Prepared
) -> dict[str, list[int] | list[float]]:
    """How much the loss at one word depends on what was held k words before: ‖dL_t / dh_{t−k}‖.

    h is the state of a recurrent backbone, all layers together, an LSTM's memory included. The
    others hold none: there h is what is read at word t − k. L_t are the nats of the last of
    up to 257 words of each of the longest pieces; of their norms the median is given.

    Returns:
        `distance`: k, in words. `norm`: the median norm.
    """
    windows = _longest(prepared)
    device = next(network.parameters()).device
    before, words, features, *_ = tensors(gather(prepared, windows), device)
    chosen = distances(words.shape[1] - 1)
    was_training = network.training
    network.eval()
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # it has none in eval
        read = _through_states if isinstance(network.backbone, Recurrent) else _through_inputs
        hidden, held = read(network, before, features, chosen)
        loss = -network.heads.log_prob(hidden, words[:, -1], features[:, -1]).sum()
        parts = [part for parts in held for part in parts]
        gradients = iter(torch.autograd.grad(loss, parts))
    network.train(was_training)
    norms = [torch.stack([next(gradients) for _ in parts]) for parts in held]
    return {"distance": chosen, "norm": [_median_norm(gradient) for gradient in norms]}


def _longest(prepared: Prepared) -> list[Window]:
    """The first words of the longest pieces, as many of each."""
    by_length = sorted(prepared.pieces, key=lambda piece: piece.start - piece.stop)[:_PIECES]
    length = min(FARTHEST + 1, by_length[-1].stop - by_length[-1].start)
    return [Window(piece, 0, length) for piece in by_length]


def _through_states(
    network: NextWordNetwork, before: Tensor, features: Tensor, chosen: list[int]
) -> tuple[Tensor, list[list[Tensor]]]:
    """The last hidden states (B, D), and the states so many words before, each (1, B, D)."""
    state, states, hidden = None, [], before
    for t in range(before.shape[1]):
        hidden, state = network.read(before[:, t : t + 1], features[:, t : t + 1], state)
        states.append(state)
    return hidden[:, 0], [list(_tensors(states[-1 - k])) for k in chosen]


def _tensors(state: State) -> Iterable[Tensor]:
    """What a recurrent state is made of: one tensor a layer, or two."""
    for layer in state:
        yield from layer if isinstance(layer, tuple) else (layer,)


def _through_inputs(
    network: NextWordNetwork, before: Tensor, features: Tensor, chosen: list[int]
) -> tuple[Tensor, list[list[Tensor]]]:
    """The last hidden states (B, D), and what was read so many words before, each (B, 1, D)."""
    parts: list[Tensor] = []

    def parted(_module: object, _given: object, vectors: Tensor) -> Tensor:
        parts.extend(vectors[:, t : t + 1] for t in range(vectors.shape[1]))
        return torch.cat(parts, dim=1)

    hook = network.embedding.register_forward_hook(parted)
    hidden, _ = network.read(before, features)
    hook.remove()
    return hidden[:, -1], [[parts[-1 - k]] for k in chosen]


def _median_norm(gradients: Tensor) -> float:
    """The median over B of the norms of gradients (parts, …) that hold B · D numbers each."""
    vectors = gradients.reshape(len(gradients), -1, gradients.shape[-1])
    return float(vectors.square().sum(dim=(0, 2)).sqrt().median())
