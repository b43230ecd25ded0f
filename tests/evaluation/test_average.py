"""The mean of several predictions is a distribution, and costs no more than they do on average."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.average import Readings
from musegen.evaluation.likelihood import field_nats
from musegen.evaluation.trained import network_for
from musegen.network.next_word import NetworkSettings, NextWordNetwork
from musegen.score.files import write
from musegen.score.score import Notes, Score

KINDS = ("abc", "grid", "notes")


def network(prepared: Prepared, seed: int = 0) -> NextWordNetwork:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    settings = NetworkSettings("gru", width=16, depth=1, heads=2, context=24)
    made = network_for(prepared.vocabulary, settings)
    for parameter in made.parameters():  # far from uniform, so that readings differ
        parameter.data *= 2
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_one_reading_is_that_reading(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", kind))
    one = network(prepared)
    pieces = prepared.of("all")
    plain = field_nats(one, prepared, pieces)
    for networks in ([one], [one, one]):
        mean = Readings(networks, prepared, pieces, shifts=(0,)).mean()
        for path, nats in plain.items():
            np.testing.assert_allclose(mean[path], nats, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_of_all_values_of_a_field_sum_to_one_at_most(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> None:
    """Exactly one where nothing can leave what is known; shifts that fail give nothing away."""
    prepared = prepare(make_corpus(tmp_path / "corpus", kind))
    both = [network(prepared), network(prepared, 1)]
    piece, size = prepared.of("all")[0], prepared.vocabulary.sizes[0]
    rows = slice(piece.start, piece.stop)
    words = np.stack([prepared.words[rows]] * size)
    features = np.concatenate([prepared.features[rows]] * size)
    n = words.shape[1]
    twins = [replace(piece, path=str(v), start=v * n, stop=(v + 1) * n) for v in range(size)]
    for row in (0, 2, 9):
        tried = words.copy()
        tried[:, row, 0] = np.arange(size)
        among = replace(prepared, words=tried.reshape(size * n, -1), features=features)
        nats = Readings(both, among, twins, shifts=(-5, 0, 1)).mean()
        total = sum(np.exp(-nats[twin.path][row, 0]) for twin in twins)
        assert 0.2 < total <= 1 + 1e-6


@pytest.mark.parametrize("kind", ["grid", "notes"])
def test_a_mean_costs_no_more_than_what_it_is_of_does_on_average(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", kind))
    pieces, shifts = prepared.of("valid"), range(-2, 3)
    both = [network(prepared), network(prepared, 1)]
    mean = Readings(both, prepared, pieces, shifts).mean()
    each = [field_nats(n, prepared, pieces, semitones=s) for n in both for s in shifts]
    for path, nats in mean.items():
        assert nats.sum() < np.mean([one[path].sum() for one in each])


@pytest.mark.parametrize("kind", KINDS)
def test_a_piece_in_another_key_is_as_likely_where_its_readings_are_in_the_same_keys(
    tmp_path: Path, make_corpus: Callable[..., Path], make_score: Callable[..., Score], kind: str
) -> None:
    """Field by field of each word; to one reading alone the key does matter."""
    narrow = make_score("grid", 9)
    notes = [part.notes for part in narrow.parts]
    its = [Notes(n.onset, n.duration, n.pitch // 12 * 12 + 4, n.velocity) for n in notes]
    parts = [replace(part, notes=n) for part, n in zip(narrow.parts, its, strict=True)]
    corpus = make_corpus(tmp_path / "corpus", kind)
    if kind == "grid":  # else each piece takes the whole range of its voices
        write(replace(narrow, parts=tuple(parts)), corpus / "narrow.mid")
    prepared = prepare(corpus)
    both, vocabulary = [network(prepared), network(prepared, 1)], prepared.vocabulary
    piece = next(its for its in prepared.of("all") if its.high - its.low > 1)
    shift = piece.high or piece.low
    rows = slice(piece.start, piece.stop)
    words, features = (np.array(column[rows]) for column in (prepared.words, prepared.features))
    words, features = vocabulary.transpose(words, features, shift)
    among = replace(prepared, words=words, features=features)
    moved = replace(piece, start=0, stop=len(words))
    keys = (piece.low - 1, 0, shift, 5)
    here = Readings(both, prepared, [piece], keys)
    there = Readings(both, among, [moved], [key - shift for key in keys])
    np.testing.assert_allclose(here.mean()[piece.path], there.mean()[piece.path], atol=1e-5)
    alone = (field_nats(both[0], *of)[piece.path] for of in ((prepared, [piece]), (among, [moved])))
    assert not np.allclose(*alone, atol=1e-2)


def test_a_reading_that_has_done_well_counts_for_more(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    """Of one that knows the piece and one that does not, the mean comes to be near the first."""
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    piece = prepared.of("valid")[0]
    good, bad = network(prepared), network(prepared, 1)
    for parameter in bad.parameters():
        parameter.data *= 8
    nats = {n: field_nats(n, prepared, [piece])[piece.path] for n in (good, bad)}
    mean = Readings([good, bad], prepared, [piece], shifts=(0,)).mean()[piece.path]
    assert nats[good].sum() < nats[bad].sum()
    assert mean.sum() < 1.1 * nats[good].sum()
    assert mean[-9:].sum() < 1.02 * nats[good][-9:].sum()
