"""Data sets that are downloaded: held to checksums, resumed file by file, or refused in words."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from musegen.corpus.datasets import get
from musegen.corpus.datasets_download import missing, originals_folder
from musegen.corpus.datasets_recipe import find
from musegen.errors import CorpusError, NotFound, UsageError
from musegen.score.files import read
from musegen.score.midi import write_midi

TUNE = "X:{0}\nT:Tune {0}\nM:4/4\nL:1/4\nK:G\nGABc|d2 G2|]\n"
TABLE = "maestro-v3.0.0/maestro-v3.0.0.csv"


def zipped(files):
    """A zip archive of files, as bytes."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def music_in(folder):
    """The music files of a made data set by their split and name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.suffix in (".mid", ".abc")
    }


@pytest.fixture
def midi(make_score):
    return {number: write_midi(make_score("notes", number)) for number in range(4)}


@pytest.fixture
def maestro(midi):
    """An archive laid out as MAESTRO's is."""
    sides = ("train", "validation", "test", "train")
    rows = [f"2004/{n}.midi,{side}\n" for n, side in enumerate(sides)]
    performances = {f"maestro-v3.0.0/2004/{n}.midi": data for n, data in midi.items()}
    table = "".join(["midi_filename,split\n", *rows])
    return {"maestro-v3.0.0/README": "read me", TABLE: table, **performances}


def test_maestro_lies_as_its_table_says_byte_for_byte(offer, loopback, tmp_path, maestro, midi):
    offer("maestro", {"maestro-v3.0.0-midi.zip": zipped(maestro)})
    folder = get("maestro", tmp_path / "made")
    assert music_in(folder) == {
        "train/2004/0.mid": midi[0],
        "valid/2004/1.mid": midi[1],
        "test/2004/2.mid": midi[2],
        "train/2004/3.mid": midi[3],
    }
    assert get("maestro", folder) == folder
    assert loopback.asked == ["maestro-v3.0.0-midi.zip"]
    get("maestro", tmp_path / "again")
    assert len(loopback.asked) == 1


def test_a_performance_that_the_table_does_not_place_is_not_guessed_at(
    offer, tmp_path, maestro, midi
):
    maestro["maestro-v3.0.0/2006/new.midi"] = midi[0]
    offer("maestro", {"maestro-v3.0.0-midi.zip": zipped(maestro)})
    with pytest.raises(CorpusError, match="does not place it"):
        get("maestro", tmp_path / "made")
    del maestro[TABLE]
    offer("maestro", {"maestro-v3.0.0-midi.zip": zipped(maestro)})
    with pytest.raises(CorpusError, match="lacks maestro"):
        get("maestro", tmp_path / "made")


def test_a_table_without_a_split_is_refused(offer, tmp_path, maestro):
    maestro[TABLE] = "midi_filename,split\n2004/0.midi,sometimes\n"
    offer("maestro", {"maestro-v3.0.0-midi.zip": zipped(maestro)})
    with pytest.raises(CorpusError, match="no table of the published split"):
        get("maestro", tmp_path / "made")


def test_of_a_pop_song_one_version_is_taken(offer, tmp_path, midi):
    songs = {f"POP909-Dataset-abc/POP909/{n:03}/{n:03}.mid": midi[n] for n in range(4)}
    more = {
        "POP909-Dataset-abc/POP909/001/versions/001-v1.mid": midi[0],
        "POP909-Dataset-abc/POP909/001/beat_midi.txt": "0",
    }
    offer("pop909", {"POP909-Dataset.zip": zipped(songs | more)}, known=False)
    folder = get("pop909", tmp_path / "made")
    made = {Path(name).stem: data for name, data in music_in(folder).items()}
    assert made == {f"{n:03}": midi[n] for n in range(4)}


def test_tune_books_are_fetched_one_by_one_and_go_on_where_they_broke_off(
    offer, loopback, tmp_path
):
    books = {f"ABC_cleaned/{n}.abc": TUNE.format(n).encode() for n in range(3)}
    offer("nottingham", books)
    loopback.cut = {"ABC_cleaned/1.abc"}
    with pytest.raises(CorpusError, match="broke off") as raised:
        get("nottingham", tmp_path / "made")
    assert raised.value.file.endswith("ABC_cleaned/1.abc")
    assert "--source" in raised.value.hint
    fetched = originals_folder(find("nottingham"))
    assert [path.name for path in fetched.rglob("*") if path.is_file()] == ["0.abc"]
    assert [download.file for download in missing(find("nottingham"))] == list(books)[1:]
    loopback.cut, loopback.asked = set(), []
    told = []
    folder = get("nottingham", tmp_path / "made", fetching=lambda *bytes_: told.append(bytes_))
    assert loopback.asked == list(books)[1:]
    assert told[-1] == (len(TUNE.format(1)) * 2,) * 2
    assert sorted(music_in(folder).values()) == sorted(books.values())


@pytest.mark.parametrize("known", [True, False])
def test_a_file_other_than_the_one_expected_is_thrown_away(offer, loopback, tmp_path, known):
    book = TUNE.format(1).encode()
    told = []
    offer("nottingham", {"ABC_cleaned/1.abc": book}, known=known)
    if not known:
        get("nottingham", tmp_path / "first", tell=told.append)
        assert "SHA-256" in told[0]
    path = originals_folder(find("nottingham")) / "ABC_cleaned" / "1.abc"
    path.unlink(missing_ok=True)
    loopback.files["ABC_cleaned/1.abc"] = book.replace(b"GABc", b"GABd")
    with pytest.raises(CorpusError, match="has not the checksum") as raised:
        get("nottingham", tmp_path / "made")
    assert ("--source" in raised.value.hint) == known
    assert not path.exists()
    assert not (tmp_path / "made").exists()
    loopback.files["ABC_cleaned/1.abc"] = book
    assert list(music_in(get("nottingham", tmp_path / "made")).values()) == [book]
    assert len(told) <= 1


def test_a_copy_damaged_in_the_cache_is_fetched_anew(offer, loopback, tmp_path):
    offer("nottingham", {"ABC_cleaned/1.abc": TUNE.format(1).encode()}, known=False)
    get("nottingham", tmp_path / "made")
    path = originals_folder(find("nottingham")) / "ABC_cleaned" / "1.abc"
    path.write_bytes(b"X:1\n")
    get("nottingham", tmp_path / "again")
    assert music_in(tmp_path / "again") == music_in(tmp_path / "made")
    assert len(loopback.asked) == 2


def test_a_file_of_the_wrong_size_is_not_trusted_on_first_use(offer, tmp_path):
    book = {"ABC_cleaned/1.abc": TUNE.format(1).encode()}
    offer("nottingham", book, known=False)
    recipe = find("nottingham")
    url = recipe.downloads[0].url
    named = [{"url": url, "file": "ABC_cleaned/1.abc", "bytes": 7, "sha256": None}]
    offer("nottingham", book, downloads=named)
    with pytest.raises(CorpusError, match="not 7"):
        get("nottingham", tmp_path / "made")
    assert missing(recipe) == list(recipe.downloads)


def test_half_an_archive_is_not_trusted_on_first_use(offer, tmp_path, midi):
    whole = zipped({"POP909/001/001.mid": midi[0]})
    offer("pop909", {"POP909-Dataset.zip": whole[: len(whole) // 2]}, known=False)
    with pytest.raises(CorpusError, match="no whole zip archive"):
        get("pop909", tmp_path / "made")
    assert not list(originals_folder(find("pop909")).iterdir())


def test_what_is_not_there_is_said_with_its_address_and_the_way_out(offer, loopback, tmp_path):
    offer("nottingham", {"ABC_cleaned/1.abc": b"X:1\n"})
    loopback.files.clear()
    with pytest.raises(CorpusError, match="404") as raised:
        get("nottingham", tmp_path / "made")
    assert raised.value.file == f"http://127.0.0.1:{loopback.server_port}/ABC_cleaned/1.abc"
    assert "1.abc with --source" in raised.value.hint


def test_without_a_network_it_says_so(offer, loopback, tmp_path):
    offer("nottingham", {"ABC_cleaned/1.abc": b"X:1\n"})
    loopback.stop()
    with pytest.raises(CorpusError, match="no connection to the server"):
        get("nottingham", tmp_path / "made")


def test_a_copy_that_one_has_needs_no_server(offer, loopback, tmp_path, maestro):
    archive = tmp_path / "maestro-v3.0.0-midi.zip"
    archive.write_bytes(zipped(maestro))
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(unpacked)
    offer("maestro", {archive.name: archive.read_bytes()})
    told = []
    made = [
        music_in(get("maestro", tmp_path / f"made {n}", source=source, tell=told.append))
        for n, source in enumerate((archive, unpacked, unpacked / "maestro-v3.0.0"))
    ]
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 4
    assert not loopback.asked
    assert not told


def test_a_copy_with_another_checksum_is_used_and_told_of(offer, tmp_path, maestro):
    offer("maestro", {"maestro-v3.0.0-midi.zip": zipped(maestro)})
    other = tmp_path / "maestro-v3.0.0-midi.zip"
    other.write_bytes(zipped(maestro | {"maestro-v3.0.0/LICENSE": "another"}))
    told = []
    get("maestro", tmp_path / "made", source=other, tell=told.append)
    assert len(told) == 1
    assert "SHA-256 differs" in told[0]


def test_a_copy_that_is_none_is_refused(offer, tmp_path, maestro):
    offer("maestro", {"maestro-v3.0.0-midi.zip": zipped(maestro)})
    with pytest.raises(NotFound):
        get("maestro", tmp_path / "made", source=tmp_path / "nowhere")
    pickle = tmp_path / "Jsb16thSeparated.npz"
    pickle.write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"not made from \.npz"):
        get("maestro", tmp_path / "made", source=pickle)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CorpusError, match="holds no"):
        get("maestro", tmp_path / "made", source=empty)
    assert not (tmp_path / "made").exists()


def test_scores_of_an_own_copy_of_the_corpus_can_be_taken(tmp_path, make_corpus):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "one.abc").write_text(TUNE.format(1))
    folder = get("ryans-mammoth", tmp_path / "made", source=tmp_path / "copy")
    assert list(music_in(folder).values()) == [TUNE.format(1).encode()]


def steps(*voices):
    """Columns of pitches as rows of steps."""
    return [list(step) for step in zip(*voices, strict=True)]


def test_voices_at_sixteenths_become_notes_and_keep_the_published_split(offer, tmp_path):
    piece = steps([72, 72, 74, -1], [67, 67, 67, 67], [-1, 64, 64, -1], [48, 50, 48, 50])
    book = {"train": [piece, piece], "valid": [piece], "test": [piece]}
    offer("jsb-chorales", {"Jsb16thSeparated.json": json.dumps(book).encode()}, known=False)
    folder = get("jsb-chorales", tmp_path / "made")
    assert set(music_in(folder)) == {
        *("train/000.mid", "train/001.mid", "valid/000.mid", "test/000.mid")
    }
    score = read(folder / "test" / "000.mid")
    assert score.ticks_per_quarter == 480
    assert [part.name for part in score.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert [part.notes.rows[:, :3].tolist() for part in score.parts] == [
        [[0, 240, 72], [240, 120, 74]],
        [[0, 480, 67]],
        [[120, 240, 64]],
        [[0, 120, 48], [120, 120, 50], [240, 120, 48], [360, 120, 50]],
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"train": [[[60, 60]]]}', '{"all": []}', '{"test": [[]]}', "{}", "\xff"]
)
def test_steps_that_are_none_are_refused(offer, tmp_path, text):
    offer("jsb-chorales", {"Jsb16thSeparated.json": text.encode("latin-1")})
    with pytest.raises(CorpusError):
        get("jsb-chorales", tmp_path / "made")


def test_the_chorales_are_those_of_the_published_midi(shared, tmp_path):
    source = shared / "chorales" / "Jsb16thSeparated.train-valid.json"
    folder = get("jsb-chorales", tmp_path / "made", source=source)
    sizes = {"train": 229, "valid": 76}
    for split, size in sizes.items():
        made, given = (sorted((place / split).glob("*.mid")) for place in (folder, source.parent))
        assert len(made) == len(given) == size
        for ours, theirs in zip(made[::10], given[::10], strict=True):
            assert replace(read(ours), events=()) == read(theirs), ours


def test_the_tune_books_at_hand_have_the_checksums_of_the_recipe(shared, tmp_path):
    books, told = shared / "nottingham", []
    folder = get("nottingham", tmp_path / "made", source=books, tell=told.append)
    assert {Path(name).name for name in music_in(folder)} == {p.name for p in books.glob("*.abc")}
    assert told == ["5 of 14 files were in the copy."]
    sizes = {Path(d.file).name: d.bytes for d in find("nottingham").downloads}
    assert all(path.stat().st_size == sizes[path.name] for path in books.glob("*.abc"))
    changed = tmp_path / "ABC_cleaned"
    changed.mkdir()
    (changed / "ashover.abc").write_bytes((books / "ashover.abc").read_bytes()[:-1])
    for n, source in enumerate((changed, tmp_path, changed / "ashover.abc")):
        get("nottingham", tmp_path / f"changed {n}", source=source, tell=told.append)
        assert ["SHA-256 differs" in sentence for sentence in told[-2:]] == [True, False]
