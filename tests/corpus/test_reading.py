"""Reading a corpus of any size: goes on where it was broken off, and holds few scores at a time."""

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus import reading
from musegen.corpus.library import Library, cache_folder, release
from musegen.corpus.prepare import prepare
from musegen.corpus.reading import over_scores
from musegen.corpus.survey import survey
from musegen.errors import CorpusError
from musegen.score.files import read
from musegen.score.score import Score

KILLED = """
import os, signal, sys
from pathlib import Path
from musegen.corpus import reading
from musegen.corpus.survey import survey
contents, read = reading._contents, []
def once(path):
    read.append(path)
    if len(read) == 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return contents(path)
reading._contents = once
survey(Path(sys.argv[1]))
"""
PARENT = """
import os, time
from musegen.corpus.processes import spread
for child in spread(eval, ["__import__('os').getpid()"] + ["__import__('time').sleep(60)"] * 9,
                    processes=2):
    print(child, flush=True)
"""


def n_notes(scores: Iterator[Score]) -> list[int]:
    return [score.n_notes for score in scores]


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are opened, as they are."""
    seen: list[Path] = []
    contents = reading._contents

    def counted(path: Path) -> object:
        seen.append(path)
        return contents(path)

    monkeypatch.setattr(reading, "_contents", counted)
    return seen


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed so there")
def test_a_run_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, make_corpus: Callable, files_read: list[Path]
) -> None:
    corpus = make_corpus(tmp_path, "abc", 60)
    killed = subprocess.run([sys.executable, "-c", KILLED, corpus], check=False)
    assert killed.returncode == -signal.SIGKILL
    release.cache_clear()  # somebody may have edited the code since this process began
    found = survey(corpus)
    assert len(files_read) == 60 - 32  # of two batches of 16 all is kept
    assert found.count("kept") == 60
    assert survey(corpus) == found
    assert len(files_read) == 60 - 32


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed so there")
def test_processes_end_with_the_one_that_began_them() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return  # dead, but nobody has asked
        time.sleep(0.1)
    pytest.fail("it lives on")


def test_only_one_score_is_held_at_a_time(
    tmp_path: Path, make_corpus: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[weakref.ref[Score]] = []
    most = 0

    def seen(score: object) -> object:
        nonlocal most, alive
        if isinstance(score, Score):
            alive = [ref for ref in alive if ref() is not None] + [weakref.ref(score)]
            most = max(most, len(alive))
        return score

    read_all, unpack = reading.read_all, Library.score
    monkeypatch.setattr(
        reading, "read_all", lambda path: ((name, seen(music)) for name, music in read_all(path))
    )
    monkeypatch.setattr(Library, "score", lambda *where: seen(unpack(*where)))
    assert len(prepare(make_corpus(tmp_path, "notes", 40)).pieces) == 40
    assert 1 <= most <= 2


def test_what_is_read_again_is_what_was_read(
    tmp_path: Path, make_corpus: Callable, files_read: list[Path]
) -> None:
    """From the library, from a damaged one, from none, and where none can be."""
    corpus = make_corpus(tmp_path / "corpus", "notes", 5)
    found = survey(corpus)
    library = next((cache_folder() / "read").iterdir())
    expected = [read(corpus / piece.path).n_notes for piece in found.pieces]
    places = found.places(found.kept())
    for n_read, damage in ((5, None), (10, b"no database"), (10, None), (15, b"")):
        if damage is not None:
            library.write_bytes(damage)
        assert survey(corpus) == found
        assert next(over_scores(n_notes, places)) == expected
        assert len(files_read) == n_read


def test_one_damaged_entry_is_read_again(
    tmp_path: Path, make_corpus: Callable, files_read: list[Path]
) -> None:
    corpus = make_corpus(tmp_path / "corpus", "notes", 5)
    found = survey(corpus)
    places = found.places(found.kept())
    with Library() as library:
        (record,) = library.records(places[2].content)
        library.add([(places[2].content, [(record, b"damaged")])])
        library.add([(places[3].content, [([], b"damaged")])])  # type: ignore[list-item]
    assert survey(corpus) == found
    assert files_read[5:] == [places[3].path]
    for _ in range(2):
        assert len(next(over_scores(n_notes, places))) == 5
        assert files_read[6:] == [places[2].path]


def test_without_a_cache_a_book_is_read_once_for_all_of_its_tunes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_read: list[Path]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "file" / "cache"))
    book = "\n".join(f"X:{n}\nK:C\n{'C' * n}|\n" for n in range(1, 9))
    (tmp_path / "book.abc").write_text(book, encoding="utf-8")
    found = survey(tmp_path)
    assert next(over_scores(n_notes, found.places(found.kept()))) == list(range(1, 9))
    assert len(files_read) == 2


def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path, make_corpus: Callable) -> None:
    corpus = make_corpus(tmp_path / "corpus", "notes", 1)
    found = survey(corpus)
    (corpus / "0.mid").write_bytes(b"MThd then nothing")
    next((cache_folder() / "read").iterdir()).unlink()
    with pytest.raises(CorpusError, match="changed"):
        list(over_scores(n_notes, found.places(found.kept())))


def test_a_file_that_breaks_the_reader_does_not_end_the_others(
    tmp_path: Path, make_corpus: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_corpus(tmp_path / "corpus", "notes", 3)
    read_all = reading.read_all

    def broken(path: Path) -> Iterator[object]:
        if path.name == "1.mid":
            raise ZeroDivisionError("division by zero")
        return read_all(path)

    monkeypatch.setattr(reading, "read_all", broken)
    found = survey(corpus)
    assert [piece.status for piece in found.pieces] == ["kept", "skipped", "kept"]
    assert "ZeroDivisionError" in found.pieces[1].reason


def test_a_book_without_tunes_is_named(tmp_path: Path, make_corpus: Callable) -> None:
    corpus = make_corpus(tmp_path / "corpus", "abc", 2)
    (corpus / "empty.abc").write_text("% Only a comment\n", encoding="utf-8")
    (skipped,) = [piece for piece in survey(corpus).pieces if piece.status == "skipped"]
    assert skipped.path == "empty.abc"
    assert skipped.reason


@pytest.mark.slow
def test_several_processes_find_what_one_finds(
    tmp_path: Path, make_corpus: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_corpus(tmp_path / "corpus", "grid", 40)
    (corpus / "broken.mid").write_bytes(b"MThd then nothing")
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "one"))
    alone = prepare(corpus)
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(reading, "_IN_PARALLEL", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    together = prepare(corpus)
    assert together.survey == alone.survey
    assert together.pieces == alone.pieces
    np.testing.assert_array_equal(together.words, alone.words)
    np.testing.assert_array_equal(together.features, alone.features)
