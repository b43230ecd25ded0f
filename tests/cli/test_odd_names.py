"""Names of files that hold any bytes, and folders that hold what is no file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from musegen.cli.terminal import give

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names may hold less there")

NAMES = [
    b"\xff\xfe latin \xe9.mid",
    b"two\nlines\ttab\r\x1b[31m.mid",
    "🎵 'quotes\" & <b>.mid".encode(),
    b"-n.mid",
    b"a:12.mid",
    b"[red]bold[bold] %s {x}.mid",
    b"x" * 240 + b".mid",
]


@pytest.fixture
def odd(here: Path, music: Path) -> Path:
    """A folder of seven pieces with odd names, and of what is no file."""
    folder = here / "odd"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        source = music / "grid" / f"{number % 6}.mid"
        shutil.copy(source, os.fsencode(folder) + b"/" + name)
    (folder / "loop").symlink_to(folder)
    (folder / "self.mid").symlink_to(folder / "self.mid")
    (folder / "nowhere.mid").symlink_to(folder / "gone.mid")
    (folder / "zero.mid").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.mid")
    (folder / "folder.mid").mkdir()
    return folder


def run(*arguments: bytes | str | Path, encoding: str = "utf-8") -> tuple[int, bytes, bytes]:
    call = [sys.executable, "-m", "musegen", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": encoding}
    done = subprocess.run(call, capture_output=True, check=False, env=environment, timeout=120)
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_doctor_tells_of_every_file_whatever_its_name(odd: Path, encoding: str) -> None:
    code, out, _ = run("doctor", odd, "--json", encoding=encoding)
    assert code == 0
    found = json.loads(out)
    reasons = {file["path"]: file["reason"] for file in found["files"]}
    names = {os.fsdecode(name) for name in NAMES}
    assert names <= set(reasons)
    assert found["kept"] + found["duplicates"] == len(NAMES)
    code, out, err = run("doctor", odd, "-o", "report.html", encoding=encoding)
    assert code == 0
    assert b"\x1b" not in out + err


def test_a_piece_is_converted_explained_and_played_whatever_its_name(
    odd: Path, music: Path
) -> None:
    name = b"-\xff \n\x1b[31m a:1 \xf0\x9f\x8e\xb5 '\"</script>.mid".replace(b"/", b"")
    shutil.copy(music / "grid.mid", os.fsencode(odd) + b"/" + name)
    piece, model = os.fsencode(odd) + b"/" + name, music / "grid-model"
    for call in (
        ("convert", piece, "a.html"),
        ("play", piece, "--wav", "a.wav"),
        ("explain", piece, "-m", model, "-o", "b.html"),
        ("generate", "--seed", piece, "-m", model, "--bars", "1"),
    ):
        code, out, err = run(*call, "--json")
        assert code == 0, err
        json.loads(out, parse_constant=pytest.fail)


def test_train_takes_such_a_folder(odd: Path) -> None:
    code, out, err = run("train", odd, "-o", "model", "--steps", "2", "--size", "small", "--json")
    assert code == 0, err
    json.loads(out, parse_constant=pytest.fail)


def test_evaluate_takes_such_a_folder(odd: Path, music: Path) -> None:
    code, out, err = run("evaluate", odd, "-m", music / "grid-model", "--split", "all", "--json")
    assert code == 0, err
    json.loads(out, parse_constant=pytest.fail)


def test_what_is_no_number_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    give({"a": [float("nan"), 1.5], "b": {"c": float("inf")}})
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5], "b": {"c": None}}


def test_an_error_is_valid_json_in_any_encoding() -> None:
    for encoding in ("utf-8", "ascii", "latin-1"):
        code, out, _ = run(
            "convert", b"\xff\xe9 \xf0\x9f\x8e\xb5.mid", "a.abc", "--json", encoding=encoding
        )
        assert code == 2
        assert json.loads(out)["error"]["file"] == os.fsdecode(b"\xff\xe9 \xf0\x9f\x8e\xb5.mid")
