"""Named data sets: each says what it is, and can be made, in full, on any machine."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from music21.common import getCorpusFilePath

from musegen.corpus import datasets_recipe
from musegen.corpus.datasets import LEFT_OUT, get
from musegen.corpus.datasets_export import side
from musegen.corpus.datasets_recipe import Recipe, catalogue, find, recipe_folder
from musegen.errors import CorpusError, NotFound
from musegen.score.files import read, read_all
from musegen.score.fingerprint import melody_hash

CORPUS = Path(getCorpusFilePath())


def music_in(folder):
    """The music files of a made data set by their split and name."""
    return {
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob("*")
        if path.suffix in (".mid", ".abc")
    }


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Makes recipes known, in place of the catalogue's own, from a few values."""

    def offer(**values):
        whole = json.loads((recipe_folder() / "bach-chorales.json").read_text())
        given = whole | {"n_files": 0} | values
        folder = tmp_path / "recipes"
        folder.mkdir(exist_ok=True)
        (folder / "small.json").write_text(json.dumps(given))
        monkeypatch.setattr(datasets_recipe, "recipe_folder", lambda: folder)

    return offer


@pytest.mark.parametrize("path", sorted(recipe_folder().glob("*.json")), ids=lambda path: path.stem)
def test_every_recipe_says_all_that_there_is_to_say(path):
    recipe = find(path.stem)
    values = json.loads(path.read_text(encoding="utf-8"))
    assert set(values) == {field.name for field in fields(Recipe)} - {"name"}
    may_be_empty = {"root", "family", "split_table", "n_pieces", "downloads"}
    assert all(value or value is False or name in may_be_empty for name, value in values.items())
    assert not recipe.family or re.compile(recipe.family).groups == 1
    assert (recipe.kind == "download") == bool(recipe.downloads)
    for pattern in recipe.files if recipe.kind == "music21" else ():
        assert list((CORPUS / recipe.root).glob(pattern)), f"{pattern} finds nothing"


@pytest.mark.parametrize("recipe", catalogue(), ids=lambda recipe: recipe.name)
def test_what_is_downloaded_is_of_one_version_and_checksums_are_checksums(recipe):
    for download in recipe.downloads:
        assert re.search(r"/[0-9a-f]{40}[/.]|/v\d+\.\d+\.\d+/", download.url)
        assert download.url.startswith("https://")
        assert download.sha256 is None or re.fullmatch("[0-9a-f]{64}", download.sha256)
        assert download.bytes is None or download.bytes > 1000
        assert not Path(download.file).is_absolute()
    assert len({download.file for download in recipe.downloads}) == len(recipe.downloads)


def test_the_catalogue_holds_the_sets_that_were_promised():
    names = [recipe.name for recipe in catalogue()]
    assert names == sorted(names)
    assert {"bach-chorales", "ryans-mammoth", "oneills", "essen", "palestrina"} < set(names)
    assert {"string-quartets", "nottingham", "pop909", "maestro", "jsb-chorales"} < set(names)
    works = {path.parts[0] for path in quartets()}
    assert works == {"haydn", "mozart", "beethoven"}


def quartets():
    """The files of the string quartets, below music21's corpus."""
    patterns = find("string-quartets").files
    return [path.relative_to(CORPUS) for pattern in patterns for path in CORPUS.glob(pattern)]


def test_sizes_are_those_of_the_sources():
    for recipe in catalogue():
        if recipe.kind == "music21":
            found = {p for pattern in recipe.files for p in (CORPUS / recipe.root).glob(pattern)}
            assert len(found) == recipe.n_files
    for name in ("bach-chorales", "ryans-mammoth", "palestrina"):
        recipe = find(name)
        stated = int(recipe.size.split()[0].replace(",", ""))
        found = {p for pattern in recipe.files for p in (CORPUS / recipe.root).glob(pattern)}
        assert len(found) == stated
    for name in ("oneills", "essen"):
        recipe = find(name)
        books = sorted((CORPUS / recipe.root).glob("*.abc"))
        tunes = sum(len(re.findall(rb"(?m)^X:", book.read_bytes())) for book in books)
        assert recipe.size.split()[0] == f"{tunes:,}"


def test_a_name_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(NotFound) as raised:
        find("bach-choral")
    assert "bach-chorales" in raised.value.hint


def test_tunes_are_taken_over_byte_for_byte_and_each_once(tmp_path):
    folder = get("oneills", tmp_path / "oneills")
    made, source = [], []
    for split in ("train", "valid", "test"):
        for book in (folder / split).glob("*.abc"):
            made += re.split(rb"(?m)^(?=X:)", book.read_bytes())[1:]
    for book in (CORPUS / "oneills1850").glob("*.abc"):
        source += re.split(rb"(?m)^(?=X:)", book.read_bytes())[1:]
    assert sorted(made) == sorted(source)
    assert (folder / "oneills.json").is_file()


def test_tunes_of_one_title_are_on_one_side(tmp_path):
    folder = get("oneills", tmp_path / "oneills")
    sides = {}
    for split in ("train", "valid", "test"):
        for book in (folder / split).glob("*.abc"):
            for title in re.findall(r"^X:.*\n(?:.*\n)*?T:(.*)$", book.read_text("latin-1"), re.M):
                sides.setdefault(" ".join(title.casefold().split()), set()).add(split)
    assert len(sides) > 1000
    assert all(len(where) == 1 for where in sides.values())


def test_the_sides_are_the_same_everywhere_and_about_eight_one_one():
    assert [side(name) for name in ("bwv253", "bwv258", "bwv270")] == ["train", "valid", "test"]
    sides = [side(f"piece {n}") for n in range(5000)]
    assert sides.count("train") / 5000 == pytest.approx(0.8, abs=0.02)
    assert sides.count("valid") / 5000 == pytest.approx(0.1, abs=0.02)


def test_scores_become_midi_with_the_same_music(small, tmp_path):
    small(files=["bwv66*.mxl", "bwv248.23-*.mxl"])
    folder = get("small", tmp_path / "made")
    made = {path.stem: read(path) for path in folder.rglob("*.mid")}
    assert set(made) == {"bwv66.6", "bwv248.23-2", "bwv248.23-s"}
    assert len({path.parent for path in folder.rglob("bwv248*.mid")}) == 1
    for name, score in made.items():
        assert melody_hash(score) == melody_hash(read(CORPUS / "bach" / f"{name}.mxl"))


def test_a_run_broken_off_goes_on_where_it_was(small, tmp_path):
    small(files=["bwv6*.mxl"])

    class BrokenOff(Exception):
        """Someone pressed Ctrl-C."""

    def stop_at_two(done, total):
        if done == 2:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        get("small", tmp_path / "made", stop_at_two)
    begun = music_in(tmp_path / "made")
    times = {name: (tmp_path / "made" / name).stat().st_mtime_ns for name in begun}
    told = []
    get("small", tmp_path / "made", lambda done, total: told.append((done, total)))
    whole = get("small", tmp_path / "whole")
    assert 0 < len(begun) < len(music_in(whole)) == len(told) == told[-1][0] == told[-1][1]
    assert music_in(tmp_path / "made") == music_in(whole)
    assert get("small", whole, lambda *_: pytest.fail("made again")) == whole
    assert all((tmp_path / "made" / name).stat().st_mtime_ns == t for name, t in times.items())
    assert not list((tmp_path / "made").rglob("*.part"))


def test_what_cannot_be_read_is_left_out_and_named(small, tmp_path, monkeypatch):
    broken = tmp_path / "corpus" / "bach"
    broken.mkdir(parents=True)
    (broken / "bad.mxl").write_bytes(b"PK\3\4")
    monkeypatch.setattr("music21.common.getCorpusFilePath", lambda: broken.parent)
    small(files=["*.mxl"])
    with pytest.raises(CorpusError, match=r"bad\.mxl"):
        get("small", tmp_path / "made")
    (broken / "good.mxl").write_bytes((CORPUS / "bach" / "bwv66.6.mxl").read_bytes())
    folder = get("small", tmp_path / "made")
    assert "bad.mxl" in (folder / LEFT_OUT).read_text()
    assert len(music_in(folder)) == 1


def test_music_that_is_not_installed_is_said_to_be_missing(small, tmp_path):
    small(files=["no-such-piece*.mxl"])
    with pytest.raises(CorpusError, match="not in music21's corpus"):
        get("small", tmp_path / "made")


def test_the_first_tunes_of_the_fiddle_collection_can_be_read(small, tmp_path):
    small(root="ryansMammoth", files=["A*.abc"], family=find_family("ryans-mammoth"))
    folder = get("small", tmp_path / "made")
    for name in music_in(folder):
        assert [tune.n_notes > 0 for _, tune in read_all(folder / name)] == [True]


def find_family(name):
    path = Path(__file__).parents[2] / "datasets" / f"{name}.json"
    return json.loads(path.read_text())["family"]
