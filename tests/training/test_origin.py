"""A run that begins with a trained model: it knows what that one knew, and owns to what it saw."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from musegen.corpus.prepare import prepare
from musegen.evaluation.originality import Passages
from musegen.evaluation.trained import load
from musegen.network.next_word import NetworkSettings
from musegen.training import run as module
from musegen.training.origin import Origin
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent

StartRun = Callable[..., Run]


def settings(steps: int) -> RunSettings:
    return RunSettings("lstm", "auto", Extent(steps=steps), "cpu", 5)


def ended(run: Run) -> Run:
    for _ in run.events():
        pass
    run.finish()
    return run


def test_who_goes_on_with_the_same_music_is_held_back_as_if_by_one_long_run(
    start: StartRun,
    make_corpus: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = ended(start("first"))
    model = load(first.folder)
    long = replace(model, config=model.config | {"figures": {"seconds": 7200.0}})
    same = prepare(first.fit.prepared.survey.root, vocabulary=model.vocabulary)
    other = prepare(
        make_corpus(tmp_path / "other", "grid", 5, first=40), vocabulary=model.vocabulary
    )
    assert Origin(long).seconds(same.of("train")) == 7200.0
    assert Origin(long).seconds(other.of("train")) == 0.0
    assert Origin().seconds(same.of("train")) == 0.0
    meant: list[float] = []
    shape = module.network_settings

    def noted(backbone: str, size: str, *, seconds: float, **more: Any) -> NetworkSettings:
        meant.append(seconds)
        return shape(backbone, size, seconds=seconds, **more)

    monkeypatch.setattr(module, "network_settings", noted)
    for name, prepared in (("again", same), ("new", other)):
        Run.start(prepared, tmp_path / name, settings(6), Origin(long))
    assert meant[0] == meant[1] + 7200


def test_a_run_begins_with_the_weights_of_a_model_and_keeps_to_its_words(
    start: StartRun, make_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    first = ended(start("first"))
    model = load(first.folder)
    other = make_corpus(tmp_path / "other", "grid", 5, first=40)
    corpus = prepare(other, vocabulary=model.vocabulary)
    its = first.fit.settings
    assert Origin(model).pace(its, 1800).batch_words == its.batch_words  # time for large ones
    run = Run.start(corpus, tmp_path / "second", settings(6), Origin(model))
    assert run.fit.settings.matrix_lr == 0.0  # small steps, by AdamW alone
    assert run.fit.settings.batch_words < first.fit.settings.batch_words
    assert run.network.settings.backbone == "gru"  # the model's, whatever is asked
    assert run.fit.prepared.vocabulary == model.vocabulary
    weights, were = run.network.state_dict(), model.network.state_dict()
    assert all(torch.equal(weights[name], were[name]) for name in were)
    run.release()  # as the end of a process does
    again = ended(Run.resume(corpus, run.folder, "cpu"))
    made = load(again.folder)
    assert any(not torch.equal(made.network.state_dict()[name], were[name]) for name in were)
    assert made.config["training"]["from"] == {
        "fingerprint": model.fingerprint,
        "corpora": ["corpus"],
    }
    third = Run.start(corpus, tmp_path / "third", settings(1), Origin(made))
    assert third.config["training"]["from"]["corpora"] == ["corpus", "other"]


def test_what_the_first_model_learnt_counts_as_learnt(
    start: StartRun, make_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    first = ended(start("first"))
    model = load(first.folder)
    other = make_corpus(tmp_path / "other", "grid", 5, first=40)
    corpus = prepare(other, vocabulary=model.vocabulary)
    origin = Origin(model)
    run = ended(Run.start(corpus, tmp_path / "second", settings(2), origin))
    seen = load(run.folder).seen()
    assert seen == {**model.seen(), **{piece.melody: piece.path for piece in run.fit.learnt}}
    before, now = Passages.load(first.folder), Passages.load(run.folder)
    assert set(before.sources) < set(now.sources)
    for made in (first, run):
        words = made.fit.prepared.words
        for piece in made.fit.learnt:
            score = model.vocabulary.decode(words[piece.start : piece.stop])
            alone = Passages.of([("", score.parts)]).longest_in(score.parts).notes
            assert now.longest_in(score.parts).notes >= alone
    assert origin.seen_in(corpus) == 0
    learnt = [replace(piece, split="valid") for piece in first.fit.learnt]
    assert origin.seen_in(replace(corpus, pieces=tuple(learnt))) == len(learnt)
    assert json.loads((run.folder / "seen.json").read_text()) == seen
