"""The peer: MidiTok's REMI tokens in a GPT-2 of transformers, trained as well as is known.

No attention dropout, scaled_dot_product_attention, packed batches of full context, AdamW with a
warm-up and half a cosine, gradients clipped, weights averaged; what is measured is the last weights
or their average, as a few held-out pieces choose. Half an hour on one thread is an epoch at most of
the corpus that it was made for, so there is no dropout at all, and no transposition.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import GPT2Config, GPT2LMHeadModel

from musegen.score.score import Ints
from musegen.training.schedule import rate

from .peer_notes import Music, remi, remi_sequence, rows_of_remi
from .peer_table import Row, clock

_HEAD_WIDTH = 64
_HEAD_WIDTHS = range(48, 81, 2)
_WIDTHS = range(48, 1025, 2)
_MOST_APART = 0.03  # of the parameters of the two networks
_READ = 4  # windows that are measured at once
CHOSEN_ON = 8  # of so many held-out pieces one tells which weights are measured


@dataclass(frozen=True)
class PeerSettings:
    """How the peer learns.

    Attributes:
        lr: AdamW's learning rate at its highest.
        batch_notes: about how many notes an update sees.
        decay: weight decay.
        average: decay of the running average of the weights.
        bpe_tokens: size of the vocabulary that byte-pair encoding learns.
    """

    lr: float = 1e-3
    batch_notes: int = 512
    decay: float = 0.01
    average: float = 0.99
    bpe_tokens: int = 2000


@dataclass(frozen=True)
class Terms:
    """What is the same for ours and the peer.

    Attributes:
        depth: layers.
        parameters: of ours; the peer's come near.
        context: words that ours sees; the peer sees as many notes.
        seconds: of learning.
        random_seed: all that chance depends on.
    """

    depth: int
    parameters: int
    context: int
    seconds: float
    random_seed: int


@dataclass(frozen=True)
class Tokenised:
    """Pieces as tokens.

    Attributes:
        tokenizer: MidiTok's.
        ids: by path, from the token of the start to that of the end (T + 1,).
        differing: the paths of the pieces whose tokens do not give their notes.
    """

    tokenizer: Any
    ids: dict[str, Ints]
    differing: list[str]


def tokenised(music: Music, size: int | None) -> Tokenised:
    """All pieces as tokens, each checked by reading its notes back from them.

    Byte-pair encoding of `size` tokens is learnt from those to learn from; None: there is none.
    """
    tokenizer = remi()
    if size is not None:
        learn_from = [music.folder / path for path in music.paths("train")]
        tokenizer.train(vocab_size=size, model="BPE", files_paths=learn_from)
    start, end = tokenizer["BOS_None"], tokenizer["EOS_None"]
    ids, differing = {}, []
    for path, its in music.rows.items():
        sequence = remi_sequence(its, tokenizer)
        ids[path] = np.array([start, *sequence.ids, end], np.int64)
        if not np.array_equal(rows_of_remi(sequence, tokenizer), its):
            differing.append(path)
    return Tokenised(tokenizer, ids, differing)


def gpt2(vocabulary: int, context: int, depth: int, parameters: int) -> GPT2LMHeadModel:
    """A GPT-2 of so many layers, and of the width that makes its parameters so many.

    Raises:
        ValueError: no width comes within 3 %.
    """

    def count(width: int) -> int:
        layer = 12 * width * width + 13 * width
        return (vocabulary + context + 2) * width + depth * layer

    fitting = [width for width in _WIDTHS if _heads(width)]
    width = min(fitting, key=lambda w: abs(count(w) - parameters))
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=context,
        n_embd=width,
        n_layer=depth,
        n_head=_heads(width),
        attn_pdrop=0.0,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        bos_token_id=None,
        eos_token_id=None,
        use_cache=False,
        attn_implementation="sdpa",
    )
    network = GPT2LMHeadModel(config)
    found = sum(p.numel() for p in network.parameters())
    assert found == count(width)
    if abs(found / parameters - 1) > _MOST_APART:
        raise ValueError(f"{found} parameters are not within 3 % of {parameters}")
    return network


def _heads(width: int) -> int:
    """How many heads part a width best; 0 where none do."""
    fitting = [n for n in range(1, 17) if width % n == 0 and width // n in _HEAD_WIDTHS]
    return min(fitting, key=lambda n: abs(width / n - _HEAD_WIDTH), default=0)


def packed(pieces: Sequence[Ints], context: int, batch: int, seed: int) -> Iterator[Tensor]:
    """Endless batches (B, context + 1): all pieces in random order, end to end, cut from anywhere.

    Raises:
        ValueError: all pieces together do not fill a batch.
    """
    rng = np.random.default_rng(seed)
    size = batch * context
    if sum(map(len, pieces)) <= size + context:
        raise ValueError("there is too little music for a batch")
    while True:
        stream = np.concatenate([pieces[i] for i in rng.permutation(len(pieces))])
        first = int(rng.integers(context))
        starts = np.arange(first, len(stream) - context, context)
        starts = rng.permutation(starts)[: len(starts) // batch * batch].reshape(-1, batch)
        for row in starts:
            yield torch.from_numpy(np.stack([stream[at : at + context + 1] for at in row]))


def learnt(
    network: GPT2LMHeadModel, batches: Iterator[Tensor], settings: PeerSettings, seconds: float
) -> tuple[nn.Module, int]:
    """Train a network for so long: its average over time; and how many tokens it learnt from."""
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.lr, betas=(0.9, 0.95), weight_decay=settings.decay
    )
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.average))
    began, tokens, told = time.process_time(), 0, 0
    while (share := (time.process_time() - began) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = settings.lr * rate(share)
        batch = next(batches)
        loss = _update(network, batch)
        optimiser.step()
        averaged.update_parameters(network)
        tokens += batch[:, 1:].numel()
        if share >= told / 10:
            told += 1
            print(f"  {share * seconds:6.0f} s  {loss:.3f} nats a token", flush=True)
    return averaged.module, tokens


def _update(network: nn.Module, batch: Tensor) -> float:
    """The gradients of a batch (B, context + 1), clipped; its nats a token."""
    network.train()
    network.zero_grad(set_to_none=True)
    logits = network(batch[:, :-1]).logits
    loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    return float(loss.detach())


def windows(length: int, context: int) -> Iterator[tuple[int, int]]:
    """Where windows over so many tokens start, and from which of its tokens on each is counted.

    The first is counted whole, of the others the second half: every token once, and each but those
    of the first window after at least half a context.
    """
    yield 0, 0
    half = context // 2
    for start in range(half, length - half, half):
        yield start, context - half


@torch.no_grad()
def nats(network: nn.Module, ids: dict[str, Ints], context: int) -> dict[str, float]:
    """−log p of each piece, by its path: of all its tokens and its end, in nats."""
    network.eval()
    found = dict.fromkeys(ids, 0.0)
    waiting = [
        (path, start, counted)
        for path, its in ids.items()
        for start, counted in windows(len(its) - 1, context)
    ]
    for first in range(0, len(waiting), _READ):
        some = waiting[first : first + _READ]
        batch = np.full((len(some), context + 1), -1, np.int64)
        for row, (path, start, _) in zip(batch, some, strict=True):
            piece = ids[path][start : start + context + 1]
            row[: len(piece)] = piece
        tokens = torch.from_numpy(batch)
        logits = network(tokens[:, :-1].clamp(min=0)).logits
        costs = functional.cross_entropy(
            logits.transpose(1, 2), tokens[:, 1:], ignore_index=-1, reduction="none"
        )
        for cost, (path, _, counted) in zip(costs, some, strict=True):
            found[path] += float(cost[counted:].double().sum())
    return found


def learn_peer(
    music: Music, tokens: Tokenised, settings: PeerSettings, terms: Terms, name: str
) -> Row:
    """The peer, trained and measured."""
    paths = music.paths("train")
    words = sum(piece.stop - piece.start for piece in music.prepared.of("train"))
    notes = music.notes(paths)
    a_note = sum(len(tokens.ids[path]) - 1 for path in paths) / notes
    context = round(terms.context * notes / words * a_note)
    torch.manual_seed(terms.random_seed)
    network = gpt2(len(tokens.tokenizer), context, terms.depth, terms.parameters)
    pieces = [tokens.ids[path] for path in paths]
    batch = max(1, round(settings.batch_notes * a_note / context))
    told = clock()
    averaged, n_tokens = learnt(
        network, packed(pieces, context, batch, terms.random_seed), settings, terms.seconds
    )
    seconds, share = told()
    valid = {path: tokens.ids[path] for path in music.paths("valid")}
    some = {path: valid[path] for path in sorted(valid)[::CHOSEN_ON]}
    best = min((network, averaged), key=lambda n: sum(nats(n, some, context).values()))
    return Row(
        f"{name}, {a_note:.2f} tokens a note, context {context}",
        music.a_note(nats(best, valid, context)),
        network.num_parameters(),
        n_tokens / a_note / seconds,
        share,
    )
