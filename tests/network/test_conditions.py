"""What is told reaches what is predicted; what is not told is as if it could not be."""

import pytest
import torch

from musegen.network.backbones import BACKBONES
from musegen.network.conditions import ConditionEmbedding
from musegen.network.next_word import NetworkSettings, NextWordNetwork, Shape

FIELDS = ((5, 3), ((3, -1), (4, 0)), ((True, True),) * 5)
SIZES = (3, 4)


def make(backbone: str, conditions: tuple[int, ...] = SIZES) -> NextWordNetwork:
    torch.manual_seed(0)
    settings = NetworkSettings(backbone, width=16, depth=2, heads=2, context=9, dropout=0.3)
    network = NextWordNetwork(Shape(*FIELDS, conditions), settings).eval()
    if network.told is not None:
        torch.nn.init.normal_(network.told.bag.weight[1:])  # as if it had learnt
    return network


def music(length: int = 12) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    draw = lambda size: torch.randint(size, (2, length), generator=generator)  # noqa: E731
    words = torch.stack([draw(5), draw(3)], -1)
    features = torch.stack([draw(3), draw(4)], -1)
    start = torch.tensor([5, 3]).expand(2, 1, -1)
    return torch.cat([start, words[:, :-1]], 1), words, features


@pytest.mark.parametrize("backbone", BACKBONES)
def test_nothing_told_equals_a_network_that_cannot_be_told(backbone: str) -> None:
    """From one random seed both begin with the same weights, and predict the same."""
    telling, plain = make(backbone), make(backbone, ())
    assert plain.told is None
    expected, _ = plain.log_prob(*music())
    not_told = torch.zeros(2, 12, len(SIZES), dtype=torch.long)
    for conditions in (None, not_told):
        found, _ = telling.log_prob(*music(), conditions=conditions)
        assert torch.equal(found, expected)
    extra = telling.n_parameters - plain.n_parameters
    assert extra == (1 + sum(size - 1 for size in SIZES)) * 16


@pytest.mark.parametrize("backbone", BACKBONES)
def test_each_value_told_changes_the_words_from_there_on_and_none_before(backbone: str) -> None:
    network = make(backbone)
    plain, _ = network.log_prob(*music())
    seen = [plain]
    for column, size in enumerate(SIZES):
        for value in range(1, size):
            told = torch.zeros(2, 12, len(SIZES), dtype=torch.long)
            told[:, 5:, column] = value
            nats, _ = network.log_prob(*music(), conditions=told)
            assert torch.equal(nats[:, :5], plain[:, :5])
            assert not any(torch.allclose(nats[:, 5:], other[:, 5:]) for other in seen)
            seen.append(nats)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_told_words_read_in_parts_cost_what_they_cost_at_once(backbone: str) -> None:
    network = make(backbone)
    before, words, features = music()
    told = torch.randint(3, (2, 12, 2), generator=torch.Generator().manual_seed(2))
    whole, _ = network.log_prob(before, words, features, conditions=told)
    state, parts = None, []
    for at in range(0, 12, 5):
        now = slice(at, at + 5)
        nats, state = network.log_prob(
            before[:, now], words[:, now], features[:, now], None, state, told[:, now]
        )
        parts.append(nats)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=0)


def test_what_is_not_told_is_never_learnt() -> None:
    table = ConditionEmbedding(SIZES, 8)
    optimiser = torch.optim.AdamW(table.parameters(), lr=0.1)
    for _ in range(5):
        vectors = table(torch.tensor([[0, 0], [1, 0], [0, 3], [2, 1]]))
        (vectors - 1).pow(2).sum().backward()
        optimiser.step()
        optimiser.zero_grad()
    assert not table(torch.tensor([0, 0])[None]).any()
    assert table(torch.tensor([[1, 0]])).all()


def test_told_together_is_the_sum_of_told_alone() -> None:
    table = ConditionEmbedding(SIZES, 8)
    torch.nn.init.normal_(table.bag.weight[1:])
    both, one, other = table(torch.tensor([[2, 3], [2, 0], [0, 3]]))
    torch.testing.assert_close(both, one + other)
