"""What a composer can ask of `musegen generate`, and what it says."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from typer.testing import Result

from musegen.generation import drawer
from musegen.score.abc_fields import key_text
from musegen.score.excerpt import closed, join_of
from musegen.score.files import read, write
from musegen.score.key import home_key, key_name

Musegen = Callable[..., Result]
Ask = Callable[..., dict[str, Any]]


def keys_in(path: str) -> list[str]:
    """What the file says, whether its notes bear it out or not."""
    return [
        m.key for track in mido.MidiFile(path).tracks for m in track if m.type == "key_signature"
    ]


def test_key_metre_and_tempo_from_nothing(ask: Ask, music: Path) -> None:
    asked = ("--key", "F#m", "--metre", "3/4", "--tempo", 100, "--bars", 3)
    ask("generate", "-m", music / "notes-model", *asked, "-o", "a.mid")
    score = read("a.mid")
    assert score.metre.tolist() == [[0, 3, 4]]
    assert keys_in("a.mid") == ["F#m"]
    assert score.tempo.tolist() == [[0, 600_000]]
    assert score.n_bars == 3


def test_after_a_seed_they_change_where_it_ends(ask: Ask, music: Path) -> None:
    seed = read(music / "notes.mid")
    asked = ("--metre", "6/8", "--tempo", 90, "--bars", 2)
    ask(
        "generate",
        "-m",
        music / "notes-model",
        "--seed",
        music / "notes.mid",
        *asked,
        "-o",
        "a.mid",
    )
    score = read("a.mid")
    join = join_of(score)
    assert join is not None
    assert [row for row in score.metre.tolist() if row[0] >= join] == [[join, 6, 8]]
    assert [row for row in score.tempo.tolist() if row[0] >= join] == [[join, 666_667]]
    assert score.n_bars == seed.n_bars + 2
    for old, new in zip(seed.parts, score.parts, strict=True):
        assert new.notes.rows[new.notes.onset < join].tolist() == old.notes.rows.tolist()


def test_only_the_instruments_asked_for_play(ask: Ask, music: Path) -> None:
    asked = ("--instruments", "Flute, drums,flute", "--bars", 4)
    ask("generate", "-m", music / "notes-model", *asked, "-o", "a.mid")
    heard = [part.instrument for part in read("a.mid").parts]
    assert set(heard) <= {73, 128}
    assert heard.count(73) <= 2


def test_some_parts_of_a_seed_go_on_alone(musegen: Musegen, music: Path) -> None:
    call = ("generate", "-m", music / "notes-model", "--seed", music / "notes.mid", "--bars", 2)
    assert musegen(*call, "--parts", "flute,3", "-o", "a.mid").exit_code == 0
    assert [part.name for part in read("a.mid").parts] == ["Flute", "Bass"]
    wrong = musegen(*call, "--parts", "oboe")
    assert wrong.exit_code == 2
    assert "1: Flute; 2: Piano; 3: Bass; 4: Drums" in wrong.stderr


def test_closing_rests_and_half_bars_are_told(
    musegen: Musegen, music: Path, make_score: Callable
) -> None:
    call = ("generate", "-m", music / "abc-model", "--bars", 2)
    Path("rests.abc").write_text("X:1\nT:r\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|z4|z4|]\n")
    made = musegen(*call, "--seed", "rests.abc", "-o", "a.abc")
    assert made.exit_code == 0, made.output
    assert "2 bars of rest, left out" in made.stderr
    assert read("a.abc").n_bars == 4
    Path("half.abc").write_text("X:1\nT:h\nM:4/4\nL:1/4\nK:C\nCDEF|GAz2|]\n")
    made = musegen(*call, "--seed", "half.abc", "-o", "b.mid")
    assert "2 quarters before the end of bar 2" in made.stderr
    assert "--continue-from 2" in made.stderr
    quiet = musegen(*call, "--seed", "half.abc", "--continue-from", 2, "-o", "c.mid")
    assert "quarters before" not in quiet.stderr


def test_a_folder_of_movements_gives_the_next(ask: Ask, musegen: Musegen, music: Path) -> None:
    Path("symphony").mkdir()
    for number, bars in ((2, 3), (10, 6)):
        call = ("--seed", music / "notes.mid", "--bars", bars, "--omit-seed", "--key", "Gm")
        made = f"symphony/{number}.mid"
        ask("generate", "-m", music / "notes-model", *call, "-o", made)
    call = ("generate", "-m", music / "notes-model", "--seed", "symphony")
    ask(*call, "-o", "3.mid")
    third, first = read("3.mid"), read("symphony/2.mid")
    assert [part.name for part in third.parts if part.name] == [part.name for part in first.parts]
    assert keys_in("symphony/2.mid") == ["Gm"]  # unless its notes, which are random, tell another
    assert keys_in("3.mid") == [key_text(*home_key(first))]
    assert third.n_bars == 4  # the mean of 3 and 6
    assert join_of(third) is None
    ask(*call, "--bars", 2, "-o", "4.mid")
    assert read("4.mid").n_bars == 2
    refused = musegen(*call, "--instruments", "violin")
    assert refused.exit_code == 2


def test_what_was_made_is_made_again_to_the_byte(musegen: Musegen, music: Path) -> None:
    shutil.copy(music / "notes.mid", "seed.mid")
    call = ("-m", music / "notes-model", "--seed", "seed.mid", "--bars", 2, "-n", 3)
    asked = ("--temperature", "0.9,pitch=1.1", "--top-p", 0.98, "--finish", "--tempo", 80)
    assert musegen("generate", *call, *asked, "-o", "a.mid").exit_code == 0
    for number in (1, 2, 3):
        made = musegen("generate", "--again", f"a-{number}.mid", "-m", music / "notes-model")
        assert made.exit_code == 0, made.output
        assert "to the byte" in made.stderr
        assert Path(f"a-{number}-again.mid").read_bytes() == Path(f"a-{number}.mid").read_bytes()
    Path("seed.mid").write_bytes((music / "grid.mid").read_bytes())
    changed = musegen("generate", "--again", "a-1.mid", "-m", music / "notes-model")
    assert changed.exit_code == 2
    assert "not the seed of before" in changed.stderr
    Path("seed.mid").unlink()
    gone = musegen("generate", "--again", "a-1.mid", "-m", music / "notes-model")
    assert (gone.exit_code, "--seed" in gone.stderr) == (2, True)
    other = ("generate", "--again", "a-1.mid", "-m", music / "grid-model")
    found = musegen(*other, "--seed", music / "notes.mid")
    assert (found.exit_code, "not here" in found.stderr) == (1, True), found.output
    silent = musegen("generate", "--again", music / "notes.mid")
    assert (silent.exit_code, "does not say how it was made" in silent.stderr) == (1, True)
    both = musegen("generate", "--again", "a-1.mid", "--bars", 4)
    assert (both.exit_code, "all settings" in both.stderr) == (2, True)


@pytest.mark.parametrize("suffix", [".abc", ".musicxml", ".mxl"])
def test_scores_are_made_again_too(musegen: Musegen, music: Path, suffix: str) -> None:
    call = ("-m", music / "abc-model", "--seed", music / "abc.mid", "--bars", 2)
    assert musegen("generate", *call, "--tempo", 80, "-o", f"a{suffix}").exit_code == 0
    made = musegen("generate", "--again", f"a{suffix}", "-m", music / "abc-model")
    assert "to the byte" in made.stderr, made.output
    assert Path(f"a-again{suffix}").read_bytes() == Path(f"a{suffix}").read_bytes()
    Path("other.abc").write_text("X:1\nK:C\nCDEF|\n")
    silent = musegen("generate", "--again", "other.abc")
    assert (silent.exit_code, "does not say how it was made" in silent.stderr) == (1, True)


def test_bars_are_written_anew_and_parts_to_others(ask: Ask, musegen: Musegen, music: Path) -> None:
    for kind in ("notes", "abc"):
        told = ("--steps", 2, "--tell", "given", "--vocabulary", kind)
        ask("train", music / kind, "-o", kind, *told)
    call = ("-m", "notes", "--seed", music / "notes.mid")
    seed = read(music / "notes.mid")
    made = ask("generate", *call, "--infill", "2:3", "-n", 2, "-o", "a.mid")
    assert [file["new_bars"] for file in made["files"]] == [2, 2]
    start, end = seed.barlines[0], seed.barlines[2]
    for old, new in zip(seed.parts, read("a-1.mid").parts, strict=True):
        outside = [(p.notes.onset < start) | (p.notes.onset >= end) for p in (old, new)]
        kept = [p.notes.rows[rows].tolist() for p, rows in zip((old, new), outside, strict=True)]
        assert kept[0] == kept[1]
    told = musegen("generate", *call, "--accompany", "flute,viola", "-o", "b.mid").stderr
    notes = len(seed.parts[0].notes)
    assert f"Written in place of what the seed has: Flute ({notes} notes)." in told
    parts = read("b.mid").parts
    assert [part.name for part in parts] == ["Flute", "Piano", "Bass", "Drums", "Viola"]
    assert parts[1].notes == seed.parts[1].notes
    assert parts[0].notes != seed.parts[0].notes
    for name in ("a-2", "b"):
        again = musegen("generate", "--again", f"{name}.mid", "-m", "notes")
        assert "to the byte" in again.stderr, again.output
    Path("rests.abc").write_text("X:1\nT:r\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|CDEF|z4|]\n")
    ask("generate", "-m", "abc", "--seed", "rests.abc", "--infill", "2", "-o", "c.abc")
    assert read("c.abc").n_bars == 4
    never = musegen(
        "generate", "-m", music / "grid-model", "--seed", music / "grid.mid", "--infill", 2
    )
    assert (never.exit_code, "--tell given" in never.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bars", "4", "--seconds", "9"], "--bars and --seconds cannot both be"),
        (["--seconds", "inf"], "no piece lasts so long"),
        (["--bars", "10001"], "10,001 bars are more than anybody reads"),
        (["--metre", "three"], "no metre"),
        (["--metre", "none"], "no metre"),
        (["--metre", "4/5"], "no metre"),
        (["--key", "H"], "no key"),
        (["--tempo", "3"], "no music is at tempo 3"),
        (["--instruments", "kazoo"], "no instrument is called 'kazoo'"),
        (["--instruments", "synth"], "several instruments"),
        (["--parts", "1"], "--parts needs a piece"),
        (["--adapt", "1m"], "--adapt needs music"),
        (["--seed", "SEED", "--infill", "4:2"], "are no bars"),
        (["--seed", "SEED", "--infill", "0"], "are no bars"),
        (["--seed", "SEED", "--infill", "3:9"], "the seed has no bars 3 to 9"),
        (["--infill", "1"], "--infill needs a piece"),
        (["--accompany", "bass"], "--accompany needs a piece"),
        (["--seed", "SEED", "--infill", "2", "--bars", "4"], "--infill and --bars cannot both be"),
        (["--seed", "SEED", "--infill", "2", "--accompany", "1"], "cannot both be"),
        (["--seed", "SEED", "--accompany", "1", "--key", "G"], "--accompany and --key cannot"),
        (["--seed", "SEED", "--adapt", "soon"], "no length of time"),
        (["--seed", "SEED", "--instruments", "flute"], "keeps its instruments"),
    ],
)
def test_what_cannot_be_asked_is_explained(
    musegen: Musegen, music: Path, options: list[str], said: str
) -> None:
    options = [str(music / "notes.mid") if option == "SEED" else option for option in options]
    found = musegen("generate", "-m", music / "notes-model", *options)
    assert found.exit_code == 2, found.output
    assert said.lower() in found.stderr.lower()
    assert list(Path().iterdir()) == []


def test_ctrl_c_keeps_the_whole_bars_that_there_are(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed once; here after the first bar, and before it."""
    real = drawer.Drawer._next

    def press(after: int) -> None:
        def next_word(self: drawer.Drawer) -> None:
            real(self)
            if self.tracker.bars.min() >= after:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(drawer.Drawer, "_next", next_word)

    press(2)
    made = musegen("generate", "-m", music / "grid-model", "--bars", 8, "-o", "a.mid")
    assert made.exit_code == 130
    assert "kept" in made.stderr
    assert 1 <= read("a.mid").n_bars < 8
    again = musegen("generate", "--again", "a.mid", "-m", music / "grid-model")
    assert (again.exit_code, "broken off by Ctrl-C" in again.stderr) == (1, True)
    press(0)
    made = musegen("generate", "-m", music / "grid-model", "--bars", 8, "-o", "b.mid")
    assert made.exit_code == 130
    assert not Path("b.mid").exists()


def test_a_model_adapts_to_its_seed_and_stays_as_it_is(
    musegen: Musegen, music: Path, make_score: Callable
) -> None:
    write(make_score("notes", 3, bars=24), Path("long.mid"))
    before = (music / "notes-model" / "model.safetensors").read_bytes()
    call = ("generate", "-m", music / "notes-model", "--seed", "long.mid", "--bars", 1)
    made = musegen(*call, "--adapt", "2s", "-o", "a.mid")
    assert made.exit_code == 0, made.output
    assert "Adapted to the seed" in made.stderr
    again = musegen("generate", "--again", "a.mid", "-m", music / "notes-model")
    assert "to the byte" in again.stderr
    assert (music / "notes-model" / "model.safetensors").read_bytes() == before
    short = musegen("generate", *call[1:3], "--seed", music / "notes.mid", "--adapt", "1s")
    assert (short.exit_code, "too short to adapt" in short.stderr) == (1, True)


def test_a_key_that_the_notes_overrule_is_told(musegen: Musegen, music: Path) -> None:
    Path("1").mkdir()
    write(replace(read(music / "abc.mid"), key=np.array([[0, 6, 0, 0]])), Path("1/1.mid"))
    key = key_name(*home_key(read("1/1.mid")))
    call = ("generate", "-m", music / "abc-model", "--bars", 1)
    for seed in ("1/1.mid", "1"):
        told = musegen(*call, "--seed", seed).stderr
        assert f"1 key of F# major that the notes contradict; {key}, which suits" in told
    assert "contradict" not in musegen(*call, "--seed", "1", "--key", "F#").stderr


def test_what_a_file_cannot_hold_is_told(musegen: Musegen, music: Path) -> None:
    call = ("generate", "-m", music / "notes-model", "--seed", music / "notes.mid", "--bars", 1)
    made = musegen(*call, "-o", "a.abc")
    assert "Not kept in a.abc:" in made.stderr
    assert "pedal" in made.stderr
    assert "Not kept" not in musegen(*call, "-o", "a.mid").stderr


def test_how_long_the_files_play_is_told_and_what_they_lack_is_summed_up(
    musegen: Musegen, ask: Ask, music: Path
) -> None:
    call = ("generate", "-m", music / "abc-model", "--seed", music / "abc.mid", "--bars", 6)
    for chance in range(9):
        made = musegen(*call, "--random-seed", chance, "-o", f"{chance}.mid")
        score = read(f"{chance}.mid")
        seconds = round(60 * score.end / score.ticks_per_quarter / 120)
        assert f"{chance}.mid plays for 0:{seconds:02}" in made.stderr
    found = ask(*call, "-o", "told.mid")["files"][0]  # as 0.mid, of the same random seed
    score = read("told.mid")
    assert found["plays"] == pytest.approx(60 * score.end / score.ticks_per_quarter / 120)
    several = musegen(*call, "-n", 3, "-o", "a.abc")
    assert several.stderr.count("Not kept in") <= 1
    assert "marker" not in several.stderr
    assert "The pieces play for 0:" in several.stderr


def test_drums_are_no_voice(musegen: Musegen, music: Path, make_score: Callable) -> None:
    score = make_score("grid", 2)
    drums = replace(score.parts[2], is_drums=True)
    write(replace(score, parts=(*score.parts[:2], drums)), Path("drums.mid"))
    refused = musegen("generate", "-m", music / "grid-model", "--seed", "drums.mid")
    assert (refused.exit_code, "has drums" in refused.stderr) == (1, True)


def test_every_pedal_is_lifted_at_the_end(make_score: Callable) -> None:
    score = make_score("notes", 1)
    end, piano = int(score.barlines[-1]), score.parts[1]
    for pedal, last in (([[0, 127]], [end, 0]), ([[0, 127], [9, 0], [end, 127]], [9, 0])):
        held = replace(score, parts=(replace(piano, pedal=np.array(pedal)),))
        assert closed(held).parts[0].pedal[-1].tolist() == last
