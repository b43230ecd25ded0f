"""Dropout drops as many as it should, keeps the mean, and is the same by the same chance."""

import pytest
import torch

from musegen.network.dropout import Dropout


@pytest.mark.parametrize("p", [0.05, 0.38, 0.9])
@pytest.mark.parametrize("size", [(7,), (301, 333)])
def test_a_share_is_dropped_and_the_rest_is_scaled(p: float, size: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = torch.ones(size, requires_grad=True)
    y = Dropout(p).train()(x)
    dropped = y == 0
    torch.testing.assert_close(
        y[~dropped], torch.full_like(y[~dropped], 1 / (1 - p)), rtol=1e-4, atol=0
    )
    if len(size) > 1:
        assert float(dropped.float().mean()) == pytest.approx(p, abs=0.01)
        columns, rows = dropped.float().mean(0), dropped.float().mean(1)
        assert float(columns.std()) < 0.05
        assert float(rows.std()) < 0.05
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_neighbours_are_dropped_independently() -> None:
    """Four of them come from one random number."""
    torch.manual_seed(0)
    kept = (Dropout(0.4).train()(torch.ones(40_000)) != 0).float().view(-1, 4)
    correlation = torch.corrcoef(kept.T) - torch.eye(4)
    assert float(correlation.abs().max()) < 0.04


def test_it_is_idle_when_it_should_be() -> None:
    x = torch.randn(5, 3)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x


def test_the_same_chance_drops_the_same() -> None:
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(Dropout(0.3).train()(torch.ones(64, 9)))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
