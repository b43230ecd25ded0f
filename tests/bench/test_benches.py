"""What benches call is there: they are run by hand, and go stale unseen."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from pathlib import Path

import pytest
import torch

from musegen.evaluation.trained import Trained, network_for
from musegen.network.next_word import NetworkSettings
from musegen.score.abc import read_tunes
from musegen.score.score import Score
from musegen.vocabulary.choose import build
from tests.bench.endings import at_home, carried_on, check, key_of
from tests.bench.tunes import drawn
from tests.conftest import MakeScore

NEED_MORE = ("miditok", "pretty_midi", "symusic", "transformers", "chromium")


BENCHES = {path.stem for path in Path(__file__).parent.glob("*.py")}


@pytest.mark.parametrize("name", sorted(n for n in BENCHES if not n.startswith(("test_", "_"))))
def test_a_bench_can_be_imported(name: str) -> None:
    try:
        import_module(f"tests.bench.{name}")
    except ModuleNotFoundError as error:
        if error.name not in NEED_MORE:
            raise
        pytest.skip(f"needs {error.name}")


def untrained(make_score: MakeScore) -> Trained:
    """A model of tunes that has learnt nothing."""
    torch.manual_seed(0)
    vocabulary = build([make_score("abc", n) for n in range(4)], "abc")
    network = network_for(vocabulary, NetworkSettings("gru", width=8, depth=1, heads=2)).eval()
    return Trained(network, vocabulary, {}, Path("none"), "none")


def test_tunes_are_drawn_with_masks(make_score: MakeScore) -> None:
    texts = list(drawn(untrained(make_score), 2, 0, masked=True))
    for text in texts:
        (score,) = read_tunes(text)
        assert isinstance(score, Score)
        assert not score.faults


def test_endings_are_checked(make_score: MakeScore) -> None:
    piece = make_score("abc", 1, bars=8)
    model = untrained(make_score)
    asked = Namespace(bars=2, seconds=None, times=1)
    assert carried_on(model, make_score("abc", 1), asked, 0) is None, "too short"
    tonic, mode = key_of(piece)
    assert not at_home(piece, ((tonic + 6) % 12, mode))[0]
    last = int(piece.parts[0].notes.pitch[-1]) % 12
    assert at_home(piece, (last, mode))[1]
    assert not at_home(piece, ((last + 1) % 12, mode))[1]
    assert check(piece, piece, 0)["ends on the barline"]
