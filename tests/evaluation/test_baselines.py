"""Baselines: proper distributions, and the n-gram against one that counts in dictionaries."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.baselines import NGram, Repeat
from musegen.vocabulary.vocabulary import Features, Mask, Vocabulary, Words

KINDS = ("abc", "grid", "notes")


@pytest.fixture(params=KINDS)
def prepared(
    request: pytest.FixtureRequest, tmp_path: Path, make_corpus: Callable[..., Path]
) -> Prepared:
    return prepare(make_corpus(tmp_path / "corpus", request.param, 8), vocabulary=request.param)


def piece(prepared: Prepared, split: str) -> tuple[Words, Features]:
    found = prepared.of(split)[0]
    rows = slice(found.start, found.stop)
    return np.array(prepared.words[rows]), np.array(prepared.features[rows])


class WittenBell:
    """The n-gram value by value, from dictionaries of counts."""

    def __init__(self, vocabulary: Vocabulary, order: int = 4) -> None:
        self.vocabulary, self.order = vocabulary, order
        self.after: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)

    def read(self, words: Words, features: Features) -> None:
        for field, past, value in self.asked(words, features):
            for length in range(self.order):
                self.after[(field, *past[:length])][value] += 1

    def asked(self, words: Words, features: Features) -> list[tuple[int, tuple[int, ...], int]]:
        history = self.vocabulary.history(words, features)
        return [
            (field, tuple(history[t, field].tolist()), int(word[field]))
            for t, word in enumerate(words)
            for field in range(len(word))
            if self.vocabulary.applies[word[0], field]
        ]

    def p(self, field: int, past: tuple[int, ...], value: int) -> float:
        p = 1 / self.vocabulary.sizes[field]
        for length in range(self.order):
            seen = self.after.get((field, *past[:length]))
            if seen:
                p = (seen[value] + len(seen) * p) / (seen.total() + len(seen))
        return p


def test_the_n_gram_is_that_of_witten_and_bell(prepared: Prepared) -> None:
    vocabulary = prepared.vocabulary
    oracle = WittenBell(vocabulary)
    for found in prepared.of("train"):
        rows = slice(found.start, found.stop)
        for shift in range(found.low, found.high + 1):
            moved = vocabulary.transpose(
                np.array(prepared.words[rows]), np.array(prepared.features[rows]), shift
            )
            oracle.read(*moved)
    ngram = NGram(vocabulary).fit(prepared, prepared.of("train"))
    for split in ("train", "valid"):
        words, features = piece(prepared, split)
        expected = sum(-np.log(oracle.p(*asked)) for asked in oracle.asked(words, features))
        assert ngram.nats(words, features) == pytest.approx(expected, rel=1e-9)


def test_the_n_gram_tells_p_of_every_value_that_its_nats_come_from(prepared: Prepared) -> None:
    vocabulary = prepared.vocabulary
    ngram = NGram(vocabulary).fit(prepared, prepared.of("train"))
    words, features = piece(prepared, "valid")
    history, nats = vocabulary.history(words, features), 0.0
    for field, size in enumerate(vocabulary.sizes):
        p = ngram.probabilities(history[:, field], field)
        assert p.shape == (len(words), size)
        assert p.sum(axis=1) == pytest.approx(1.0)
        asked = vocabulary.applies[words[:, 0], field]
        nats -= np.log(p[asked, words[asked, field]]).sum()
    assert ngram.nats(words, features) == pytest.approx(nats)


def summed(
    baseline: NGram | Repeat, prepared: Prepared, applies: Mask, t: int, field: int
) -> float:
    """p of field `field` of the last of t words, summed over all its values.

    A field is changed alone, so that the nats of all else stay: those before it do not know it, and
    those after it are left out by their difference to a word that has it last.
    """
    words, features = piece(prepared, "valid")
    words, features = words[: t + 1], features[: t + 1]
    vocabulary = prepared.vocabulary
    only = np.zeros_like(applies)
    only[:, : field + 1] = applies[:, : field + 1]
    earlier = np.zeros_like(only)
    earlier[:, :field] = only[:, :field]
    p = []
    for value in range(vocabulary.sizes[field]):
        words[t, field] = value
        nats = []
        for asked in (only, earlier):
            object.__setattr__(vocabulary, "applies", asked)
            whole = baseline.nats(words, features)
            nats.append(whole - baseline.nats(words[:t], features[:t]))
        p.append(np.exp(nats[1] - nats[0]))
    return float(sum(p))


@pytest.mark.parametrize("kind", ["ngram", "repeat", "repeat_bar"])
def test_the_probabilities_of_all_values_of_a_field_sum_to_one(
    prepared: Prepared, kind: str
) -> None:
    baseline: NGram | Repeat = (
        NGram(prepared.vocabulary)
        if kind == "ngram"
        else Repeat(prepared.vocabulary, bar=kind == "repeat_bar")
    )
    baseline.fit(prepared, prepared.of("train"))
    applies = prepared.vocabulary.applies
    words, _ = piece(prepared, "valid")
    try:
        for t in (0, 1, 7, len(words) // 2, len(words) - 2):
            for field in np.flatnonzero(applies[words[t, 0]])[1:].tolist() or [0]:
                assert summed(baseline, prepared, applies, t, field) == pytest.approx(1.0)
            # of the first field, other fields hang on the value; a grid's and a tune's do not
            if prepared.vocabulary.name == "abc":
                assert summed(baseline, prepared, applies, t, 0) == pytest.approx(1.0)
    finally:
        object.__setattr__(prepared.vocabulary, "applies", applies)


def test_repeating_the_last_bar_finds_the_bar_before(
    tmp_path: Path, make_corpus: Callable[..., Path]
) -> None:
    """In a piece whose bars are all alike, the bar before foretells the next."""
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid"))
    words, features = piece(prepared, "valid")
    head, bar = words[:1], words[1:17]
    alike = np.concatenate([head, *[bar] * 8, words[-1:]])
    features = prepared.vocabulary.features_of(alike)
    known = Repeat(prepared.vocabulary, bar=True)._repeated(alike, features)
    assert (known[:17] == -1).all()
    assert np.array_equal(known[18:33], alike[18:33])  # the first step meets the word of the metre
    assert np.array_equal(known[33:-1], alike[33:-1])


def test_repeats_of_a_corpus_that_repeats_are_likelier_than_the_n_gram(
    tmp_path: Path, make_corpus: Callable[..., Path], make_score: Callable[..., object]
) -> None:
    prepared = prepare(make_corpus(tmp_path / "corpus", "grid", 8))
    repeat = Repeat(prepared.vocabulary, bar=False).fit(prepared, prepared.of("train"))
    words, features = piece(prepared, "valid")
    held = words.copy()
    held[2:-1] = 128  # every voice holds to the end
    assert repeat.nats(held, prepared.vocabulary.features_of(held)) < repeat.nats(words, features)


def test_a_value_never_met_costs_less_than_infinity(prepared: Prepared) -> None:
    few = replace(prepared, pieces=prepared.pieces[:2])
    ngram = NGram(prepared.vocabulary).fit(few, few.pieces[:1])
    repeat = Repeat(prepared.vocabulary, bar=True).fit(few, few.pieces[:1])
    for baseline in (ngram, repeat):
        assert np.isfinite(baseline.nats(*piece(prepared, "valid")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_of_files_decide_neither_words_nor_splits_nor_figures(
    tmp_path: Path, make_corpus: Callable[..., Path], kind: str
) -> None:
    """Of a folder and of one with the same files under each other's names."""
    one = make_corpus(tmp_path / "one", kind, 8)
    files = sorted(one.iterdir())
    (tmp_path / "two").mkdir()
    for file, other in zip(files, files[3:] + files[:3], strict=True):
        (tmp_path / "two" / other.name).write_bytes(file.read_bytes())
    found = [prepare(folder, vocabulary=kind) for folder in (one, tmp_path / "two")]
    assert found[0].vocabulary == found[1].vocabulary
    words, figures = [], []
    for each in found:
        held = {p.path: np.array(each.words[p.start : p.stop]).tobytes() for p in each.pieces}
        words.append(
            {name: sorted(held[p.path] for p in each.of(name)) for name in ("train", "valid")}
        )
        fitted = [NGram(each.vocabulary), Repeat(each.vocabulary, bar=True)]
        nats = [baseline.fit(each, each.of("train")) for baseline in fitted]
        figures.append([baseline.nats(*piece(each, "valid")) for baseline in nats])
    assert words[0] == words[1]
    assert figures[0] == pytest.approx(figures[1], rel=1e-9)
    assert [p.path for p in found[0].of("valid")] != [p.path for p in found[1].of("valid")]
