"""What a part or a gap costs where all else is given, and as usual."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musegen.corpus.conditions import Conditions
from musegen.corpus.given import taking_given
from musegen.corpus.prepare import prepare
from musegen.evaluation.evaluate import evaluate
from musegen.evaluation.given import given_figures
from musegen.evaluation.likelihood import field_nats
from musegen.evaluation.trained import Trained, network_for
from musegen.network.next_word import NetworkSettings


@pytest.mark.parametrize("kind", ["notes", "grid", "abc"])
def test_a_network_that_heeds_nothing_gives_the_same_nats_both_ways(
    kind: str, make_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    """Its scores are biases alone, so that what is counted is the same words and fields."""
    corpus = make_corpus(tmp_path / "music", kind, n=8)
    prepared = taking_given(prepare(corpus, vocabulary=kind))
    giving = Conditions(given=True)
    torch.manual_seed(0)
    network = network_for(prepared.vocabulary, NetworkSettings("gru", 16, 1, 2), giving).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if not name.endswith("bias"):
                weight.zero_()
            else:
                weight.normal_()
    (tmp_path / "seen.json").write_text("{}")
    model = Trained(network, prepared.vocabulary, {}, tmp_path, "none", giving)
    pieces = prepared.of("valid")
    found = given_figures(model, prepared, pieces)
    if kind == "abc":
        assert found["parts"] is None
    else:  # a note counts from the word before, which is another where its part stands alone
        near = {"grid": 1e-4, "notes": 0.2}[kind]
        parts = found["parts"]
        assert parts["nats_per_unit"] == pytest.approx(parts["as_usual"], rel=near)
    assert found["gaps"]["nats_per_unit"] == pytest.approx(found["gaps"]["as_usual"], rel=1e-4)
    if kind == "grid":
        every = field_nats(network, prepared, pieces)
        mean = sum(every[p.path].sum() for p in pieces) / sum(p.units for p in pieces)
        assert 0.5 * mean < found["parts"]["as_usual"] < 2 * mean
    assert evaluate(model, prepared, told=True)["given"] == found
    assert "given" not in evaluate(model, prepared)
    other = replace(model, conditions=Conditions(bars=True))
    assert other.conditions.kinds == ("bars",)
