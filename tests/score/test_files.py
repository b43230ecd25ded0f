"""Files: what a file holds decides how it is read, and a write is whole or not at all."""

import gzip
import io
import os
import shutil
import zipfile

import pytest
from music21 import corpus

from musegen.disk import write_whole
from musegen.errors import MusegenError, NotFound, OutputError, UnreadableFile, UsageError
from musegen.score.files import SUFFIXES, read, read_all, write
from musegen.score.fingerprint import melody_hash
from musegen.score.score import Notes, Part, Score

TUNE = "X:1\nT:First\nM:4/4\nL:1/4\nK:G\nGABc|\n"
BOOK = TUNE + "\nX:2\nT:Second\nM:3/4\nL:1/4\nK:D\nDEF|\n"


@pytest.fixture
def piece():
    rows = [(step * 480, 480, pitch, 80) for step, pitch in enumerate((67, 69, 71, 72))]
    return Score(480, (Part("Flute", 73, Notes.of(rows)),), barlines=[1920])


@pytest.mark.parametrize("suffix", [".mid", ".abc", ".txt", ".musicxml", ""])
@pytest.mark.parametrize("written", [".mid", ".abc"])
def test_content_counts_and_not_the_name(piece, written, suffix, tmp_path):
    write(piece, tmp_path / f"piece{written}")
    renamed = (tmp_path / f"piece{written}").rename(tmp_path / f"renamed{suffix}")
    assert melody_hash(read(renamed)) == melody_hash(piece)


@pytest.mark.parametrize("name", ["bach/bwv66.6", "palestrina/Agnus_01"])
def test_scores_are_known_under_any_name(name, tmp_path):
    renamed = tmp_path / "piece.mid"
    shutil.copy(corpus.getWork(name), renamed)
    assert len(read(renamed).parts) >= 4


def test_a_wrapped_midi_file_is_known_by_its_name(piece, tmp_path):
    path = tmp_path / "piece.mid"
    write(piece, path)
    path.write_bytes(b"\r\n\0junk" + path.read_bytes())
    assert read(path) == read_all_of(path)[0][1]


WRAPPED = {
    "gzip": gzip.compress,
    "archive": lambda data: _archive({"folder/piece.mid": data, "__MACOSX/piece.mid": b""}),
}


def _archive(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("written", [".mid", ".abc", ".musicxml", ".mxl"])
def test_music_is_read_out_of_its_wrapping(piece, wrapping, written, tmp_path):
    if wrapping == "archive" and written != ".mid":
        pytest.skip("the archive's file is named as MIDI")
    write(piece, tmp_path / f"piece{written}")
    wrapped = tmp_path / "wrapped.mid"
    wrapped.write_bytes(WRAPPED[wrapping]((tmp_path / f"piece{written}").read_bytes()))
    assert melody_hash(read(wrapped)) == melody_hash(piece)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("before", ["", "\n \t"])
def test_a_text_in_any_encoding_is_known(encoding, before, tmp_path):
    path = tmp_path / "tune.mid"
    path.write_bytes((before + TUNE).encode(encoding))
    assert read(path).title == "First"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 ", "is a PDF"),
        (b"ID3\x04\0\0", "is an MP3"),
        (b"RIFF\0\0\0\0WAVEfmt ", "is a WAV"),
        (b"\x89PNG\r\n", "is a PNG"),
        (b"\xff\xd8\xff\xe0", "is a JPEG"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (b"<!-- a -->\n" * 700 + b"<html>", "is a web page"),
        (b"<!-- a -->\n" * 700 + b"<x>", "is not|holds|XML"),
        (b'<?xml version="1.0"?><museScore version="4">', "is a MuseScore"),
        (_archive({"a.mscx": b"", "META-INF/container.xml": b""}), "is a MuseScore"),
        (_archive({"Content/score.gpif": b""}), "is a Guitar Pro"),
        (_archive({"a.mid": b"", "b.mid": b""}), "is an archive of 2 pieces"),
        (b"\x18FICHIER GUITAR PRO v5", "is a Guitar Pro"),
        (b"\x0fSIBELIUS", "is a Sibelius"),
        (b"ENIGMA BINARY FILE", "is a Finale"),
        (b'{"notes": []}', "is JSON"),
        (b"SQLite format 3\0", "is an SQLite"),
        (b"\x7fELF\2", "is a program"),
        (gzip.compress(bytes(150_000_000), mtime=0), "unpacks to more than 100 MB"),
        (gzip.compress(b"MThd", mtime=0)[:-9], "gzip cut short|damaged gzip"),
    ],
)
@pytest.mark.parametrize("suffix", ["mid", "abc", "musicxml"])
def test_what_is_no_music_is_named(content, reason, suffix, tmp_path):
    path = tmp_path / f"what.{suffix}"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=reason) as raised:
        read(path)
    assert raised.value.file == str(path)


def read_all_of(path):
    return list(read_all(path))


def test_a_tune_of_a_book_is_named_by_its_place(tmp_path):
    book = tmp_path / "book.abc"
    book.write_text(BOOK)
    assert read(f"{book}:2").title == "Second"
    assert [(name, tune.title) for name, tune in read_all(book)] == [
        (f"{book}:1", "First"),
        (f"{book}:2", "Second"),
    ]
    assert [tune.title for _, tune in read_all(f"{book}:2")] == ["Second"]


def test_a_book_of_one_tune_needs_no_number(tmp_path):
    book = tmp_path / "tune.abc"
    book.write_text(TUNE)
    assert read(book) == read(f"{book}:1")
    assert [name for name, _ in read_all(book)] == [str(book)]


def test_abc_in_latin_1_keeps_its_letters(tmp_path):
    book = tmp_path / "tune.abc"
    book.write_bytes(TUNE.replace("First", "Séan").encode("latin-1"))
    assert read(book).title == "Séan"


@pytest.mark.parametrize(
    ("name", "content", "kind", "reason"),
    [
        ("empty.mid", b"", UnreadableFile, "is empty"),
        ("text.mid", b"Dear diary,\n", UnreadableFile, "holds text, not MIDI"),
        ("noise.mid", bytes(range(20)), UnreadableFile, "no MThd header"),
        ("what.xyz", b"\0\1\2", UnreadableFile, "unknown kind"),
        ("cut.mid", b"MThd\0\0\0\6", UnreadableFile, "cut short"),
        ("cut.mxl", b"PK\3\4", UnreadableFile, "damaged archive"),
        ("book.abc", BOOK.encode(), UsageError, "holds 2 tunes"),
    ],
)
def test_what_cannot_be_read_says_why_and_names_the_file(name, content, kind, reason, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(kind, match=reason) as raised:
        read(path)
    assert raised.value.file == str(path)


def test_what_is_not_there_is_not_found(tmp_path):
    book = tmp_path / "book.abc"
    book.write_text(BOOK)
    for path in (tmp_path / "none.mid", f"{book}:3", f"{book}:0", tmp_path / "none.abc:1"):
        with pytest.raises(NotFound):
            read(path)
        assert [type(error) for _, error in read_all(path)] == [NotFound]


def test_a_folder_and_a_locked_file_are_unreadable(tmp_path):
    with pytest.raises(UsageError, match="is a folder, where one piece is wanted"):
        read(tmp_path)
    locked = tmp_path / "locked.mid"
    locked.write_bytes(b"MThd")
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("whoever runs this may read everything")
    with pytest.raises(UnreadableFile, match="ermission"):
        read(locked)


def test_nothing_is_overwritten_without_force(piece, tmp_path):
    path = tmp_path / "piece.mid"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="already there") as raised:
        write(piece, path)
    assert "--force" in raised.value.hint
    assert path.read_bytes() == b"precious"
    write(piece, path, force=True)
    assert read(path).n_notes == 4


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "piece.mid"
    path.write_bytes(b"precious")

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_whole(path, b"new data", force=True)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_on_the_way_are_made(piece, tmp_path):
    write(piece, tmp_path / "new" / "folder" / "piece.mid")
    assert read(tmp_path / "new" / "folder" / "piece.mid").n_notes == 4


def test_a_place_that_cannot_be_written_is_an_output_error(piece, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write(piece, tmp_path / "file" / "piece.mid")


def test_the_suffix_says_what_is_written(piece, tmp_path):
    with pytest.raises(UsageError, match="cannot write") as raised:
        write(piece, tmp_path / "piece.wav")
    assert ".mid" in raised.value.hint
    write(piece, tmp_path / "piece.abc", made_by="musegen")
    assert "musegen" in (tmp_path / "piece.abc").read_text()


def test_midi_plays_repeats_out_and_abc_keeps_them(tmp_path):
    tune = tmp_path / "tune.abc"
    tune.write_text(TUNE.replace("GABc|", "|:GABc:|"))
    score = read(tune)
    for suffix, notes in ((".mid", 8), (".abc", 4)):
        write(score, tmp_path / f"again{suffix}")
        assert read(tmp_path / f"again{suffix}").n_notes == notes


def test_every_real_file_is_read_or_refused(shared):
    for path in sorted((shared / "odd").rglob("*")):
        if path.suffix in SUFFIXES:
            assert all(isinstance(found, Score | MusegenError) for _, found in read_all(path))
