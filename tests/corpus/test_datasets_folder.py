"""A data set's folder holds that data set alone, and is called whole only where it is."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from musegen.corpus.datasets import get
from musegen.corpus.datasets_download import originals_folder
from musegen.corpus.datasets_folder import begin, check_folder, finish, is_made
from musegen.corpus.datasets_recipe import catalogue, find
from musegen.errors import CorpusError, OutputError

PIECE = [[72, 67, 64, 48]] * 16
BOOKS = {
    f"ABC_cleaned/{n}.abc": f"X:1\nT:Tune {n}\nL:1/4\nK:G\nGABc|]\n".encode() for n in range(3)
}


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def music_in(folder):
    return {name: data for name, data in files_in(folder).items() if name.endswith((".abc", "mid"))}


def book(train, valid, test):
    return json.dumps({"train": [PIECE] * train, "valid": [PIECE] * valid, "test": [PIECE] * test})


@pytest.fixture
def chorales(offer):
    """The benchmark of three, one and one chorales."""
    sides = {"train": 3, "valid": 1, "test": 1}
    offer("jsb-chorales", {"Jsb16thSeparated.json": book(3, 1, 1).encode()}, n_pieces=sides)
    return find("jsb-chorales")


@pytest.fixture
def books(offer):
    offer("nottingham", BOOKS)
    return find("nottingham")


@pytest.mark.parametrize("strange", ["notes.txt", "train/good.mid", "essen.json", ".hidden"])
def test_a_folder_that_holds_anything_else_is_left_alone(books, loopback, tmp_path, strange):
    path = tmp_path / "pre" / strange
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    before = files_in(tmp_path / "pre")
    for source in (None, tmp_path / "nowhere"):
        with pytest.raises(OutputError, match="something other than nottingham") as raised:
            get("nottingham", tmp_path / "pre", source=source)
        assert "-o" in raised.value.hint
    assert files_in(tmp_path / "pre") == before
    assert not loopback.asked


def test_a_file_is_no_folder(books, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="is no folder"):
        get("nottingham", tmp_path / "file")


def test_an_empty_folder_an_unfinished_one_and_a_made_one_are_gone_on_with(books, tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    check_folder(books, folder)
    (folder / ".nottingham.unfinished.txt.1.part").touch()  # killed at its very first file

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get("nottingham", folder, stop)
    assert music_in(folder)
    assert not is_made(books, folder)
    get("nottingham", folder)
    assert is_made(books, folder)
    assert set(music_in(folder).values()) == set(BOOKS.values())
    (folder / "mine.txt").write_text("of what I did with it")
    get("nottingham", folder, source=originals_folder(books))
    assert (folder / "mine.txt").is_file()


def test_one_mark_or_the_other_is_there_from_the_first_piece_on(books, tmp_path, monkeypatch):
    folder = tmp_path / "made"
    seen = []
    get("nottingham", folder, lambda *_: seen.append({path.name for path in folder.iterdir()}))
    assert all("nottingham.unfinished.txt" in names for names in seen)
    begin(books, folder)
    assert not is_made(books, folder)
    monkeypatch.setattr("pathlib.Path.unlink", lambda *_, **__: pytest.fail("killed here"))
    with pytest.raises(pytest.fail.Exception):
        finish(books, folder, 3)
    assert not is_made(books, folder)
    check_folder(books, folder)


@pytest.mark.parametrize("packed", [False, True])
def test_a_copy_that_lacks_files_makes_no_whole_set_and_the_rest_can_be_had(
    books, loopback, tmp_path, packed
):
    copy = tmp_path / ("copy.zip" if packed else "copy")
    name, data = next(iter(BOOKS.items()))
    if packed:
        with zipfile.ZipFile(copy, "w") as archive:
            archive.writestr(name, data)
    else:
        (copy / "ABC_cleaned").mkdir(parents=True)
        (copy / name).write_bytes(data)
    folder, told = tmp_path / "made", []
    get("nottingham", folder, source=copy, tell=told.append)
    assert told == ["1 of 3 files were in the copy."]
    assert told[0] in (folder / "nottingham.unfinished.txt").read_text()
    assert not is_made(books, folder)
    get("nottingham", folder, tell=told.append)
    assert len(told) == 1
    assert is_made(books, folder)
    assert set(music_in(folder).values()) == set(BOOKS.values())
    assert not list(folder.glob("*.txt"))


def test_a_split_other_than_the_published_one_is_told_of(chorales, tmp_path):
    source, told = tmp_path / "invented.json", []
    source.write_text(book(2, 1, 2))
    folder = get("jsb-chorales", tmp_path / "made", source=source, tell=told.append)
    assert told == [
        "Its split is not the published one: 2/1/2, not 3/1/1 pieces in train, valid, test."
    ]
    assert not is_made(chorales, folder)
    source.write_text(book(3, 1, 1))
    folder = get("jsb-chorales", tmp_path / "again", source=source, tell=told.append)
    assert len(told) == 1
    assert is_made(chorales, folder)


def test_what_was_made_of_another_copy_is_not_taken_for_the_real_one(chorales, tmp_path):
    source = tmp_path / "invented.json"
    source.write_text(json.dumps({"train": [[[60, 60, 60, 60]] * 4]}))
    folder = get("jsb-chorales", tmp_path / "made", source=source)
    get("jsb-chorales", folder)
    assert is_made(chorales, folder)
    assert music_in(folder) == music_in(get("jsb-chorales", tmp_path / "fresh"))


def test_a_copy_that_cannot_be_read_leaves_nothing_that_is_called_whole(chorales, tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(CorpusError):
        get("jsb-chorales", tmp_path / "made", source=tmp_path / "bad.json")
    assert not is_made(chorales, tmp_path / "made")
    assert is_made(chorales, get("jsb-chorales", tmp_path / "made"))


def test_the_numbers_of_the_recipes_agree_with_their_words():
    for recipe in catalogue():
        assert recipe.n_files > 0
        counts = [f"{count} " for count in recipe.n_pieces.values()]
        assert all(count in recipe.split for count in counts)
        assert bool(counts) == recipe.split.startswith("published")
        if counts:
            assert recipe.size.startswith(f"{sum(recipe.n_pieces.values()):,} ")


@pytest.mark.parametrize("begun", [begin, lambda _, folder: get("nottingham", folder)])
def test_parts_of_files_go_with_the_run_that_was_killed_and_not_before(books, tmp_path, begun):
    folder = tmp_path / "made"
    begun(books, folder)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (folder / "test").mkdir(exist_ok=True)
    left = folder / "test" / f".0001-0050.abc.{dead.pid}.part"
    at_work = folder / f".0.abc.{os.getppid()}.part"
    mine = folder / ".mine.part"
    for path in (left, at_work, mine):
        path.write_text("X:1")
    get("nottingham", folder)
    assert is_made(books, folder)
    assert not left.exists()
    assert at_work.exists()
    assert mine.exists()
