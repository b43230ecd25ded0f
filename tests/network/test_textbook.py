"""The lecture's equations against torch's own layers, and each of them learning real music."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from music21.corpus import getWork
from torch import Tensor, nn
from torch.nn import functional

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.trained import network_for
from musegen.network.backbones import Backbone
from musegen.network.next_word import NetworkSettings
from musegen.network.textbook import (
    Embedding,
    GRUCell,
    LSTMCell,
    MultiHeadAttention,
    OneHot,
    RecurrentCell,
    SinusoidalPositions,
    TextbookTransformer,
    TransformerBlock,
    Unrolled,
    attention,
)
from musegen.training.events import Learnt
from musegen.training.fit import Fit
from musegen.training.schedule import Extent
from musegen.training.settings import FitSettings

B, T, X, H = 3, 20, 5, 8


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def put(linear: nn.Module, weight: Tensor, bias: Tensor | None = None) -> None:
    assert isinstance(linear, nn.Linear)
    linear.weight.data.copy_(weight)
    if bias is not None:
        linear.bias.data.copy_(bias)


def test_an_embedding_is_the_row_that_a_one_hot_vector_picks() -> None:
    embedding = Embedding(7, 4)
    words = torch.randint(7, (B, T))
    close(OneHot(7)(words), functional.one_hot(words, 7).float())
    close(embedding(words), functional.embedding(words, embedding.E))


def test_the_recurrent_cell_is_torchs() -> None:
    theirs = nn.RNN(X, H, bias=False, batch_first=True)
    cell = RecurrentCell(X, H, 2)
    put(cell.W_xh, theirs.weight_ih_l0)
    put(cell.W_hh, theirs.weight_hh_l0)
    x = torch.randn(B, T, X)
    hidden, last = theirs(x)
    outputs, (h,) = Unrolled(cell)(x)
    close(outputs, cell.W_hy(hidden))
    close(h, last[0])


def test_the_lstm_cell_is_torchs() -> None:
    theirs = nn.LSTM(X, H, batch_first=True)
    cell = LSTMCell(X, H)
    weights = torch.cat([theirs.weight_ih_l0, theirs.weight_hh_l0], dim=1).chunk(4)
    biases = (theirs.bias_ih_l0 + theirs.bias_hh_l0).chunk(4)
    for name, weight, bias in zip("ifgo", weights, biases, strict=True):
        put(getattr(cell, f"W_{name}"), weight, bias)
    x = torch.randn(B, T, X)
    hidden, (last, memory) = theirs(x)
    outputs, (h, c) = Unrolled(cell)(x)
    close(outputs, hidden)
    close(h, last[0])
    close(c, memory[0])


def test_the_gru_cell_is_torchs() -> None:
    theirs = nn.GRU(X, H, batch_first=True)
    cell = GRUCell(X, H)
    from_x, from_h = theirs.weight_ih_l0.chunk(3), theirs.weight_hh_l0.chunk(3)
    bias_x, bias_h = theirs.bias_ih_l0.chunk(3), theirs.bias_hh_l0.chunk(3)
    for gate, linear in enumerate((cell.W_r, cell.W_z)):
        put(linear, torch.cat([from_x[gate], from_h[gate]], dim=1), bias_x[gate] + bias_h[gate])
    put(cell.W_n, from_x[2], bias_x[2])
    put(cell.U_n, from_h[2], bias_h[2])
    x = torch.randn(B, T, X)
    hidden, last = theirs(x)
    outputs, (h,) = Unrolled(cell)(x)
    close(outputs, hidden)
    close(h, last[0])


def test_positions_are_waves_of_falling_frequency() -> None:
    width, positions = 6, np.arange(T)
    expected = np.zeros((T, width))
    for i in range(width // 2):
        expected[:, 2 * i] = np.sin(positions / 10_000 ** (2 * i / width))
        expected[:, 2 * i + 1] = np.cos(positions / 10_000 ** (2 * i / width))
    close(SinusoidalPositions(width)(torch.arange(T)), torch.from_numpy(expected).float())


def test_attention_is_torchs() -> None:
    q, k, v = torch.randn(3, B, 2, T, H)
    close(attention(q, k, v), functional.scaled_dot_product_attention(q, k, v, is_causal=True))


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    """Give our heads the weights that torch keeps in one matrix."""
    n = len(ours.heads)
    for matrix, weights, biases in zip(
        ("W_Q", "W_K", "W_V"),
        theirs.in_proj_weight.chunk(3),
        theirs.in_proj_bias.chunk(3),
        strict=True,
    ):
        for head, weight, bias in zip(ours.heads, weights.chunk(n), biases.chunk(n), strict=True):
            put(getattr(head, matrix), weight, bias)
    put(ours.W_O, theirs.out_proj.weight, theirs.out_proj.bias)


def test_several_heads_are_torchs() -> None:
    theirs = nn.MultiheadAttention(H, 2, batch_first=True)
    ours = MultiHeadAttention(H, 2)
    copy_attention(ours, theirs)
    x = torch.randn(B, T, H)
    mask = nn.Transformer.generate_square_subsequent_mask(T)
    close(ours(x), theirs(x, x, x, attn_mask=mask)[0])


def test_the_transformer_block_is_torchs() -> None:
    theirs = nn.TransformerEncoderLayer(H, 2, 4 * H, dropout=0.0, batch_first=True)
    ours = TransformerBlock(H, 2)
    copy_attention(ours.attention, theirs.self_attn)
    for mine, other in (
        (ours.W_1, theirs.linear1),
        (ours.W_2, theirs.linear2),
        (ours.norm_1, theirs.norm1),
        (ours.norm_2, theirs.norm2),
    ):
        mine.load_state_dict(other.state_dict())
    x = torch.randn(B, T, H)
    mask = nn.Transformer.generate_square_subsequent_mask(T)
    close(ours(x), theirs(x, src_mask=mask, is_causal=True))


WIDTH = 32
BACKBONES: dict[str, Callable[[], Backbone]] = {
    "recurrent cell": lambda: Unrolled(RecurrentCell(WIDTH, WIDTH, WIDTH)),
    "LSTM cell": lambda: Unrolled(LSTMCell(WIDTH, WIDTH)),
    "GRU cell": lambda: Unrolled(GRUCell(WIDTH, WIDTH)),
    "Transformer": lambda: TextbookTransformer(WIDTH, heads=2, depth=2),
}


@pytest.mark.parametrize("name", BACKBONES)
def test_reading_in_parts_equals_reading_at_once(name: str) -> None:
    backbone = BACKBONES[name]()
    x = torch.randn(B, T, WIDTH)
    whole, _ = backbone(x)
    first, state = backbone(x[:, :7])
    second, _ = backbone(x[:, 7:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def airs(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The first tunes of a book of airs, as words."""
    book = Path(getWork("airdsAirs/book1.abc")).read_text(encoding="latin-1")
    path = tmp_path_factory.mktemp("airs") / "book.abc"
    path.write_text("X:".join(book.split("X:")[:30]))
    return prepare(path, vocabulary="abc")


@pytest.mark.parametrize("name", BACKBONES)
def test_each_learns_real_tunes(name: str, airs: Prepared) -> None:
    settings = NetworkSettings("rnn", width=WIDTH, depth=1, heads=2, dropout=0.0)
    network = network_for(airs.vocabulary, settings)
    network.backbone = BACKBONES[name]()
    fit = Fit(network, airs, FitSettings(length=32, batch_words=512), Extent(steps=40))
    nats = [event.nats for event in fit.events() if isinstance(event, Learnt)]
    assert np.mean(nats[-5:]) < 0.75 * np.mean(nats[:3])
