"""How far the past reaches, held against what is known of small networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from musegen.corpus.batches import Window, gather
from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.likelihood import field_nats
from musegen.evaluation.reach import (
    bars_ago,
    distances,
    gradients_by_distance,
    nats_by_place,
    nats_by_repeat,
)
from musegen.evaluation.trained import network_for
from musegen.network.backbones import BACKBONES, FOILS, REACH
from musegen.network.next_word import NetworkSettings, NextWordNetwork


@pytest.fixture
def music(tmp_path: Path, make_corpus: Callable[..., Path]) -> Prepared:
    return prepare(make_corpus(tmp_path / "tunes", "abc", 14))


def make(music: Prepared, backbone: str) -> NextWordNetwork:
    torch.manual_seed(1)
    shape = NetworkSettings(backbone, width=16, depth=2, heads=2, context=300, dropout=0.5)
    return network_for(music.vocabulary, shape)


def test_places_are_classes_of_doubling_width() -> None:
    nats = {"a": np.arange(10.0)[:, None], "b": np.array([[1.0, 2.0]])}
    found = nats_by_place(nats)
    assert found["from"] == [0, 1, 2, 4, 8]
    assert found["words"] == [2, 1, 2, 4, 2]
    assert found["nats"] == [1.5, 1, 2.5, 5.5, 8.5]


def test_a_bar_that_comes_again_is_counted_from_its_last_coming() -> None:
    bars = ["abc", "xyz", "abc", "abc", "pq", "xyz", "abc"]
    words = np.array([[ord(sign)] for bar in bars for sign in bar], np.int16)
    place = np.array([at for bar in bars for at in range(len(bar))], np.int16)
    found = bars_ago(words, place)
    expected = [-1, -1, 2, 1, 0, 4, 3]
    assert found.tolist() == [n for bar, n in zip(bars, expected, strict=True) for _ in bar]


def test_nats_in_repeated_bars_are_those_of_their_words(music: Prepared) -> None:
    pieces = music.of("all")
    nats = field_nats(make(music, "gru"), music, pieces)
    found = nats_by_repeat(nats, music, pieces)
    place = [f.name for f in music.vocabulary.features].index("place")
    total, count = 0.0, 0
    for piece in pieces:
        rows = slice(piece.start, piece.stop)
        is_new = bars_ago(music.words[rows], music.features[rows, place]) == -1
        total += nats[piece.path].sum(axis=1)[is_new].sum()
        count += int(is_new.sum())
    assert found["new"] == pytest.approx(total / count)
    assert all(words > 0 for words in found["words"])


def test_distances_are_half_an_octave_apart() -> None:
    assert distances(256) == [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256]
    assert distances(1) == [1]
    assert distances(5) == [1, 2, 3, 4]


@pytest.mark.parametrize("backbone", ["rnn", "gru", "lstm", "irnn"])
def test_the_gradient_of_a_state_is_what_a_small_change_of_it_does(
    music: Prepared, backbone: str
) -> None:
    """Against finite differences in double precision: of one piece, at one distance."""
    network = make(music, backbone).double().eval()
    found = gradients_by_distance(network, music)
    longest = sorted(music.pieces, key=lambda piece: piece.start - piece.stop)[:12]
    length = longest[-1].stop - longest[-1].start
    batch = gather(music, [Window(piece, 0, length) for piece in longest])
    before, words, features = (
        torch.from_numpy(a) for a in (batch.before, batch.words, batch.features)
    )
    back, step = 3, 1e-6

    def losses(state: list[object]) -> torch.Tensor:
        late = slice(length - back, length)
        hidden, _ = network.read(before[:, late], features[:, late], state)
        return -network.heads.log_prob(hidden[:, -1], words[:, -1], features[:, -1]).sum(-1)

    with torch.no_grad():
        _, state = network.read(before[:, :-back], features[:, :-back])
        flat = [p for layer in state for p in (layer if isinstance(layer, tuple) else (layer,))]
        squares = torch.zeros(len(longest), dtype=torch.double)
        for part in flat:
            for unit in range(part.shape[-1]):
                part[..., unit] += step
                above = losses(state)
                part[..., unit] -= 2 * step
                squares += ((above - losses(state)) / (2 * step)) ** 2
                part[..., unit] += step
    expected = float(squares.sqrt().median())
    assert found["norm"][found["distance"].index(back)] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("backbone", ["bag", "window"])
def test_no_gradient_comes_from_beyond_a_bag_or_a_window(music: Prepared, backbone: str) -> None:
    found = gradients_by_distance(make(music, backbone), music)
    norms = dict(zip(found["distance"], found["norm"], strict=True))
    assert all((norm > 0) == (distance < REACH) for distance, norm in norms.items())
    assert max(norms) > REACH


def test_a_relu_rnn_of_identity_start_hands_its_gradient_on(music: Prepared) -> None:
    shares = {}
    for backbone in ("irnn", "rnn"):
        norm = gradients_by_distance(make(music, backbone), music)["norm"]
        shares[backbone] = norm[-1] / norm[0]
    assert shares["irnn"] > 0.5
    assert shares["rnn"] < 1e-4


@pytest.mark.parametrize("backbone", [*BACKBONES, *FOILS])
def test_measuring_leaves_a_network_as_it_was(music: Prepared, backbone: str) -> None:
    network = make(music, backbone).train()
    once = gradients_by_distance(network, music)
    assert gradients_by_distance(network, music) == once
    assert network.training
    assert all(weight.grad is None for weight in network.parameters())
