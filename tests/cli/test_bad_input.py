"""Bad input: one sentence with a way out, the right exit code, nothing half-written."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import Result

from musegen import disk
from musegen.corpus import survey
from musegen.network.config import save_config
from musegen.score import files
from musegen.score.files import write
from musegen.score.score import Notes, Part, Score

Musegen = Callable[..., Result]


def check(musegen: Musegen, code: int, said: str, *arguments: object) -> dict[str, Any]:
    """The same fault for a person and for a script; gives the script's error."""
    person, script = musegen(*arguments), musegen(*arguments, "--json")
    for result in (person, script):
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        assert said.lower() in result.stderr.lower(), result.stderr
    assert person.stdout == ""
    assert script.stdout.count("\n") == 1
    error: dict[str, Any] = json.loads(script.stdout)["error"]
    assert set(error) == {"kind", "message", "file", "hint"}
    assert error["hint"], error
    if "Usage:" not in person.stderr:  # typer shows the usage of what it refuses
        last = person.stderr.splitlines()[-1]
        assert last.startswith("Error: ")
        assert last.endswith(".")
    return error


@pytest.fixture
def bad(here: Path, music: Path, make_score: Callable[..., Score]) -> Path:
    """A folder of bad input, beside the current one."""
    folder = here.parent / "bad"
    folder.mkdir()
    whole = (music / "grid" / "0.mid").read_bytes()
    for name in ("empty", "one", "text", "zero", "cut", "twins", "other"):
        (folder / name).mkdir()
    (folder / "one" / "a.mid").write_bytes(whole)
    (folder / "text" / "a.mid").write_text("Dear diary, no music today.")
    (folder / "zero" / "a.mid").write_bytes(b"")
    (folder / "cut" / "a.mid").write_bytes(whole[:13])
    for name in "abc":
        (folder / "twins" / f"{name}.mid").write_bytes(whole)
    (folder / "other" / "letter.txt").write_text("dear")
    silent = Score(48, (Part("A", 0, Notes.of([])),))
    write(silent, folder / "silent.mid")
    write(make_score("notes", 3), folder / "band.mid")
    for name in ("missing", "damaged", "newer", "no-config"):
        shutil.copytree(music / "grid-model", folder / name)
    (folder / "missing" / "model.safetensors").unlink()
    weights = bytearray((folder / "damaged" / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / "damaged" / "model.safetensors").write_bytes(weights)
    config = json.loads((folder / "newer" / "config.json").read_text())
    (folder / "newer" / "config.json").write_text(json.dumps({**config, "format": 99}))
    (folder / "no-config" / "config.json").unlink()
    return folder


CORPORA = [
    (2, "there is no such file, folder or data set", "nowhere"),
    (1, "holds no music", "empty"),
    (1, "holds no music", "other"),
    (1, "holds text, not MIDI", "text"),
    (1, "is empty", "zero"),
    (1, "cut short", "cut"),
    (1, "no music that is known", "other/letter.txt"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("code", "said", "name"), CORPORA, ids=[name for *_, name in CORPORA])
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_corpus_without_music(
    musegen: Musegen, music: Path, bad: Path, command: str, code: int, said: str, name: str
) -> None:
    more = ["-m", music / "grid-model"] if command == "evaluate" else []
    check(musegen, code, said, command, bad / name, *more)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["one", "twins", "one/a.mid"])
def test_a_corpus_of_one_piece(musegen: Musegen, bad: Path, name: str) -> None:
    error = check(musegen, 1, "none is left to measure on", "train", bad / name)
    assert "two different pieces" in error["hint"]


@pytest.mark.usefixtures("untouched")
def test_a_folder_that_may_not_be_read(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(survey.os, "listdir", closed)
    for command in ("train", "doctor"):
        check(musegen, 1, "permission denied", command, music / "grid")


@pytest.mark.usefixtures("untouched")
def test_a_file_that_may_not_be_read(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_bytes = Path.read_bytes

    def closed(path: Path) -> bytes:
        if path.suffix == ".mid":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", closed)
    check(musegen, 1, "permission denied", "train", music / "grid")
    seed = music / "grid.mid"
    check(musegen, 1, "permission denied", "generate", "--seed", seed, "-m", music / "grid-model")


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything")
def test_a_folder_that_is_closed(musegen: Musegen, bad: Path) -> None:
    (bad / "one").chmod(0)
    try:
        check(musegen, 1, "permission denied", "train", bad / "one")
    finally:
        (bad / "one").chmod(0o700)


SEEDS = [
    (2, "there is no such file", "nowhere.mid"),
    (1, "holds text, not MIDI", "text/a.mid"),
    (1, "is empty", "zero/a.mid"),
    (1, "cut short", "cut/a.mid"),
    (1, "no music that is known", "other/letter.txt"),
    (2, "no notes", "silent.mid"),
    (1, "it has drums, and this model writes voices", "band.mid"),
    (2, "only a tune book has a tune 3", "one/a.mid:3"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("code", "said", "name"), SEEDS, ids=[name for *_, name in SEEDS])
def test_a_seed_that_cannot_be_carried_on(
    musegen: Musegen, music: Path, bad: Path, code: int, said: str, name: str
) -> None:
    check(musegen, code, said, "generate", "--seed", bad / name, "-m", music / "grid-model")


MODELS = [
    (1, "model.safetensors: is missing", "missing"),
    (1, "model.safetensors: is damaged", "damaged"),
    (1, "has model format 99", "newer"),
    (1, "has no config.json", "no-config"),
    (1, "has no config.json", "one"),
    (2, "there is no such model", "nowhere"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("code", "said", "name"), MODELS, ids=[name for *_, name in MODELS])
@pytest.mark.parametrize("command", ["generate", "evaluate", "show"])
def test_a_model_that_does_not_open(
    musegen: Musegen, music: Path, bad: Path, command: str, code: int, said: str, name: str
) -> None:
    call = {
        "generate": ("generate", "-m", bad / name),
        "evaluate": ("evaluate", music / "grid", "-m", bad / name),
        "show": ("models", "show", bad / name),
    }[command]
    check(musegen, code, said, *call)


OPTIONS = [
    ("--temperature", "-1", "temperature must be 0 or more"),
    ("--temperature", "nan", "temperature must be 0 or more"),
    ("--top-p", "0", "top-p must be above 0"),
    ("--top-k", "-3", "top-k must be 0 or more"),
    ("--min-p", "2", "min-p must be 0 to 1"),
    ("--bars", "0", "--bars"),
    ("-n", "none", "-n"),
    ("--continue-from", "99", "cannot be continued from bar 99"),
    ("--random-seed", "-1", "--random-seed"),
    ("--device", "abacus", "--device"),
    ("--colour", "red", "no such option"),
    ("-o", "a.xyz", "cannot write .xyz"),
    ("-o", "folder", "cannot write no suffix"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("option", "value", "said"), OPTIONS, ids=[f"{o} {v}" for o, v, _ in OPTIONS]
)
def test_an_option_out_of_range(
    musegen: Musegen, music: Path, option: str, value: str, said: str
) -> None:
    call = ("generate", "-m", music / "grid-model", "--seed", music / "grid.mid")
    error = check(musegen, 2, said, *call, option, value)
    assert error["kind"] == "UsageError"


WRONGLY = [
    (["generate", "--seed", "42"], "--random-seed 42"),
    (["generate", "--continue-from", "3"], "--continue-from needs a piece"),
    (["generate"], "no model was trained yet"),
    (["play"], "no model was trained yet"),
    (["train"], "missing argument"),
    (["train", ".", "--budget", "soon"], "no length of time"),
    (["train", ".", "--budget", "1m", "--steps", "3"], "not both"),
    (["train", ".", "--steps", "0"], "'--steps': it should be at least 1"),
    (["train", ".", "--steps", "x"], "'--steps': it should be a whole number"),
    (["convert", "a.mid", "b.mid", "--repeats", "x"], "'--repeats': 'x' is not one of 'unfold'"),
    (["compose"], "no such command"),
    (["convert", "a.mid", "a.mp3"], "this command writes no .mp3"),
    (["convert", "a.mid", "b.mid"], "there is no such file"),
    (["--colour"], "no such option"),
    (["models", "show"], "missing argument"),
    (["datasets", "get", "nowhere"], "nowhere"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("arguments", "said"), WRONGLY, ids=[" ".join(a) for a, _ in WRONGLY])
def test_what_is_asked_wrongly(musegen: Musegen, arguments: list[str], said: str) -> None:
    check(musegen, 2, said, *arguments)


NO_FILES = [
    ("", "there is no such file: its name is empty"),
    ("-", "musegen reads files, not standard input"),
    ("https://a.org/b.mid", "https://a.org/b.mid: there is no such file. Download it first"),
]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("name", "said"), NO_FILES, ids=[name for name, _ in NO_FILES])
@pytest.mark.parametrize("command", ["convert", "play", "generate", "doctor", "train"])
def test_a_name_that_is_no_file_s(musegen: Musegen, command: str, name: str, said: str) -> None:
    more = {"convert": ["a.mid"], "generate": ["--bars", 1]}.get(command, [])
    given = ["--seed", name] if command == "generate" else [name]
    error = check(musegen, 2, said, command, *given, *more)
    assert error["kind"] == "NotFound"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("command", ["convert", "play", "doctor"])
def test_a_pipe_is_no_file_and_is_not_waited_for(
    musegen: Musegen, here: Path, command: str
) -> None:
    os.mkfifo(here / "pipe.mid")
    more = ["a.abc"] if command == "convert" else []
    check(musegen, 2, "pipe.mid: is no file. Save it to a file first", command, "pipe.mid", *more)
    assert [path.name for path in here.iterdir()] == ["pipe.mid"]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_what_is_read_is_never_overwritten(
    musegen: Musegen, music: Path, bad: Path, force: list[str]
) -> None:
    file = bad / "one" / "a.mid"
    (bad / "one" / "link.mid").symlink_to(file)
    shutil.copy(file, bad / "a.wav")
    tune = "X:1\nK:C\nCDEF|]\n"
    (bad / "book-1.abc").write_text(f"{tune}\n{tune}")
    before = file.read_bytes()
    for call in (
        ("convert", file, file),
        ("convert", file, bad / "one" / "link.mid"),
        ("convert", bad / "book-1.abc", bad / "book.abc"),
        ("convert", bad / "book-1.abc:2", bad / "book-1.abc"),
        ("play", bad / "a.wav", "--wav", bad / "a.wav"),
        ("generate", "-m", music / "grid-model", "--seed", file, "-o", file),
    ):
        check(musegen, 2, "would be read and overwritten", *call, *force)
    assert file.read_bytes() == (bad / "a.wav").read_bytes() == before
    assert (bad / "book-1.abc").read_text() == f"{tune}\n{tune}"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("command", ["generate", "convert", "play", "train"])
def test_what_is_there_is_not_overwritten(
    musegen: Musegen, music: Path, bad: Path, command: str
) -> None:
    there = bad / ("band.wav" if command == "play" else "band.mid")
    there.write_bytes(b"precious")
    call = {
        "generate": ("generate", "-m", music / "grid-model", "-o", there),
        "convert": ("convert", music / "grid.mid", there),
        "play": ("play", music / "grid.mid", "--wav", there),
        "train": ("train", music / "grid", "-o", bad / "other"),
    }[command]
    before = there.read_bytes()
    error = check(musegen, 1, "already there", *call)
    assert "--force" in error["hint"] or "-o" in error["hint"]
    assert there.read_bytes() == before


@pytest.mark.usefixtures("untouched")
def test_an_output_that_cannot_be(musegen: Musegen, music: Path, bad: Path) -> None:
    file = bad / "band.mid"
    model = music / "grid-model"
    check(musegen, 1, "cannot be", "generate", "-m", model, "-o", file / "a.mid")
    check(musegen, 1, "cannot be", "convert", music / "grid.mid", file / "a.abc")
    check(musegen, 1, "cannot be", "train", music / "grid", "--steps", 2, "-o", file / "model")
    check(musegen, 1, "too long", "train", music / "grid", "--steps", 2, "-o", "a" * 300)
    check(musegen, 1, "too long", "train", "a" * 300)


def test_a_run_is_not_resumed_where_there_is_none(
    musegen: Musegen, music: Path, here: Path
) -> None:
    check(musegen, 2, "no run to go on with", "train", music / "grid", "--resume")
    model = music / "grid-model"
    error = check(musegen, 1, "no checkpoint", "train", music / "grid", "-o", model, "--resume")
    assert error["file"] == str(model)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("command", ["generate", "convert", "play", "train", "evaluate"])
def test_breaking_off_leaves_nothing_half_written(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    call = {
        "generate": ("generate", "-m", music / "grid-model", "-o", "a.mid"),
        "convert": ("convert", music / "grid.mid", "a.abc"),
        "play": ("play", music / "grid.mid"),
        "train": ("train", music / "grid", "--steps", 2, "-o", "model"),
        "evaluate": ("evaluate", music / "grid", "-m", music / "grid-model"),
    }[command]
    if command == "evaluate":
        monkeypatch.setattr("musegen.evaluation.evaluate.field_nats", interrupted)
    else:
        monkeypatch.setattr(disk.os, "fsync", interrupted)
    result = musegen(*call, "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["error"]["kind"] == "Interrupted"
    assert result.stderr.splitlines()[-1] == "Stopped by Ctrl-C, with nothing half-written."


@pytest.mark.parametrize("where", ["cuda", "cpu"])
def test_a_network_too_large_for_the_memory_is_told_with_the_way_out(
    musegen: Musegen, music: Path, here: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def too_large(*_: object) -> None:
        if where == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        torch.empty(1 << 60)

    monkeypatch.setattr("musegen.training.fit.Fit._update", too_large)
    result = musegen("train", music / "grid", "--steps", 2, "-o", here / "large")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: There is not enough memory.")
    assert "smaller --size" in result.stderr


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("command", ["generate", "convert", "play", "train"])
def test_a_full_disk_leaves_nothing_half_written(
    musegen: Musegen, music: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    call = {
        "generate": ("generate", "-m", music / "grid-model", "-o", "a.mid"),
        "convert": ("convert", music / "grid.mid", "a.svg"),
        "play": ("play", music / "grid.mid"),
        "train": ("train", music / "grid", "--steps", 2, "-o", "model"),
    }[command]
    error = check(musegen, 1, "no space left", *call)
    assert "Make room" in error["hint"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["generate", "convert", "play", "train"])
def test_a_file_too_large_for_the_system_leaves_nothing_half_written(
    music: Path, here: Path, command: str
) -> None:
    """The kernel itself refuses: no file may exceed 300 bytes."""
    resource = pytest.importorskip("resource")
    call: dict[str, list[str | Path]] = {
        "generate": ["generate", "-m", music / "grid-model", "-o", "a.mid"],
        "convert": ["convert", music / "grid.mid", "a.wav"],
        "play": ["play", music / "grid.mid"],
        "train": ["train", music / "grid", "--steps", "2", "-o", "model"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "musegen", *map(str, call[command]), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "too large" in json.loads(done.stdout)["error"]["message"]
    assert list(here.iterdir()) == []


@pytest.mark.slow
def test_control_c_ends_a_run_that_can_go_on(music: Path, here: Path) -> None:
    command = [sys.executable, "-m", "musegen", "train", str(music / "grid"), "-o", "model"]
    command += ["--backbone", "gru", "--size", "small"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--steps", "60"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as job:
        assert job.stderr is not None
        said = ""
        for line in job.stderr:
            said += line
            if "held out" in line and "step " in line:
                job.send_signal(signal.SIGINT)
                break
        said += job.stderr.read()
    assert job.returncode == 130
    assert "Traceback" not in said
    assert "--resume" in said
    assert not [path for path in here.rglob("*") if "part" in path.name]
    again = subprocess.run([*command, "--resume", "--json"], capture_output=True, env=environment)
    assert json.loads(again.stdout)["steps"] == 60


def test_a_whole_message_fits_on_one_line(musegen: Musegen, music: Path, bad: Path) -> None:
    result = musegen("generate", "--seed", bad / "cut" / "a.mid", "-m", music / "grid-model")
    said = result.stderr.strip().splitlines()
    assert said[-1].startswith("Error: ")
    assert len(said) == 2  # what it reads, and what is wrong with that


def test_a_damaged_seed_is_carried_on_as_far_as_it_is_sound_and_that_is_told(
    musegen: Musegen, music: Path, here: Path
) -> None:
    whole = (music / "grid" / "0.mid").read_bytes()
    (here / "cut.mid").write_bytes(whole[:-9])
    result = musegen("generate", "--seed", "cut.mid", "-m", music / "grid-model", "--bars", 1)
    assert result.exit_code == 0
    assert "cut.mid: track 4, byte " in result.stderr
    assert "cut.mid: track 4, byte " in musegen("play", "cut.mid").stderr


def test_damaged_pieces_of_a_corpus_are_told(musegen: Musegen, music: Path, here: Path) -> None:
    shutil.copytree(music / "grid", here / "mixed")
    whole = (here / "mixed" / "0.mid").read_bytes()
    (here / "mixed" / "0.mid").write_bytes(whole[:-9])
    result = musegen("train", "mixed", "--steps", 2)
    assert result.exit_code == 0
    assert "Pieces with faults, used all the same: 1." in result.stderr
    assert "musegen doctor mixed" in result.stderr


def test_some_bad_files_do_not_stop_a_corpus(musegen: Musegen, music: Path, here: Path) -> None:
    shutil.copytree(music / "grid", here / "mixed")
    (here / "mixed" / "bad.mid").write_text("no music")
    (here / "mixed" / "notes.txt").write_text("no music either")
    result = musegen("train", "mixed", "--steps", 2)
    assert result.exit_code == 0
    assert "1 skipped" in result.stderr
    assert "musegen doctor mixed" in result.stderr


def test_pieces_that_do_not_fit_the_vocabulary_are_told_with_the_reason(
    musegen: Musegen, music: Path, here: Path
) -> None:
    shutil.copytree(music / "abc", here / "mixed")
    for number in range(2):
        shutil.copy(music / "notes" / f"{number}.mid", here / "mixed" / f"band {number}.mid")
    told = musegen("train", "mixed", "--vocabulary", "abc", "--steps", 2).stderr
    assert "as they do not fit the vocabulary: 2.\n  2: it is no tune of one line" in told
    assert "See why" not in told
    (here / "mixed" / "bad.mid").write_text("no music")
    told = musegen("evaluate", "mixed", "-m", music / "abc-model").stderr
    assert "as they do not fit the vocabulary: 2.\n  2: it is no tune of one line" in told
    assert "as unreadable or without notes: 1.\nSee why: musegen doctor mixed" in told
    none = musegen("train", music / "notes", "--vocabulary", "abc")
    assert "Error: No piece is a tune of one line" in none.stderr


def test_a_book_with_a_bad_tune_gives_the_good_ones_and_says_so(
    musegen: Musegen, music: Path, here: Path
) -> None:
    good = (music / "abc" / "0.abc").read_text()
    Path("book.abc").write_text(good + "\n\nX:2\nT:Bad\n\n" + good.replace("X:1", "X:3"))
    result = musegen("convert", "book.abc", "a.mid", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [file["out"] for file in found["files"]] == ["a-1.mid", "a-3.mid"]
    assert [file["path"] for file in found["failed"]] == ["book.abc:2"]


def test_a_vocabulary_from_a_forged_file_is_refused(
    musegen: Musegen, music: Path, here: Path
) -> None:
    shutil.copytree(music / "grid-model", here / "model")
    config = json.loads((here / "model" / "config.json").read_text())
    config["vocabulary"]["name"] = "tablature"
    save_config(here / "model", {k: v for k, v in config.items() if k != "checksum"})
    check(musegen, 1, "tablature", "generate", "-m", "model")


def test_the_one_writer_of_files_is_the_same_everywhere() -> None:
    assert files.write_whole is disk.write_whole
