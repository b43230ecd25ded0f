"""What doctor says of a corpus: each figure against a count made another way."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musegen.corpus.diagnosis import MEANINGS, diagnose
from musegen.corpus.facts import facts_of
from musegen.corpus.folder import Folder
from musegen.corpus.others import what_is
from musegen.score.files import read, write
from musegen.score.score import Event, Mark, Notes, Part, Score
from musegen.vocabulary.choose import build
from musegen.vocabulary.notes import NotesVocabulary

VOCABULARY = NotesVocabulary()


def line(*onsets: int, tpq: int = 480, length: int = 240, **score: object) -> Score:
    notes = Notes.of([(onset, length, 60 + n % 12, 80) for n, onset in enumerate(onsets)])
    return Score(tpq, (Part("Flute", 73, notes),), **score)


def test_each_piece_and_all_are_told(tmp_path: Path, make_corpus: Callable) -> None:
    make_corpus(tmp_path, "notes", 3)
    make_corpus(tmp_path / "again", "notes", 1)
    (tmp_path / "broken.mid").write_bytes(b"MThd then nothing")
    (tmp_path / "notes.txt").write_text("la")
    told = diagnose(tmp_path)
    files = {file["path"]: file for file in told["files"]}
    assert (told["kept"], told["skipped"], told["duplicates"], told["ignored"]) == (3, 1, 1, 1)
    assert told["vocabulary"] == "notes"
    assert "ABC" in told["why"]
    assert sum(told["splits"].values()) == 3
    assert told["notes"] == sum(f["notes"] for f in files.values() if f["status"] == "kept") > 0
    assert (files["0.mid"]["parts"], files["0.mid"]["bars"], files["0.mid"]["faults"]) == (4, 4, [])
    assert files["broken.mid"]["notes"] == files["broken.mid"]["bars"] == 0
    assert files["again/0.mid"]["status"] == "duplicate"
    assert told["others"] == [{"path": "notes.txt", "what": "text"}]
    assert told["formats"] == {".mid": 5}


def test_kinds_of_files_stand_in_one_order_the_most_first(
    tmp_path: Path, make_corpus: Callable
) -> None:
    make_corpus(tmp_path, "notes", 2)
    for name in ("d.xml", "c.krn", "a.musicxml", "b.abc", "e.kar"):
        (tmp_path / name).write_bytes(b"la")
    (tmp_path / "tune").write_text("X:1\nK:C\nCDEF|\n")
    kinds = [".mid", ".abc", ".kar", ".krn", ".musicxml", ".xml", "without a suffix"]
    assert list(diagnose(tmp_path)["formats"]) == kinds


def test_the_way_that_notes_move_is_told_of_those_that_move() -> None:
    """Of 100 notes one is 5 ticks of 480 off the grid of 24, at 120 a minute 5.2 ms."""
    folder = Folder()
    folder.add(facts_of(line(5, *range(480, 48000, 480)), VOCABULARY))
    cost = folder.told()["grids"]["24"]
    assert cost["onsets"] == pytest.approx(1 / 100)
    assert cost["moved_ms"] == pytest.approx(5 * 500 / 480, abs=1e-3)
    assert cost["shift_ms"] == pytest.approx(cost["moved_ms"] / 100, abs=1e-5)


def test_progress_goes_on_to_the_end_of_the_work(tmp_path: Path, make_corpus: Callable) -> None:
    told: list[float] = []
    diagnose(make_corpus(tmp_path, "notes", 3), lambda done, total: told.append(done / total))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1
    assert len({share for share in told if share > 0.5}) == 3


def test_a_key_that_is_a_guess_is_not_lost(make_score: Callable) -> None:
    score = make_score("grid", 1)
    vocabulary = build([score], "grid")
    for guessed in (0, 1):
        lost = vocabulary.lost(replace(score, key=np.array([[0, 1, 0, guessed]])))
        assert ("keys" in lost) == (not guessed)


def test_nothing_readable_has_no_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "broken.mid").write_bytes(b"MThd then nothing")
    told = diagnose(tmp_path)
    assert told["vocabulary"] is None
    assert told["kept"] == told["notes"] == 0


def test_the_folder_is_the_sum_of_its_scores(tmp_path: Path, make_corpus: Callable) -> None:
    corpus = make_corpus(tmp_path, "notes", 5)
    told = diagnose(corpus)
    pitches: Counter[str] = Counter()
    instruments: Counter[str] = Counter()
    names = {73: "Flute", 0: "Acoustic Grand Piano", 32: "Acoustic Bass"}
    for file in corpus.iterdir():
        for part in read(file).parts:
            instruments["Drums" if part.is_drums else names[part.program]] += len(part.notes)
            for pitch in part.notes.pitch.tolist() if not part.is_drums else []:
                pitches[str(pitch)] += 1
    assert told["pitch"]["notes"] == pitches
    assert told["instruments"] == instruments
    assert sum(told["onsets"]) == sum(told["lengths"]) == told["notes"]
    assert told["hours"] == pytest.approx(5 * 16 * 0.6 / 3600, abs=5e-4)
    assert told["tempo"]["slowest"] == told["tempo"]["fastest"] == 100
    assert told["pedal"] == {"pieces": 5, "events": 5 * 8}
    assert told["metres"] == {"4/4": 5}
    assert sum(told["keys"].values()) == 5


def test_the_cost_of_a_grid_is_what_rounding_does() -> None:
    """At 480 ticks a quarter and 120 a minute a tick is 1.04 ms, a step of 24 is 20 ticks."""
    costs = facts_of(line(0, 20, 45, 90), VOCABULARY).grids
    tick_ms = 500 / 480
    assert costs[24].onsets == 0.5
    assert costs[24].shift_ms == pytest.approx((5 + 10) / 4 * tick_ms)
    assert costs[48].onsets == pytest.approx(0.25)
    assert costs[48].shift_ms == pytest.approx(5 / 4 * tick_ms)
    assert costs[24].lengths == 0
    assert facts_of(line(0, length=130), VOCABULARY).grids[48].lengths == 0


@pytest.mark.parametrize(("spread", "performed"), [(0, False), (3, False), (400, True)])
def test_onsets_that_fall_anywhere_are_told_from_those_on_the_beat(
    spread: int, performed: bool
) -> None:
    rng = np.random.default_rng(1)
    onsets = np.arange(400) * 240 + rng.integers(0, spread + 1, 400)
    assert facts_of(line(*onsets.tolist()), VOCABULARY).is_performed == performed


def test_seconds_follow_every_tempo() -> None:
    tempo = np.array([[0, 500_000], [480, 1_000_000], [960, 250_000]])
    found = facts_of(line(0, 480, 960, tempo=tempo, length=480), VOCABULARY)
    assert found.seconds == pytest.approx(0.5 + 1 + 0.25)
    assert found.tempo == (60, 240, 120)


def test_what_a_score_lacks_is_told(tmp_path: Path) -> None:
    score = line(0, 240, faults=("track 2 is cut short",), unread={"lyrics": 3})
    assert facts_of(score, VOCABULARY).faults == ["track 2 is cut short"]
    assert facts_of(score, VOCABULARY).unread == {"lyrics": 3}
    (tmp_path / "a.abc").write_text("X:1\nM:4/4\nL:1/4\nK:G\nGABc|de|fg ab|\n", encoding="utf-8")
    (file,) = diagnose(tmp_path)["files"]
    assert file["faults"] == ["bar 2 is 2/4 long, the metre says 4/4"]
    assert file["key"] == "G major"


def test_kinds_of_loss_are_explained(make_score: Callable) -> None:
    """By each vocabulary, of a band with marks, events, odd metres, kits and notes off the grid."""
    band, marks = make_score("notes", 1), (Mark(0, "grace", "{"), Mark(5, "lyric", "la"))
    parts = [replace(part, program=8, events=(Event(0, b"\xe0\0\0"),)) for part in band.parts]
    parts[0] = replace(parts[0], notes=Notes.of([(1, 1, 60, 80), (1, 1, 60, 90)]))
    metre = np.array([[0, 4, 4], [96, 33, 8]])
    key = np.array([[0, 1, 0, 0]])
    score = replace(band, parts=tuple(parts * 6), metre=metre, key=key, marks=marks)
    kinds = set()
    for kind in ("abc", "grid", "notes"):
        kinds |= set(build([make_score(kind, 1)], kind).lost(score))
    assert len(kinds) > 8
    assert kinds | {"pieces that do not fit"} == set(MEANINGS)


def test_twins_on_two_sides_are_told(
    tmp_path: Path, make_score: Callable, moved: Callable, make_corpus: Callable
) -> None:
    make_corpus(tmp_path / "train", "notes", 3)
    for split, number in (("valid", 1), ("test", 2), ("valid", 2)):
        (tmp_path / split).mkdir(exist_ok=True)
        write(moved(make_score("notes", number), 3), tmp_path / split / f"{number}.mid")
    leaks = {
        (leak["path"], leak["of"]): (leak["shared"], leak["is_mended"])
        for leak in diagnose(tmp_path)["leaks"]
    }
    assert leaks == {
        ("train/1.mid", "valid/1.mid"): (1.0, True),
        ("train/2.mid", "test/2.mid"): (1.0, True),
        ("valid/2.mid", "test/2.mid"): (1.0, False),
    }


def test_long_passages_in_common_are_told(
    tmp_path: Path, make_score: Callable, moved: Callable
) -> None:
    """The held-out piece is a learnt one in another key, with an end of its own; another that is
    learnt shares less of it, and a third nothing.
    """
    whole, other = make_score("abc", 1, 16), make_score("abc", 2, 16)

    def joined(bars: int) -> Score:
        """So many bars of the one, then the rest of the other."""
        tick = bars * 4 * whole.ticks_per_quarter
        start, end = whole.parts[0].notes.rows, other.parts[0].notes.rows
        rows = np.concatenate([start[start[:, 0] < tick], end[end[:, 0] >= tick]])
        return replace(whole, parts=(replace(whole.parts[0], notes=Notes.of(rows)),))

    (tmp_path / "train").mkdir()
    (tmp_path / "valid").mkdir()
    for number, score in enumerate((make_score("abc", 3, 16), whole, joined(8))):
        write(score, tmp_path / "train" / f"{number}.mid")
    write(moved(joined(12), 2), tmp_path / "valid" / "0.mid")
    (leak,) = diagnose(tmp_path)["leaks"]
    assert (leak["path"], leak["of"]) == ("train/1.mid", "valid/0.mid")
    assert 0.5 < leak["shared"] < 0.9
    assert not leak["is_mended"]
    assert not leak["is_twin"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("song.mp3", b"ID3", "sound"),
        ("song.wav", b"RIFF0000WAVE", "sound"),
        ("bad.pack", b"Rar!\x1a", "a RAR archive, which musegen does not read: unpack it first"),
        ("scan.pdf", b"la", "a PDF"),
        ("tar.tgz", b"\x1f\x8b\x08", "packed, and no music in it"),
        ("maestro.json", b"{}", "what musegen notes of a data set"),
        ("other.json", b"{}", "a table or settings"),
        ("left-out.txt", b"a: b", "what musegen notes of a data set"),
        ("read.txt", b"la", "text"),
        ("readme", b"Dear\r\n\r\nreader", "text"),
        ("page.html", b"<!DOCTYPE html>", "a web page"),
        ("score.mscz", b"PK\3\4", "export MusicXML"),
        ("scan.bin", b"%PDF-1.7", "PDF"),
        ("COPYING", b"You may copy it.", "text"),
        ("nothing", b"", "empty"),
        ("what", b"\1\2\3", "of no kind known"),
        (".hidden", b"", "hidden"),
    ],
)
def test_other_files_are_named_for_what_they_are(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert told in what_is(tmp_path / name)
