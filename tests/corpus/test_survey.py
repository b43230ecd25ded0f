"""A folder of music: what is kept, what is skipped and why, and which pieces are twins."""

import gzip
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.corpus.survey import Survey, file_digest, music_files, survey
from musegen.errors import CorpusError, NotFound
from musegen.score.files import read, write
from musegen.score.midi import write_midi
from musegen.score.musicxml import compressed, write_musicxml
from musegen.score.score import Notes, Part, Score

PLACES = ("{}.mid", "{}.abc", "train/{}.mid", "train/{}.abc", "valid/{}.mid", "test/{}.abc")
TUNE = "X:1\nT:{title}\nM:4/4\nL:1/4\nK:C\n{music}|\n"


def write_tune(file: Path, title: str, music: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TUNE.format(title=title, music=music), encoding="utf-8")


def by_path(found: Survey) -> dict[str, tuple[str, str, str]]:
    """Status, reason and split of each piece."""
    return {piece.path: (piece.status, piece.reason, piece.split) for piece in found.pieces}


def splits_by_melody(found: Survey) -> dict[str, str]:
    return {piece.melody: piece.split for piece in found.kept()}


def test_what_is_no_music_is_ignored_and_what_cannot_be_read_is_skipped(
    tmp_path: Path, make_corpus: Callable
) -> None:
    make_corpus(tmp_path, "notes", 2)
    (tmp_path / "broken.mid").write_bytes(b"MThd then nothing")
    (tmp_path / "cover.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / ".hidden.mid").write_bytes(b"MThd")
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / "0.mid").write_bytes(b"MThd")
    (tmp_path / "gone.mid").symlink_to(tmp_path / "nowhere")
    write(Score(24, ()), tmp_path / "silent.mid")
    found = survey(tmp_path)
    statuses = by_path(found)
    assert sorted(statuses) == ["0.mid", "1.mid", "broken.mid", "gone.mid", "silent.mid"]
    assert {name for name, (status, *_) in statuses.items() if status == "kept"} == {
        "0.mid",
        "1.mid",
    }
    assert statuses["silent.mid"] == ("skipped", "has no notes", "")
    for name in ("broken.mid", "gone.mid"):
        status, reason, split = statuses[name]
        assert (status, split) == ("skipped", "")
        assert reason
    assert found.others == (".hidden.mid", "cover.jpg")
    assert [found.count(s) for s in ("kept", "skipped", "duplicate")] == [2, 3, 0]


def test_a_folder_without_music_and_no_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no music"):
        survey(tmp_path)
    (tmp_path / "readme.txt").write_text("nothing to hear")
    with pytest.raises(CorpusError, match="no music"):
        survey(tmp_path)
    with pytest.raises(NotFound):
        survey(tmp_path / "nowhere")


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything")
def test_a_closed_folder_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(CorpusError, match="cannot be read"):
        survey(closed)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write_tune(tmp_path / "a.abc", "A", "c d e f")
    os.mkfifo(tmp_path / "b.mid")
    found = survey(tmp_path)
    assert found.count("kept") == 1
    assert found.others == ("b.mid",)


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return packed.getvalue()


ABC = TUNE.format(title="A", music="c d e f").encode()
MIDI = write_midi(Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80)])),)))
XML = write_musicxml(Score(480, (Part("", 0, Notes.of([(0, 480, 60, 80)])),), barlines=[1920]))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("song", MIDI),
        ("song.mid.gz", gzip.compress(MIDI, mtime=0)),
        ("twice", gzip.compress(gzip.compress(MIDI, mtime=0), mtime=0)),
        ("song.zip", zipped(song_mid=MIDI, read_me=b"la")),
        ("packed.abc.gz", gzip.compress(ABC, mtime=0)),
        ("tunes.txt", ABC),
        ("tunes.bak", b"\xef\xbb\xbf% my tunes\r\n\r\n" + ABC),
        ("score.bak", XML),
        ("score", compressed(XML)),
        ("spine.txt", b"**kern\n4c\n*-\n"),
    ],
)
def test_music_under_another_name_or_packed_is_found(
    tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    (piece,) = survey(tmp_path).pieces
    assert (piece.path, piece.status, piece.notes > 0) == (name, "kept", True)
    assert read(tmp_path / name).n_notes == piece.notes


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("two.zip", zipped(a_mid=MIDI, b_mid=MIDI), "an archive of 2 pieces of music: unpack it"),
        ("none.zip", zipped(read_me=b"la"), "an archive without music"),
        ("cut.gz", gzip.compress(b"la", mtime=0)[:8], "packed, and no music in it"),
        ("howto.md", b"# How to write ABC\n\nBegin with\n\n" + ABC, "text"),
        ("list.yaml", b"K: key\nX: 1\n", "a table or settings"),
        ("layout.ui", b"<?xml version='1.0'?><interface/>", "text"),
        ("score.bin", zipped(a_mscx=b"la"), "a MuseScore score, which musegen does not read"),
    ],
)
def test_what_only_looks_like_music_is_not_taken_for_it(
    tmp_path: Path, name: str, data: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CorpusError, match="no music") as raised:
        survey(tmp_path)
    assert f"Here {name} is {what}" in raised.value.hint


def test_of_a_large_file_the_beginning_alone_is_looked_at(tmp_path: Path) -> None:
    write_tune(tmp_path / "a.abc", "A", "c d e f")
    with (tmp_path / "film").open("wb") as film:
        film.truncate(1 << 40)
    assert survey(tmp_path).others == ("film",)


def test_files_come_in_one_order_to_any_depth(tmp_path: Path) -> None:
    names = ["b/z.mid", "a.MID", "b/a/c.abc", "c.krn"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "b" / "cover.jpg").write_bytes(b"")
    found, others = music_files(tmp_path)
    assert sorted(found) == found
    assert {file.relative_to(tmp_path).as_posix() for file in found} == set(names)
    assert others == [tmp_path / "b" / "cover.jpg"]
    assert music_files(tmp_path / "a.MID") == ([tmp_path / "a.MID"], [])


def test_a_digest_is_of_the_bytes_and_empty_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"la")
    (tmp_path / "two").write_bytes(b"la")
    assert file_digest(tmp_path / "one") == file_digest(tmp_path / "two") != ""
    assert file_digest(tmp_path / "three") == ""


def test_twins_are_found_in_any_key_tempo_and_encoding(
    tmp_path: Path, make_score: Callable, moved: Callable
) -> None:
    score = make_score("abc", 1)
    for name, twin in [
        ("a.mid", score),
        ("b.mid", moved(score, -5)),
        ("c.mid", moved(score, 3, times=2)),
        ("d.abc", score),
        ("other.mid", make_score("abc", 2)),
    ]:
        write(twin, tmp_path / name)
    found = by_path(survey(tmp_path))
    assert found["a.mid"][0] == found["other.mid"][0] == "kept"
    for name in ("b.mid", "c.mid", "d.abc:1" if "d.abc:1" in found else "d.abc"):
        assert found[name] == ("duplicate", "a.mid", "")


def test_of_twins_the_one_of_the_shortest_name_is_kept_unless_a_folder_says_train(
    tmp_path: Path, make_score: Callable
) -> None:
    for kind, name in [
        (1, "a copy of waltz.mid"),
        (1, "old/waltz.mid"),
        (1, "waltz.mid"),
        (1, "waltz 2.mid"),
        (2, "b.mid"),
        (2, "train/the same as b.mid"),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(make_score("notes", kind), tmp_path / name)
    found = by_path(survey(tmp_path))
    for name in ("a copy of waltz.mid", "waltz.mid", "waltz 2.mid"):
        assert found[name] == ("duplicate", "old/waltz.mid", "")
    assert found["b.mid"] == ("duplicate", "train/the same as b.mid", "")


def test_a_broken_tune_does_not_lose_the_others_of_its_book(tmp_path: Path) -> None:
    tunes = [("Reel", "CDEF"), ("Broken", "CDEF"), ("Jig", "GcBA"), ("Silent", "z4")]
    book = [
        TUNE.replace("X:1", f"X:{number}").format(title=title, music=music)
        for number, (title, music) in enumerate(tunes, start=1)
    ]
    book[1] = book[1].replace("K:C\n", "")
    (tmp_path / "book.abc").write_text("\n".join(book), encoding="utf-8")
    first, broken, third, silent = survey(tmp_path).pieces
    assert [piece.status for piece in (first, broken, third, silent)] == [
        "kept",
        "skipped",
        "kept",
        "skipped",
    ]
    assert "K: field" in broken.reason
    assert silent.reason == "has no notes"
    assert sorted([first.split, third.split]) == ["train", "valid"]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3), st.sampled_from(PLACES))))
def test_no_music_is_both_learnt_and_held_out(
    make_score: Callable, moved: Callable, pieces: list[tuple[int, int, str]]
) -> None:
    """Wherever twins lie; at least one piece is held out where there are two to choose from."""
    with TemporaryDirectory() as folder:
        write(make_score("abc", 5), Path(folder, "last.mid"))
        for number, (kind, semitones, place) in enumerate(pieces):
            file = Path(folder, place.format(number))
            file.parent.mkdir(exist_ok=True)
            write(moved(make_score("abc", kind), semitones), file)
        kept = survey(Path(folder)).kept()
    learnt = {piece.melody for piece in kept if piece.split == "train"}
    held_out = {piece.melody for piece in kept if piece.split != "train"}
    assert not learnt & held_out
    assert len({piece.melody for piece in kept}) == len({5, *(kind for kind, *_ in pieces)})
    assert held_out or len(kept) == 1


def test_published_splits_stay_whole_and_are_not_learnt(
    tmp_path: Path, make_score: Callable, moved: Callable
) -> None:
    same = make_score("notes", 1)
    for name, score in [
        ("train/a.mid", same),
        ("train/b.mid", make_score("notes", 2)),
        ("train/twin of b.mid", moved(make_score("notes", 2), 1)),
        ("train/c.mid", make_score("notes", 3)),
        ("valid/a.mid", same),
        ("valid/c.mid", moved(make_score("notes", 3), -1)),
        ("valid/again.mid", moved(same, 2)),
        ("test/a.mid", moved(same, 0, times=2)),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(score, tmp_path / name)
    found = by_path(survey(tmp_path))
    assert found["train/a.mid"] == ("duplicate", "test/a.mid", "")
    assert found["train/b.mid"] == ("kept", "", "train")
    assert found["train/c.mid"] == ("duplicate", "valid/c.mid", "")
    assert found["train/twin of b.mid"] == ("duplicate", "train/b.mid", "")
    for name, split in [
        ("valid/a.mid", "valid"),
        ("valid/again.mid", "valid"),
        ("test/a.mid", "test"),
    ]:
        assert found[name] == ("kept", "", split)


@pytest.mark.parametrize("flat", [False, True])
def test_a_corpus_is_split_alike_wherever_its_files_lie(
    tmp_path: Path, make_corpus: Callable, flat: bool
) -> None:
    one = make_corpus(tmp_path / "one", "notes", 12)
    other = tmp_path / "two" / "deeper"
    other.mkdir(parents=True)
    for number, file in enumerate(sorted(one.glob("*.mid"), reverse=True)):
        folder = other if flat else other / str(number % 3)
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder / f"{number:02}.mid")
    first, second = survey(one), survey(tmp_path / "two")
    assert splits_by_melody(first) == splits_by_melody(second)
    assert {p.split for p in first.kept()} == {"train", "valid"}


def test_tunes_of_one_title_or_one_melody_are_a_family_in_any_order(tmp_path: Path) -> None:
    """The reel and the jig share a melody, two jigs a title, the reel and an air a melody."""
    tunes = [("Reel", "CDEF"), ("Jig", "GABc"), ("Jig ", "GCGc"), ("jig", "CCGG")]
    tunes += [("Air", "CDEF"), ("Air", "EEFF"), *((f"Tune {k}", "C" * k + "G") for k in range(9))]
    found = []
    for order in (range(len(tunes)), reversed(range(len(tunes)))):
        folder = tmp_path / str(len(found))
        for place, number in enumerate(order):
            write_tune(folder / f"{place:02}.abc", *tunes[number])
        kept = survey(folder).kept()
        found.append({piece.melody: (piece.family, piece.split) for piece in kept})
        members = [piece.family for piece in kept]
        assert sorted(members.count(family) for family in set(members)) == [*[1] * 9, 4]
        for name in members:
            assert name == min(piece.melody for piece in kept if piece.family == name)
    assert found[0] == found[1]


def test_an_arrangement_stands_on_the_side_of_its_tune(tmp_path: Path) -> None:
    def notes(seed: int) -> str:
        dice = Random(seed)
        return " ".join(dice.choice("cdefgab") + dice.choice("1234") for _ in range(60))

    for number in range(12):
        write_tune(tmp_path / f"{number}.abc", f"Tune {number}", notes(number))
    write_tune(tmp_path / "arranged.abc", "Anew", f"{notes(3)} g2 f2 e2 d2 c4")
    families = {piece.path: piece.family for piece in survey(tmp_path).kept()}
    assert families["3.abc"] == families["arranged.abc"]
    assert len(set(families.values())) == 12


def test_progress_counts_every_file(tmp_path: Path, make_corpus: Callable) -> None:
    heard: list[tuple[int, int]] = []
    survey(make_corpus(tmp_path, "grid", 3), lambda done, of: heard.append((done, of)))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]
