"""Where the time of a composed word goes: products, the rest of the network, legality, chance.

    python -m tests.bench.step [MODEL] [--bars 16] [--at-once 1 16]

MODEL composes from nothing. Each function that is named is timed without those that it calls, by
the processor. The floor is what the backbone's weights alone cost: their products, one after the
other on vectors that lie ready, with nothing between them.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from musegen.evaluation.folders import find_model
from musegen.evaluation.trained import Trained, load
from musegen.generation import drawer
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.network import stepwise_backbones, stepwise_layers
from musegen.network.stepwise import Stepwise

NAMED: tuple[tuple[str, Any, str], ...] = (
    ("products of weights", stepwise_layers.Dense, "__call__"),
    ("attention", stepwise_backbones._Layer, "__call__"),
    ("norms", stepwise_layers.Norm, "__call__"),
    ("embedding", Stepwise, "read"),
    ("choosing a value", drawer, "draw"),
    ("what is told", drawer.Drawer, "_told"),
    ("heads", drawer.Drawer, "_next"),
)

_OF_TRACKER = ("legal", "features", "advance")


class Watch:
    """Seconds by name, each without what it called."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._inner = [0.0]

    def of(self, name: str, timed: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def call(*args: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            began = time.process_time()
            try:
                return timed(*args, **named)
            finally:
                took = time.process_time() - began
                self.seconds[name] += took - self._inner.pop()
                self._inner[-1] += took
                self.calls[name] += 1

        return call


@contextmanager
def watched(model: Trained) -> Iterator[Watch]:
    """All that is named, timed as long as this lasts."""
    watch, tracker = Watch(), type(model.vocabulary.start(1))
    named = [*NAMED, *(("legality and features", tracker, m) for m in _OF_TRACKER)]
    with ExitStack() as stack:
        for name, owner, attribute in named:
            timed = watch.of(name, getattr(owner, attribute))
            stack.enter_context(patch.object(owner, attribute, timed))
        yield watch


def floor(model: Trained, n: int) -> float:
    """Seconds a word that the products of the backbone's weights need, and nothing else."""
    layers = [m for m in model.network.backbone.modules() if isinstance(m, torch.nn.Linear)]
    products = [
        (stepwise_layers.dense(layer), np.ones((n, layer.in_features), np.float32))
        for layer in layers
    ]
    taken = []
    for _ in range(101):
        began = time.process_time()
        for product, rows in products:
            product(rows)
        taken.append(time.process_time() - began)
    return float(np.median(taken))


def main() -> None:
    """A table for each number of pieces at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="ensemble")
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 16])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = load(find_model(asked.model))
    compose(model, Plan(1))  # what is made once is made
    for n in asked.at_once:
        with watched(model) as watch:
            compose(model, Plan(asked.bars), n=n)
        words, whole = watch.calls["heads"], watch.seconds.total()
        print(f"{n} at once: {words:,} steps of {1000 * whole / words:.2f} ms; ", end="")
        print(f"the backbone's products alone {1000 * floor(model, n):.2f} ms")
        for name, seconds in watch.seconds.most_common():
            calls = watch.calls[name] / words
            print(f"  {seconds / whole:6.1%}  {name} ({calls:.1f} calls a step)")


if __name__ == "__main__":
    main()
