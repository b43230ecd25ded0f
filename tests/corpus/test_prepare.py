"""A corpus as arrays: every piece whole, cached by content, and never a stale or damaged cache."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus import prepare as module
from musegen.corpus.library import cache_folder
from musegen.corpus.prepare import Prepared, prepare
from musegen.corpus.rows import Rows
from musegen.errors import CorpusError
from musegen.score.files import read, write
from musegen.vocabulary.notes import NotesVocabulary

KINDS = ("abc", "grid", "notes")


@pytest.fixture
def surveys(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Grows by one each time that the files themselves are read."""
    seen: list[Path] = []
    survey = module.survey

    def counted(corpus: Path, *rest: object) -> object:
        seen.append(corpus)
        return survey(corpus, *rest)

    monkeypatch.setattr(module, "survey", counted)
    return seen


def assert_equal(one: Prepared, other: Prepared) -> None:
    np.testing.assert_array_equal(one.words, other.words)
    np.testing.assert_array_equal(one.features, other.features)
    assert (one.words.dtype, one.features.dtype) == (other.words.dtype, other.features.dtype)
    assert one.pieces == other.pieces
    assert one.vocabulary == other.vocabulary
    assert (one.survey, one.fingerprint) == (other.survey, other.fingerprint)


def only_folder() -> Path:
    (folder,) = (cache_folder() / "prepared").iterdir()
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_every_kept_piece_is_there_word_for_word(
    tmp_path: Path, kind: str, make_corpus: Callable
) -> None:
    corpus = make_corpus(tmp_path, kind, 4)
    prepared = prepare(corpus)
    vocabulary = prepared.vocabulary
    assert vocabulary.name == kind
    row = 0
    for piece in prepared.pieces:
        score = read(corpus / piece.path.split(":")[0])
        words = vocabulary.encode(score)
        assert (piece.start, piece.stop) == (row, row + len(words))
        row = piece.stop
        np.testing.assert_array_equal(prepared.words[piece.start : piece.stop], words)
        features = vocabulary.features_of(words)
        np.testing.assert_array_equal(prepared.features[piece.start : piece.stop], features)
        assert (piece.low, piece.high) == vocabulary.transpositions(words)
        assert piece.units == vocabulary.units(score, words)
        assert piece.notes == score.n_notes
    assert len(prepared.words) == len(prepared.features) == row
    assert len(prepared.of("all")) == 4
    assert sum(len(prepared.of(split)) for split in ("train", "valid", "test")) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_prepared_is_mapped_from_disk_the_second_time(
    tmp_path: Path, kind: str, make_corpus: Callable, surveys: list[Path]
) -> None:
    corpus = make_corpus(tmp_path, kind, 3)
    first, second = prepare(corpus), prepare(corpus)
    assert len(surveys) == 1
    assert isinstance(second.words, np.memmap)
    assert isinstance(second.features, np.memmap)
    assert_equal(first, second)


def test_a_corpus_that_was_moved_is_known_again(
    tmp_path: Path, make_corpus: Callable, surveys: list[Path]
) -> None:
    corpus = make_corpus(tmp_path / "here", "notes", 3)
    first = prepare(corpus)
    shutil.move(corpus, tmp_path / "there")
    second = prepare(tmp_path / "there")
    assert len(surveys) == 1
    assert second.survey.root == tmp_path / "there"
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("change", ["rewritten", "added", "removed", "renamed into valid"])
def test_a_changed_corpus_is_read_anew(
    tmp_path: Path,
    make_corpus: Callable,
    make_score: Callable,
    moved: Callable,
    surveys: list[Path],
    change: str,
) -> None:
    """Even where a file's size and time are what they were."""
    corpus = make_corpus(tmp_path / "corpus", "notes", 4)
    before = prepare(corpus)
    file = corpus / "0.mid"
    times = file.stat()
    if change == "rewritten":
        write(moved(make_score("notes", 0), 1), tmp_path / "other.mid")
        file.write_bytes((tmp_path / "other.mid").read_bytes())
        assert file.stat().st_size == times.st_size
        os.utime(file, (times.st_atime, times.st_mtime))
    elif change == "added":
        write(make_score("notes", 9), corpus / "9.mid")
    elif change == "removed":
        file.unlink()
    else:
        (corpus / "valid").mkdir()
        file.rename(corpus / "valid" / "0.mid")
    after = prepare(corpus)
    assert len(surveys) == 2
    assert (after.fingerprint == before.fingerprint) == (change == "renamed into valid")
    assert {p.path: p.split for p in after.pieces} != {p.path: p.split for p in before.pieces} or (
        change == "rewritten"
    )
    assert_equal(after, prepare(corpus))
    assert len(surveys) == 2


def test_each_vocabulary_and_time_grid_has_a_cache_of_its_own(
    tmp_path: Path, make_corpus: Callable, surveys: list[Path]
) -> None:
    corpus = make_corpus(tmp_path, "grid", 3)
    grids = [
        prepare(corpus, vocabulary=name, steps=steps).vocabulary.grid
        for name, steps in (("auto", None), ("notes", None), ("notes", 24), ("notes", 48))
    ]
    assert grids == [
        "4 steps a quarter",
        "24 ticks a quarter",
        "24 ticks a quarter",
        "48 ticks a quarter",
    ]
    wide, narrow = (prepare(corpus, vocabulary=NotesVocabulary(24, low, 90)) for low in (0, 40))
    assert wide.pieces != narrow.pieces or wide.vocabulary != narrow.vocabulary
    assert len(surveys) == 6


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no words": lambda folder: (folder / "words.npy").unlink(),
    "empty words": lambda folder: (folder / "words.npy").write_bytes(b""),
    "half the features": lambda folder: os.truncate(
        folder / "features.npy", (folder / "features.npy").stat().st_size // 2
    ),
    "no list": lambda folder: (folder / "pieces.json").unlink(),
    "half a list": lambda folder: os.truncate(folder / "pieces.json", 100),
    "a list of another kind": lambda folder: (folder / "pieces.json").write_text("[]"),
    "another vocabulary": lambda folder: (folder / "pieces.json").write_text(
        json.dumps({**json.loads((folder / "pieces.json").read_text()), "vocabulary": {}})
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_made_anew(
    tmp_path: Path, make_corpus: Callable, surveys: list[Path], damage: str
) -> None:
    corpus = make_corpus(tmp_path, "notes", 3)
    first = prepare(corpus)
    first = replace(first, words=np.array(first.words), features=np.array(first.features))
    DAMAGES[damage](only_folder())
    assert_equal(prepare(corpus), first)
    assert len(surveys) == 2
    assert_equal(prepare(corpus), first)
    assert len(surveys) == 2


def test_what_was_left_half_written_is_no_cache(
    tmp_path: Path,
    make_corpus: Callable,
    surveys: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = make_corpus(tmp_path, "notes", 3)
    append, calls = Rows.append, []

    def full(rows: Rows, more: np.ndarray) -> int:
        calls.append(more)
        if len(calls) == 2:
            raise OSError("no space left on device")
        return append(rows, more)

    monkeypatch.setattr(Rows, "append", full)
    first = prepare(corpus)
    assert list((cache_folder() / "prepared").iterdir()) == []
    assert_equal(prepare(corpus), first)
    assert len(surveys) == 2
    assert_equal(prepare(corpus), first)
    assert len(surveys) == 2


def test_what_killed_runs_left_is_removed_a_day_later(
    tmp_path: Path, make_corpus: Callable
) -> None:
    corpus = make_corpus(tmp_path / "corpus", "notes", 3)
    old, new = (cache_folder() / "prepared" / name for name in ("key.old", "key.new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "words.npy").write_bytes(b"half")
    for path in (old / "words.npy", old, new):
        os.utime(path, (0, 0))
    prepare(corpus)
    assert not old.exists()
    assert new.exists()  # another run writes to it


def test_a_cache_that_cannot_be_written_is_no_error(
    tmp_path: Path, make_corpus: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_corpus(tmp_path / "corpus", "notes", 3)
    first = prepare(corpus)
    (tmp_path / "a file").write_text("in the way")
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "a file" / "cache"))
    assert_equal(prepare(corpus), first)


def test_one_file_is_a_corpus(tmp_path: Path, make_corpus: Callable) -> None:
    make_corpus(tmp_path, "notes", 2)
    prepared = prepare(tmp_path / "1.mid")
    assert [(piece.path, piece.split) for piece in prepared.pieces] == [("1.mid", "train")]


def test_a_piece_that_does_not_suit_the_model_is_skipped_and_said_so(
    tmp_path: Path, make_corpus: Callable, make_score: Callable
) -> None:
    corpus = make_corpus(tmp_path / "voices", "grid", 3)
    vocabulary = prepare(corpus).vocabulary
    write(make_score("notes", 9), corpus / "band.mid")
    prepared = prepare(corpus, vocabulary=vocabulary)
    (skipped,) = [piece for piece in prepared.survey.pieces if piece.status == "skipped"]
    assert skipped.path == "band.mid"
    assert "voices" in skipped.reason
    assert skipped.split == ""
    assert len(prepared.pieces) == 3
    with pytest.raises(CorpusError, match="voices"):
        prepare(make_corpus(tmp_path / "bands", "notes", 2), vocabulary=vocabulary)


def test_a_corpus_of_which_nothing_can_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.mid").write_bytes(b"MThd then nothing")
    with pytest.raises(CorpusError, match="no piece can be used") as caught:
        prepare(tmp_path)
    assert "doctor" in caught.value.hint


def test_only_what_is_learnt_decides_the_vocabulary(
    tmp_path: Path, make_corpus: Callable, make_score: Callable, moved: Callable
) -> None:
    make_corpus(tmp_path / "train", "notes", 3)
    (tmp_path / "valid").mkdir()
    write(moved(make_score("notes", 5), -30), tmp_path / "valid" / "low.mid")
    prepared = prepare(tmp_path)
    assert isinstance(prepared.vocabulary, NotesVocabulary)
    learnt = [read(file) for file in sorted((tmp_path / "train").iterdir())]
    assert prepared.vocabulary == NotesVocabulary.build(learnt)
    assert [piece.path for piece in prepared.of("valid")] == ["valid/low.mid"]
