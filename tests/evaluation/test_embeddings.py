"""Where pitches lie: the right rows are read, and likeness by interval is as it was made."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.embeddings import pitch_embedding, pitches_of, rows_of
from musegen.evaluation.trained import network_for
from musegen.network.next_word import NetworkSettings, NextWordNetwork

OCTAVE = {"abc": 7, "grid": 12, "notes": 12}


def make(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> tuple[Prepared, NextWordNetwork]:
    music = prepare(make_corpus(tmp_path / kind, kind, 30))
    assert music.vocabulary.name == kind
    shape = NetworkSettings("gru", width=16, depth=1, heads=1)
    return music, network_for(music.vocabulary, shape)


@pytest.mark.parametrize("kind", OCTAVE)
def test_octaves_put_together_are_found_together(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> None:
    """The vector of a pitch is set to a place on a circle, by its place in the octave."""
    music, network = make(tmp_path, make_corpus, kind)
    pitches = pitches_of(music)
    octave = OCTAVE[kind]
    with torch.no_grad():
        weight, rows = rows_of(network, pitches)
        weight.normal_()
        for row, height in zip(rows, pitches.heights, strict=True):
            angle = torch.tensor(2 * np.pi * (height % octave) / octave)
            weight[row] = 0
            weight[row, :2] = torch.stack([angle.cos(), angle.sin()])
    found = pitch_embedding(network, music)
    assert found is not None
    assert found["share"] == pytest.approx(1, abs=1e-6)
    plane = np.array(found["plane"])
    assert plane.shape == (len(found["names"]), 2)
    likeness = dict(zip(found["interval"], found["cosine"], strict=True))
    assert likeness[1] > max(likeness[n] for n in likeness if 3 <= n <= octave // 2)
    assert found["octave"] == sorted(found["octave"])
    assert found["octave"][0] == 0


def test_the_notes_of_tunes_are_named_and_ordered_by_letter(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    music, _ = make(tmp_path, make_corpus, "abc")
    pitches = pitches_of(music)
    names = dict(zip(pitches.names, pitches.heights, strict=True))
    letters = {name.rstrip("0123456789/"): height for name, height in names.items()}
    assert letters["c"] - letters.get("C", letters["c"] - 7) == 7
    assert pitches.heights == sorted(pitches.heights)
    for name, value in zip(pitches.names, pitches.values, strict=True):
        assert [text for _, text in music.vocabulary.tables.texts(np.array([value]))] == [name]


def test_pitches_that_were_seldom_met_are_left_out(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    music = prepare(make_corpus(tmp_path / "few", "grid", 3))
    shape = NetworkSettings("gru", width=16, depth=1, heads=1)
    found = pitch_embedding(network_for(music.vocabulary, shape), music)
    many = prepare(make_corpus(tmp_path / "many", "grid", 40))
    more = pitch_embedding(network_for(many.vocabulary, shape), many)
    assert more is not None
    assert found is None or len(found["names"]) < len(more["names"])
