"""Muon and AdamW as one: the update, and what a checkpoint takes of it."""

import pytest
import torch
from torch import nn

from musegen.training.optimiser import Muon, Optimisers, orthogonalise


@pytest.mark.parametrize("shape", [(8, 8), (5, 12), (12, 5), (1, 7), (48, 16)])
def test_the_orthogonal_update_turns_like_the_matrix_with_singular_values_near_one(
    shape: tuple[int, int],
) -> None:
    """The oracle is U Vᵀ of the singular value decomposition."""
    u, values, v = torch.linalg.svd(
        torch.randn(shape, generator=torch.Generator().manual_seed(1)), full_matrices=False
    )
    matrix = u @ torch.logspace(0, -1.5, len(values)).diag() @ v * 37  # far from orthogonal
    update = orthogonalise(matrix)
    values = torch.linalg.svdvals(update)
    assert values.min() > 0.5
    assert values.max() < 1.3
    turned = u.T @ update @ v.T  # diagonal, where the directions are those of the matrix
    off = turned - turned.diag().diag()
    assert off.abs().max() < 1e-3


@pytest.mark.parametrize("shape", [(4, 6), (9, 4)])
def test_muon_moves_along_nesterov_momentum_with_singular_values_near_the_learning_rate(
    shape: tuple[int, int],
) -> None:
    """Two steps by hand; a matrix of more rows than columns takes longer ones, by the root."""
    generator = torch.Generator().manual_seed(3)
    start, first, second = (torch.randn(shape, generator=generator) for _ in range(3))
    weight = start.clone().requires_grad_()
    muon = Muon([weight], lr=0.1, momentum=0.9, decay=0.5)
    momentum, expected = torch.zeros(shape), start
    for gradient in (first, second):
        weight.grad = gradient.clone()
        muon.step()
        momentum = 0.9 * momentum + 0.1 * gradient
        update = orthogonalise(0.1 * gradient + 0.9 * momentum)
        longer = 1.5 if shape == (9, 4) else 1.0
        expected = (1 - 0.1 * 0.5) * expected - 0.1 * longer * update
    torch.testing.assert_close(weight.detach(), expected)


def test_a_gradient_of_zeros_moves_nothing() -> None:
    assert not orthogonalise(torch.zeros(3, 4)).any()


def network() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.EmbeddingBag(5, 6), nn.Linear(6, 4), nn.RMSNorm(4))


def learn(net: nn.Module, optimisers: Optimisers, steps: int, first: int = 0) -> None:
    for step in range(first, first + steps):
        bags = torch.randint(5, (3, 2), generator=torch.Generator().manual_seed(step))
        (net(bags) ** 2).sum().backward()
        optimisers.step(0.5)


def make(net: nn.Module, matrix_lr: float = 0.02) -> Optimisers:
    return Optimisers(net, lr=0.01, matrix_lr=matrix_lr, decay=0.01)


def test_matrices_learn_by_muon_and_all_else_by_adamw() -> None:
    net = network()
    muon, adamw = make(net)._all
    assert isinstance(muon, Muon)
    assert [p.shape for p in muon.param_groups[0]["params"]] == [(4, 6)]
    assert [p.shape for p in adamw.param_groups[0]["params"]] == [(5, 6), (4,), (4,)]


def test_without_a_rate_of_their_own_matrices_learn_by_adamw_too() -> None:
    net = network()
    (adamw,) = make(net, 0.0)._all
    assert adamw.param_groups[0]["params"] == list(net.parameters())


@pytest.mark.parametrize("matrix_lr", [0.02, 0.0])
def test_restored_optimisers_go_on_bit_for_bit(matrix_lr: float) -> None:
    net, other = network(), network()
    optimisers = make(net, matrix_lr)
    learn(net, optimisers, 5)
    saved = {name: t.clone() for name, t in optimisers.tensors().items()}
    other.load_state_dict(net.state_dict())
    again = make(other, matrix_lr)
    again.restore({**saved, "network.0.weight": torch.zeros(1)})
    assert all(torch.equal(t, again.tensors()[name]) for name, t in saved.items())
    learn(net, optimisers, 5, first=5)
    learn(other, again, 5, first=5)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters(), strict=True))


def test_a_factor_of_nought_leaves_the_weights_and_clears_the_gradients() -> None:
    net = network()
    before = [p.clone() for p in net.parameters()]
    net(torch.tensor([[1, 2]])).sum().backward()
    make(net).step(0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert all(p.grad is None for p in net.parameters())
