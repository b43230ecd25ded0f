"""MIDI ports are found and opened, or it is said in a sentence why not, and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import mido
import pytest

from musegen.errors import MissingExtra, MusegenError, NotFound, OutputError
from musegen.sound.ports import choose_port, open_port, port_names

NAMES = ["Midi Through Port-0", "FLUID Synth 129:0", "USB piano 20:0", "USB drums 24:0"]


@pytest.mark.parametrize(
    ("asked", "name"),
    [(None, NAMES[1]), (NAMES[0], NAMES[0]), ("fluid", NAMES[1]), ("DRUMS", NAMES[3])],
)
def test_a_port_is_known_by_a_part_of_its_name(asked: str | None, name: str):
    assert choose_port(NAMES, asked) == name


@pytest.mark.parametrize(
    ("names", "asked", "said"),
    [
        (NAMES, "usb", "USB piano 20:0; USB drums 24:0"),
        (NAMES, "organ", "FLUID"),
        ([], "organ", "start a synthesiser"),
        (NAMES[:1], None, ""),  # it would be silent
    ],
)
def test_what_is_no_port_is_told_with_those_that_are(names: list[str], asked: str, said: str):
    with pytest.raises(NotFound) as caught:
        choose_port(names, asked)
    assert said in caught.value.hint


def test_messages_arrive_at_the_port(virtual_ports: Path):
    assert "Loop synth" in port_names()
    with open_port("Loop synth") as send:
        send(bytes([0x90, 60, 1]))
        send(bytes([0xF0, 1, 2, 0xF7]))
    assert virtual_ports.read_text() == "90 3C 01\nF0 01 02 F7\n"


class Broken:
    """A backend on a machine without MIDI, which complains as ALSA does."""

    def __getattr__(self, _: str):
        os.write(2, b"ALSA lib seq_hw.c: open /dev/snd/seq failed\n")
        raise SystemError("MidiOutAlsa::initialize: error creating ALSA sequencer client object.")


def test_what_is_missing_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch, capfd):
    before = mido.backend
    mido.set_backend("no_such_backend")
    with pytest.raises(MissingExtra) as caught:
        port_names()
    assert "pip install 'musegen[ports]'" in caught.value.hint
    broken = mido.Backend()
    broken._module = Broken()
    mido.set_backend(broken)
    with pytest.raises(OutputError):
        port_names()
    with pytest.raises(OutputError), open_port("x"):
        pass
    mido.set_backend(before)
    assert capfd.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "mido", None)
    with pytest.raises(MissingExtra, match="mido is not installed"):
        port_names()


@pytest.mark.usefixtures("virtual_ports")
def test_a_port_that_goes_away_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with open_port("Loop synth") as send:
        monkeypatch.setenv("MIDI_FILE", str(tmp_path / "unplugged" / "sent"))
        with pytest.raises(MusegenError, match="Loop synth takes no more"):
            send(bytes([0x90, 60, 1]))


def test_a_closed_standard_error_is_borne():
    script = "import os; os.close(2)\nfrom musegen.sound.hushed import hushed\nwith hushed(): pass"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
