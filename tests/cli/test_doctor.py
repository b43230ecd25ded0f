"""`musegen doctor` as people and scripts see it."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musegen.score.files import write

DESIGNED = {"files", "kept", "skipped", "duplicates", "notes"}
ADDED = {
    *("others", "hours", "formats", "instruments", "keys", "metres", "tempo", "pitch", "pedal"),
    *("one_velocity", "grids", "performed", "lost", "unread", "meanings", "leaks", "why"),
    *("vocabulary", "time_grid", "splits"),
}


@pytest.fixture
def mixed(here: Path, make_corpus: Callable, make_score: Callable) -> Path:
    """Two bands, a twin, a broken file, and a picture."""
    folder = make_corpus(here / "mixed", "notes", 2)
    write(make_score("notes", 1), folder / "twin.mid")
    (folder / "broken.mid").write_bytes(b"MThd then nothing")
    (folder / "cover.jpg").write_bytes(b"\xff\xd8")
    return folder


@pytest.mark.usefixtures("mixed")
def test_scripts_find_what_they_rely_on(musegen: Callable) -> None:
    result = musegen("doctor", "mixed", "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    assert set(found) >= DESIGNED | ADDED
    assert (found["kept"], found["duplicates"], found["skipped"]) == (2, 1, 1)


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_people_are_told_of_every_file_that_is_not_used(
    musegen: Callable, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    said = musegen("doctor", "mixed").stdout
    assert "duplicate  twin.mid: of 1.mid" in said
    assert "skipped    broken.mid: " in said
    assert "no music   cover.jpg: a picture" in said
    for name in ("pieces", "instruments", "keys", "tempo", "pitches", "vocabulary"):
        assert name in said
    table = said[said.index("the folder") :].splitlines()
    assert max(map(len, table)) <= int(columns)


def test_of_twins_the_file_itself_is_kept_and_a_transposition_is_told(
    musegen: Callable, mixed: Path, make_score: Callable
) -> None:
    (mixed / "a link.mid").symlink_to(mixed / "0.mid")
    score = make_score("notes", 1)
    lower = (replace(part.notes, pitch=part.notes.pitch - 3) for part in score.parts)
    parts = tuple(map(lambda part, notes: replace(part, notes=notes), score.parts, lower))
    write(replace(score, parts=parts), mixed / "new\nline.mid")
    said = musegen("doctor", "mixed").stdout
    assert "duplicate  a link.mid: of 0.mid\n" in said
    assert "duplicate  new\\nline.mid: of 1.mid, 3 semitones lower\n" in said
    told = musegen("convert", "mixed/new\nline.mid", "a\x1b[2J.abc").stderr
    assert "Wrote a\\x1b[2J.abc." in told


@pytest.mark.usefixtures("mixed")
def test_a_page_is_written_once_and_again_only_when_asked(musegen: Callable, here: Path) -> None:
    first = musegen("doctor", "mixed", "-o", "report.html")
    page = (here / "report.html").read_text(encoding="utf-8")
    assert first.exit_code == 0
    assert "open it in a browser" in first.stderr
    assert "twin.mid" in page
    (here / "report.html").write_text("mine")
    refused = musegen("doctor", "mixed", "-o", "report.html", "--json")
    assert refused.exit_code == 1
    assert "--force" in json.loads(refused.stdout)["error"]["hint"]
    assert (here / "report.html").read_text() == "mine"
    assert musegen("doctor", "mixed", "-o", "report.html", "--force").exit_code == 0
    assert (here / "report.html").read_text(encoding="utf-8") == page


def test_a_command_to_try_next_can_be_pasted(
    musegen: Callable, make_corpus: Callable, here: Path
) -> None:
    make_corpus(here / "mé lange", "notes", 2)
    told = musegen("doctor", "mé lange").stderr
    assert "Now try: musegen train 'mé lange'\n" in told
    assert "musegen doctor 'mé lange' -o report.html" in told
    assert "musegen doctor 'mé lange' tells" in musegen("play", "mé lange").stderr


def test_one_file_has_a_report(musegen: Callable, make_corpus: Callable, here: Path) -> None:
    make_corpus(here / "one", "abc", 1)
    result = musegen("doctor", "one/0.abc", "-o", "page.html")
    assert result.exit_code == 0
    assert "1 kept" in result.stdout
    assert "the file" in result.stdout
    assert "musegen train" not in result.stderr
    assert "two different pieces" in result.stderr
    tune = musegen("doctor", "one/0.abc:1")
    assert tune.exit_code == 2
    assert "the whole is meant here: one/0.abc." in tune.stderr
    assert "0.abc" in (here / "page.html").read_text(encoding="utf-8")


def test_a_folder_of_nothing_readable_has_a_report(musegen: Callable, here: Path) -> None:
    (here / "bad").mkdir()
    (here / "bad" / "a.mid").write_bytes(b"MThd then nothing")
    result = musegen("doctor", "bad", "-o", "page.html")
    assert result.exit_code == 0
    assert "1 skipped" in result.stdout
    assert "musegen train" not in result.stderr


@pytest.mark.parametrize("name", ["report.pdf", "report", "folder"])
@pytest.mark.usefixtures("mixed")
def test_a_page_is_written_as_html_or_not_at_all(musegen: Callable, here: Path, name: str) -> None:
    (here / "folder").mkdir()
    refused = musegen("doctor", "mixed", "-o", name)
    assert refused.exit_code == 2
    assert ".html" in refused.stderr
    assert refused.stdout == ""
    assert not (here / name).is_file()


def test_music_that_is_packed_or_named_otherwise_counts(
    musegen: Callable, make_corpus: Callable, here: Path
) -> None:
    make_corpus(here / "music", "notes", 3)
    packed = gzip.compress((here / "music" / "2.mid").read_bytes())
    (here / "music" / "2.mid").unlink()
    (here / "music" / "2.mid.gz").write_bytes(packed)
    (here / "music" / "1.mid").rename(here / "music" / "one")
    (here / "music" / "read.me").write_text("la")
    said = musegen("doctor", "music").stdout
    assert "3 kept, 0 duplicates, 0 skipped; 1 other file " in said
    assert "no music   read.me: text" in said
    assert (
        json.loads(musegen("train", "music", "--steps", 1, "--json").stdout)["files"]["kept"] == 3
    )


def test_what_has_faults_and_is_learnt_all_the_same_is_told_so(
    musegen: Callable, make_corpus: Callable, here: Path
) -> None:
    folder = make_corpus(here / "music", "notes", 3)
    data = (folder / "2.mid").read_bytes()
    (folder / "2.mid").write_bytes(data[:-8])
    told = musegen("train", "music", "--steps", 1).stderr
    assert "Pieces with faults, used all the same: 1." in told
    assert "fault      2.mid, used all the same: " in musegen("doctor", "music").stdout


def test_what_is_on_both_sides_of_a_split_is_told_with_what_follows(
    musegen: Callable, make_corpus: Callable, make_score: Callable, here: Path
) -> None:
    make_corpus(here / "music" / "train", "notes", 3)
    for split, number in (("valid", 1), ("valid", 4), ("test", 4)):
        (here / "music" / split).mkdir(exist_ok=True)
        write(make_score("notes", number), here / "music" / split / f"{number}.mid")
    said = musegen("doctor", "music").stdout
    assert "train/1.mid (train) is the same music as valid/1.mid (valid): it is left out" in said
    assert "valid/4.mid (valid) is the same music as test/4.mid (test): both are kept" in said


def test_files_of_a_data_set_that_are_no_music_are_called_so(
    musegen: Callable, offer: Callable, here: Path
) -> None:
    tunes = {f"ABC_cleaned/{n}.abc": f"X:1\nT:{n}\nK:C\nCDEF|]\n".encode() for n in range(3)}
    offer("nottingham", tunes)
    assert musegen("datasets", "get", "nottingham").exit_code == 0
    said = musegen("doctor", "nottingham").stdout
    assert "nottingham.json: what musegen notes of a data set" in said


def test_less_than_a_minute_of_music_is_told_in_seconds(musegen: Callable, here: Path) -> None:
    (here / "short.abc").write_text("X:1\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\nCDEF|\n", encoding="utf-8")
    assert "4, 4 s" in musegen("doctor", "short.abc").stdout
