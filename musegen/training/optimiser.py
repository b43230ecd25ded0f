"""Muon on the matrices inside a network, AdamW on all else, as one optimiser; or AdamW alone."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_STEPS = 5


def orthogonalise(matrix: Tensor) -> Tensor:
    """The nearest matrix (M, N) whose singular values are all about one.

    Newton–Schulz iteration of degree five (Jordan et al. 2024, Muon). In single precision:
    torch's own Muon computes in bfloat16, which many processors only emulate.
    """
    a, b, c = _COEFFICIENTS
    x: Tensor = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(_STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


class Muon(Optimizer):
    """Momentum whose update is made orthogonal (Jordan et al. 2024), for matrices (M, N)."""

    def __init__(
        self, params: Iterable[Tensor], *, lr: float, momentum: float = 0.95, decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(state["momentum"], group["momentum"])
                size = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.add_(orthogonalise(update), alpha=-group["lr"] * size)


class Optimisers:
    """Both optimisers of a network, driven by one factor on their learning rates.

    Args:
        network: what learns.
        lr: of AdamW.
        matrix_lr: of Muon; 0: matrices learn by AdamW too.
        decay: weight decay of both.
    """

    def __init__(self, network: nn.Module, *, lr: float, matrix_lr: float, decay: float) -> None:
        tables = {
            p
            for m in network.modules()
            if isinstance(m, nn.Embedding | nn.EmbeddingBag)
            for p in m.parameters()
        }
        weights = [p for p in network.parameters() if p.requires_grad]
        matrices = [p for p in weights if p.ndim == 2 and p not in tables] if matrix_lr else []
        inner = set(matrices)
        others = [p for p in weights if p not in inner]
        adamw = AdamW(others, lr=lr, betas=(0.9, 0.98), weight_decay=decay)
        self._all: tuple[Optimizer, ...] = (adamw,)
        self._base: tuple[float, ...] = (lr,)
        if matrices:
            self._all = (Muon(matrices, lr=matrix_lr, decay=decay), adamw)
            self._base = (matrix_lr, lr)

    def step(self, factor: float) -> None:
        """One update at `factor` of the full learning rates; gradients are cleared after."""
        for optimiser, base in zip(self._all, self._base, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = base * factor
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """All state, by name, for a checkpoint."""
        return {
            f"optimiser.{which}.{index}.{name}": value
            for which, optimiser in enumerate(self._all)
            for index, state in optimiser.state_dict()["state"].items()
            for name, value in state.items()
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` gave; names of others are passed over."""
        for which, optimiser in enumerate(self._all):
            saved = optimiser.state_dict()
            for key, value in tensors.items():
                parts = key.split(".")
                if parts[0] == "optimiser" and parts[1] == str(which):
                    saved["state"].setdefault(int(parts[2]), {})[parts[3]] = value
            optimiser.load_state_dict(saved)
