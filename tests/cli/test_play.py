"""`musegen play` plays on what there is, obeys keys, and leaves nothing sounding behind."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen.cli.keys import _decoded
from musegen.cli.running_roll import RunningRoll
from musegen.score.files import read, write
from musegen.score.score import Notes, Part, Score, barlines_of_metre
from musegen.score.tempo import seconds_at
from tests.soundfonts import sine_soundfont

Musegen = Callable[..., Any]
COMMAND = [sys.executable, "-m", "musegen", "play", "long.mid"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and terminals")


@pytest.fixture
def short(here: Path) -> Path:
    """A piece of two bars of half a second each, repeated: eight notes."""
    text = "X:1\nT:t\nM:2/4\nL:1/8\nQ:1/4=240\nK:C\n|:CDEF|GABc:|\n"
    (here / "short.abc").write_text(text)
    return here / "short.abc"


@pytest.fixture
def long(here: Path) -> Path:
    """A piece of a minute: long notes, and short ones over them."""
    notes = Notes.of([(t, 9, 60 + t // 10 % 12, 90) for t in range(0, 1200, 10)])
    held = Notes.of([(t, 40, 40, 90) for t in range(0, 1200, 40)])
    lines = barlines_of_metre(np.array([[0, 4, 4]]), 1200, 10)
    write(Score(10, (Part("a", 0, notes), Part("b", 32, held)), barlines=lines), here / "long.mid")
    return here / "long.mid"


def sent(file: Path) -> list[bytes]:
    return [bytes.fromhex(line) for line in file.read_text().splitlines()]


def onsets(file: Path) -> list[int]:
    return [m[1] for m in sent(file) if m[0] & 0xF0 == 0x90 and m[2]]


def sounding(file: Path) -> list[tuple[int, int]]:
    left: list[tuple[int, int]] = []
    for message in sent(file):
        note = message[0] & 0xF, message[1]
        if message[0] & 0xF0 == 0x90:
            left.append(note)
        elif message[0] & 0xF0 == 0x80 and note in left:
            left.remove(note)
    return left


def test_a_port_is_played_on_where_there_is_one(
    musegen: Musegen, ask: Musegen, short: Path, virtual_ports: Path
):
    told = musegen("play", short)
    assert told.exit_code == 0
    assert "Playing on the MIDI port Loop synth." in told.stderr
    assert "ms late in the median" in told.stderr
    assert onsets(virtual_ports) == [60, 62, 64, 65, 67, 69, 71, 72] * 2
    virtual_ports.unlink()
    found = ask("play", short, "--port", "sampler", "--from", 2)
    assert found["port"] == "Loop sampler"
    assert found["wav"] is None
    assert found["seconds"] == pytest.approx(1.5, abs=0.4)
    assert set(found["jitter_ms"]) == {"median", "worst"}
    assert onsets(virtual_ports) == [67, 69, 71, 72, 60, 62, 64, 65, 67, 69, 71, 72]
    assert not list(short.parent.glob("*.wav"))


def test_the_ports_are_listed(musegen: Musegen, ask: Musegen, virtual_ports: Path):
    assert "Loop synth\n" in musegen("play", "--list-ports").stdout
    assert "Loop sampler" in ask("play", "--list-ports")["ports"]


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (["--port", "organ"], 2, "There is no MIDI port organ"),
        (["--port", "loop"], 2, "Loop synth; Loop sampler"),
        (["--port", "Loop synth", "--wav", "a.wav"], 2, "Leave out --port"),
        (["--from", 3], 2, "The piece plays bars 1 to 2."),
    ],
)
def test_what_cannot_be_is_refused(
    musegen: Musegen,
    short: Path,
    virtual_ports: Path,
    options: list[Any],
    exit_code: int,
    said: str,
):
    refused = musegen("play", short, *options)
    assert refused.exit_code == exit_code
    assert said in refused.stderr
    assert not virtual_ports.exists()


def test_without_extras_a_file_is_written_and_it_is_said_why(musegen: Musegen, short: Path):
    told = musegen("play", short)
    assert told.exit_code == 0
    assert "pip install 'musegen[ports]'" in told.stderr
    assert "pip install 'musegen[play]'" in told.stderr
    assert "short.wav: 4.5 seconds of " in told.stderr  # two of music, as the page and roll say
    assert "short.abc, dying away included. Open it" in told.stderr
    asked = musegen("play", short, "--port", "x")
    assert asked.exit_code == 1
    assert "Install it: pip install 'musegen[ports]'." in asked.stderr
    assert musegen("play", short, "--wav", "b.wav", "--from", 2, "-q").stderr == ""
    with wave.open("b.wav") as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(4.0)


def test_a_soundfont_sounds_in_place_of_what_is_built_in(
    musegen: Musegen, ask: Musegen, short: Path, monkeypatch: pytest.MonkeyPatch
):
    (short.parent / "sine.sf2").write_bytes(sine_soundfont())
    built_in = ask("play", short, "--wav", "a.wav")
    assert built_in["soundfont"] is None
    told = musegen("play", short, "--soundfont", "sine.sf2", "--wav", "b.wav")
    if "FluidSynth is not installed" in told.stderr or "[soundfont]" in told.stderr:
        pytest.skip(told.stderr)
    assert "b.wav: 4.5 seconds of" in told.stderr
    assert "by sine.sf2" in told.stderr
    assert Path("b.wav").read_bytes() != Path("a.wav").read_bytes()
    monkeypatch.setenv("MUSEGEN_PLAY_SOUNDFONT", "sine.sf2")
    assert ask("play", short, "--wav", "c.wav")["soundfont"] == "sine.sf2"
    assert Path("c.wav").read_bytes() == Path("b.wav").read_bytes()


def test_a_soundfont_is_heard_here_and_on_no_port_unless_it_is_asked_for(
    musegen: Musegen, short: Path, virtual_ports: Path, monkeypatch: pytest.MonkeyPatch
):
    def silent(path: Path) -> Callable[..., Any]:
        return lambda score, rate: np.zeros((rate, 2), np.float32)

    monkeypatch.setattr("musegen.sound.soundfont.soundfont", silent)
    told = musegen("play", short, "--soundfont", "any.sf2")
    assert "short.wav: 1.0 seconds" in told.stderr
    assert "No MIDI port" not in told.stderr
    assert not virtual_ports.exists()
    told = musegen("play", short, "--soundfont", "any.sf2", "--port", "Loop synth")
    assert "so any.sf2 is not used" in told.stderr
    assert onsets(virtual_ports)


def started(*more: str, **options: Any) -> subprocess.Popen:
    return subprocess.Popen([*COMMAND, *more], stderr=subprocess.PIPE, text=True, **options)


def wait_for_notes(file: Path, n: int = 4) -> None:
    until = time.monotonic() + 60
    while not file.exists() or len(onsets(file)) < n:
        assert time.monotonic() < until, "nothing was played"
        time.sleep(0.02)


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGKILL", -9)]
)
@pytest.mark.usefixtures("long")
def test_however_it_is_ended_nothing_hangs(virtual_ports: Path, number: str, code: int):
    process = started(stdin=subprocess.DEVNULL)
    wait_for_notes(virtual_ports)
    process.send_signal(getattr(signal, number))
    _, told = process.communicate(timeout=10)
    assert process.returncode == code
    assert "Traceback" not in told
    if number != "SIGKILL":
        assert sounding(virtual_ports) == []
        assert sent(virtual_ports)[-1] == bytes([0xB1, 123, 0])
    if number == "SIGINT":
        assert "Stopped by Ctrl-C, with nothing left sounding." in told
        assert "Error" not in told


@pytest.fixture
def terminal() -> Iterator[tuple[int, int, bytearray]]:
    """A terminal of eighty columns: our end, the program's, and all that was shown."""
    import pty

    ours, theirs = pty.openpty()
    shown = bytearray()

    def collect() -> None:
        try:
            while data := os.read(ours, 65536):
                shown.extend(data)
        except OSError:  # the program has left
            return

    reader = threading.Thread(target=collect, daemon=True)
    reader.start()
    yield ours, theirs, shown
    reader.join(5)
    os.close(ours)


IN_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@POSIX
@pytest.mark.slow
@pytest.mark.usefixtures("long")
def test_keys_steer_it_while_the_roll_runs(
    virtual_ports: Path, terminal: tuple[int, int, bytearray], monkeypatch: pytest.MonkeyPatch
):
    import termios

    ours, theirs, shown = terminal
    for name, value in {"TERM": "xterm", "COLUMNS": "60", "LINES": "20", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    call = [sys.executable, "-c", IN_A_TERMINAL, *COMMAND[1:]]
    ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen(call, start_new_session=True, **ends)
    before = termios.tcgetattr(theirs)
    wait_for_notes(virtual_ports)
    os.write(ours, b" ")
    time.sleep(0.5)
    assert sounding(virtual_ports) == []
    n_sent = len(sent(virtual_ports))
    time.sleep(0.5)
    assert len(sent(virtual_ports)) == n_sent
    os.write(ours, b"\x1b[C\x1b[C+ ")
    wait_for_notes(virtual_ports, len(onsets(virtual_ports)) + 3)
    os.write(ours, b"q")
    assert process.wait(10) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    assert sounding(virtual_ports) == []
    text = shown.decode()
    assert "paused" in text
    assert "tempo 105%" in text
    assert "space, arrows, +/-, q" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", text)  # colours
    assert "Played" in text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" ", ["pause"]),
        ("\x1b[D\x1b[C", ["back", "forward"]),
        ("\x1bOC\xe0K", ["forward", "back"]),
        ("+-x\x1b[A\x1b[1;5Cq", ["faster", "slower", "quit"]),
    ],
)
def test_keys_are_understood_as_terminals_send_them(typed: str, meant: list[str]):
    given = iter([typed])
    command = _decoded(lambda: next(given, ""))
    found = [command() for _ in range(len(meant) + 1)]
    assert found == [*meant, None]


class Still:
    position, speed, is_paused = 12.0, 1.0, False


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (40, 10), (20, 5), (10, 2)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_roll_fits_the_terminal(long: Path, size: tuple[int, int], ascii_only: bool):
    score = read(long)
    bars = [(seconds_at(score, t).item(), n) for n, t in enumerate([0, 40, 80], start=1)]
    roll = RunningRoll(score, bars, 60.0, size)
    frame = roll.frame(Still(), size[0], ascii_only, ("space pause" * 9, "q quits")).plain
    assert len(frame.split("\n")) < size[1]
    assert max(map(len, frame.split("\n"))) <= size[0]
    assert frame.split("\n")[-1].startswith("bar 3")
    assert frame.endswith("q quits") == (40 <= size[0] < 200)
    assert frame.isascii() == (ascii_only or size[0] < 24)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_roll_shows_both_of_two_parts_in_unison(ascii_only: bool):
    notes = Notes.of([(0, 1200, 60, 90)])
    score = Score(10, (Part("a", 0, notes), Part("b", 40, notes)))
    roll = RunningRoll(score, [(0.0, 1)], 60.0, (80, 24))
    frame = roll.frame(Still(), 80, ascii_only, ())
    assert {span.style for span in frame.spans} >= {"cyan on magenta"}
    assert ("%" if ascii_only else "▀") in frame.plain


@pytest.mark.parametrize("options", [["--quiet"], ["--json"], []])
def test_nobody_who_does_not_watch_gets_a_roll(
    musegen: Musegen,
    short: Path,
    virtual_ports: Path,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    if options:
        monkeypatch.setenv("FORCE_COLOR", "1")
    assert "█" not in musegen("play", short, *options).output
