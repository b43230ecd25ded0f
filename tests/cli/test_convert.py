"""`musegen convert`: every format out, all of a book or nothing, and what was lost is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from musegen.generation.request import Request
from musegen.score.excerpt import with_join
from musegen.score.files import WRITTEN_SUFFIXES, read, write
from musegen.score.midi import write_midi
from musegen.score.score import Event, Notes, Part, Score

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]

TUNE = 'X:1\nT:One\nM:4/4\nL:1/4\nK:G\n|:"G"GABc:|\n'
BOOK = TUNE + "\nX:2\nT:Two\nM:3/4\nL:1/4\nK:D\nDEF|\n"


@pytest.fixture
def band(here: Path) -> Path:
    notes = Notes.of([(0, 480, 60, 99), (480, 480, 64, 80), (960, 960, 67, 80)])
    pedal = [[0, 127], [1900, 0]]
    write(Score(480, (Part("Piano", 0, notes, pedal=pedal),), barlines=[1920]), here / "band.mid")
    return here / "band.mid"


@pytest.mark.parametrize("suffix", [".mid", ".abc", ".musicxml", ".xml", ".mxl"])
def test_every_format_goes_to_every_other(ask: Ask, band: Path, suffix: str) -> None:
    ask("convert", band, f"a{suffix}")
    assert read(f"a{suffix}").parts[0].notes.pitch.tolist() == [60, 64, 67]
    ask("convert", f"a{suffix}", "back.mid")
    assert read("back.mid").barlines.tolist()[-1] == read("back.mid").ticks_per_quarter * 4


def test_what_the_file_cannot_hold_is_told(musegen: Musegen, ask: Ask, band: Path) -> None:
    (file,) = ask("convert", band, "a.abc")["files"]
    assert file["lost"]["pedals"] == 2
    absent = {"lost", "not_sounded", "not_shown", "shown_otherwise"}
    assert set(file) == {"in", "out", "notes", "estimated_keys", "tempo_assumed", "faults", *absent}
    assert "2 pedal" in musegen("convert", band, "b.abc").stderr
    (file,) = ask("convert", band, "c.mid")["files"]
    assert file["lost"] == {}


RICH = """X:1
L:1/4
K:G
|:"G"{g}GABc:|
w:la la la la
"""


def test_what_of_a_piece_is_not_sounded_is_told_as_often_as_it_is_written(
    musegen: Musegen, ask: Ask, here: Path
) -> None:
    Path("rich.abc").write_text(RICH)
    (file,) = ask("convert", "rich.abc", "a.wav")["files"]
    assert file["not_sounded"] == {"chord symbols": 1, "graces": 1}
    assert ask("play", "rich.abc")["not_sounded"] == file["not_sounded"]
    for call in (["convert", "rich.abc", "b.wav"], ["play", "rich.abc"]):
        assert "Not sounded: 1 chord symbol, 1 grace." in musegen(*call).stderr
    Path("plain.abc").write_text("X:1\nK:G\nGABc|]\n")
    assert "Not sounded" not in musegen("play", "plain.abc").stderr


@pytest.mark.parametrize("repeats", ["keep", "unfold"])
def test_what_of_a_piece_a_picture_does_not_show_is_told(
    musegen: Musegen, ask: Ask, band: Path, repeats: str
) -> None:
    Path("rich.abc").write_text(RICH)
    (file,) = ask("convert", "rich.abc", "a.svg", "--repeats", repeats)["files"]
    signs = {"repeat marks": 2} if repeats == "keep" else {}
    once = {"chord marks": 1, "grace marks": 1, "keys": 1, "lyric marks": 4}
    assert file["not_shown"] == once | signs
    assert "Not shown: 2 pedals." in musegen("convert", band, "b.svg").stderr


@pytest.mark.parametrize("suffix", [".musicxml", ".mxl", ".abc"])
def test_the_words_of_a_karaoke_file_are_sung_in_scores(ask: Ask, here: Path, suffix: str) -> None:
    lines = (b"\\Fr\xfch", b"ling ", b"laesst", b"\r", b"/sein ")
    notes = Notes.of([(480 * beat, 480, 60 + beat, 80) for beat in range(len(lines))])
    lyrics = tuple(Event(480 * beat, b"\xff\x05" + line) for beat, line in enumerate(lines))
    write(Score(480, (Part("Voice", 52, notes, events=lyrics),)), "sung.mid")
    (file,) = ask("convert", "sung.mid", f"sung{suffix}")["files"]
    assert file["lost"].get("lyrics") == 1  # that of an empty line
    assert "lyric marks" not in file["lost"]
    told = [mark.text for mark in read(f"sung{suffix}").marks if mark.kind == "lyric"]
    assert told == ["Früh-", "ling", "laesst", "sein"]


def test_a_bar_of_a_wrong_length_is_told_with_its_tune(musegen: Musegen, here: Path) -> None:
    (here / "b.abc").write_text(BOOK + "\nX:3\nM:4/4\nL:1/4\nK:C\nC4|D5|E4|\n", encoding="utf-8")
    told = musegen("convert", "b.abc", "b.mid").stderr
    assert "b.abc:3: bar 2 is 5/4 long, the metre says 4/4." in told
    assert "b.abc:3: bar 2 is 5/4 long, the metre says 4/4." in musegen("play", "b.abc:3").stderr


def test_many_faults_of_a_file_are_told_by_their_number(musegen: Musegen, here: Path) -> None:
    (here / "a.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nC4|D5|E5|F5|G5|A5|B4|]\n")
    assert "a.abc: 2 more faults." in musegen("play", "a.abc").stderr


def test_da_capo_is_played_out_in_midi_and_kept_in_abc(ask: Ask, here: Path) -> None:
    music = "X:12\nM:4/4\nL:1/4\nK:C\n|:C4:|D4!fine!|E4!D.C.alfine!|]\n"
    (here / "a.abc").write_text(music, encoding="utf-8")
    ask("convert", "a.abc", "a.mid")
    assert read("a.mid").parts[0].notes.pitch.tolist() == [60, 60, 62, 64, 60, 62]
    (kept,) = ask("convert", "a.abc", "k.mid", "--repeats", "keep")["files"]
    assert kept["lost"]["jump marks"] == 2
    (written,) = ask("convert", "a.abc", "b.abc")["files"]
    assert not written["lost"]
    text = Path("b.abc").read_text(encoding="utf-8")
    assert text.startswith("X:12\nM:4/4\n")
    assert "D8!fine!|" in text
    assert "E8!D.C.alfine!|]" in text


def test_a_folded_pedal_is_not_lost(ask: Ask, band: Path) -> None:
    (file,) = ask("convert", band, "a.musicxml", "--pedal", "fold")["files"]
    assert "pedals" not in file["lost"]
    assert read("a.musicxml").parts[0].notes.duration.tolist() == [1900, 1420, 960]


@pytest.mark.parametrize(
    ("suffix", "repeats", "notes"),
    [
        ("mid", None, 8),
        ("mid", "keep", 4),
        ("abc", None, 4),
        ("abc", "unfold", 8),
        ("musicxml", None, 4),
        ("musicxml", "unfold", 8),
    ],
)
def test_repeats_are_kept_or_played_out(
    ask: Ask, here: Path, suffix: str, repeats: str | None, notes: int
) -> None:
    Path("one.abc").write_text(TUNE)
    options = ["--repeats", repeats] if repeats else []
    (file,) = ask("convert", "one.abc", f"a.{suffix}", *options)["files"]
    found = read(f"a.{suffix}")
    assert found.n_notes == notes
    is_signed = any(mark.kind == "repeat" for mark in found.marks)
    assert is_signed == (notes == 4 and suffix != "mid")
    assert ("repeat marks" in file["lost"]) == (suffix == "mid" and repeats == "keep")


def test_a_book_is_written_whole_or_not_at_all(musegen: Musegen, here: Path) -> None:
    Path("book.abc").write_text(BOOK)
    Path("b-2.mid").write_bytes(b"precious")
    result = musegen("convert", "book.abc", "b.mid")
    assert result.exit_code == 1
    assert "b-2.mid" in result.stderr
    assert not Path("b-1.mid").exists()
    assert Path("b-2.mid").read_bytes() == b"precious"
    assert musegen("convert", "book.abc", "b.mid", "--force").exit_code == 0
    assert [read(f"b-{n}.mid").n_notes for n in (1, 2)] == [8, 3]


def test_sound_and_pictures_take_the_repeats_asked_for(ask: Ask, here: Path) -> None:
    Path("one.abc").write_text(TUNE)
    for suffix, longer in (("wav", "unfold"), ("svg", "unfold")):
        ask("convert", "one.abc", f"long.{suffix}", "--repeats", longer)
        ask("convert", "one.abc", f"short.{suffix}", "--repeats", "keep")
        sizes = [Path(f"{name}.{suffix}").stat().st_size for name in ("long", "short")]
        assert sizes[0] > sizes[1]


def test_a_text_that_holds_no_tune_is_refused(musegen: Callable[..., Result], here: Path) -> None:
    (here / "diary.abc").write_text("hello world\n")
    done = musegen("convert", "diary.abc", "diary.mid")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "holds no tune" in done.stderr
    assert not (here / "diary.mid").exists()


def test_a_folder_in_place_of_a_file_is_called_one_and_the_file_to_name_is_told(
    musegen: Musegen, band: Path, here: Path
) -> None:
    (here / "folder").mkdir()
    as_in = musegen("convert", "folder", "a.mid")
    assert as_in.exit_code == 2
    assert "folder: is a folder, where one piece is wanted." in as_in.stderr
    as_out = musegen("convert", "band.mid", "folder")
    assert as_out.exit_code == 2
    assert "folder: is a folder, where a file is to be written." in as_out.stderr
    named = as_out.stderr.split()[-1].rstrip(".")
    assert musegen("convert", "band.mid", named).exit_code == 0
    assert (here / "folder" / "band.mid").is_file()


@pytest.mark.parametrize("name", ["new", "new.pdf", "new.mp3"])
def test_a_name_that_says_no_kind_is_refused_with_all_that_could_be(
    musegen: Musegen, band: Path, here: Path, name: str
) -> None:
    refused = musegen("convert", band, name)
    assert refused.exit_code == 2
    assert [suffix for suffix in WRITTEN_SUFFIXES if suffix not in refused.stderr] == []
    assert not (here / name).exists()


@pytest.mark.parametrize(("tunes", "bad"), [(4, [2]), (9, [1, 9]), (30, list(range(4, 20)))])
def test_of_a_book_it_is_said_which_tunes_are_written_and_which_are_not(
    musegen: Musegen, here: Path, tunes: int, bad: list[int]
) -> None:
    book = [BOOK[:30].replace("X:1", f"X:{n}") + "K:D\nDEF|\n" for n in range(1, tunes + 1)]
    book = [tune.replace("K:D\n", "") if n in bad else tune for n, tune in enumerate(book, 1)]
    Path("book.abc").write_text("\n".join(book))
    done = musegen("convert", "book.abc", "b.mid", "-q")
    assert done.exit_code == 1
    said = done.stderr
    width = len(str(tunes))  # so that they sort by name
    for number in bad[:10]:
        assert f"book.abc:{number}: " in said
        assert f"b-{number:0{width}}.mid is not written." in said
    assert ("Not written either: 6 files, b-14.mid to b-19.mid." in said) == (len(bad) > 10)
    written = [f"b-{n:0{width}}.mid" for n in range(1, tunes + 1) if n not in bad]
    assert sorted(path.name for path in here.glob("b-*")) == sorted(written)
    loud = musegen("convert", "book.abc", "b.mid", "--force").stderr
    few = "Wrote b-1.mid, b-3.mid and b-4.mid."
    assert (few if tunes == 4 else f"Wrote {len(written)} files, {written[0]} to") in loud


@pytest.mark.parametrize("tempo", ["", "Q:1/4=120\n"])
def test_a_tempo_that_nobody_said_is_told_where_it_is_heard(
    musegen: Musegen, ask: Ask, here: Path, tempo: str
) -> None:
    (here / "a.abc").write_text(f"X:1\nM:4/4\nL:1/4\n{tempo}K:C\nCDEF|\n")
    told = "No tempo in the file: 120 quarters a minute."
    assert (told in musegen("convert", "a.abc", "a.mid").stderr) == (tempo == "")
    assert (told in musegen("play", "a.abc", "--wav", "a.wav").stderr) == (tempo == "")
    assert told not in musegen("convert", "a.abc", "a.musicxml").stderr  # says none either
    found = ask("convert", "a.abc", "a.html")["files"][0]
    assert found["tempo_assumed"] == (tempo == "")


def test_emptiness_is_not_written_without_a_word(musegen: Musegen, ask: Ask, here: Path) -> None:
    (here / "silent.mid").write_bytes(write_midi(Score(480, ())))
    assert "silent.mid: has no notes" in musegen("convert", "silent.mid", "a.musicxml").stderr
    assert "silent.mid: has no notes" in musegen("play", "silent.mid").stderr
    (file,) = ask("convert", "silent.mid", "b.abc")["files"]
    assert file["notes"] == 0


@pytest.mark.parametrize(
    ("suffix", "told"), [("abc", True), ("musicxml", True), ("mid", False), ("wav", False)]
)
def test_a_key_that_is_a_guess_is_said_to_be_one_where_it_is_written(
    musegen: Musegen, ask: Ask, here: Path, suffix: str, told: bool
) -> None:
    scale = [(480 * n, 480, pitch, 80) for n, pitch in enumerate([62, 64, 66, 67, 69, 71, 73, 74])]
    (here / "scale.mid").write_bytes(write_midi(Score(480, (Part("", 0, Notes.of(scale)),))))
    assert (
        "Key estimated: D major." in musegen("convert", "scale.mid", f"a.{suffix}").stderr
    ) == told
    (file,) = ask("convert", "scale.mid", f"b.{suffix}")["files"]
    assert file["estimated_keys"] == ["D major"] * told
    Path("given.abc").write_text(TUNE)
    assert "estimated" not in musegen("convert", "given.abc", f"c.{suffix}").stderr


def test_one_of_a_thing_is_one(musegen: Musegen, here: Path) -> None:
    Path("one.abc").write_text(TUNE.replace("T:One", "T:One\nC:Anon\nR:reel"))
    assert "1 composer, 1 rhythm." in musegen("convert", "one.abc", "a.mid").stderr


@pytest.mark.parametrize("options", [[], ["--quiet"], ["--json"]])
@pytest.mark.parametrize(
    ("call", "lines"),
    [
        (["convert", "band.mid", "a.musicxml"], ["reading band.mid", "writing a.musicxml"]),
        (["play", "band.mid"], ["reading band.mid", "writing band.wav"]),
    ],
)
@pytest.mark.usefixtures("band")
def test_who_watches_a_terminal_is_told_what_is_being_done(
    musegen: Musegen,
    monkeypatch: pytest.MonkeyPatch,
    call: list[str],
    lines: list[str],
    options: list[str],
) -> None:
    told: list[str] = []
    monkeypatch.setattr("rich.status.Status.update", lambda _, status: told.append(str(status)))
    musegen(*call, *options, "--force")
    assert told == []
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = musegen(*call, *options, "--force")
    assert told == ([] if options else lines)
    assert "reading" not in done.stdout


@pytest.mark.parametrize("name", ["x.mp3", "x", "x.pdf"])
def test_sound_is_written_as_what_its_name_says_or_not_at_all(
    musegen: Musegen, band: Path, here: Path, name: str
) -> None:
    refused = musegen("play", band, "--wav", name)
    assert refused.exit_code == 2
    assert "End it in .wav." in refused.stderr
    assert not (here / name).exists()


@pytest.mark.parametrize("suffix", [".abc", ".musicxml", ".mxl", ".svg"])
def test_more_bars_than_anybody_reads_are_refused_at_once_and_nothing_is_written(
    musegen: Musegen, here: Path, suffix: str
) -> None:
    notes = Notes.of([(0, 480, 60, 80), (480 * 174_762, 480, 62, 80)])
    (here / "gap.mid").write_bytes(write_midi(Score(480, (Part("", 0, notes),))))
    told = musegen("convert", "gap.mid", f"gap{suffix}")
    assert told.exit_code == 1
    assert f"gap{suffix}: would have 43,691 bars" in told.stderr
    assert [path.name for path in here.iterdir()] == ["gap.mid"]
    assert musegen("convert", "gap.mid", "same.mid").exit_code == 0


def test_what_cannot_be_read_again_is_not_written(
    musegen: Musegen, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "a.abc").write_text(TUNE)
    monkeypatch.setattr("musegen.score.files.write_book", lambda _: "X:1\n")
    told = musegen("convert", "a.abc", "b.abc")
    assert told.exit_code == 1
    assert "b.abc: could not be read again: line 1: the tune has no K:" in told.stderr
    assert not Path("b.abc").exists()


def test_a_folder_that_is_made_is_told(musegen: Musegen, band: Path) -> None:
    assert "Made the folder new/one." in musegen("convert", band, "new/one/a.abc").stderr
    told = musegen("convert", band, "new/one/b.abc").stderr
    assert "Made" not in told
    assert "Not kept: " in told


def test_a_page_plays_repeats_out_and_says_what_made_the_piece(
    musegen: Musegen, ask: Ask, here: Path, band: Path
) -> None:
    Path("one.abc").write_text(TUNE)
    for options, notes in (([], 8), (["--repeats", "keep"], 4)):
        (file,) = ask("convert", "one.abc", "one.html", "--force", *options)["files"]
        page = Path("one.html").read_text(encoding="utf-8")
        assert f"{notes} notes" in page
        assert file["not_sounded"] == {"chord symbols": 1}
        assert file["not_shown"]["chord marks"] == 1
        assert "What made it" not in page
    made_by = Request(seed="band.mid", random_seed=5).text("0123abcd")
    write(with_join(read(band), 960), "new.mid", made_by=made_by)
    told = musegen("convert", "new.mid", "new.html").stderr
    page = Path("new.html").read_text(encoding="utf-8")
    assert "0123abcd" in page
    assert "on yellow ground" in page
    assert "text" not in told
    assert "marker" not in told
