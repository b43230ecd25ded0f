"""Laws of a next-word network, over all backbones and words of 1 to 6 fields."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from musegen.network import stepwise_backbones
from musegen.network.backbones import BACKBONES, FOILS, REACH, Bag, Window, make_backbone
from musegen.network.fields import Aspects, Chord, Echo
from musegen.network.heads import ChordScores
from musegen.network.next_word import NetworkSettings, NextWordNetwork, Shape
from musegen.network.shared import Shared
from musegen.network.stepwise import Stepwise, read_all
from musegen.network.stepwise_backbones import stepping

CONTEXT = 7
SHAPES = {
    1: Shape((5,), ((3, -1),), ((True,),) * 5),
    4: Shape((3, 2, 2, 2), ((3, -1), (4, 1)), ((True, True, False, True),) + ((True,) * 4,) * 2),
    6: Shape((2, 2, 2, 2, 2, 2), ((3, -1), (4, 0), (2, 3)), ((True,) * 6, (True,) + (False,) * 5)),
    2: Shape(  # values of the first field have aspects, by the second feature
        (5, 3),
        ((3, -1), (4, -1), (3, -1), (6, -1), (4, -1)),
        ((True, True),) * 3 + ((True, False),) * 2,
        aspects=Aspects(0, 1, (3, 2), np.arange(40).reshape(4, 5, 2) % np.array([3, 2])),
        echo=Echo((2, 2), 3, (3, 4)),
    ),
    3: Shape(
        (7, 6, 6),
        ((3, -1), *[(5, -1)] * 3, (5, 0), (5, 1), (5, 2), (4, -1), *[(5, -1)] * 3),
        ((True,) * 3,) * 6 + ((True, False, False),),
        shared=Shared(4, (1, 2, 3, 8, 9, 10), (1, 2, 3), (4, 5, 6)),
        echo=Echo((7, 7, 7), 4, (8, 9, 10)),
    ),
    5: Shape(  # the last two fields have an echo of their own, known after the third
        (3, 2, 2, 4, 3),
        ((3, -1), (3, -1), (4, -1), (3, -1), (3, -1), (3, 2), (5, 2), (4, 2)),
        ((True, True, True, False, True), (True,) * 5, (True, False, True, True, True)),
        echo=Echo((1, 1, 1, 5, 5), 3, (2, 3, 4, 6, 7)),
    ),
    7: Shape(  # the second field is a pitch, and what sounds is known after the first
        (3, 15, 2),
        ((3, -1), (4, -1), (16, -1), (3, -1), *[(2, 0)] * 12),
        ((True,) * 3, (True, False, True), (True,) * 3),
        echo=Echo((0, 0, 0), 3, (1, 2, 3)),
        chord=Chord(1, tuple(range(4, 16))),
    ),
}
EVERY = BACKBONES + FOILS
CASES = list(product(EVERY, SHAPES))


def make(backbone: str, fields: int) -> NextWordNetwork:
    torch.manual_seed(fields)
    settings = NetworkSettings(backbone, width=16, depth=2, heads=2, context=CONTEXT, dropout=0.3)
    network = NextWordNetwork(SHAPES[fields], settings)
    with torch.no_grad():
        for weights in network.parameters():  # some begin at zero, and would show nothing
            weights += 0.1 * torch.randn_like(weights)
    return network.eval()


def known(features: torch.Tensor, shape: Shape, drawn: int) -> torch.Tensor:
    """The features, 0 where they are not known after so many fields."""
    return features * torch.tensor([after < drawn for _, after in shape.features])


def piece(network: NextWordNetwork, batch: int = 3, length: int = 20) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    shape = network.shape
    draw = lambda size: torch.randint(size, (batch, length), generator=generator)  # noqa: E731
    words = torch.stack([draw(size) for size in shape.sizes], -1)
    words *= torch.tensor(shape.applies)[words[..., 0]]
    features = torch.stack([draw(size) for size, _ in shape.features], -1)
    start = torch.tensor(network.no_word).expand(batch, 1, -1)
    return torch.cat([start, words[:, :-1]], 1), words, features


@pytest.mark.parametrize(("backbone", "fields"), CASES)
@pytest.mark.parametrize("part", [1, 3, 7, 11])
def test_reading_in_parts_equals_reading_at_once(backbone: str, fields: int, part: int) -> None:
    network = make(backbone, fields)
    before, words, features = piece(network)
    whole, _ = network.log_prob(before, words, features)
    state, parts = None, []
    for at in range(0, words.shape[1], part):
        now = slice(at, at + part)
        nats, state = network.log_prob(before[:, now], words[:, now], features[:, now], state=state)
        parts.append(nats)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("fields", SHAPES)
def test_words_that_leave_a_field_out_cost_nothing_in_it(fields: int) -> None:
    network = make("lstm", fields)
    before, words, features = piece(network)
    kinds = torch.tensor(network.shape.applies)
    for kind, applies in enumerate(kinds.tolist()):  # a batch without any word that asks a field
        words[:] = 0
        words[..., 0] = kind
        nats, _ = network.log_prob(before, words, features)
        assert ((nats != 0).any((0, 1)) == torch.tensor(applies)).all()


@pytest.mark.parametrize(("backbone", "fields"), CASES)
def test_the_future_does_not_reach_the_past(backbone: str, fields: int) -> None:
    network = make(backbone, fields)
    before, words, features = piece(network)
    nats, _ = network.log_prob(before, words, features)
    other = words.clone()
    other[:, 12:, 0] = (other[:, 12:, 0] + 1) % network.shape.sizes[0]
    after = torch.cat([before[:, :13], other[:, 12:-1]], 1)
    changed, _ = network.log_prob(after, other, features)
    torch.testing.assert_close(nats[:, :12], changed[:, :12], atol=1e-6, rtol=0)
    assert not torch.allclose(nats[:, 13:], changed[:, 13:])


@pytest.mark.parametrize("backbone", EVERY)
def test_the_past_reaches_the_future_as_far_as_the_context(backbone: str) -> None:
    network = make(backbone, 1)
    before, words, features = piece(network, batch=1)
    other = before.clone()
    other[:, 2] = (other[:, 2] + 1) % 5
    nats, _ = network.log_prob(before, words, features)
    changed, _ = network.log_prob(other, words, features)
    assert not torch.allclose(nats[:, 3], changed[:, 3])


@pytest.mark.parametrize("fields", SHAPES)
def test_the_probabilities_of_all_words_sum_to_one(fields: int) -> None:
    network = make("gru", fields)
    before, _, features = piece(network, batch=1, length=1)
    shape = network.shape
    every = [
        list(word)
        for word in product(*(range(size) for size in shape.sizes))
        if all(a or not v for a, v in zip(shape.applies[word[0]], word, strict=True))
    ]
    words = torch.tensor(every)[:, None]
    n = len(words)
    nats, _ = network.log_prob(before.expand(n, -1, -1), words, features.expand(n, -1, -1))
    assert nats.sum((1, 2)).exp().sum().item() == pytest.approx(1.0, abs=1e-5)


def word_by_word(
    network: NextWordNetwork, read: int, n: int, told: torch.Tensor | None = None
) -> tuple[np.ndarray, torch.Tensor]:
    """Nats of a forced piece: word by word after `read` words, of `n` rows; and all at once."""
    before, words, features = piece(network, batch=1, length=20)
    whole, _ = network.log_prob(before, words, features, conditions=told)
    columns = (before[0], features[0], torch.zeros(20, 0) if told is None else told[0])
    before, features, told = (column.numpy().astype(np.int64) for column in columns)
    stepwise = Stepwise(network)
    state = read_all(network, before[:read], features[:read], told[:read], chunk=4)
    past, found = stepwise.past(state, n), []
    for t in range(read, 20):
        row = [np.repeat(column[t : t + 1], n, axis=0) for column in (before, features, told)]
        hidden, past = stepwise.read(*row, past)
        forced = np.repeat(words[0, t : t + 1].numpy(), n, axis=0)

        def shown(drawn: int, now: np.ndarray = row[1]) -> np.ndarray:
            return known(torch.from_numpy(now), network.shape, drawn).numpy()

        drawn, log_p = stepwise.draw(
            hidden,
            lambda field, *_, forced=forced: forced[:, field],
            shown(0),
            lambda drawn, shown=shown: shown(drawn.shape[1]),
        )
        assert np.array_equal(drawn, forced)
        found.append(log_p)
    return np.stack(found, axis=1), whole[:, read:].expand(n, -1, -1)


@pytest.mark.parametrize(("backbone", "fields"), list(product(BACKBONES, SHAPES)))
@pytest.mark.parametrize(("read", "n"), [(0, 1), (1, 6), (9, 2)])
def test_word_by_word_equals_all_at_once(backbone: str, fields: int, read: int, n: int) -> None:
    """Past what attention sees, and with few rows and with many."""
    with torch.no_grad():
        found, whole = word_by_word(make(backbone, fields), read, n)
    np.testing.assert_allclose(found, whole.numpy(), atol=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_is_told_counts_word_by_word_too(backbone: str) -> None:
    settings = NetworkSettings(backbone, width=16, depth=1, heads=2, context=CONTEXT)
    torch.manual_seed(0)
    network = NextWordNetwork(replace(SHAPES[4], conditions=(3, 4)), settings).eval()
    told = torch.stack([torch.arange(20) % 3, torch.arange(20) % 4], -1)[None]
    with torch.no_grad():
        found, whole = word_by_word(network, 5, 2, told)
        _, other = word_by_word(network, 5, 2, 0 * told)
    np.testing.assert_allclose(found, whole.numpy(), atol=1e-5)
    assert not np.allclose(found, other.numpy(), atol=1e-3)


@pytest.mark.parametrize("rows", [[0, 2], [1], [2, 2, 2, 2], [0, 0, 1]])
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_pieces_that_are_chosen_read_what_they_would(
    backbone: str, times: int, rows: list[int]
) -> None:
    """Those that go on while others have ended, and drafts of one; of those some again."""
    backbone_ = stepping(make(backbone, 1).backbone)
    words = np.random.default_rng(0).normal(size=(12, 3, 16)).astype(np.float32)
    past, which = backbone_.past(None, 3), np.array(rows)
    for word in words[:3]:
        _, past = backbone_.step(word, past)
    chosen = backbone_.chosen(past, which)
    for t, word in enumerate(words[3:], start=1):
        every, past = backbone_.step(word, past)
        hidden, chosen = backbone_.step(word[which], chosen)
        np.testing.assert_allclose(hidden, every[which], atol=1e-6)
        if t < times:
            again = np.zeros(2, np.int64)
            which, chosen = which[again], backbone_.chosen(chosen, again)


@pytest.mark.parametrize("times", [1, 3])
def test_a_transformer_goes_on_from_where_it_stood(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """What was read on one way is forgotten on another, also where its cache has grown."""
    monkeypatch.setattr(stepwise_backbones, "_ROOM", 4)
    backbone = stepping(make("transformer", 1).backbone)
    rng = np.random.default_rng(0)
    words = rng.normal(size=(12, 1, 16)).astype(np.float32)
    past = backbone.past(None, 1)
    for word in words[:6]:
        hidden, past = backbone.step(word, past)
    expected, _ = backbone.step(words[6], past)
    for _ in range(times):
        elsewhere = past
        for word in words[7:]:
            _, elsewhere = backbone.step(word, elsewhere)
    hidden, _ = backbone.step(words[6], past)
    np.testing.assert_array_equal(hidden, expected)


@pytest.mark.parametrize("backbone", EVERY)
def test_padding_costs_nothing_and_changes_nothing(backbone: str) -> None:
    network = make(backbone, 4)
    before, words, features = piece(network)
    valid = torch.ones(words.shape[:2], dtype=torch.bool)
    valid[1, 9:] = False
    whole, _ = network.log_prob(before, words, features)
    padded, _ = network.log_prob(before, words, features, valid)
    torch.testing.assert_close(padded[1, :9], whole[1, :9])
    assert not padded[1, 9:].any()


@pytest.mark.parametrize("backbone", ["bag", "window"])
def test_a_bag_and_a_window_see_the_last_words_alone(backbone: str) -> None:
    network = make(backbone, 1)
    before, words, features = piece(network, batch=1, length=REACH + 5)
    other = before.clone()
    other[:, 2] = (other[:, 2] + 1) % 5
    nats, _ = network.log_prob(before, words, features)
    changed, _ = network.log_prob(other, words, features)
    differs = (nats - changed)[0, :, 0].abs() > 1e-7
    assert differs.nonzero()[:, 0].tolist() == list(range(2, 2 + REACH))


@pytest.mark.parametrize(("kind", "minds"), [(Bag, False), (Window, True)])
def test_order_is_lost_in_a_bag_and_kept_in_a_window(kind: type[Bag], minds: bool) -> None:
    torch.manual_seed(3)
    backbone = kind(8, 2, 0.0)
    words = torch.randn(1, REACH, 8)
    one, other = (backbone(order)[0][0, -1] for order in (words, words.flip(1)))
    assert torch.allclose(one, other, atol=1e-5) != minds


def test_a_relu_rnn_of_identity_start_keeps_what_it_holds() -> None:
    (cell,) = make_backbone(
        "irnn", width=8, depth=1, heads=1, context=1, dropout=0.0
    ).get_submodule("cells")
    held = torch.rand(1, 1, 8)
    _, after = cell(torch.zeros(1, 300, 8), held)
    assert torch.equal(after, held)


def test_a_chord_that_is_moved_moves_what_it_adds_to_pitches() -> None:
    """What is gained by sounding beside C alone is, beside C and E, gained beside each."""
    chord = ChordScores(8)
    torch.nn.init.normal_(chord.gains.weight)
    inner = torch.randn(1, 8).expand(12, 8)
    alone = chord(inner, torch.eye(12), 24)
    for semitones in range(12):
        torch.testing.assert_close(alone[semitones, semitones:], alone[0, : 24 - semitones])
        both = torch.eye(12)[[0]] + torch.eye(12)[[semitones]]
        gained = chord(inner[:1], both, 24)
        torch.testing.assert_close(gained[0], alone[0] + alone[semitones])
